//! Everything that may happen to a fan at once, on threads, with other pauses for each seed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    thread,
};

use longwave_backpressure::outbox::{
    Budget, Class::Live, Delivery, Fan, Limits, Outbox, Policy, Receiver, TryRecvError,
};

use crate::support::{Item, item, secs};

fn random(state: &mut u64, below: u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state % below
}

/// Reads in one way after the other until nothing will come, and returns the items taken and those said to be missing.
fn read(receiver: &mut Receiver<Item>, seed: u64) -> (u64, u64) {
    let (mut state, mut taken, mut missing, mut next) = (seed * 7 + 1, 0, 0, 0);
    loop {
        let mut see = |delivery| match delivery {
            Delivery::Item(Item { id, .. }) => {
                assert_eq!(id, next, "in order, and nothing is missing in silence");
                (taken, next) = (taken + 1, next + 1);
            }
            Delivery::Lagged { dropped, .. } | Delivery::Ended { dropped, .. } => {
                (missing, next) = (missing + dropped, next + dropped);
            }
            other => panic!("{other:?}"),
        };
        match random(&mut state, 40) {
            0 => _ = receiver.stats(),
            1 => _ = receiver.advance(secs(0)),
            2 => _ = receiver.release_room(),
            3..6 => thread::yield_now(),
            6..12 => _ = receiver.drain_ready(random(&mut state, 30) as usize, see),
            _ => match receiver.try_recv() {
                Ok(delivery) => see(delivery),
                Err(TryRecvError::Empty) => thread::yield_now(),
                Err(_) => return (taken, missing),
            },
        }
    }
}

fn run(seed: u64) {
    let budget = Budget::new(40);
    let fan = Arc::new(Fan::weighed_by(|item: &Item| item.weight));
    thread::scope(|scope| {
        for reader in 0..3 {
            let policies = [Policy::Wait, Policy::DropNewest, Policy::DropOldest, Policy::Disconnect];
            let policy = policies[((seed + reader) % 4) as usize];
            let told = Arc::new(AtomicU64::new(0));
            let counter = Arc::clone(&told);
            let kind = Outbox::weighed_by(Limits::new(24, 12), |item: &Item| item.weight)
                .policy(policy)
                .on_loss(move |loss| _ = counter.fetch_add(loss.dropped, SeqCst));
            // The last one stalls at once in the eyes of the others.
            let kind = if reader == 2 { kind.stall(secs(0)) } else { kind };
            let kind = if (seed + reader).is_multiple_of(3) { kind } else { kind.budget(&budget) };
            let mut receiver = fan.subscribe(&kind, secs(0));
            scope.spawn(move || {
                let (taken, missing) = read(&mut receiver, seed + reader);
                let stats = receiver.stats();
                assert_eq!((taken, missing), (stats.delivered, stats.dropped), "{policy:?}");
                assert_eq!(told.load(SeqCst), stats.dropped, "{policy:?}");
                assert!(stats.ended.is_some() || taken + missing == ITEMS, "{stats:?}");
            });
        }
        let looks = Arc::clone(&fan);
        scope.spawn(move || {
            for round in 0..20 {
                if round == 15 {
                    looks.end_slow(secs(0));
                }
                drop(looks.subscribe(&Outbox::weighed_by(Limits::new(9, 9), |_| 1), secs(0)));
                thread::yield_now();
            }
        });
        let mut state = seed * 11 + 5;
        for id in 0..ITEMS {
            fan.publish(Live, item(id, 1 + random(&mut state, 3) as usize), secs(0));
            if random(&mut state, 9) == 0 {
                thread::yield_now();
            }
        }
        drop(fan);
    });
    assert_eq!(budget.used(), 0);
}

#[test]
fn whatever_happens_at_once_all_items_are_accounted_for() {
    for seed in 0..60 {
        run(seed);
    }
}

const ITEMS: u64 = 1_000;
