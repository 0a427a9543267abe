use std::{
    sync::{Arc, Barrier},
    thread,
};

use longwave_core::{Cause, Lifeline};
use longwave_ticket::live::{Close, RefreshError, Refused, Selector, Session, Sessions};
use tokio::runtime::Runtime;

use crate::support::{Open, User, Wall, admission, exact, lapsing, logged_in, open, secs};

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("threads can be spawned")
}

/// Whatever comes first, the ticket that was there before the revocation has nothing open after it.
#[test]
fn a_session_that_is_opened_while_it_is_revoked_does_not_stay() {
    let runtime = runtime();
    let wall = Wall::default();
    let sessions = exact(&wall).max_per_subject(usize::MAX).build();
    let selectors: [fn([u8; 16]) -> Selector; 5] = [
        |_| Selector::Subject("ann".into()),
        |_| Selector::Session("l1".into()),
        Selector::Ticket,
        |_| Selector::All,
        |_| Selector::IssuedBefore(longwave_ticket::UnixMillis::new(u64::MAX)),
    ];
    let (mut refused, mut ended) = (0_u64, 0_u64);
    for seed in 0..ROUNDS {
        wall.advance(std::time::Duration::from_millis(2));
        let id = u128::from(seed).to_be_bytes();
        let ticket = longwave_ticket::live::Admission::new(logged_in("ann", "l1"), id, wall.now());
        let (barrier, selector) = (Barrier::new(2), selectors[seed as usize % 5](id));
        let tether = Lifeline::new().carry();
        thread::scope(|scope| {
            let opening = scope.spawn(|| {
                let _runtime = runtime.enter();
                barrier.wait();
                spin(seed);
                sessions.register(&tether, ticket)
            });
            barrier.wait();
            spin(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            sessions.revoke(selector, Close::Revoked);
            match opening.join().unwrap() {
                Ok(session) => {
                    assert!(session.lifeline().is_ended(), "seed {seed}");
                    ended += 1;
                }
                Err(refusal) => {
                    assert_eq!(refusal, Refused::Revoked);
                    refused += 1;
                }
            }
        });
        drop(tether);
        assert_eq!(sessions.count(&Selector::All), 0, "seed {seed}");
    }
    assert_eq!(refused + ended, ROUNDS);
}

#[test]
fn a_session_that_is_refreshed_while_it_is_revoked_does_not_stay() {
    let runtime = runtime();
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    for seed in 0..2000_u64 {
        wall.advance(std::time::Duration::from_millis(2));
        let Open { session, tether: _tether } = {
            let _runtime = runtime.enter();
            open(&sessions, lapsing(logged_in("ann", "l1"), &wall, secs(600))).unwrap()
        };
        let fresh = lapsing(logged_in("ann", "l1"), &wall, secs(1200));
        let barrier = Barrier::new(2);
        thread::scope(|scope| {
            let refreshing = scope.spawn(|| {
                let _runtime = runtime.enter();
                barrier.wait();
                spin(seed);
                session.refresh(&fresh)
            });
            barrier.wait();
            spin(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let selector = if seed % 2 == 0 {
                Selector::Subject("ann".into())
            } else {
                Selector::IssuedBefore(wall.now().plus(secs(1)))
            };
            sessions.revoke(selector, Close::Revoked);
            match refreshing.join().unwrap() {
                Ok(_) | Err(RefreshError::Revoked | RefreshError::Ended) => {}
                Err(other) => panic!("{other}"),
            }
            assert!(session.lifeline().is_ended(), "seed {seed}");
        });
    }
}

#[test]
fn no_subject_gets_more_than_it_may_from_many_threads() {
    let runtime = runtime();
    let wall = Wall::default();
    let sessions = exact(&wall).max_per_subject(10).build();
    for _ in 0..50 {
        let opened: Vec<Vec<Open>> = thread::scope(|scope| {
            let open_some = || {
                let _runtime = runtime.enter();
                (0..10)
                    .filter_map(|_| open(&sessions, admission(logged_in("ann", "l1"), &wall)).ok())
                    .collect()
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(open_some)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(opened.iter().map(Vec::len).sum::<usize>(), 10);
        assert_eq!(sessions.count(&Selector::Subject("ann".into())), 10);
    }
    assert_eq!(sessions.count(&Selector::All), 0);
}

/// Opens, refreshes, revokes and drops, all at once: nothing is left, and nothing is stuck.
#[test]
fn everything_at_once_leaves_nothing() {
    let runtime = runtime();
    let wall = Wall::default();
    let sessions = Arc::new(exact(&wall).max_per_subject(usize::MAX).build());
    thread::scope(|scope| {
        for number in 0..4_u64 {
            let (sessions, wall, runtime) = (sessions.clone(), wall.clone(), &runtime);
            scope.spawn(move || {
                let _runtime = runtime.enter();
                churn(&sessions, &wall, number);
            });
        }
    });
    assert_eq!(sessions.count(&Selector::All), 0);
    assert_eq!(sessions.count(&Selector::IssuedBefore(wall.now().plus(secs(1_000_000)))), 0);
}

fn churn(sessions: &Sessions<User>, wall: &Wall, seed: u64) {
    let mut kept: Vec<Open> = Vec::new();
    let mut random = seed + 1;
    for _ in 0..5000 {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let name = format!("s{}", random >> 8 & 7);
        match random % 8 {
            0 => drop(sessions.revoke(Selector::Subject(name), Close::Renew)),
            1 => drop(sessions.count(&Selector::Session(name))),
            2 => wall.advance(std::time::Duration::from_millis(1)),
            3 if !kept.is_empty() => drop(kept.swap_remove(random as usize % kept.len())),
            4 if !kept.is_empty() => {
                let open = &kept[random as usize % kept.len()];
                let _refreshed =
                    open.session.refresh(&lapsing(open.session.claims().clone(), wall, secs(60)));
            }
            _ => kept.extend(open(sessions, lapsing(logged_in(&name, &name), wall, secs(60))).ok()),
        }
    }
}

/// A runtime whose clock stands still while there is something to do.
fn paused() -> Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("there is a clock")
}

async fn ends(session: &Session<User>) -> Option<Cause> {
    tokio::time::timeout(secs(3600), session.ended()).await.ok().map(|reason| reason.cause())
}

#[test]
fn sessions_end_though_the_runtime_is_gone_in_which_the_first_was_opened() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let [first, gone, second] = [(); 3].map(|()| paused());
    let register = |name, after| open(&sessions, lapsing(logged_in(name, name), &wall, secs(after))).unwrap();
    let ann = first.block_on(async { register("ann", 60) });
    let bob = second.block_on(async { register("bob", 120) });
    let zoe = gone.block_on(async { register("zoe", 60) });
    drop(gone);
    drop(first);
    second.block_on(async {
        assert_eq!(ends(&ann.session).await, Some(Cause::Expired));
        assert_eq!(ends(&zoe.session).await, Some(Cause::Expired));
        assert!(!bob.session.lifeline().is_ended());
        assert_eq!(ends(&bob.session).await, Some(Cause::Expired));
    });
}

/// With nobody there to go on, whoever comes next has it go on.
#[test]
fn sessions_of_a_runtime_that_is_gone_end_when_there_is_another() {
    for refreshes in [false, true] {
        let wall = Wall::default();
        let sessions = exact(&wall).build();
        let (first, second) = (paused(), paused());
        let ann = first.block_on(async { open(&sessions, lapsing(logged_in("ann", "a"), &wall, secs(60))) });
        let bob = first.block_on(async { open(&sessions, lapsing(logged_in("bob", "b"), &wall, secs(60))) });
        let (ann, bob) = (ann.unwrap(), bob.unwrap());
        drop(first);
        second.block_on(async {
            let later = lapsing(logged_in("bob", "b"), &wall, secs(90));
            let _late = if refreshes {
                bob.session.refresh(&later).unwrap();
                None
            } else {
                Some(open(&sessions, later).unwrap())
            };
            assert_eq!(ends(&ann.session).await, Some(Cause::Expired));
            assert_eq!(ends(&bob.session).await, Some(Cause::Expired));
        });
    }
}

/// Runtimes come and go while sessions are opened, and each ends.
#[test]
fn runtimes_that_come_and_go_leave_no_session_behind() {
    let wall = Wall::default();
    let sessions = exact(&wall).max_per_subject(usize::MAX).build();
    let opened: Vec<Open> = thread::scope(|scope| {
        let open_some = || {
            let open_one = || {
                let runtime = paused();
                let opened = runtime
                    .block_on(async { open(&sessions, lapsing(logged_in("ann", "l"), &wall, secs(60))) });
                drop(runtime);
                opened.unwrap()
            };
            (0..100).map(|_| open_one()).collect::<Vec<_>>()
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(open_some)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    paused().block_on(async {
        let last = open(&sessions, lapsing(logged_in("ann", "l"), &wall, secs(90))).unwrap();
        for open in opened.iter().chain([&last]) {
            assert_eq!(ends(&open.session).await, Some(Cause::Expired));
        }
    });
}

/// So that the threads meet elsewhere each time.
fn spin(random: u64) {
    for _ in 0..random % 512 {
        std::hint::spin_loop();
    }
}

const ROUNDS: u64 = 4000;
