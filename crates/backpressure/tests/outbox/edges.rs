//! Where two things happen at once to one outbox, and where what callers bring along does odd things.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    task::{Context, Poll, Wake, Waker},
    thread,
    time::Duration,
};

use longwave_backpressure::outbox::{
    Budget,
    Class::{Control, Live, Replay},
    Delivery, End, Fan, Limits, Outbox, Policy, Receiver, Sent,
};

use crate::support::{Count, Item, all, item, keyed, secs, short};

fn outbox(limits: Limits, policy: Policy) -> Outbox<Item> {
    Outbox::weighed_by(limits, |item: &Item| item.weight).policy(policy)
}

fn fan() -> Fan<Item> {
    Fan::weighed_by(|item: &Item| item.weight)
}

#[test]
fn a_sender_is_woken_when_two_classes_relax_at_once() {
    let kind = outbox(Limits::new(100, 1).age(secs(10)), Policy::Wait);
    let (mut sender, mut receiver) = kind.open(secs(0));
    for class in [Replay, Live] {
        sender.try_send(class, item(1, 100), secs(0)).expect("there is room");
    }
    let (woken, waker) = Count::waker();
    let mut cx = Context::from_waker(&waker);
    assert!(sender.poll_ready(&mut cx, Live).is_pending());
    receiver.advance(secs(20));
    assert_eq!(woken.get(), 1);
}

#[test]
fn one_whose_replay_ends_it_is_told_so_and_follows_nothing() {
    let fan = fan();
    let kind = outbox(Limits::new(100, 1), Policy::Disconnect);
    let mut reader = fan.subscribe_after(&kind, secs(0), |sender| {
        assert_eq!(sender.try_send(Replay, item(1, 1), secs(0)), Ok(Sent::Queued));
        assert_eq!(sender.try_send(Replay, item(2, 1), secs(0)), Ok(Sent::Ended));
    });
    assert_eq!(fan.subscribers(), 0);
    assert_eq!(fan.publish(Live, item(3, 1), secs(0)).subscribers, 0);
    assert_eq!(short(&all(&mut reader)), "overflow -2/2");
    assert_eq!(reader.stats().ended, Some(End::Overflow));
    drop(reader);
    let mut next = fan.subscribe(&kind, secs(0));
    fan.publish(Live, item(4, 1), secs(0));
    assert_eq!(short(&all(&mut next)), "4");
}

#[test]
fn an_item_that_finds_its_outbox_too_old_is_counted_too() {
    let fan = fan();
    let kind = outbox(Limits::new(100, 10).age(secs(10)), Policy::Disconnect);
    let mut reader = fan.subscribe(&kind, secs(0));
    for id in 0..4 {
        fan.publish(Live, item(id, 1), secs(id * 20));
    }
    assert_eq!(short(&all(&mut reader)), "age -4/4");
    assert_eq!((reader.stats().dropped, reader.stats().dropped_bytes), (4, 4));
}

#[test]
fn the_latest_is_still_found_after_there_was_no_room_for_a_later_one() {
    let budget = Budget::new(20);
    let kind = outbox(Limits::new(100, 100), Policy::DropOldest).budget(&budget);
    let (other, _reader) = kind.open(secs(0));
    other.try_send(Live, item(0, 10), secs(0)).expect("there is room");
    let (sender, mut receiver) = kind.latest_by(|item: &Item| item.key).open(secs(0));
    let sent = [keyed(1, 2, b'a'), keyed(2, 2, b'b'), keyed(3, 15, b'a'), keyed(4, 2, b'a')]
        .map(|item| sender.try_send(Live, item, secs(0)).expect("it is open"));
    assert_eq!(sent, [Sent::Queued, Sent::Queued, Sent::Dropped, Sent::Conflated]);
    assert_eq!(short(&all(&mut receiver)), "~1 4 -2/17");
    assert_eq!(budget.used(), 10);
}

