//! What does not fit, and what comes first.

use std::{
    future::Future,
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
};

use longwave_backpressure::outbox::{
    Class::{Control, Live, Replay},
    End, Limits, Outbox, Policy, Receiver, SendError, Sent, TryRecvError,
};

use crate::support::{Count, Item, all, item, keyed, secs, short};

fn outbox(bytes: usize, items: usize, policy: Policy) -> Outbox<Item> {
    Outbox::weighed_by(Limits::new(bytes, items), |item: &Item| item.weight).policy(policy)
}

#[test]
fn wait_gives_the_item_back_and_drops_nothing() {
    let (sender, mut receiver) = outbox(10, 10, Policy::Wait).open(secs(0));
    assert_eq!(sender.try_send(Live, item(1, 6), secs(0)), Ok(Sent::Queued));
    assert_eq!(sender.try_send(Live, item(2, 5), secs(0)), Err(SendError::Full(item(2, 5))));
    assert_eq!(sender.try_send(Live, item(3, 11), secs(0)), Err(SendError::TooLarge(item(3, 11))));
    assert_eq!(sender.try_send(Live, item(4, 4), secs(0)), Ok(Sent::Queued));
    assert_eq!(short(&all(&mut receiver)), "1 4");
    assert_eq!(sender.stats().dropped, 0);
}

#[test]
fn a_sender_that_waits_is_woken_at_the_low_watermark_and_no_earlier() {
    let limits = Limits::new(10, 10).watermarks(4, 10);
    let outbox = Outbox::weighed_by(limits, |item: &Item| item.weight).policy(Policy::Wait);
    let (mut sender, mut receiver) = outbox.open(secs(0));
    for id in 0..5 {
        assert_eq!(sender.try_send(Live, item(id, 2), secs(0)), Ok(Sent::Queued));
    }
    let (woken, waker) = Count::waker();
    let mut cx = Context::from_waker(&waker);
    let mut sending = pin!(sender.send(Live, item(5, 2), secs(0)));
    assert!(sending.as_mut().poll(&mut cx).is_pending());
    for left in [8, 6] {
        receiver.try_recv().expect("there is an item");
        assert_eq!((receiver.stats().waiting_bytes, woken.get()), (left, 0));
    }
    receiver.try_recv().expect("there is an item");
    assert_eq!(woken.get(), 1);
    assert_eq!(sending.poll(&mut cx), Poll::Ready(Ok(Sent::Queued)));
    drop(sender);
    assert_eq!(short(&all(&mut receiver)), "3 4 5");
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Over));
}

#[test]
fn a_sender_that_waits_learns_that_its_receiver_is_gone() {
    let (mut sender, receiver) = outbox(1, 1, Policy::Wait).open(secs(0));
    sender.try_send(Live, item(0, 1), secs(0)).expect("there is room");
    let (woken, waker) = Count::waker();
    let mut cx = Context::from_waker(&waker);
    let mut sending = pin!(sender.send(Live, item(1, 1), secs(0)));
    assert!(sending.as_mut().poll(&mut cx).is_pending());
    drop(receiver);
    assert_eq!(woken.get(), 1);
    assert_eq!(sending.poll(&mut cx), Poll::Ready(Err(SendError::Closed(item(1, 1)))));
}

#[test]
fn drop_newest_keeps_what_waits_and_says_so_in_its_place() {
    let (sender, mut receiver) = outbox(10, 2, Policy::DropNewest).open(secs(0));
    for id in 1..=4 {
        sender.try_send(Live, item(id, 1), secs(0)).expect("it is open");
    }
    assert_eq!(receiver.try_recv().map(|one| short(&[one])), Ok("1".to_owned()));
    sender.try_send(Live, item(5, 1), secs(0)).expect("it is open");
    assert_eq!(sender.try_send(Live, item(6, 11), secs(0)), Ok(Sent::Dropped));
    assert_eq!(short(&all(&mut receiver)), "2 -2/2 5 -1/11");
}

