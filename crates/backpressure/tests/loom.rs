//! Every order in which threads may meet at an outbox, within bounds.
//!
//! Whoever sleeps for ever is a deadlock to loom, so no model has to look for lost wake-ups itself.
#![cfg(loom)]

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use longwave_backpressure::outbox::{
    Budget,
    Class::{Control, Live},
    Delivery, End, Fan, Limits, Outbox,
    Policy::{self, Disconnect, DropNewest, DropOldest, Wait},
    Receiver, SendError, Sent, TryRecvError,
};
use loom::{sync::Notify, thread};

const NOW: Duration = Duration::ZERO;

struct Bell(Notify);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.notify();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let bell = Arc::new(Bell(Notify::new()));
    let waker = Waker::from(Arc::clone(&bell));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        bell.0.wait();
    }
}

/// Runs a model in every order with at most so many threads stopped where they need not wait.
fn model(preemptions: usize, run: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(run);
}

fn outbox(items: usize, policy: Policy) -> Outbox<u64> {
    Outbox::weighed_by(Limits::new(1 << 10, items), |_| 1).policy(policy)
}

fn fan() -> Fan<u64> {
    Fan::weighed_by(|_| 1)
}

/// Reads to the end what is numbered from `next` on. Returns the next number and how many were taken, and asserts
/// that each item comes in its place or is said to be missing there.
fn read(receiver: &mut Receiver<u64>, mut next: u64) -> (u64, u64) {
    let mut taken = 0;
    while let Some(delivery) = block_on(receiver.recv()) {
        match delivery {
            Delivery::Item(item) => {
                assert_eq!(item, next);
                taken += 1;
                next += 1;
            }
            Delivery::Lagged { dropped, .. } | Delivery::Ended { dropped, .. } => next += dropped,
            other => panic!("{other:?}"),
        }
    }
    (next, taken)
}

/// Asserts that what was counted is what was told, and that it was all there was.
fn read_all(mut receiver: Receiver<u64>, items: u64) {
    let (next, taken) = read(&mut receiver, 0);
    let stats = receiver.stats();
    assert_eq!((next, taken, next - taken), (items, stats.delivered, stats.dropped));
}

#[test]
fn a_sender_and_a_receiver_that_wait_for_each_other() {
    model(4, || {
        let (mut sender, receiver) = outbox(1, Wait).open(NOW);
        let producer = thread::spawn(move || {
            for item in 0..3 {
                assert_eq!(block_on(sender.send(Live, item, NOW)), Ok(Sent::Queued));
            }
        });
        read_all(receiver, 3);
        producer.join().expect("no panic");
    });
}

#[test]
fn a_sender_that_never_waits() {
    for policy in [DropOldest, DropNewest] {
        model(5, move || {
            let (sender, receiver) = outbox(1, policy).open(NOW);
            let producer = thread::spawn(move || {
                for item in 0..3 {
                    sender.try_send(Live, item, NOW).expect("the receiver is there");
                }
            });
            read_all(receiver, 3);
            producer.join().expect("no panic");
        });
    }
}

#[test]
fn a_receiver_that_leaves_wakes_its_sender() {
    model(5, || {
        let (mut sender, mut receiver) = outbox(1, Wait).open(NOW);
        let producer = thread::spawn(move || {
            let sent = (0..3).take_while(|item| block_on(sender.send(Live, *item, NOW)).is_ok()).count();
            assert!((1..3).contains(&sent));
        });
        assert_eq!(block_on(receiver.recv()), Some(Delivery::Item(0)));
        drop(receiver);
        producer.join().expect("no panic");
    });
}

#[test]
fn an_end_wakes_both_sides() {
    model(5, || {
        let (sender, mut receiver) = outbox(1, Wait).open(NOW);
        let ends = thread::spawn(move || {
            let sent = sender.try_send(Live, 0, NOW);
            assert_eq!(sent, Ok(Sent::Queued));
            sender.end(End::Requested);
            assert_eq!(sender.try_send(Live, 1, NOW), Err(SendError::Closed(1)));
        });
        assert_eq!(read(&mut receiver, 0).0, 1);
        assert_eq!(receiver.stats().ended, Some(End::Requested));
        ends.join().expect("no panic");
    });
}

#[test]
fn a_subscriber_gets_all_that_is_published_until_the_fan_is_gone() {
    model(5, || {
        let fan = fan();
        let reader = fan.subscribe(&outbox(8, Wait), NOW);
        let publisher = thread::spawn(move || {
            for item in 0..3 {
                fan.publish(Live, item, NOW);
            }
        });
        read_all(reader, 3);
        publisher.join().expect("no panic");
    });
}

