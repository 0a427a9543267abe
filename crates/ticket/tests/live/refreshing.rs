use longwave_core::Cause;
use longwave_ticket::live::{Close, RefreshError, Selector};
use tokio::time::Instant;

use crate::support::{
    Open, Wall, admission, exact, go_by, lapsing, logged_in, now, open, secs, settle, user,
};

#[tokio::test(start_paused = true)]
async fn a_refreshed_session_goes_on_to_its_new_deadline() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let Open { session, tether: _tether } = open(&sessions, lapsing(user("ann"), &wall, secs(60))).unwrap();
    let start = Instant::now();
    go_by(&wall, secs(50)).await;
    let refreshed = session.refresh(&lapsing(user("ann"), &wall, secs(60))).unwrap();
    assert_eq!(refreshed, Some(start + secs(110)));
    assert_eq!(session.deadline(), refreshed);
    let _reason = session.ended().await;
    assert_eq!(start.elapsed(), secs(110));
}

#[tokio::test(start_paused = true)]
async fn a_refresh_may_shorten() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let open = open(&sessions, lapsing(user("ann"), &wall, secs(600))).unwrap();
    let start = Instant::now();
    settle().await;
    open.session.refresh(&lapsing(user("ann"), &wall, secs(60))).unwrap();
    let _reason = open.session.ended().await;
    assert_eq!(start.elapsed(), secs(60));
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_ticket_does_not_refresh_and_the_old_deadline_stays() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let open = open(&sessions, lapsing(logged_in("ann", "l1"), &wall, secs(60))).unwrap();
    let start = Instant::now();
    let refresh = |user| open.session.refresh(&lapsing(user, &wall, secs(600)));
    assert_eq!(refresh(logged_in("bob", "l1")), Err(RefreshError::OtherSubject));
    assert_eq!(refresh(logged_in("ann", "l2")), Err(RefreshError::OtherSession));
    assert_eq!(refresh(user("ann")), Err(RefreshError::OtherSession));
    let lapsed = open.session.refresh(&lapsing(logged_in("ann", "l1"), &wall, secs(0)));
    assert_eq!(lapsed, Err(RefreshError::Expired));
    assert_eq!(open.session.ended().await.cause(), Cause::Expired);
    assert_eq!(start.elapsed(), secs(60));
}

#[tokio::test(start_paused = true)]
async fn no_refresh_goes_beyond_the_age() {
    let wall = Wall::default();
    let sessions = exact(&wall).max_age(secs(100)).build();
    let open = open(&sessions, lapsing(user("ann"), &wall, secs(60))).unwrap();
    let start = Instant::now();
    go_by(&wall, secs(50)).await;
    let refreshed = open.session.refresh(&lapsing(user("ann"), &wall, secs(600))).unwrap();
    assert_eq!(refreshed, Some(start + secs(100)));
    assert_eq!(open.session.ended().await.cause(), Cause::AgedOut);
    assert_eq!(start.elapsed(), secs(100));
    let late = open.session.refresh(&lapsing(user("ann"), &wall, secs(600)));
    assert_eq!(late, Err(RefreshError::Ended));
}

#[tokio::test(start_paused = true)]
async fn a_revoked_ticket_does_not_refresh() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let ticket = lapsing(user("ann"), &wall, secs(600));
    wall.advance(secs(1));
    sessions.revoke(Selector::Subject("ann".into()), Close::Revoked);
    wall.advance(secs(1));
    let open = open(&sessions, lapsing(user("ann"), &wall, secs(60))).unwrap();
    assert_eq!(open.session.refresh(&ticket), Err(RefreshError::Revoked));
    assert_eq!(now(open.session.ended()), None);
}

#[tokio::test(start_paused = true)]
async fn what_is_old_counts_from_the_last_refresh() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let stays = open(&sessions, admission(user("ann"), &wall)).unwrap();
    let goes = open(&sessions, admission(user("bob"), &wall)).unwrap();
    go_by(&wall, secs(10)).await;
    let then = wall.now();
    go_by(&wall, secs(10)).await;
    stays.session.refresh(&admission(user("ann"), &wall)).unwrap();
    assert_eq!(sessions.count(&Selector::IssuedBefore(then)), 1);
    assert_eq!(sessions.revoke(Selector::IssuedBefore(then), Close::Renew), 1);
    assert_eq!(goes.session.ended().await.close_code(), 4401);
    assert_eq!(now(stays.session.ended()), None);
}

#[tokio::test(start_paused = true)]
async fn each_handle_is_told_once_for_each_deadline_that_it_is_due() {
    let wall = Wall::default();
    let sessions = exact(&wall).refresh_lead(secs(10)).build();
    let Open { mut session, tether: _tether } =
        open(&sessions, lapsing(user("ann"), &wall, secs(60))).unwrap();
    let mut other = session.clone();
    let start = Instant::now();
    session.refresh_due().await;
    assert_eq!(start.elapsed(), secs(50));
    assert_eq!(now(session.refresh_due()), None);
    assert_eq!(now(other.refresh_due()), Some(()));
    session.refresh(&lapsing(user("ann"), &wall, secs(60))).unwrap();
    assert_eq!(now(other.refresh_due()), None);
    session.refresh_due().await;
    assert_eq!(start.elapsed(), secs(100));
    let _reason = session.ended().await;
    assert_eq!(start.elapsed(), secs(110));
    assert_eq!(now(other.refresh_due()), None);
}

#[tokio::test(start_paused = true)]
async fn a_lead_longer_than_the_session_is_due_at_once_and_age_never_is() {
    let wall = Wall::default();
    let sessions = exact(&wall).refresh_lead(secs(100)).max_age(secs(200)).build();
    let mut short = open(&sessions, lapsing(user("ann"), &wall, secs(60))).unwrap();
    let start = Instant::now();
    short.session.refresh_due().await;
    assert_eq!(start.elapsed(), secs(0));
    let mut aging = open(&sessions, lapsing(user("ann"), &wall, secs(300))).unwrap();
    let due = tokio::time::timeout(secs(1000), aging.session.refresh_due()).await;
    assert!(due.is_err() && aging.session.lifeline().is_ended());
}
