use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use longwave_core::Cause;
use longwave_ticket::live::Verdict;
use tokio::time::Instant;

use crate::support::{Wall, admission, exact, open, secs, settle, user};

#[tokio::test(start_paused = true)]
async fn a_login_that_was_taken_back_is_noticed() {
    let wall = Wall::default();
    let checks = Arc::new(AtomicUsize::new(0));
    let counting = checks.clone();
    let sessions = exact(&wall)
        .revalidate(secs(60), 0.0, move |session| {
            let number = counting.fetch_add(1, Ordering::SeqCst);
            async move {
                assert_eq!(session.claims().name, "ann");
                if number < 5 { Verdict::Valid } else { Verdict::Revoked }
            }
        })
        .build();
    let open = open(&sessions, admission(user("ann"), &wall)).unwrap();
    let start = Instant::now();
    let reason = open.session.ended().await;
    assert_eq!((reason.cause(), reason.close_code()), (Cause::Revoked, 4403));
    assert_eq!(start.elapsed(), secs(360));
    drop(open);
    tokio::time::sleep(secs(600)).await;
    assert_eq!(checks.load(Ordering::SeqCst), 6);
}

#[tokio::test(start_paused = true)]
async fn checks_that_fail_are_tolerated_so_many_times_in_a_row() {
    let wall = Wall::default();
    let checks = AtomicUsize::new(0);
    let sessions = exact(&wall)
        .tolerate(2)
        .revalidate(secs(60), 0.0, move |_| {
            // Two fail, one is good, and then all fail.
            let good = checks.fetch_add(1, Ordering::SeqCst) == 2;
            async move { if good { Verdict::Valid } else { Verdict::Unknown } }
        })
        .build();
    let open = open(&sessions, admission(user("ann"), &wall)).unwrap();
    let start = Instant::now();
    let reason = open.session.ended().await;
    assert_eq!((reason.close_code(), reason.text()), (4401, "login not confirmed"));
    assert_eq!(start.elapsed(), secs(6 * 60));
}

#[tokio::test(start_paused = true)]
async fn checks_that_hang_have_failed() {
    let wall = Wall::default();
    let sessions =
        exact(&wall).tolerate(1).check_timeout(secs(10)).revalidate(secs(60), 0.0, |_| pending()).build();
    let open = open(&sessions, admission(user("ann"), &wall)).unwrap();
    let start = Instant::now();
    let _reason = open.session.ended().await;
    assert_eq!(start.elapsed(), secs(60 + 10 + 60 + 10));
}

#[tokio::test(start_paused = true)]
async fn checks_that_panic_have_failed() {
    let wall = Wall::default();
    let sessions =
        exact(&wall).tolerate(1).revalidate(secs(60), 0.0, |_| async { panic!("on purpose") }).build();
    let open = open(&sessions, admission(user("ann"), &wall)).unwrap();
    let start = Instant::now();
    let _reason = open.session.ended().await;
    assert_eq!(start.elapsed(), secs(120));
}

#[tokio::test(start_paused = true)]
async fn only_so_many_checks_run_at_once_and_waiting_for_a_turn_counts() {
    let wall = Wall::default();
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counting, highest) = (running.clone(), most.clone());
    let sessions = exact(&wall)
        .tolerate(0)
        .concurrent_checks(4)
        .check_timeout(secs(10))
        .revalidate(secs(60), 0.0, move |_| {
            let (counting, highest) = (counting.clone(), highest.clone());
            async move {
                let running = Running(counting);
                let now = running.0.fetch_add(1, Ordering::SeqCst) + 1;
                highest.fetch_max(now, Ordering::SeqCst);
                tokio::time::sleep(secs(4)).await;
                Verdict::Valid
            }
        })
        .build();
    let opened: Vec<_> = (0..16).map(|_| open(&sessions, admission(user("ann"), &wall)).unwrap()).collect();
    tokio::time::sleep(secs(71)).await;
    settle().await;
    assert_eq!(most.load(Ordering::SeqCst), 4);
    // Two turns of four fit into ten seconds.
    let ended = opened.iter().filter(|open| open.session.lifeline().is_ended()).count();
    assert_eq!(ended, 8);
}

#[tokio::test(start_paused = true)]
async fn checks_come_earlier_by_their_jitter_and_never_later() {
    let wall = Wall::default();
    let start = Instant::now();
    let times = Arc::new(std::sync::Mutex::new(Vec::new()));
    let noted = times.clone();
    let sessions = exact(&wall)
        .max_per_subject(1000)
        .revalidate(secs(100), 0.5, move |_| {
            noted.lock().unwrap().push(start.elapsed());
            async { Verdict::Revoked }
        })
        .build();
    let _opened: Vec<_> =
        (0..1000).map(|_| open(&sessions, admission(user("ann"), &wall)).unwrap()).collect();
    tokio::time::sleep(secs(200)).await;
    let times = times.lock().unwrap();
    assert_eq!(times.len(), 1000);
    let (first, last) = (times.iter().min().unwrap(), times.iter().max().unwrap());
    assert!(
        (secs(50)..secs(55)).contains(first) && (secs(95)..=secs(101)).contains(last),
        "{first:?} {last:?}"
    );
}

/// Counts a check that runs, until it is done or given up.
struct Running(Arc<AtomicUsize>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
