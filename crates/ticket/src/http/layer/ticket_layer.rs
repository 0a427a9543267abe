use std::{fmt, future::Future, sync::Arc, time::Duration};

use http::request::Parts;
use tokio::sync::Semaphore;
use tower_layer::Layer;

use super::{
    Authenticator, Denial, TicketService,
    settings::{Rules, Settings},
};
use crate::{
    Claims, Scope, UnixMillis,
    http::{BrowserCookie, Hosts, Origins, Refusals, Source, Sources},
    live::Sessions,
};

/// Lets in those who have a ticket, and sees to it that their streams end with their logins.
///
/// What is cheap comes first, and what cannot be undone last:
///
/// 1. The credential is taken out of the request, wherever it is. More than one is `400`.
/// 2. The request has to ask for a stream: a WebSocket, or a `GET` for an event stream. Others are `405` or `426`, so that
///    no prefetch spends a ticket. [Some](Self::plain_gets) [more](Self::grpc_calls) may be let in.
/// 3. Its [host](Self::hosts) and its [origin](Origins) have to be let in, or it is `403`.
/// 4. The ticket has to be genuine, in time, and bound to what the layer says: [scope](Self::scope),
///    [browser](Self::cookie), and the origin of the page. `401`, and the ticket is not spent.
/// 5. It is spent. A store that does not answer within the [timeout](Self::timeout) makes it `503`.
/// 6. The login must not have been revoked meanwhile (`401`), have lapsed (`401`), or have too many streams open
///    (`429`, and the ticket is spent unless it holds its claims itself).
/// 7. The [application](Self::authorize) may say no: `403`.
/// 8. The [`Session`](crate::live::Session) is in the extensions of the request when the inner service is called, and so is
///    the [`Binding`](crate::Binding) that was presented. The ticket stays spent, whatever comes of it.
///
/// Event streams end by themselves when the session does, and the WebSockets of `longwave-ws-hyper` close: with 4401 when
/// it has expired, with 4403 when it was revoked. Of other people's WebSockets, those over HTTP/1.1 are cut if the
/// connection is guarded; handlers of the rest wait for [`Session::ended`](crate::live::Session::ended).
///
/// Refusals are by HTTP status, for WebSockets too, although a script cannot read it: whoever is not let in never gets a
/// socket to hold open. [`Refusals`] can have event streams say why.
///
/// Each layer has its own lists, whatever others are in the same application.
///
/// # Order
///
/// A [`RedactLayer`](super::super::RedactLayer) outermost, then whatever traces, then this. Without the first, what traces
/// further out sees the ticket; this layer finds it in both cases.
///
/// # Metrics
///
/// Each refusal is told to the [`Observer`](longwave_core::Observer) of the request, with the reason that the client is not
/// told: `missing`, `ambiguous`, `method`, `origin`, `host`, `forbidden`, `limited`, `timeout`, `store_unavailable`, `leak` if the
/// handler has selected a ticket as the subprotocol, and of
/// invalid tickets what [`Why::name`](crate::Why::name) says.
///
/// # Examples
///
/// ```
/// use axum::{Extension, Router, routing::get};
/// use longwave_ticket::{
///     Audience, Claims, ClaimsError, KeyRing, MemoryStore, Verifier,
///     http::{Origins, TicketLayer},
///     live::{Session, Sessions},
/// };
///
/// struct User(String);
///
/// impl Claims for User {
///     fn subject(&self) -> &str {
///         &self.0
///     }
///     fn encode(&self) -> Result<Vec<u8>, ClaimsError> {
///         Ok(self.0.clone().into_bytes())
///     }
///     fn decode(bytes: &[u8]) -> Result<Self, ClaimsError> {
///         String::from_utf8(bytes.to_vec()).map(User).map_err(ClaimsError::new)
///     }
/// }
///
/// let keys = KeyRing::random()?;
/// let audience = Audience::new("https://app.example.com|events")?;
/// let verifier = Verifier::<User, _>::new(&audience, &keys, MemoryStore::new())?;
/// let origins = Origins::list(["https://app.example.com"])?;
/// let sessions = Sessions::builder().build();
///
/// async fn feed(Extension(session): Extension<Session<User>>) -> String {
///     format!("hello {}", session.claims().subject())
/// }
///
/// let app: Router = Router::new()
///     .route("/feed", get(feed))
///     .layer(TicketLayer::new(verifier, origins, sessions.clone()));
/// # drop(app);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct TicketLayer<T, A> {
    settings: Arc<Settings<T, A>>,
}