#[test]
fn a_subscriber_that_is_behind_is_caught_up_while_it_reads() {
    for policy in [DropOldest, DropNewest, Wait, Disconnect] {
        model(3, move || {
            let fan = fan();
            let reader = fan.subscribe(&outbox(2, policy), NOW);
            let _idle = fan.subscribe(&outbox(1, DropOldest), NOW);
            let publisher = thread::spawn(move || {
                let live = (0..4).take_while(|item| fan.publish(Live, *item, NOW).subscribers == 2);
                assert!(live.count() == 4 || policy != DropOldest);
            });
            let mut reader = reader;
            let (next, taken) = read(&mut reader, 0);
            let stats = reader.stats();
            assert_eq!((taken, next - taken), (stats.delivered, stats.dropped));
            publisher.join().expect("no panic");
        });
    }
}

#[test]
fn a_control_item_wakes_a_subscriber_and_ends_nothing() {
    model(5, || {
        let fan = fan();
        let mut reader = fan.subscribe(&outbox(8, Wait), NOW);
        let publisher = thread::spawn(move || {
            fan.publish(Live, 0, NOW);
            fan.publish(Control, 100, NOW);
            fan.publish(Live, 1, NOW);
        });
        let mut seen = Vec::new();
        while let Some(delivery) = block_on(reader.recv()) {
            let Delivery::Item(item) = delivery else { panic!("{delivery:?}") };
            seen.push(item);
        }
        assert_eq!(seen.iter().filter(|item| **item == 100).count(), 1);
        seen.retain(|item| *item != 100);
        assert_eq!(seen, [0, 1]);
        publisher.join().expect("no panic");
    });
}

#[test]
fn a_place_that_another_has_left_is_as_good_as_new() {
    model(4, || {
        let fan = Arc::new(fan());
        let mut first = fan.subscribe(&outbox(8, Wait), NOW);
        let publisher = Arc::clone(&fan);
        let publisher = thread::spawn(move || {
            publisher.publish(Live, 0, NOW);
            publisher.publish(Live, 1, NOW);
        });
        let mut cx = Context::from_waker(Waker::noop());
        let mut began = u64::from(first.poll_next(&mut cx).is_ready());
        drop(first);
        let mut second = fan.subscribe(&outbox(8, Wait), NOW);
        drop(fan);
        while let Some(delivery) = block_on(second.recv()) {
            let Delivery::Item(item) = delivery else { panic!("{delivery:?}") };
            began = began.max(item);
            assert_eq!(item, began, "in order");
            began += 1;
        }
        publisher.join().expect("no panic");
    });
}

#[test]
fn one_who_comes_gets_all_that_follows_and_one_who_leaves_takes_nothing_from_others() {
    model(3, || {
        let fan = Arc::new(fan());
        let stays = fan.subscribe(&outbox(8, Wait), NOW);
        let leaves = fan.subscribe(&outbox(8, Wait), NOW);
        let publisher = Arc::clone(&fan);
        let publisher = thread::spawn(move || {
            publisher.publish(Live, 0, NOW);
            publisher.publish(Live, 1, NOW);
        });
        drop(leaves);
        let mut comes = fan.subscribe(&outbox(8, Wait), NOW);
        drop(fan);
        read_all(stays, 2);
        publisher.join().expect("no panic");
        let first = match comes.try_recv() {
            Ok(Delivery::Item(first)) => first,
            Ok(other) => panic!("{other:?}"),
            Err(error) => return assert_eq!(error, TryRecvError::Over),
        };
        assert_eq!(read(&mut comes, first + 1).0, 2);
    });
}

#[test]
fn two_publishers_have_one_order() {
    model(5, || {
        let fan = Arc::new(fan());
        let mut readers = [fan.subscribe(&outbox(8, Wait), NOW), fan.subscribe(&outbox(8, Wait), NOW)];
        let other = Arc::clone(&fan);
        let publisher = thread::spawn(move || _ = other.publish(Live, 0, NOW));
        fan.publish(Live, 1, NOW);
        drop(fan);
        publisher.join().expect("no panic");
        let seen = readers
            .each_mut()
            .map(|reader| std::iter::from_fn(|| block_on(reader.recv())).collect::<Vec<_>>());
        assert_eq!(seen[0].len(), 2);
        assert_eq!(seen[0], seen[1]);
    });
}

