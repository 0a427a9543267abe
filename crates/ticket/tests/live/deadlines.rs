use std::{
    sync::atomic::{AtomicU64, Ordering},
    task::Poll,
    time::Duration,
};

use futures_util::future::join_all;
use http_body_util::BodyExt;
use longwave_core::{Cause, Reconnect};
use longwave_ticket::live::{Refused, Selector};
use tokio::time::Instant;

use crate::support::{
    Busy, Silent, Wall, admission, exact, go_by, lapsing, now, open, poll, secs, settle, stream, user,
};

#[tokio::test(start_paused = true)]
async fn an_event_stream_ends_at_its_deadline_and_says_nothing_afterwards() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let start = Instant::now();
    let (session, body) = stream(&sessions, lapsing(user("ann"), &wall, secs(60)), Silent).await;
    assert_eq!(session.deadline(), Some(start + secs(60)));
    let wire = body.collect().await.unwrap().to_bytes();
    assert_eq!(wire, "event: login-required\ndata: expired\n\n");
    let end = start.elapsed();
    assert!((secs(60)..=secs(60) + Duration::from_millis(50)).contains(&end), "{end:?}");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_never_idle_ends_at_its_deadline() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let (_session, mut body) = stream(&sessions, lapsing(user("ann"), &wall, secs(60)), Busy).await;
    go_by(&wall, Duration::from_millis(59_999)).await;
    assert_eq!(poll(&mut body), Poll::Ready(Some("data: x\n\n".into())));
    go_by(&wall, Duration::from_millis(2)).await;
    settle().await;
    assert_eq!(poll(&mut body), Poll::Ready(Some("event: login-required\ndata: expired\n\n".into())));
    assert_eq!(poll(&mut body), Poll::Ready(None));
}

#[tokio::test(start_paused = true)]
async fn a_session_that_nobody_waits_for_ends_at_its_deadline() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let open = open(&sessions, lapsing(user("ann"), &wall, secs(60))).unwrap();
    tokio::time::sleep(secs(60)).await;
    settle().await;
    let reason = open.session.lifeline().reason().unwrap();
    assert_eq!((reason.cause(), reason.close_code(), reason.text()), (Cause::Expired, 4401, "expired"));
    assert_eq!(reason.reconnection(), &Reconnect::AfterLogin);
}

#[tokio::test(start_paused = true)]
async fn age_ends_what_no_login_does() {
    let wall = Wall::default();
    let sessions = exact(&wall).max_age(secs(3600)).build();
    let forever = open(&sessions, admission(user("ann"), &wall)).unwrap();
    let longer = open(&sessions, lapsing(user("bob"), &wall, secs(7200))).unwrap();
    let start = Instant::now();
    assert_eq!(forever.session.ended().await.cause(), Cause::AgedOut);
    assert_eq!(longer.session.ended().await.close_code(), 1012);
    assert_eq!(start.elapsed(), secs(3600));
}

#[tokio::test(start_paused = true)]
async fn without_deadline_and_age_nothing_ends() {
    let wall = Wall::default();
    let sessions = exact(&wall).unlimited_age().build();
    let open = open(&sessions, admission(user("ann"), &wall)).unwrap();
    assert_eq!(open.session.deadline(), None);
    go_by(&wall, secs(10 * 365 * 24 * 3600)).await;
    assert_eq!(open.session.lifeline().reason(), None);
}

#[tokio::test(start_paused = true)]
async fn a_login_that_has_lapsed_opens_nothing() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let stale = lapsing(user("ann"), &wall, Duration::ZERO);
    assert_eq!(sessions.check(&stale), Err(Refused::Expired));
    assert_eq!(open(&sessions, stale).err(), Some(Refused::Expired));
    assert_eq!(sessions.count(&Selector::All), 0);
    let barely = lapsing(user("ann"), &wall, Duration::from_millis(1));
    assert!(open(&sessions, barely).is_ok());
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_deadlines_are_spread_over_the_jitter_and_none_is_late() {
    let wall = Wall::default();
    let seed = AtomicU64::new(0);
    // The same steps every time, which fill the range evenly.
    let random = move |bytes: &mut [u8]| {
        let step = seed.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        bytes.copy_from_slice(&step.to_be_bytes()[..bytes.len()]);
    };
    let sessions = exact(&wall).jitter(0.2).random(random).max_per_subject(10_000).build();
    let start = Instant::now();
    let opened: Vec<_> =
        (0..10_000).map(|_| open(&sessions, lapsing(user("ann"), &wall, secs(1000))).unwrap()).collect();
    let ends = join_all(opened.iter().map(|open| async {
        let _reason = open.session.ended().await;
        start.elapsed()
    }))
    .await;
    let mut tenths = [0; 10];
    for end in ends {
        assert!(end >= secs(800) && end <= secs(1000) + Duration::from_millis(1), "{end:?}");
        tenths[((end.as_millis() - 800_000) / 20_001) as usize] += 1;
    }
    assert!(tenths.iter().all(|&ended| (900..=1100).contains(&ended)), "{tenths:?}");
}

#[tokio::test(start_paused = true)]
async fn after_a_suspended_machine_wakes_up_what_has_expired_ends() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let expires = open(&sessions, lapsing(user("ann"), &wall, secs(3600))).unwrap();
    let lasts = open(&sessions, lapsing(user("bob"), &wall, secs(7200))).unwrap();
    go_by(&wall, secs(60)).await;
    // Only the wall clock goes on meanwhile.
    wall.advance(secs(3600));
    go_by(&wall, secs(5)).await;
    settle().await;
    assert_eq!(expires.session.lifeline().reason().unwrap().cause(), Cause::Expired);
    let left = lasts.session.deadline().unwrap() - Instant::now();
    assert_eq!(left, secs(7200 - 3600 - 65));
    let start = Instant::now();
    let _reason = lasts.session.ended().await;
    assert_eq!(start.elapsed(), left);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_back_grants_no_time() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    go_by(&wall, secs(3600)).await;
    let open = open(&sessions, lapsing(user("ann"), &wall, secs(60))).unwrap();
    let start = Instant::now();
    tokio::time::sleep(secs(10)).await;
    wall.set_back(secs(3600));
    let _reason = open.session.ended().await;
    assert_eq!(start.elapsed(), secs(60));
}

#[tokio::test(start_paused = true)]
async fn many_wait_for_one_end_and_some_give_up() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let open = open(&sessions, lapsing(user("ann"), &wall, secs(60))).unwrap();
    for _ in 0..100 {
        assert_eq!(now(open.session.ended()), None);
    }
    let waiting = join_all(
        (0..100).map(|_| open.session.clone()).map(|session| async move { session.ended().await.cause() }),
    );
    assert_eq!(waiting.await, vec![Cause::Expired; 100]);
}