/// What becomes of a request that has no credential.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Require {
    /// It is refused.
    #[default]
    Authenticated,
    /// It is let in without a session, whatever it asks for. One with an invalid credential is still refused: whoever
    /// has a login does not become nobody unawares.
    Optional,
}

impl<T: Claims, A: Authenticator<T>> TicketLayer<T, A> {
    /// Lets in whom the authenticator knows, from pages that are let in, with a ticket in a subprotocol, the query
    /// parameter `ticket`, or `Authorization`.
    ///
    /// - `authenticator`: a [`Verifier`](crate::Verifier), or whatever else says who somebody is.
    /// - `origins`: of pages. A browser lets any page open a WebSocket, with the cookies of the user.
    /// - `sessions`: where the streams are found again, to end them.
    pub fn new(authenticator: A, origins: Origins, sessions: Sessions<T>) -> Self {
        authenticator.joins(&sessions);
        let rules = Rules {
            sources: Sources::new([
                Source::Subprotocol,
                Source::Query("ticket".into()),
                Source::Authorization,
            ]),
            origins,
            hosts: None,
            scope: None,
            cookie: Some(BrowserCookie::new()),
            require: Require::Authenticated,
            plain_gets: false,
            grpc_calls: false,
            refusals: Refusals::new(),
            timeout: Duration::from_secs(1),
            places: Arc::new(Semaphore::new(1024)),
            clock: Arc::new(UnixMillis::now),
        };
        Self { settings: Arc::new(Settings { authenticator, sessions, authorize: None, rules }) }
    }

    /// Sets where a ticket may be.
    pub fn sources(self, sources: Sources) -> Self {
        self.with(|settings| settings.rules.sources = sources)
    }

    /// Sets for which hosts requests are let in; for all unless set.
    pub fn hosts(self, hosts: Hosts) -> Self {
        self.with(|settings| settings.rules.hosts = Some(hosts))
    }

    /// Takes only tickets for this scope.
    pub fn scope(self, scope: Scope) -> Self {
        self.with(|settings| settings.rules.scope = Some(scope))
    }

    /// Sets the cookie by which it knows the browser that a ticket is bound to; [`BrowserCookie::new`] unless set.
    ///
    /// A ticket that is bound to no browser is taken from any, unless the verifier
    /// [requires](crate::Verifier::require) that all of them are.
    pub fn cookie(self, cookie: BrowserCookie) -> Self {
        self.with(|settings| settings.rules.cookie = Some(cookie))
    }

    /// Knows no browsers: tickets that are bound to one are refused.
    pub fn without_cookie(self) -> Self {
        self.with(|settings| settings.rules.cookie = None)
    }

    /// Sets what becomes of requests that have no credential; they are refused unless set.
    pub fn require(self, require: Require) -> Self {
        self.with(|settings| settings.rules.require = require)
    }

    /// Lets a `GET` spend a ticket that does not say it wants a stream: those of `fetch`, for streams of other types.
    ///
    /// What only looks at a URL then spends the ticket in it. Keep the query out of the [sources](Self::sources).
    pub fn plain_gets(self) -> Self {
        self.with(|settings| settings.rules.plain_gets = true)
    }

