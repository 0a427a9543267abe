//! Both sides at once, on threads.

use std::{
    future::Future,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use longwave_backpressure::outbox::{Budget, Class::Live, Delivery, Limits, Outbox, Policy};

use crate::support::secs;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future on this thread, and fails if it is never woken.
fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        let parked = std::time::Instant::now();
        thread::park_timeout(Duration::from_secs(20));
        assert!(parked.elapsed() < Duration::from_secs(20), "a wake-up was lost");
    }
}

/// A few turns of doing nothing, other ones for each seed.
fn dawdle(state: &mut u64) {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    for _ in 0..*state % 64 {
        std::hint::spin_loop();
    }
    if state.is_multiple_of(97) {
        thread::yield_now();
    }
}

fn race(outbox: &Outbox<u64>, seed: u64) {
    let (mut sender, mut receiver) = outbox.open(secs(0));
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut state = seed * 2 + 1;
            for id in 0..ITEMS {
                dawdle(&mut state);
                block_on(sender.send(Live, id, secs(0))).expect("the receiver is there");
            }
        });
        let mut state = seed * 3 + 2;
        let mut next = 0;
        while let Some(delivery) = block_on(receiver.recv()) {
            match delivery {
                Delivery::Item(id) => {
                    assert_eq!(id, next);
                    next += 1;
                }
                Delivery::Lagged { dropped, .. } => next += dropped,
                other => panic!("{other:?}"),
            }
            dawdle(&mut state);
        }
        assert_eq!(next, ITEMS);
    });
}

#[test]
fn no_wake_up_is_lost_and_every_item_is_accounted_for() {
    for seed in 0..150 {
        let room = 1 + seed as usize % 5;
        let policy = [Policy::Wait, Policy::Wait, Policy::DropOldest, Policy::DropNewest][seed as usize % 4];
        race(&Outbox::weighed_by(Limits::new(room * 8, room), |_| 8).policy(policy), seed);
    }
}

#[test]
fn no_wake_up_is_lost_where_the_budget_is_what_is_waited_for() {
    for seed in 0..40 {
        let budget = Budget::new(16);
        let outbox = Outbox::weighed_by(Limits::new(64, 8), |_| 8).policy(Policy::Wait).budget(&budget);
        thread::scope(|scope| {
            for other in 0..3 {
                let outbox = &outbox;
                scope.spawn(move || race(outbox, seed + other));
            }
        });
        assert_eq!(budget.used(), 0);
    }
}

#[test]
fn a_receiver_may_leave_at_any_moment() {
    for seed in 0..300 {
        let budget = Budget::new(64);
        let outbox = Outbox::weighed_by(Limits::new(32, 4), |_| 8).policy(Policy::Wait).budget(&budget);
        let (mut sender, mut receiver) = outbox.open(secs(0));
        thread::scope(|scope| {
            scope.spawn(move || while block_on(sender.send(Live, 0, secs(0))).is_ok() {});
            let mut state = seed * 5 + 3;
            for _ in 0..seed % 20 {
                dawdle(&mut state);
                block_on(receiver.recv()).expect("the sender is there");
            }
            drop(receiver);
        });
        assert_eq!(budget.used(), 0);
    }
}

const ITEMS: u64 = 300;
