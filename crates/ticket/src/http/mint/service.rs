use std::{
    convert::Infallible,
    fmt,
    future::Future,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response, request::Parts};
use tower_service::Service;

use super::{MintFuture, MintOutcome, settings::Settings};
use crate::{
    Claims, Grant, Issuer, Purpose, TicketStore, UnixMillis,
    http::{Asked, BrowserCookie, Denial, Origins, Refusals},
    random::Given,
};

/// Mints tickets for those who are logged in: `POST`, `200 {"ticket":"lwt1_…","expires_in":30}`.
///
/// It goes behind the login of the application, and asks it for each request whether, and what for, there is to be
/// a ticket. How a client gets one:
///
/// ```js
/// const json = {"content-type": "application/json"};
/// const {ticket} = await (await fetch("/ticket", {method: "POST", headers: json})).json();
/// new EventSource(`/feed?ticket=${ticket}`);
/// ```
///
/// Other sites' pages get none: the request has to come from one of the [`Origins`], or have none and nothing that a
/// browser adds by itself (cookies, `Authorization: Basic`) either, and it has to be of the type `application/json`, which a form cannot have and a script only if it is
/// allowed to by CORS. That is not answered here: `OPTIONS` gets a 405, as all methods but `POST` do. The content of the
/// request is dropped unread.
///
/// The ticket is bound to the scope of the grant, and to the browser, by a [`BrowserCookie`] that is set if there is
/// none. A [`TicketLayer`](crate::http::TicketLayer) looks for the same one; where it is [another](Self::cookie) or
/// [none](Self::without_cookie), both have to be told. A client that is no browser has to send the cookie, too.
///
/// **Two first requests at the same time** each set one, the later of which counts: the ticket from the other is a 401, and
/// a new one has to be got. So a page that opens two streams gets the first ticket before it asks for the second. Or what
/// answers with the page itself sets the cookie along with it, where there is none yet:
///
/// ```
/// use http::{HeaderMap, HeaderValue};
/// use longwave_ticket::http::{BrowserCookie, BrowserNonce};
///
/// fn first_visit(headers: &HeaderMap, random: [u8; 32]) -> Option<HeaderValue> {
///     let cookie = BrowserCookie::new();
///     matches!(cookie.read(headers), Ok(None)).then(|| cookie.set(&BrowserNonce::from_bytes(random)))
/// }
/// ```
///
/// In development over plain HTTP, browsers do not take that cookie:
/// [`BrowserCookie::insecure_for_development`] is for both then.
///
/// Answers are not to be stored, changed or guessed at. `expires_in` is in whole seconds, rounded down. Those who get no
/// ticket get a [refusal](Refusals):
///
/// | | status |
/// |---|---|
/// | not a `POST` | 405 |
/// | a foreign page | 403 |
/// | not JSON | 415 |
/// | two cookies of the name | 400 |
/// | [`Denial`] | as it says: 401, 403, 429, 503 |
/// | the login has lapsed by now | 401 |
/// | the subject has as many tickets outstanding as [it may](Issuer::limit) | 429 |
/// | the store is full or does not answer | 503 |
/// | claims cannot be written, scopes that differ | 500 |
///
/// # Examples
///
/// `examples/login.rs` has a whole service. With axum, where a layer further out has put into the extensions who is logged in:
///
/// ```
/// use axum::{Router, routing::post_service};
/// use http::request::Parts;
/// # use longwave_ticket::{Audience, ClaimsError, Claims, KeyRing, MemoryStore};
/// use longwave_ticket::{Grant, Issuer, Scope, http::{Denial, MintService, Origins, Refusal}};
///
/// #[derive(Clone)]
/// struct User(String);
/// # impl Claims for User {
/// #     fn subject(&self) -> &str { &self.0 }
/// #     fn encode(&self) -> Result<Vec<u8>, ClaimsError> { Ok(self.0.clone().into_bytes()) }
/// #     fn decode(_: &[u8]) -> Result<Self, ClaimsError> { unreachable!() }
/// # }
///
/// # let audience = Audience::new("https://app.example.com|events")?;
/// # let keys = KeyRing::random()?;
/// let issuer = Issuer::<User, _>::new(&audience, &keys, MemoryStore::new())?;
/// let origins = Origins::list(["https://app.example.com"])?;
/// let scope = Scope::new("events")?;
/// let mint = MintService::new(issuer, origins, move |parts: &Parts| {
///     let user = parts.extensions.get::<User>().cloned().ok_or(Denial::new(Refusal::CredentialsRequired));
///     let scope = scope.clone();
///     async move { Ok(Grant::new(user?).within(scope)) }
/// });
/// let app: Router = Router::new().route("/ticket", post_service(mint));
/// # drop(app);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub struct MintService<T, S, F> {
    settings: Arc<Settings<T, S>>,
    authorize: Arc<F>,
}

