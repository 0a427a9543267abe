use std::{convert::Infallible, future::pending, sync::Arc};

use http::Response;
use longwave_core::{Attach, Cause, Lifeline};
use longwave_ticket::{
    Claims, ClaimsError,
    live::{Close, Refused, Selector, SessionId, Sessions},
};

use crate::support::{
    Open, Silent, Wall, admission, exact, lapsing, logged_in, now, open, secs, settle, stream, user,
};

#[tokio::test(start_paused = true)]
async fn a_session_is_over_with_its_stream_and_ends() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let (session, body) = stream(&sessions, admission(user("ann"), &wall), Silent).await;
    assert_eq!(sessions.count(&Selector::Subject("ann".into())), 1);
    let waiting = tokio::spawn({
        let session = session.clone();
        async move { session.ended().await.cause() }
    });
    settle().await;
    drop(body);
    assert_eq!(sessions.count(&Selector::All), 0);
    assert_eq!(sessions.count(&Selector::Subject("ann".into())), 0);
    assert_eq!(waiting.await.unwrap(), Cause::Closed);
    assert!(sessions.find(session.id()).is_none());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_given_up_leaves_no_session() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let lifeline = Lifeline::new();
    let handler = {
        let tether = lifeline.carry();
        sessions.register(&tether, admission(user("ann"), &wall)).unwrap();
        Attach::new(pending::<Result<Response<Silent>, Infallible>>(), &lifeline)
    };
    assert_eq!(sessions.count(&Selector::All), 1);
    drop(handler);
    assert_eq!(sessions.count(&Selector::All), 0);
}

#[tokio::test(start_paused = true)]
async fn sessions_are_counted_by_what_they_are_of() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let first = open(&sessions, admission(logged_in("ann", "l1"), &wall)).unwrap();
    let _second = open(&sessions, admission(logged_in("ann", "l1"), &wall)).unwrap();
    let _third = open(&sessions, admission(logged_in("ann", "l2"), &wall)).unwrap();
    // A login and a subject of the same name are not the same.
    let _fourth = open(&sessions, admission(logged_in("l1", "ann"), &wall)).unwrap();
    let count = |selector| sessions.count(&selector);
    assert_eq!(count(Selector::Subject("ann".into())), 3);
    assert_eq!(count(Selector::Session("l1".into())), 2);
    assert_eq!(count(Selector::Session("ann".into())), 1);
    assert_eq!(count(Selector::SessionId(first.session.id())), 1);
    assert_eq!(count(Selector::All), 4);
    assert_eq!(count(Selector::Subject("nobody".into())), 0);
    let id: SessionId = first.session.id().to_string().parse().unwrap();
    assert_eq!(sessions.find(id).unwrap().claims().login.as_deref(), Some("l1"));
    assert!("+00000000000000a0000000000000001".parse::<SessionId>().is_err());
}