#[test]
fn drop_oldest_makes_just_as_much_room_as_it_needs() {
    let (sender, mut receiver) = outbox(10, 10, Policy::DropOldest).open(secs(0));
    for id in 1..=5 {
        assert_eq!(sender.try_send(Live, item(id, 2), secs(0)), Ok(Sent::Queued));
    }
    assert_eq!(sender.try_send(Live, item(6, 3), secs(0)), Ok(Sent::Displaced));
    assert_eq!(sender.try_send(Live, item(7, 11), secs(0)), Ok(Sent::Dropped));
    assert_eq!(short(&all(&mut receiver)), "-2/4 3 4 5 6 -1/11");
    assert_eq!((sender.stats().dropped, sender.stats().dropped_bytes), (3, 15));
}

#[test]
fn disconnect_ends_with_all_that_waits() {
    let (sender, mut receiver) = outbox(10, 2, Policy::Disconnect).open(secs(0));
    sender.try_send(Live, item(1, 1), secs(0)).expect("there is room");
    sender.try_send(Live, item(2, 2), secs(0)).expect("there is room");
    assert_eq!(sender.try_send(Live, item(3, 4), secs(0)), Ok(Sent::Ended));
    assert_eq!(sender.try_send(Live, item(4, 1), secs(0)), Err(SendError::Closed(item(4, 1))));
    assert_eq!(short(&all(&mut receiver)), "overflow -3/7");
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Over));
    assert_eq!((sender.stats().dropped, sender.stats().ended), (3, Some(End::Overflow)));
}

#[test]
fn the_first_reason_to_end_counts_and_wakes_the_reader() {
    let (sender, mut receiver) = outbox(10, 2, Policy::Wait).open(secs(0));
    let (woken, waker) = Count::waker();
    assert!(receiver.poll_next(&mut Context::from_waker(&waker)).is_pending());
    sender.end(End::Slow);
    sender.end(End::Requested);
    assert_eq!((woken.get(), short(&all(&mut receiver)).as_str()), (1, "slow -0/0"));
}

#[test]
fn classes_have_their_turn_and_their_room() {
    let (sender, mut receiver) = outbox(4, 2, Policy::DropOldest).open(secs(0));
    for id in 0..3 {
        sender.try_send(Live, item(id, 1), secs(0)).expect("it is open");
        sender.try_send(Replay, item(10 + id, 1), secs(0)).expect("it is open");
        sender.try_send(Control, item(20 + id, 1), secs(0)).expect("it is open");
    }
    assert_eq!(short(&all(&mut receiver)), "20 21 22 -1/1 11 12 -1/1 1 2");
}

#[test]
fn control_items_are_never_dropped() {
    let outbox = outbox(4, 2, Policy::DropOldest).control(Limits::new(2, 2));
    let (sender, mut receiver) = outbox.open(secs(0));
    sender.try_send(Control, item(1, 1), secs(0)).expect("there is room");
    sender.try_send(Control, item(2, 1), secs(0)).expect("there is room");
    assert_eq!(sender.try_send(Control, item(3, 1), secs(0)), Ok(Sent::Ended));
    assert_eq!(short(&all(&mut receiver)), "overflow -3/3");
}

#[test]
fn what_is_too_old_is_dropped_however_the_time_is_told() {
    let limits = Limits::new(10, 10).age(secs(5));
    let outbox = Outbox::weighed_by(limits, |item: &Item| item.weight).policy(Policy::Wait);
    let (sender, mut receiver) = outbox.open(secs(0));
    sender.try_send(Live, item(1, 1), secs(1)).expect("there is room");
    sender.try_send(Live, item(2, 1), secs(3)).expect("there is room");
    sender.advance(secs(6));
    assert_eq!(sender.stats().waiting, 2);
    receiver.advance(secs(7));
    sender.try_send(Live, item(3, 1), secs(2)).expect("there is room");
    sender.try_send(Live, item(4, 1), secs(9)).expect("there is room");
    assert_eq!(short(&all(&mut receiver)), "-2/2 3 4");

    let (sender, mut receiver) = outbox.policy(Policy::Disconnect).open(secs(0));
    sender.try_send(Live, item(1, 1), secs(1)).expect("there is room");
    sender.advance(secs(7));
    assert_eq!(short(&all(&mut receiver)), "age -1/1");
}

