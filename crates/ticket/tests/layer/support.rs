use std::{
    convert::Infallible,
    future::{Ready, ready},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context as Cx, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, Version, request::Builder};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody as Frames, combinators::UnsyncBoxBody};
use longwave_core::{Lifeline, Observer, Refused, StreamBody};
use longwave_ticket::{
    Audience, Binding, Burnt, Claims, ClaimsError, Context, Grant, Issuer, KeyRing, MemoryStore, Minted,
    Purpose, Put, Record, SecretKey, StoreError, SubjectHash, TicketId, TicketStore, UnixMillis, Verifier,
    http::{Authenticator, Origins, Resumed, TicketLayer},
    live::{Session, Sessions, SessionsBuilder},
};
use tower_layer::Layer;
use tower_service::Service;

pub(crate) const PAGE: &str = "https://app.example.com";

/// A subject.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct User(pub(crate) String);

impl Claims for User {
    fn subject(&self) -> &str {
        &self.0
    }

    fn encode(&self) -> Result<Vec<u8>, ClaimsError> {
        Ok(self.0.clone().into_bytes())
    }

    fn decode(bytes: &[u8]) -> Result<Self, ClaimsError> {
        String::from_utf8(bytes.to_vec()).map(User).map_err(ClaimsError::new)
    }
}

/// A wall clock that goes as the timers do.
#[derive(Clone)]
pub(crate) struct Wall(tokio::time::Instant);

impl Wall {
    fn new() -> Self {
        Self(tokio::time::Instant::now())
    }

    pub(crate) fn now(&self) -> UnixMillis {
        UnixMillis::new(1_800_000_000_000).plus(self.0.elapsed())
    }
}

/// A store that counts what it is asked, and can be slow or broken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Store {
    memory: MemoryStore,
    asked: Arc<AtomicU64>,
    at_once: Arc<AtomicU64>,
    most_at_once: Arc<AtomicU64>,
    broken: Arc<Mutex<Option<StoreError>>>,
    loses_replies: Arc<AtomicBool>,
    delay: Arc<Mutex<Duration>>,
}

impl Store {
    pub(crate) fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }

    pub(crate) fn at_once(&self) -> u64 {
        self.at_once.load(Ordering::SeqCst)
    }

    pub(crate) fn most_at_once(&self) -> u64 {
        self.most_at_once.load(Ordering::SeqCst)
    }

    pub(crate) fn break_down(&self, error: Option<StoreError>) {
        *self.broken.lock().unwrap() = error;
    }

    /// What is taken is gone, but whoever has asked does not learn of it.
    pub(crate) fn lose_replies(&self, lose: bool) {
        self.loses_replies.store(lose, Ordering::SeqCst);
    }

    pub(crate) fn slow_down(&self, delay: Duration) {
        *self.delay.lock().unwrap() = delay;
    }

    async fn ask(&self) -> Result<&MemoryStore, StoreError> {
        struct Leaves<'a>(&'a AtomicU64);
        impl Drop for Leaves<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::SeqCst);
            }
        }

        self.asked.fetch_add(1, Ordering::SeqCst);
        let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(now, Ordering::SeqCst);
        let _leaves = Leaves(&self.at_once);
        let delay = *self.delay.lock().unwrap();
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        self.broken.lock().unwrap().map_or(Ok(&self.memory), Err)
    }
}

impl TicketStore for Store {
    const SHARED: bool = true;

    async fn put(&self, id: &TicketId, record: Record<'_>, now: UnixMillis) -> Result<Put, StoreError> {
        self.ask().await?.put(id, record, now).await
    }

    async fn take(&self, id: &TicketId, now: UnixMillis) -> Result<Option<Vec<u8>>, StoreError> {
        let taken = self.ask().await?.take(id, now).await;
        if self.loses_replies.load(Ordering::SeqCst) { Err(StoreError::Timeout) } else { taken }
    }

    async fn peek(&self, id: &TicketId, now: UnixMillis) -> Result<Option<Vec<u8>>, StoreError> {
        self.ask().await?.peek(id, now).await
    }

    async fn burn(&self, id: &TicketId, until: UnixMillis, now: UnixMillis) -> Result<Burnt, StoreError> {
        self.ask().await?.burn(id, until, now).await
    }

    async fn forget_subject(&self, subject: SubjectHash, now: UnixMillis) -> Result<u64, StoreError> {
        self.ask().await?.forget_subject(subject, now).await
    }
}