#[tokio::test(start_paused = true)]
async fn a_subject_has_as_many_sessions_as_it_may_and_others_theirs() {
    let wall = Wall::default();
    let sessions = exact(&wall).max_per_subject(2).build();
    let first = open(&sessions, admission(user("ann"), &wall)).unwrap();
    let _second = open(&sessions, admission(user("ann"), &wall)).unwrap();
    let third = admission(user("ann"), &wall);
    assert_eq!(sessions.check(&third), Err(Refused::TooMany));
    assert_eq!(open(&sessions, third.clone()).err(), Some(Refused::TooMany));
    assert_eq!(sessions.count(&Selector::All), 2);
    let _other = open(&sessions, admission(user("bob"), &wall)).unwrap();
    // One that has ended takes its place until its stream is over.
    sessions.revoke(Selector::SessionId(first.session.id()), Close::Renew);
    assert_eq!(open(&sessions, third.clone()).err(), Some(Refused::TooMany));
    drop(first);
    assert!(open(&sessions, third).is_ok());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_of_many_sessions() {
    let wall = Wall::default();
    let sessions = exact(&wall).max_per_subject(usize::MAX).build();
    let witness = Arc::new(());
    let clock = wall.clone();
    let watched =
        Sessions::<Witness>::builder().max_per_subject(usize::MAX).clock(move || clock.now()).build();
    for round in 0..100_000 {
        let open = open(&sessions, lapsing(user("ann"), &wall, secs(60))).unwrap();
        let tether = Lifeline::new().carry();
        let claims = Witness(round, witness.clone());
        let session = watched
            .register(&tether, longwave_ticket::live::Admission::new(claims, [0; 16], wall.now()))
            .unwrap();
        drop((tether, session));
        drop(open);
    }
    assert_eq!(sessions.count(&Selector::All), 0);
    assert_eq!(watched.count(&Selector::All), 0);
    assert_eq!(Arc::strong_count(&witness), 1);
}

#[tokio::test(start_paused = true)]
async fn the_task_stops_when_nothing_is_left_and_starts_again() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    for _ in 0..3 {
        let open: Vec<Open> =
            (0..10).map(|_| open(&sessions, lapsing(user("ann"), &wall, secs(60))).unwrap()).collect();
        assert_eq!(tasks(), before + 1);
        drop(open);
        tokio::time::sleep(secs(6)).await;
        assert_eq!(tasks(), before);
    }
}

#[test]
fn a_task_that_went_with_its_runtime_is_replaced() {
    let runtime =
        || tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let _gone = runtime().block_on(async { open(&sessions, lapsing(user("ann"), &wall, secs(60))).unwrap() });
    runtime().block_on(async {
        let open = open(&sessions, lapsing(user("bob"), &wall, secs(60))).unwrap();
        assert_eq!(open.session.ended().await.cause(), Cause::Expired);
    });
}

#[test]
fn without_a_runtime_nothing_is_left_behind_either() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let outside = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        open(&sessions, lapsing(user("ann"), &wall, secs(60))).map(drop)
    }));
    assert!(outside.is_err());
    assert_eq!(sessions.count(&Selector::All), 0);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.unwrap().block_on(async {
        let open = open(&sessions, lapsing(user("ann"), &wall, secs(60))).unwrap();
        assert_eq!(open.session.ended().await.cause(), Cause::Expired);
    });
}

#[tokio::test(start_paused = true)]
async fn a_handle_of_a_session_keeps_nothing_open() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let Open { session, tether } = open(&sessions, admission(user("ann"), &wall)).unwrap();
    assert_eq!(now(session.ended()), None);
    drop(tether);
    assert_eq!(sessions.count(&Selector::All), 0);
    assert_eq!(now(session.ended()).unwrap().cause(), Cause::Closed);
}

#[tokio::test(start_paused = true)]
async fn what_is_shown_of_a_session_has_no_claims() {
    let wall = Wall::default();
    let sessions = exact(&wall).build();
    let admission = admission(logged_in("ann", "hunter2"), &wall);
    let shown = format!("{admission:?}");
    let open = open(&sessions, admission).unwrap();
    let selectors = [Selector::Subject("ann".into()), Selector::Session("hunter2".into())];
    let shown = format!("{shown} {:?} {sessions:?} {:?} {selectors:?}", open.session, open.session.id());
    assert!(!shown.contains("ann") && !shown.contains("hunter2"), "{shown}");
}

/// Claims that somebody counts.
struct Witness(u32, #[allow(dead_code, reason = "what is counted")] Arc<()>);

impl Claims for Witness {
    fn subject(&self) -> &str {
        ["ann", "bob", "cy"][self.0 as usize % 3]
    }

    fn encode(&self) -> Result<Vec<u8>, ClaimsError> {
        Err(ClaimsError::unreadable())
    }

    fn decode(_: &[u8]) -> Result<Self, ClaimsError> {
        Err(ClaimsError::unreadable())
    }
}