#[test]
fn a_subscriber_that_is_ended_while_it_reads_is_told_all_it_misses() {
    model(5, || {
        let fan = fan();
        let reader = fan.subscribe(&outbox(8, Wait).stall(Duration::ZERO), NOW);
        fan.publish(Live, 0, NOW);
        fan.publish(Live, 1, NOW);
        let judge = thread::spawn(move || fan.end_slow(Duration::from_secs(1)));
        read_all(reader, 2);
        judge.join().expect("no panic");
    });
}

#[test]
fn what_a_budget_has_no_room_for_keeps_its_place() {
    model(2, || {
        let budget = Budget::new(2);
        let fan = fan();
        let mut reader = fan.subscribe(&outbox(8, Wait).budget(&budget), NOW);
        let publisher = thread::spawn(move || {
            for item in 0..4 {
                fan.publish(Live, item, NOW);
            }
        });
        assert_eq!(read(&mut reader, 0).0, 4);
        let stats = reader.stats();
        assert_eq!(stats.delivered + stats.dropped, 4);
        publisher.join().expect("no panic");
        assert_eq!(budget.used(), 0);
    });
}

#[test]
fn a_sender_that_waits_for_the_budget_is_woken() {
    model(5, || {
        let budget = Budget::new(1);
        let outbox = outbox(8, Wait).budget(&budget);
        let exchange = |outbox: Outbox<u64>, budget: Budget| {
            move || {
                let (mut sender, mut receiver) = outbox.open(NOW);
                assert_eq!(block_on(sender.send(Live, 7, NOW)), Ok(Sent::Queued));
                assert_eq!(budget.used(), 1);
                assert_eq!(receiver.try_recv(), Ok(Delivery::Item(7)));
            }
        };
        let other = thread::spawn(exchange(outbox.clone(), budget.clone()));
        exchange(outbox, budget.clone())();
        other.join().expect("no panic");
        assert_eq!(budget.used(), 0);
    });
}

#[test]
fn no_more_are_ended_than_there_are_who_need_room() {
    model(5, || {
        let budget = Budget::new(2);
        let outbox = outbox(8, Wait).budget(&budget);
        let stalled = outbox.clone().stall(Duration::ZERO);
        let (one, mut first) = stalled.open(NOW);
        let (two, mut second) = stalled.open(NOW);
        one.try_send(Live, 0, NOW).expect("there is room");
        two.try_send(Live, 0, NOW).expect("there is room");
        let needs = thread::spawn(move || {
            let (sender, receiver) = outbox.open(NOW);
            assert_eq!(sender.try_send(Live, 0, Duration::from_secs(1)), Ok(Sent::Queued));
            drop((sender, receiver));
        });
        let taken = block_on(first.recv()).expect("there is something");
        assert!(budget.used() <= 2);
        needs.join().expect("no panic");
        let was_ended = matches!(taken, Delivery::Ended { reason: End::Budget, dropped: 1, .. });
        let ended = [was_ended, matches!(second.try_recv(), Ok(Delivery::Ended { .. }))];
        assert_ne!(ended, [true, true]);
        drop((first, second));
        assert_eq!(budget.used(), 0);
    });
}

#[test]
fn one_that_comes_while_another_looks_for_room_is_looked_at_in_its_time() {
    model(5, || {
        let budget = Budget::new(2);
        let outbox = outbox(8, Wait).budget(&budget);
        let (healthy, _reader) = outbox.open(NOW);
        healthy.try_send(Live, 0, NOW).expect("there is room");
        let (sender, _other) = Outbox::weighed_by(Limits::new(8, 8), |weight: &u64| *weight as usize)
            .policy(Wait)
            .budget(&budget)
            .open(NOW);
        let comes = outbox.stall(Duration::from_secs(1));
        let comes = thread::spawn(move || {
            let (stalls, reader) = comes.open(NOW);
            stalls.try_send(Live, 0, NOW).expect("there is room");
            (stalls, reader)
        });
        assert_eq!(sender.try_send(Live, 2, NOW), Err(SendError::Full(2)));
        let (_stalls, mut reader) = comes.join().expect("no panic");
        assert_eq!(sender.try_send(Live, 1, Duration::from_secs(1)), Ok(Sent::Queued));
        assert!(matches!(reader.try_recv(), Ok(Delivery::Ended { reason: End::Budget, .. })));
    });
}