/// All that one service has.
pub(crate) struct House {
    pub(crate) wall: Wall,
    pub(crate) store: Store,
    pub(crate) keys: KeyRing,
    pub(crate) issuer: Issuer<User, Store>,
    pub(crate) verifier: Verifier<User, Store>,
    pub(crate) sessions: Sessions<User>,
    pub(crate) handler: Handler,
}

impl House {
    pub(crate) fn new() -> Self {
        Self::with(|sessions| sessions)
    }

    /// Sessions are without jitter unless they are set so.
    pub(crate) fn with(set: impl FnOnce(SessionsBuilder<User>) -> SessionsBuilder<User>) -> Self {
        let (wall, store) = (Wall::new(), Store::default());
        let audience = Audience::new("https://app.example.com|events").unwrap();
        let keys = KeyRing::new(SecretKey::from_bytes(*b"thirty-two bytes of a secret key").unwrap());
        let clock = wall.clone();
        Self {
            issuer: Issuer::new(&audience, &keys, store.clone()).unwrap(),
            verifier: Verifier::new(&audience, &keys, store.clone()).unwrap(),
            sessions: set(Sessions::builder().jitter(0.0).clock(move || clock.now())).build(),
            handler: Handler::default(),
            wall,
            store,
            keys,
        }
    }

    /// Another node over the same store, with the same keys, which has just started.
    pub(crate) fn node(&self, set: impl FnOnce(SessionsBuilder<User>) -> SessionsBuilder<User>) -> Self {
        let clock = self.wall.clone();
        Self {
            sessions: set(Sessions::builder().jitter(0.0).clock(move || clock.now())).build(),
            wall: self.wall.clone(),
            store: self.store.clone(),
            keys: self.keys.clone(),
            issuer: self.issuer.clone(),
            verifier: self.verifier.clone(),
            handler: Handler::default(),
        }
    }

    pub(crate) fn layer(&self) -> TicketLayer<User, Verifier<User, Store>> {
        self.layer_of(self.verifier.clone())
    }

    /// For pages from elsewhere.
    pub(crate) fn layer_from(&self, origins: Origins) -> TicketLayer<User, Verifier<User, Store>> {
        let wall = self.wall.clone();
        TicketLayer::new(self.verifier.clone(), origins, self.sessions.clone()).clock(move || wall.now())
    }

    pub(crate) fn layer_of<A: Authenticator<User>>(&self, authenticator: A) -> TicketLayer<User, A> {
        let wall = self.wall.clone();
        let origins = Origins::list([PAGE]).unwrap();
        TicketLayer::new(authenticator, origins, self.sessions.clone()).clock(move || wall.now())
    }

    pub(crate) async fn mint_for(&self, grant: Grant<User>, purpose: Purpose, binding: Binding) -> String {
        let context = Context::new(purpose, self.wall.now()).binding(binding);
        self.issuer.mint(&grant, &context, next_id()).await.map(Minted::into_ticket).unwrap().into_exposed()
    }

    pub(crate) async fn mint(&self) -> String {
        self.mint_for(ann(), Purpose::Connect, Binding::new()).await
    }

    /// Whether a ticket has not been spent; it is now.
    pub(crate) async fn is_good(&self, ticket: &str, binding: Binding) -> bool {
        let context = Context::new(Purpose::Connect, self.wall.now()).binding(binding);
        self.verifier.redeem(ticket, &context).await.is_ok()
    }

    pub(crate) async fn assert_not_spent(&self, ticket: &str) {
        assert!(self.is_good(ticket, Binding::new()).await, "spent");
    }

    /// What the layer answers, around the handler.
    pub(crate) async fn ask<A: Authenticator<User>>(
        &self,
        layer: &TicketLayer<User, A>,
        request: Builder,
    ) -> Response<StreamBody<Inner>> {
        ask(layer, &self.handler, request).await
    }

    pub(crate) async fn status<A: Authenticator<User>>(
        &self,
        layer: &TicketLayer<User, A>,
        request: Builder,
    ) -> u16 {
        self.ask(layer, request).await.status().as_u16()
    }
}

pub(crate) async fn ask<A: Authenticator<User>>(
    layer: &TicketLayer<User, A>,
    handler: &Handler,
    request: Builder,
) -> Response<StreamBody<Inner>> {
    layer.layer(handler.clone()).call(request.body(()).unwrap()).await.unwrap()
}

/// The number of a ticket that nobody else has.
pub(crate) fn next_id() -> TicketId {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    TicketId::from_bytes((u128::from(number) << 64 | 0xb00b_1e55).to_be_bytes())
}

pub(crate) fn ann() -> Grant<User> {
    Grant::new(User("ann".to_owned()))
}