#[test]
fn weights_beyond_all_bounds_are_merely_too_heavy() {
    let fan = fan();
    let kind = outbox(Limits::new(100, 10), Policy::DropOldest);
    let mut reader = fan.subscribe(&kind, secs(0));
    for id in 0..3 {
        fan.publish(Live, item(id, usize::MAX), secs(0));
    }
    fan.publish(Live, item(3, 1), secs(0));
    let taken = all(&mut reader);
    assert!(matches!(taken[0], Delivery::Lagged { dropped: 3, .. }), "{taken:?}");
    assert_eq!(taken[1..], [Delivery::Item(item(3, 1))]);
}

#[test]
fn an_item_that_never_fits_costs_nobody_the_next_one() {
    for policy in [Policy::Wait, Policy::DropNewest] {
        let fan = fan();
        let mut reader = fan.subscribe(&outbox(Limits::new(100, 10), policy), secs(0));
        for (id, weight) in [(1, 1), (2, 101), (3, 1)] {
            fan.publish(Live, item(id, weight), secs(0));
        }
        assert_eq!(short(&all(&mut reader)), "1 -1/101 3", "{policy:?}");
    }
}

/// Whatever is dropped with it runs when the last of a waker is gone.
struct Carries<T>(Mutex<Option<T>>);

impl<T: Send> Wake for Carries<T> {
    fn wake(self: Arc<Self>) {}
}

/// Runs something that must not wait for ever, on a thread of its own.
fn in_time(run: impl FnOnce() + Send + 'static) {
    let (done, is_done) = mpsc::channel();
    thread::spawn(move || {
        run();
        _ = done.send(());
    });
    is_done.recv_timeout(Duration::from_secs(20)).expect("it ends");
}