#[test]
fn how_long_the_first_has_waited_is_told_by_the_latest_time_known() {
    let (sender, mut receiver) = outbox(10, 10, Policy::DropOldest).latest_by(|item| item.key).open(secs(0));
    assert_eq!(sender.stats().oldest, None);
    sender.try_send(Live, keyed(1, 1, 1), secs(3)).expect("there is room");
    sender.try_send(Live, keyed(2, 1, 2), secs(5)).expect("there is room");
    assert_eq!(sender.stats().oldest, Some(secs(2)));
    receiver.advance(secs(9));
    assert_eq!(receiver.stats().oldest, Some(secs(6)));
    // What has replaced the first is as old as it is itself.
    sender.try_send(Live, keyed(3, 1, 1), secs(10)).expect("there is room");
    assert_eq!(sender.stats().oldest, Some(secs(0)));
    sender.try_send(Replay, item(4, 1), secs(11)).expect("there is room");
    sender.advance(secs(13));
    assert_eq!(sender.stats().oldest, Some(secs(3)), "of whichever class");
    assert_eq!(short(&all(&mut receiver)), "4 ~1 3 2");
    assert_eq!(receiver.stats().oldest, None);
}

#[test]
fn the_latest_by_key_keeps_the_place_of_the_first() {
    let outbox = outbox(10, 3, Policy::DropOldest).latest_by(|item| item.key);
    let (sender, mut receiver) = outbox.open(secs(0));
    for (id, key) in [(1, 1), (2, 2), (3, 3), (4, 1), (5, 2), (6, 1)] {
        sender.try_send(Live, keyed(id, 1, key), secs(0)).expect("it is open");
    }
    assert_eq!(short(&all(&mut receiver)), "~2 6 ~1 5 3");
    assert_eq!(sender.stats().conflated, 3);
    // A key that is no longer waiting is a new one.
    sender.try_send(Live, keyed(7, 1, 1), secs(0)).expect("it is open");
    assert_eq!(short(&all(&mut receiver)), "7");
}

#[test]
fn a_heavier_latest_at_the_front_stays_there_and_others_go() {
    let outbox = outbox(6, 9, Policy::DropOldest).latest_by(|item| item.key);
    let (sender, mut receiver) = outbox.open(secs(0));
    for (id, key) in [(1, 1), (2, 2), (3, 3)] {
        sender.try_send(Live, keyed(id, 2, key), secs(0)).expect("it is open");
    }
    assert_eq!(sender.try_send(Live, keyed(4, 3, 1), secs(0)), Ok(Sent::Displaced));
    sender.try_send(Live, keyed(5, 2, 3), secs(0)).expect("it is open");
    sender.try_send(Live, keyed(6, 3, 1), secs(0)).expect("it is open");
    assert_eq!(short(&all(&mut receiver)), "~2 6 -1/2 ~1 5");
}

#[test]
fn whoever_can_break_the_connection_learns_of_the_end_without_its_reader() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = |receiver: &mut Receiver<Item>| {
        let told = Arc::clone(&told);
        receiver.on_end(move |reason| told.lock().expect("nobody panics").push(reason));
    };
    let outbox = Outbox::weighed_by(Limits::new(9, 1), |item: &Item| item.weight).policy(Policy::Disconnect);
    let (sender, mut receiver) = outbox.open(secs(0));
    tell(&mut receiver);
    sender.try_send(Live, item(1, 1), secs(0)).expect("there is room");
    assert_eq!(told.lock().expect("nobody panics").len(), 0);
    sender.try_send(Live, item(2, 1), secs(0)).expect("it is open");
    sender.end(End::Requested);
    tell(&mut receiver);
    assert_eq!(*told.lock().expect("nobody panics"), [End::Overflow, End::Overflow]);

    // Nothing is said of one that is over in the ordinary way.
    let (sender, mut receiver) = outbox.open(secs(0));
    tell(&mut receiver);
    drop(sender);
    drop(receiver);
    assert_eq!(told.lock().expect("nobody panics").len(), 2);
}
