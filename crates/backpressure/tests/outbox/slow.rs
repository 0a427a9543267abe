//! Slow is not who has much waiting, but who gets nowhere.

use longwave_backpressure::outbox::{
    Class::{Live, Replay},
    Limits, Outbox, Policy, Receiver, Sender, Verdict,
};

use crate::support::{Item, item, secs};

fn open(policy: Policy) -> (Sender<Item>, Receiver<Item>) {
    let limits = Limits::new(100, 1000).watermarks(20, 50);
    let outbox = Outbox::weighed_by(limits, |item: &Item| item.weight).policy(policy).stall(secs(30));
    outbox.open(secs(0))
}

fn send(sender: &Sender<Item>, class: longwave_backpressure::outbox::Class, items: u64, now: u64) {
    for id in 0..items {
        sender.try_send(class, item(id, 1), secs(now)).expect("it is open");
    }
}

#[test]
fn a_reader_that_has_stopped_is_slow_when_its_time_is_up() {
    let (sender, mut receiver) = open(Policy::DropOldest);
    send(&sender, Live, 60, 1);
    assert_eq!(sender.advance(secs(30)), Verdict::Healthy);
    assert_eq!(sender.advance(secs(31)), Verdict::Slow);
    receiver.try_recv().expect("there is an item");
    assert_eq!(receiver.advance(secs(32)), Verdict::Healthy);
}

#[test]
fn a_reader_of_a_large_burst_is_not_slow_as_long_as_it_reads() {
    let (sender, mut receiver) = open(Policy::DropOldest);
    send(&sender, Live, 100, 0);
    for now in 1..=70 {
        receiver.try_recv().expect("there is an item");
        assert_eq!(sender.advance(secs(now)), Verdict::Healthy);
    }
}

#[test]
fn a_reader_that_never_catches_up_is_slow_though_it_reads() {
    let (sender, mut receiver) = open(Policy::DropOldest);
    send(&sender, Live, 100, 0);
    let mut verdict = Verdict::Healthy;
    for now in 1..=60 {
        send(&sender, Live, 3, now);
        // One gap and one item.
        receiver.try_recv().expect("there is a gap");
        receiver.try_recv().expect("there is an item");
        verdict = sender.advance(secs(now));
    }
    assert_eq!(verdict, Verdict::Slow);
}

#[test]
fn little_that_waits_is_no_reason() {
    let (sender, _receiver) = open(Policy::DropOldest);
    send(&sender, Live, 10, 0);
    assert_eq!(sender.advance(secs(1000)), Verdict::Healthy);
}

#[test]
fn a_long_replay_that_is_read_is_not_slow_and_one_that_is_not_is() {
    let (sender, mut receiver) = open(Policy::Wait);
    send(&sender, Replay, 100, 0);
    for now in 1..=200 {
        receiver.try_recv().expect("there is an item");
        send(&sender, Replay, 1, now);
        assert_eq!(sender.advance(secs(now)), Verdict::Healthy);
    }
    assert_eq!(sender.advance(secs(231)), Verdict::Slow);
}

#[test]
fn a_second_burst_that_is_smaller_is_judged_by_itself() {
    let (sender, mut receiver) = open(Policy::DropOldest);
    send(&sender, Live, 100, 0);
    for _ in 0..85 {
        receiver.try_recv().expect("there is an item");
    }
    send(&sender, Live, 45, 1);
    for now in 2..40 {
        receiver.try_recv().expect("there is an item");
        assert_eq!(sender.advance(secs(now)), Verdict::Healthy);
    }
}

#[test]
fn a_stalled_reader_is_slow_too_when_it_is_the_number_of_items_that_does_not_fit() {
    for items in [1, 2, 9] {
        let outbox = Outbox::weighed_by(Limits::new(1000, items), |item: &Item| item.weight);
        let (sender, mut receiver) = outbox.policy(Policy::DropOldest).stall(secs(30)).open(secs(0));
        for now in 1..=29 {
            sender.try_send(Live, item(now, 1), secs(now)).expect("it is open");
        }
        assert_eq!(sender.advance(secs(30)), Verdict::Healthy, "{items}");
        assert_eq!(sender.advance(secs(31)), Verdict::Slow, "{items}");
        while receiver.try_recv().is_ok() {}
        assert_eq!(sender.advance(secs(99)), Verdict::Healthy, "{items}");
    }
}