#[test]
fn a_waker_may_take_another_subscriber_with_it() {
    in_time(|| {
        let fan = fan();
        // On one log if there are several.
        let mut readers: Vec<Receiver<Item>> =
            (0..17).map(|_| fan.subscribe(&outbox(Limits::new(9, 9), Policy::Wait), secs(0))).collect();
        let mut first = readers.remove(0);
        let waker = Waker::from(Arc::new(Carries(Mutex::new(Some(readers)))));
        assert!(first.poll_next(&mut Context::from_waker(&waker)).is_pending());
        drop(waker);
        assert!(first.poll_next(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_eq!(fan.subscribers(), 1);
    });
}

#[test]
fn a_waker_may_take_the_other_side_with_it() {
    in_time(|| {
        let (sender, mut receiver) = outbox(Limits::new(9, 9), Policy::Wait).open(secs(0));
        let waker = Waker::from(Arc::new(Carries(Mutex::new(Some(sender)))));
        assert!(receiver.poll_next(&mut Context::from_waker(&waker)).is_pending());
        drop(waker);
        assert!(receiver.poll_next(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_eq!(receiver.poll_next(&mut Context::from_waker(Waker::noop())), Poll::Ready(None));
    });
}

#[test]
fn a_waker_may_take_the_receiver_with_it() {
    in_time(|| {
        let (mut sender, receiver) = outbox(Limits::new(9, 1), Policy::Wait).open(secs(0));
        sender.try_send(Live, item(1, 9), secs(0)).expect("there is room");
        let waker = Waker::from(Arc::new(Carries(Mutex::new(Some(receiver)))));
        assert!(sender.poll_ready(&mut Context::from_waker(&waker), Live).is_pending());
        drop(waker);
        let mut cx = Context::from_waker(Waker::noop());
        _ = sender.poll_ready(&mut cx, Live);
        assert!(matches!(sender.poll_ready(&mut cx, Live), Poll::Ready(Err(_))));
    });
}

/// Does something as soon as it is woken, where it is woken.
struct Eager<F>(F);

impl<F: Fn() + Send + Sync + 'static> Wake for Eager<F> {
    fn wake(self: Arc<Self>) {
        self.0();
    }
}

#[test]
fn a_waker_may_use_the_outbox_at_once() {
    in_time(|| {
        let (sender, mut receiver) = outbox(Limits::new(9, 1), Policy::Wait).open(secs(0));
        let sender = Arc::new(Mutex::new(sender));
        let again = Arc::clone(&sender);
        let sends = Waker::from(Arc::new(Eager(move || {
            let sent = again.lock().expect("no panic").try_send(Live, item(2, 9), secs(0));
            assert_eq!(sent, Ok(Sent::Queued));
        })));
        {
            let mut sender = sender.lock().expect("no panic");
            sender.try_send(Live, item(1, 9), secs(0)).expect("there is room");
            assert!(sender.poll_ready(&mut Context::from_waker(&sends), Live).is_pending());
        }
        assert_eq!(short(&all(&mut receiver)), "1 2");
    });
}

/// Publishes when it is dropped.
#[derive(Clone)]
struct Echo(Option<Arc<Fan<Echo>>>);

impl Drop for Echo {
    fn drop(&mut self) {
        if let Some(fan) = self.0.take() {
            fan.publish(Live, Echo(None), secs(0));
        }
    }
}

#[test]
fn an_item_may_publish_when_it_is_dropped() {
    in_time(|| {
        let fan = Arc::new(Fan::weighed_by(|_: &Echo| 1));
        fan.publish(Live, Echo(Some(Arc::clone(&fan))), secs(0));
        let limits = Limits::new(9, 9).age(secs(10));
        let kind = Outbox::weighed_by(limits, |_: &Echo| 1).policy(Policy::Disconnect);
        let mut reader = fan.subscribe(&kind, secs(0));
        for now in [0, 20] {
            fan.publish(Live, Echo(Some(Arc::clone(&fan))), secs(now));
        }
        while reader.try_recv().is_ok() {}
    });
}

#[test]
fn whoever_is_told_of_a_loss_may_publish() {
    in_time(|| {
        let fan = Arc::new(fan());
        let again = Arc::downgrade(&fan);
        let kind =
            outbox(Limits::new(9, 9), Policy::Disconnect).control(Limits::new(9, 1)).on_loss(move |_| {
                if let Some(fan) = again.upgrade() {
                    fan.publish(Control, item(9, 1), secs(0));
                }
            });
        let mut reader = fan.subscribe(&kind, secs(0));
        for id in 0..2 {
            fan.publish(Control, item(id, 1), secs(0));
        }
        assert_eq!(short(&all(&mut reader)), "overflow -2/2");
    });
}

/// An item that can be copied so often.
struct Fragile(Arc<AtomicUsize>);

impl Clone for Fragile {
    fn clone(&self) -> Self {
        let left = self.0.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1));
        assert!(left.is_ok(), "this copy fails");
        Self(Arc::clone(&self.0))
    }
}

#[test]
fn a_copy_that_fails_leaves_nobody_asleep_who_has_something() {
    for (class, copies) in [(Control, 5), (Live, 0), (Live, 1), (Live, 3)] {
        let fan: Fan<Fragile> = Fan::weighed_by(|_| 1);
        let kind = Outbox::weighed_by(Limits::new(9, 9), |_: &Fragile| 1).policy(Policy::DropOldest);
        let mut readers: Vec<_> = (0..32).map(|_| (fan.subscribe(&kind, secs(0)), Count::waker())).collect();
        for (reader, (_, waker)) in &mut readers {
            assert!(reader.poll_next(&mut Context::from_waker(waker)).is_pending());
        }
        let left = Arc::new(AtomicUsize::new(copies));
        let published =
            catch_unwind(AssertUnwindSafe(|| fan.publish(class, Fragile(Arc::clone(&left)), secs(0))));
        assert!(published.is_err() || class == Live, "there may be few logs");
        left.store(usize::MAX, SeqCst);
        for (reader, (woken, waker)) in &mut readers {
            let woken = woken.get() > 0;
            assert_eq!(reader.poll_next(&mut Context::from_waker(waker)).is_ready(), woken, "{class:?}");
        }
        assert_eq!(fan.publish(Live, Fragile(left), secs(0)).subscribers, 32, "and it goes on");
    }
}
