//! Many who want the same ticket at the same time.

use std::{
    sync::{
        Barrier, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use longwave_ticket::{Mode, Ticket};

use crate::support::{NOW, Service, ada, connect, now};

/// Rounds in which threads, released together, want one ticket a hundred times.
fn race(threads: usize, rounds: usize, mode: Mode) {
    let service = Service::new();
    let (issuer, verifier) = (service.issuer.clone().mode(mode), service.verifier.clone().mode(mode));
    let mint = || now(issuer.mint(&ada(), &connect(NOW), service.id())).unwrap().into_ticket();
    let (barrier, winners) = (Barrier::new(threads), AtomicUsize::new(0));
    let ticket = Mutex::new(mint());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let context = connect(NOW);
                for _ in 0..rounds {
                    if barrier.wait().is_leader() {
                        winners.store(0, Ordering::Relaxed);
                        *ticket.lock().unwrap() = mint();
                    }
                    barrier.wait();
                    let text: Ticket = ticket.lock().unwrap().clone();
                    // Verified beforehand, so that they meet in the store.
                    let verified: Vec<_> = (0..100 / threads)
                        .map(|_| verifier.verify(text.expose(), &context).unwrap())
                        .collect();
                    barrier.wait();
                    for verified in verified {
                        if now(verifier.consume(verified, NOW)).is_ok() {
                            winners.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                    barrier.wait();
                    assert_eq!(winners.load(Ordering::Relaxed), 1);
                }
            });
        }
    });
}

#[test]
fn of_a_hundred_threads_one_redeems() {
    race(100, 20, Mode::TakeOnce);
    race(100, 20, Mode::SelfContained);
}

#[test]
fn ten_thousand_times_one_of_a_hundred_redeems() {
    race(4, 8_000, Mode::TakeOnce);
    race(4, 2_000, Mode::SelfContained);
}
