use std::{
    convert::Infallible,
    future::ready,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{FutureExt, task::noop_waker};
use http::{Request, Response, header};
use http_body::{Body, Frame};
use longwave_core::{Attach, Connection, Lifeline, StreamBody, Tether};
use longwave_ticket::{
    Claims, ClaimsError, UnixMillis,
    live::{Admission, Refused, Session, Sessions, SessionsBuilder},
};

/// A subject, and the login it comes from.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) login: Option<String>,
}

impl Claims for User {
    fn subject(&self) -> &str {
        &self.name
    }

    fn session(&self) -> Option<&str> {
        self.login.as_deref()
    }

    fn encode(&self) -> Result<Vec<u8>, ClaimsError> {
        Err(ClaimsError::unreadable())
    }

    fn decode(_: &[u8]) -> Result<Self, ClaimsError> {
        Err(ClaimsError::unreadable())
    }
}

/// A wall clock that stands still unless it is moved, so that it is the timers that time goes by on.
#[derive(Clone, Default)]
pub(crate) struct Wall(Arc<AtomicU64>);

impl Wall {
    pub(crate) fn now(&self) -> UnixMillis {
        UnixMillis::new(START + self.0.load(Ordering::SeqCst))
    }

    pub(crate) fn advance(&self, time: Duration) {
        self.0.fetch_add(time.as_millis() as u64, Ordering::SeqCst);
    }

    pub(crate) fn set_back(&self, time: Duration) {
        self.0.fetch_sub(time.as_millis() as u64, Ordering::SeqCst);
    }
}

/// Both clocks go on.
pub(crate) async fn go_by(wall: &Wall, time: Duration) {
    wall.advance(time);
    tokio::time::sleep(time).await;
}

/// Sessions without jitter, on a wall clock.
pub(crate) fn exact(wall: &Wall) -> SessionsBuilder<User> {
    let wall = wall.clone();
    Sessions::builder().jitter(0.0).clock(move || wall.now())
}

pub(crate) fn user(name: &str) -> User {
    User { name: name.to_owned(), login: None }
}

pub(crate) fn logged_in(name: &str, login: &str) -> User {
    User { name: name.to_owned(), login: Some(login.to_owned()) }
}

/// What a ticket says that was issued now.
pub(crate) fn admission(user: User, wall: &Wall) -> Admission<User> {
    Admission::new(user, ticket(), wall.now())
}

pub(crate) fn lapsing(user: User, wall: &Wall, after: Duration) -> Admission<User> {
    admission(user, wall).deadline(wall.now().plus(after))
}

/// The id of a ticket that nobody else has.
pub(crate) fn ticket() -> [u8; 16] {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    (u128::from(NEXT.fetch_add(1, Ordering::Relaxed))).to_be_bytes()
}

/// A session with what carries its stream.
pub(crate) struct Open {
    pub(crate) session: Session<User>,
    pub(crate) tether: Tether,
}

pub(crate) fn open(sessions: &Sessions<User>, admission: Admission<User>) -> Result<Open, Refused> {
    let tether = Lifeline::new().carry();
    Ok(Open { session: sessions.register(&tether, admission)?, tether })
}

/// The body of an event stream, in the wrapper that all of them are in, with its session.
pub(crate) async fn stream<B: Body<Data = Bytes>>(
    sessions: &Sessions<User>,
    admission: Admission<User>,
    body: B,
) -> (Session<User>, StreamBody<B>) {
    stream_over(sessions, admission, body, None).await
}

/// The same, over a connection that somebody watches.
pub(crate) async fn stream_over<B: Body<Data = Bytes>>(
    sessions: &Sessions<User>,
    admission: Admission<User>,
    body: B,
    connection: Option<Connection>,
) -> (Session<User>, StreamBody<B>) {
    let mut request = Request::new(());
    if let Some(connection) = connection {
        request.extensions_mut().insert(connection);
    }
    let lifeline = Lifeline::of(request.extensions_mut());
    let tether = lifeline.carry();
    let session = sessions.register(&tether, admission).expect("there is room");
    let response = Response::builder().header(header::CONTENT_TYPE, "text/event-stream").body(body);
    let response = Attach::new(ready(response), &lifeline).await.expect("the head is valid");
    (session, response.into_body())
}

/// A body that always has an event.
pub(crate) struct Busy;

impl Body for Busy {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"data: x\n\n")))))
    }
}

/// A body that never has anything.
pub(crate) struct Silent;

impl Body for Silent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

/// What a body has now.
pub(crate) fn poll<B: Body<Data = Bytes> + Unpin>(body: &mut B) -> Poll<Option<Bytes>> {
    let waker = noop_waker();
    let mut cx = Context::from_waker(&waker);
    Pin::new(body).poll_frame(&mut cx).map(|frame| frame?.ok()?.into_data().ok())
}

/// What a future has now.
pub(crate) fn now<F: Future>(future: F) -> Option<F::Output> {
    pin!(future).now_or_never()
}

/// Time for everything to happen that is due, and no time at all.
pub(crate) async fn settle() {
    for _ in 0..32 {
        tokio::task::yield_now().await;
    }
}

pub(crate) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

const START: u64 = 1_800_000_000_000;