pub(crate) type Inner = UnsyncBoxBody<Bytes, Infallible>;

/// What a handler makes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Makes {
    /// An event stream that never says anything.
    #[default]
    Silence,
    /// One that always has an event.
    Noise,
    Status(u16),
    /// A response that selects this subprotocol.
    Selects(&'static str),
}

/// Answers, and notes what it was asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Handler {
    pub(crate) makes: Makes,
    pub(crate) seen: Arc<Mutex<Vec<Seen>>>,
}

#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) session: Option<Session<User>>,
    pub(crate) binding: Option<Binding>,
    pub(crate) resumed: Option<Resumed>,
}

impl Handler {
    pub(crate) fn calls(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    pub(crate) fn last(&self) -> Seen {
        self.seen.lock().unwrap().pop().expect("it was called")
    }

    pub(crate) fn last_session(&self) -> Session<User> {
        self.last().session.expect("it has a session")
    }
}

impl<B> Service<Request<B>> for Handler {
    type Response = Response<Inner>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Cx<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, _) = request.into_parts();
        let (session, binding) = (parts.extensions.get().cloned(), parts.extensions.get().cloned());
        let resumed = parts.extensions.get().copied();
        let seen = Seen { uri: parts.uri, headers: parts.headers, session, binding, resumed };
        self.seen.lock().unwrap().push(seen);
        let stream = || Response::builder().header("content-type", "text/event-stream");
        let event = || Ok(Frame::data(Bytes::from_static(b"data: x\n\n")));
        let text = || Full::from("hello").boxed_unsync();
        ready(Ok(match self.makes {
            Makes::Silence => stream().body(Frames::new(stream::pending()).boxed_unsync()).unwrap(),
            Makes::Noise => stream().body(Frames::new(stream::repeat_with(event)).boxed_unsync()).unwrap(),
            Makes::Status(status) => Response::builder().status(status).body(text()).unwrap(),
            Makes::Selects(protocol) => Response::builder()
                .status(StatusCode::SWITCHING_PROTOCOLS)
                .header("sec-websocket-protocol", protocol)
                .body(text())
                .unwrap(),
        }))
    }
}

/// Notes why requests were refused.
#[derive(Clone, Default)]
pub(crate) struct Reasons(Arc<Mutex<Vec<&'static str>>>);

impl Observer for Reasons {
    fn refused(&self, refused: &Refused) {
        self.0.lock().unwrap().push(refused.reason);
    }
}

impl Reasons {
    /// Has them told why a request is refused.
    pub(crate) fn watch(&self, request: Builder) -> Builder {
        let lifeline = Lifeline::new();
        lifeline.set_observer(Arc::new(self.clone()));
        request.extension(lifeline)
    }

    pub(crate) fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

/// An `EventSource` of a page of ours.
pub(crate) fn feed(ticket: &str) -> Builder {
    bare_feed(ticket).header("origin", PAGE)
}

/// A program that is not a browser.
pub(crate) fn bare_feed(ticket: &str) -> Builder {
    Request::get(format!("/feed?a=1&ticket={ticket}"))
        .header("accept", "text/event-stream")
        .header("host", "app.example.com")
}

/// A `WebSocket` of a page of ours.
pub(crate) fn socket(ticket: &str) -> Builder {
    Request::get("/chat")
        .header("host", "app.example.com")
        .header("origin", PAGE)
        .header("upgrade", "websocket")
        .header("connection", "Upgrade")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-protocol", format!("app.v1, lw.ticket.{ticket}"))
}

/// The same over HTTP/2.
pub(crate) fn connect(ticket: &str) -> Builder {
    Request::builder()
        .method(Method::CONNECT)
        .version(Version::HTTP_2)
        .uri(format!("https://app.example.com/chat?ticket={ticket}"))
        .header("origin", PAGE)
        .header("sec-websocket-version", "13")
}

pub(crate) async fn text<B>(response: Response<B>) -> String
where
    B: http_body::Body<Data = Bytes, Error = Infallible>,
{
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

/// What a body has now.
pub(crate) fn poll<B>(body: &mut Pin<Box<B>>) -> Poll<Option<Bytes>>
where
    B: http_body::Body<Data = Bytes, Error = Infallible>,
{
    let mut cx = Cx::from_waker(std::task::Waker::noop());
    body.as_mut().poll_frame(&mut cx).map(|frame| frame.map(|frame| frame.unwrap().into_data().unwrap()))
}

/// Time for everything to happen that is due.
pub(crate) async fn settle() {
    for _ in 0..32 {
        tokio::task::yield_now().await;
    }
}

pub(crate) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}
