//! Many who want the same ticket at the same time.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Barrier, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use longwave_ticket::{
    Burnt, MemoryStore, Minted, Mode, Put, Record, SubjectHash, Ticket, TicketId, TicketStore,
};

use crate::support::{NOW, Service, ada, after, audience, connect, now};

/// Threads that are let go together, once for each round, each of which wins or not; one of them has to.
///
/// What fails, fails once all are through: a thread that is gone leaves the others waiting.
fn race(threads: usize, rounds: usize, win: impl Fn(usize) -> usize + Sync) {
    let (barrier, winners) = (Barrier::new(threads), AtomicUsize::new(0));
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                for round in 0..rounds {
                    barrier.wait();
                    let won = catch_unwind(AssertUnwindSafe(|| win(round)));
                    let won = won.unwrap_or_else(|_| {
                        failed.lock().unwrap().push((round, None));
                        0
                    });
                    winners.fetch_add(won, Ordering::Relaxed);
                    if barrier.wait().is_leader() {
                        let winners = winners.swap(0, Ordering::Relaxed);
                        if winners != 1 {
                            failed.lock().unwrap().push((round, Some(winners)));
                        }
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "rounds, and how many have won or panicked: {failed:?}");
}

#[test]
#[should_panic(expected = "[(0, Some(2)), (1, Some(0)), (2, None), (2, None)")]
fn a_race_that_goes_wrong_fails_and_does_not_hang() {
    race(2, 3, |round| match round {
        0 => 1,
        1 => 0,
        _ => panic!("as it should"),
    });
}

/// Redeems tickets that were minted before.
fn redeem(threads: usize, rounds: usize, mode: Mode) {
    let service = Service::new();
    let issuer = service.issuer.clone().mode(mode).limit(u32::MAX);
    let verifier = service.verifier.clone().mode(mode);
    let mint = |_| now(issuer.mint(&ada(), &connect(NOW), service.id())).map(Minted::into_ticket).unwrap();
    let tickets: Vec<Ticket> = (0..rounds).map(mint).collect();
    let context = connect(NOW);
    race(threads, rounds, |round| {
        usize::from(now(verifier.redeem(tickets[round].expose(), &context)).is_ok())
    });
}

#[test]
fn of_a_hundred_threads_one_redeems() {
    redeem(100, 20, Mode::TakeOnce);
    redeem(100, 20, Mode::SelfContained);
}

#[test]
fn of_four_threads_one_redeems_every_time() {
    redeem(4, 1000, Mode::TakeOnce);
    redeem(4, 1000, Mode::SelfContained);
}

/// How often each of the four threads below wants what there is once.
const TRIES: usize = 25;

fn id(round: usize) -> TicketId {
    TicketId::from_bytes((round as u128).to_be_bytes())
}

#[test]
fn ten_thousand_times_a_record_is_taken_once_by_a_hundred() {
    let store = MemoryStore::new();
    for round in 0..10_000 {
        let record = Record::new(b"claims", SubjectHash::of(&audience(), "ada"), Duration::from_secs(36));
        assert_eq!(now(store.put(&id(round), record, NOW)), Ok(Put::Stored));
    }
    race(4, 10_000, |round| {
        let take = |_: &usize| now(store.take(&id(round), NOW)).unwrap().is_some();
        (0..TRIES).filter(take).count()
    });
    assert!(store.is_empty());
}

#[test]
fn ten_thousand_times_a_ticket_is_burnt_once_by_a_hundred() {
    let store = MemoryStore::new();
    race(4, 10_000, |round| {
        let burn = |_: &usize| now(store.burn(&id(round), after(36_000), NOW)) == Ok(Burnt::Now);
        (0..TRIES).filter(burn).count()
    });
}