impl<T, S, F> MintService<T, S, F>
where
    T: Claims,
    S: TicketStore + Clone,
{
    /// Mints tickets that connect, for requests from these pages.
    ///
    /// - `authorize`: says whose request it is and what is granted. It is called with the head of each request that is
    ///   let in so far, and may wait for the answer.
    pub fn new<Fut>(issuer: Issuer<T, S>, origins: Origins, authorize: F) -> Self
    where
        F: Fn(&Parts) -> Fut,
        Fut: Future<Output = Result<Grant<T>, Denial>> + Send + 'static,
    {
        Self { settings: Arc::new(Settings::new(issuer, origins)), authorize: Arc::new(authorize) }
    }

    /// Mints tickets that refresh sessions which are open, instead.
    pub fn refreshing(self) -> Self {
        self.with(|settings| settings.purpose = Purpose::Refresh)
    }

    /// Sets the cookie that tickets are bound to; [`BrowserCookie::new`] unless set. A layer has to be
    /// [told](crate::http::TicketLayer::cookie).
    pub fn cookie(self, cookie: BrowserCookie) -> Self {
        self.with(|settings| settings.cookie = Some(cookie))
    }

    /// Binds tickets to no browser: for clients that have no cookies, or a host that is not the one they are
    /// redeemed on.
    ///
    /// Whoever finds such a ticket before it is redeemed can redeem it, and whoever has one can have others' pages
    /// redeem it.
    pub fn without_cookie(self) -> Self {
        self.with(|settings| settings.cookie = None)
    }

    /// Binds tickets to the origin of the page that asks for them, too, if it has one.
    ///
    /// It has to be presented with the ticket, and browsers do not send it with an `EventSource` of the same
    /// origin; with a WebSocket they always do.
    pub fn bind_origin(self) -> Self {
        self.with(|settings| settings.bind_origin = true)
    }

    /// Sets how it refuses; always by status.
    pub fn refusals(self, refusals: Refusals) -> Self {
        self.with(|settings| settings.refusals = refusals)
    }

    /// Sets who is told what becomes of each request, for counters and logs: nobody unless set.
    ///
    /// Not told of are those requests whose client is gone before they are decided.
    pub fn observe(self, observer: impl Fn(Purpose, &MintOutcome) + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.observer = Arc::new(observer))
    }

    /// Sets the wall clock, for tests.
    pub fn clock(self, clock: impl Fn() -> UnixMillis + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.clock = Arc::new(clock))
    }

    /// Sets where random bytes come from, for tests: the system unless set.
    ///
    /// It fills the slice, and has to be as good as the system's: ids of tickets and what binds them come from there.
    pub fn random(self, random: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.random = Arc::new(Given(random)))
    }

    fn with(mut self, set: impl FnOnce(&mut Settings<T, S>)) -> Self {
        set(Arc::make_mut(&mut self.settings));
        self
    }
}

impl<T, S, F, Fut, B> Service<Request<B>> for MintService<T, S, F>
where
    T: Claims,
    S: TicketStore,
    F: Fn(&Parts) -> Fut,
    Fut: Future<Output = Result<Grant<T>, Denial>> + Send + 'static,
{
    type Response = Response<String>;
    type Error = Infallible;
    type Future = MintFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> MintFuture {
        let (parts, _) = request.into_parts();
        let asked = Asked::of(&parts);
        match self.settings.admit(&parts) {
            Ok(asking) => {
                let (settings, decision) = (self.settings.clone(), (self.authorize)(&parts));
                MintFuture::minting(async move { settings.mint(decision, asking, asked).await })
            }
            Err(refusal) => MintFuture::answered(self.settings.refuse(&MintOutcome::Refused(refusal), asked)),
        }
    }
}

impl<T, S, F> Clone for MintService<T, S, F> {
    fn clone(&self) -> Self {
        Self { settings: self.settings.clone(), authorize: self.authorize.clone() }
    }
}

impl<T, S, F> fmt::Debug for MintService<T, S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MintService")
            .field("issuer", &self.settings.issuer)
            .field("purpose", &self.settings.purpose)
            .field("cookie", &self.settings.cookie)
            .finish_non_exhaustive()
    }
}
