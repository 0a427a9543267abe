use std::{
    convert::Infallible,
    future::ready,
    task::{Poll, Waker},
};

use http::{Request, Response, StatusCode};
use longwave_core::{Attach, Cause, Lifeline, Side, Watch};
use longwave_ticket::live::{Close, Selector};
use tokio::time::Instant;

use crate::support::{Busy, Wall, admission, exact, go_by, lapsing, poll, secs, settle, stream_over, user};

/// Why the connection has to be cut, if it has.
fn judge(watch: &mut Watch) -> Option<Cause> {
    watch.judge(Side::Write, Waker::noop(), Instant::now()).err().map(|reason| reason.cause())
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_takes_nothing_does_not_outlive_its_login() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let mut watch = Watch::new().with_stall(secs(3600));
    let connection = watch.connection().clone();
    let revoked = lapsing(user("ann"), &wall, secs(600));
    let (_session, mut body) = stream_over(&sessions, revoked, Busy, Some(connection)).await;
    assert!(matches!(poll(&mut body), Poll::Ready(Some(_))));
    watch.accepted(100, Instant::now());
    // From here on the kernel takes nothing, so that nobody asks the body.
    watch.refused(100, Instant::now());
    go_by(&wall, secs(60)).await;
    assert_eq!(judge(&mut watch), None);
    assert_eq!(sessions.revoke(Selector::Subject("ann".into()), Close::Revoked), 1);
    assert_eq!(judge(&mut watch), None);
    go_by(&wall, secs(2)).await;
    assert_eq!(judge(&mut watch), Some(Cause::Revoked));
    assert_eq!(sessions.count(&Selector::All), 1);
    drop((watch, body));
    assert_eq!(sessions.count(&Selector::All), 0);
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_that_nobody_has_claimed_ends_at_its_deadline_and_counts_until_its_socket_closes() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let mut watch = Watch::new();
    let mut request = Request::new(());
    request.extensions_mut().insert(watch.connection().clone());
    let lifeline = Lifeline::of(request.extensions_mut());
    let tether = lifeline.carry();
    let session = sessions.register(&tether, lapsing(user("ann"), &wall, secs(60))).unwrap();
    let mut response = Response::new(String::new());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let response = Attach::new(ready(Ok::<_, Infallible>(response)), &lifeline).await.unwrap();
    drop((tether, response, request, lifeline));
    assert_eq!(sessions.count(&Selector::All), 1);
    assert_eq!(judge(&mut watch), None);
    go_by(&wall, secs(60)).await;
    settle().await;
    assert_eq!(session.lifeline().reason().unwrap().cause(), Cause::Expired);
    judge(&mut watch);
    go_by(&wall, secs(2)).await;
    assert_eq!(judge(&mut watch), Some(Cause::Expired));
    drop(watch);
    assert_eq!(sessions.count(&Selector::All), 0);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_cut_leaves_no_session() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let watch = Watch::new();
    let connection = watch.connection().clone();
    let (session, body) =
        stream_over(&sessions, admission(user("ann"), &wall), Busy, Some(connection.clone())).await;
    connection.abort(Cause::Unresponsive);
    assert_eq!(session.ended().await.cause(), Cause::Unresponsive);
    drop(body);
    assert_eq!(sessions.count(&Selector::All), 0);
}
