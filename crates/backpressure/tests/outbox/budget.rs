//! A budget that many outboxes share.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
};

use longwave_backpressure::outbox::{Budget, Class::Live, Limits, Outbox, Policy, SendError, Sent};

use crate::support::{Count, Item, all, item, keyed, secs, short};

fn outbox(budget: &Budget, policy: Policy) -> Outbox<Item> {
    let outbox = Outbox::weighed_by(Limits::new(100, 100), |item: &Item| item.weight);
    outbox.policy(policy).stall(secs(10)).budget(budget)
}

#[test]
fn those_who_have_stalled_for_longest_go_first_and_only_as_many_as_needed() {
    let budget = Budget::new(100);
    let outbox = outbox(&budget, Policy::Wait);
    let mut pairs: Vec<_> = (0..4).map(|_| outbox.open(secs(0))).collect();
    for (place, begun) in [(0, 3), (1, 1), (2, 2), (3, 15)] {
        pairs[place].0.try_send(Live, item(0, 25), secs(begun)).expect("there is room");
    }
    assert_eq!(pairs[3].0.try_send(Live, item(1, 30), secs(20)), Ok(Sent::Queued));
    assert_eq!(budget.used(), 80);
    let seen: Vec<_> = pairs.iter_mut().map(|(_, receiver)| short(&all(receiver))).collect();
    assert_eq!(seen, ["0", "budget -1/25", "budget -1/25", "0 1"]);
    assert_eq!(budget.used(), 0);
}

#[test]
fn readers_that_make_progress_are_spared_and_the_policy_decides() {
    let budget = Budget::new(10);
    let (healthy, mut reader) = outbox(&budget, Policy::Wait).open(secs(0));
    healthy.try_send(Live, item(1, 8), secs(0)).expect("there is room");
    let sent = |policy| {
        let (sender, mut receiver) = outbox(&budget, policy).open(secs(0));
        let sent = sender.try_send(Live, item(2, 2), secs(1));
        assert_eq!(sent, Ok(Sent::Queued));
        let sent = sender.try_send(Live, item(3, 2), secs(1));
        (sent, short(&all(&mut receiver)))
    };
    assert_eq!(sent(Policy::Wait), (Err(SendError::Full(item(3, 2))), "2".to_owned()));
    assert_eq!(sent(Policy::DropNewest), (Ok(Sent::Dropped), "2 -1/2".to_owned()));
    assert_eq!(sent(Policy::DropOldest), (Ok(Sent::Displaced), "-1/2 3".to_owned()));
    assert_eq!(sent(Policy::Disconnect), (Ok(Sent::Ended), "overflow -2/4".to_owned()));
    assert_eq!(short(&all(&mut reader)), "1");
}

#[test]
fn what_is_dropped_anywhere_is_given_back() {
    let budget = Budget::new(100);
    let (sender, receiver) = outbox(&budget, Policy::DropOldest).open(secs(0));
    sender.try_send(Live, item(1, 60), secs(0)).expect("there is room");
    sender.try_send(Live, item(2, 60), secs(0)).expect("there is room");
    assert_eq!(budget.used(), 60);
    drop(receiver);
    assert_eq!(budget.used(), 0);
}

#[test]
fn a_sender_that_waits_for_the_budget_is_woken_by_whoever_frees_it() {
    let budget = Budget::new(10);
    let outbox = outbox(&budget, Policy::Wait);
    let (other, mut reader) = outbox.open(secs(0));
    let (mut sender, _receiver) = outbox.open(secs(0));
    other.try_send(Live, item(1, 10), secs(0)).expect("there is room");
    let (woken, waker) = Count::waker();
    let mut cx = Context::from_waker(&waker);
    let mut sending = pin!(sender.send(Live, item(2, 1), secs(0)));
    assert!(sending.as_mut().poll(&mut cx).is_pending());
    assert_eq!(woken.get(), 0, "not by itself");
    reader.try_recv().expect("there is an item");
    assert_eq!(woken.get(), 1);
    assert_eq!(sending.poll(&mut cx), Poll::Ready(Ok(Sent::Queued)));
}

#[test]
fn a_lighter_latest_gives_back_what_it_does_not_need() {
    let budget = Budget::new(10);
    let outbox = outbox(&budget, Policy::DropOldest).latest_by(|item| item.key);
    let (sender, _receiver) = outbox.open(secs(0));
    for (weight, used) in [(8, 8), (3, 3), (5, 5)] {
        sender.try_send(Live, keyed(1, weight, 1), secs(0)).expect("it is open");
        assert_eq!(budget.used(), used);
    }
}

#[test]
fn whoever_waits_is_known_once_and_no_longer_than_its_sender() {
    let budget = Budget::new(10);
    let (first, mut reader) = outbox(&budget, Policy::Wait).open(secs(0));
    first.try_send(Live, item(1, 10), secs(0)).expect("there is room");
    let (mut second, _reader) = outbox(&budget, Policy::Wait).open(secs(0));
    let counts = [(); 3].map(|()| Count::waker());
    for (_, waker) in &counts {
        let mut sending = second.send(Live, item(2, 10), secs(0));
        assert!(Pin::new(&mut sending).poll(&mut Context::from_waker(waker)).is_pending());
    }
    // One is held here, one in the pair; the last is with the budget too.
    assert_eq!(counts.each_ref().map(|(count, _)| Arc::strong_count(count)), [2, 2, 3]);
    drop(second);
    assert_eq!(Arc::strong_count(&counts[2].0), 2);
    assert_eq!(short(&all(&mut reader)), "1");
}