    /// Lets a call of gRPC spend a ticket, in `Authorization`. Each call needs one of its own, so it is for calls that
    /// stream.
    ///
    /// It is refused by its HTTP status, which clients know the status of gRPC for: `UNAUTHENTICATED` for a 401.
    pub fn grpc_calls(self) -> Self {
        self.with(|settings| settings.rules.grpc_calls = true)
    }

    /// Sets how it refuses.
    pub fn refusals(self, refusals: Refusals) -> Self {
        self.with(|settings| settings.rules.refusals = refusals)
    }

    /// Sets how long it may take to find out who somebody is, with what they wait for their turn: 1 s unless set.
    ///
    /// The cookie of a [`Resume`](super::Resume) may take as long again, once they are let in; if it is late, the stream
    /// opens without it.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|settings| settings.rules.timeout = timeout)
    }

    /// Sets for how many requests at the same time somebody is asked who they are from: 1024 unless set. More of them
    /// wait for their turn. Those that are refused at a glance do not count.
    pub fn in_flight(self, max: usize) -> Self {
        self.with(|settings| {
            settings.rules.places = Arc::new(Semaphore::new(max.clamp(1, Semaphore::MAX_PERMITS)));
        })
    }

    /// Asks the application too, about those whose ticket is good: [`Refusal::Forbidden`] is the usual no.
    ///
    /// The ticket is spent then. No time limit is set here.
    ///
    /// [`Refusal::Forbidden`]: super::super::Refusal::Forbidden
    ///
    /// # Examples
    ///
    /// ```
    /// # use longwave_ticket::{Claims, ClaimsError, Audience, KeyRing, MemoryStore, Verifier, live::Sessions};
    /// use longwave_ticket::http::{Denial, Origins, Refusal, TicketLayer};
    ///
    /// # struct User(u64);
    /// # impl Claims for User {
    /// #     fn subject(&self) -> &str { "ann" }
    /// #     fn encode(&self) -> Result<Vec<u8>, ClaimsError> { unreachable!() }
    /// #     fn decode(_: &[u8]) -> Result<Self, ClaimsError> { unreachable!() }
    /// # }
    /// # async fn is_member(user: u64, room: &str) -> bool { user > 0 && !room.is_empty() }
    /// # let audience = Audience::new("events")?;
    /// # let keys = KeyRing::random()?;
    /// # let verifier = Verifier::<User, _>::new(&audience, &keys, MemoryStore::new())?;
    /// # let (origins, sessions) = (Origins::list([])?, Sessions::builder().build());
    /// let layer = TicketLayer::new(verifier, origins, sessions).authorize(|parts, user| {
    ///     let (room, user) = (parts.uri.path().to_owned(), user.0);
    ///     async move {
    ///         if is_member(user, &room).await { Ok(()) } else { Err(Denial::new(Refusal::Forbidden)) }
    ///     }
    /// });
    /// # drop(layer);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn authorize<F, Fut>(self, authorize: F) -> Self
    where
        F: Fn(&Parts, &T) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Denial>> + Send + 'static,
    {
        self.with(|settings| {
            settings.authorize = Some(Arc::new(move |parts, claims| Box::pin(authorize(parts, claims))));
        })
    }

    /// Sets the wall clock, for tests.
    pub fn clock(self, clock: impl Fn() -> UnixMillis + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.rules.clock = Arc::new(clock))
    }

    fn with(mut self, set: impl FnOnce(&mut Settings<T, A>)) -> Self {
        set(Arc::make_mut(&mut self.settings));
        self
    }
}

impl<S, T, A> Layer<S> for TicketLayer<T, A> {
    type Service = TicketService<S, T, A>;

    fn layer(&self, inner: S) -> Self::Service {
        TicketService::new(inner, self.settings.clone())
    }
}

// Not derived, as that would want claims to be cloned.
impl<T, A> Clone for TicketLayer<T, A> {
    fn clone(&self) -> Self {
        Self { settings: self.settings.clone() }
    }
}

impl<T, A> fmt::Debug for TicketLayer<T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TicketLayer").field("settings", &self.settings).finish()
    }
}
