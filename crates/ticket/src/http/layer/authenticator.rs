use std::{fmt, future::Future, pin::Pin};

use http::{HeaderValue, request::Parts};
use longwave_core::StreamKind;

use super::Denial;
use crate::{
    Claims, Context,
    http::{Credential, Presented, collect::Cookies},
    live::{Admission, Sessions},
};

/// Says who somebody is: by a ticket, as a [`Verifier`](crate::Verifier) does, or by whatever else there is.
///
/// Whatever it is, a [`TicketLayer`](super::TicketLayer) does the rest: it takes the credential out of the request, looks
/// at host and origin, bounds how long all this takes, and has the stream end with the login.
///
/// # Examples
///
/// Somebody else's tokens:
///
/// ```
/// use std::{convert::Infallible, time::SystemTime};
///
/// use http::{header, request::Parts};
/// use longwave_ticket::{
///     Claims, ClaimsError,
///     http::{Authenticated, Authenticator, Caller, Denial, Origins, Presented, Refusal, TicketLayer},
///     live::{Admission, Sessions},
/// };
///
/// #[derive(Clone)]
/// struct User(String);
///
/// impl Claims for User {
///     fn subject(&self) -> &str {
///         &self.0
///     }
///     // These are for tickets.
///     fn encode(&self) -> Result<Vec<u8>, ClaimsError> {
///         Err(ClaimsError::unreadable())
///     }
///     fn decode(_: &[u8]) -> Result<Self, ClaimsError> {
///         Err(ClaimsError::unreadable())
///     }
/// }
///
/// #[derive(Clone)]
/// struct Bearer;
///
/// fn token(parts: &Parts) -> Option<&str> {
///     parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Bearer ")
/// }
///
/// impl Authenticator<User> for Bearer {
///     fn presented(&self, parts: &Parts) -> Option<Presented> {
///         token(parts).map(|_| Presented::Explicitly)
///     }
///
///     async fn authenticate(&self, caller: Caller<'_, User>) -> Result<Authenticated<User>, Denial> {
///         let invalid = Denial::new(Refusal::InvalidTicket);
///         let token = token(caller.parts()).ok_or(invalid.clone())?;
///         let user = look_up(token).await.ok_or(invalid.because("unknown_token"))?;
///         Ok(Admission::new(user, [0; 16], caller.context().now()).into())
///     }
/// }
/// # async fn look_up(token: &str) -> Option<User> { Some(User(token.to_owned())) }
///
/// let origins = Origins::list(["https://app.example.com"])?;
/// let layer = TicketLayer::new(Bearer, origins, Sessions::builder().build());
/// # drop(layer);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub trait Authenticator<T: Claims>: Clone + Send + Sync + 'static {
    /// Whether there is a credential that is in none of the [`Sources`](crate::http::Sources), and how it was presented: a
    /// header of another scheme, a certificate, a login that a layer further out has found. None unless said.
    ///
    /// It is asked even if the sources have one. If either was presented [ambiently](Presented::Ambiently), the request
    /// has to come from a page that is let in, whichever of them is going to count.
    fn presented(&self, parts: &Parts) -> Option<Presented> {
        let _ = parts;
        None
    }

    /// Takes note of the sessions that it is to open streams for; told by a layer that is made of both. Whoever asks
    /// another authenticator passes this on to it.
    ///
    /// A [`Verifier`](crate::Verifier) has revocations dated by the clock of its keys, and if its store is
    /// [shared](crate::TicketStore::SHARED), what was issued before the sessions were made counts as
    /// [revoked](Sessions::revoke). [`Resume`](super::Resume) has them remembered for as long as its tickets live.
    fn joins(&self, sessions: &Sessions<T>) {
        let _ = sessions;
    }

    /// Refuses what can be refused without waiting for anything. It is called before
    /// [`authenticate`](Self::authenticate), and what it refuses takes none of the places that there are for that.
    ///
    /// # Errors
    ///
    /// [`Denial`]; whatever the credential is good for, it still is.
    fn glance(&self, caller: &Caller<'_, T>) -> Result<(), Denial> {
        let _ = caller;
        Ok(())
    }

    /// Says who it is, and until when.
    ///
    /// # Errors
    ///
    /// [`Denial`], which is also for whoever cannot tell.
    fn authenticate(
        &self,
        caller: Caller<'_, T>,
    ) -> impl Future<Output = Result<Authenticated<T>, Denial>> + Send;
}

/// Somebody who wants a stream, for an [`Authenticator`].
pub struct Caller<'c, T> {
    pub(super) parts: &'c Parts,
    pub(super) credential: Option<&'c Credential>,
    pub(super) context: &'c Context,
    pub(super) sessions: &'c Sessions<T>,
    pub(super) kind: StreamKind,
    pub(super) cookies: &'c Cookies,
}

/// Who somebody is, and what the response has to tell their browser.
#[must_use]
pub struct Authenticated<T> {
    pub(super) admission: Admission<T>,
    pub(super) cookies: Vec<HeaderValue>,
    pub(super) follow_up: Option<FollowUp>,
    pub(super) resumed: Option<Resumed>,
}

/// In the extensions of a request: its stream was open before, and a [`Resume`](super::Resume) has let it in again.
///
/// # Examples
///
/// ```
/// use http::Request;
/// use longwave_ticket::http::Resumed;
///
/// fn greeting<B>(request: &Request<B>) -> &'static str {
///     if request.extensions().get::<Resumed>().is_some() { "welcome back" } else { "hello" }
/// }
/// assert_eq!(greeting(&Request::new(())), "hello");
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Resumed;

/// What is to be done for those who are let in after all, and gives more cookies.
pub(super) type FollowUp = Pin<Box<dyn Future<Output = Vec<HeaderValue>> + Send>>;

impl<'c, T> Caller<'c, T> {
    /// The head of the request, without the credential.
    #[must_use]
    pub const fn parts(&self) -> &'c Parts {
        self.parts
    }

    /// The credential; `None` if there is only what the authenticator itself has [found](Authenticator::presented).
    #[must_use]
    pub const fn credential(&self) -> Option<&'c Credential> {
        self.credential
    }

    /// What a ticket is presented with: the time, the scope of the layer, the origin of the page, and the browser.
    #[must_use]
    pub const fn context(&self) -> &'c Context {
        self.context
    }

    /// The sessions that there are, to find out what would be refused anyway.
    #[must_use]
    pub const fn sessions(&self) -> &'c Sessions<T> {
        self.sessions
    }

    /// Which kind of stream is asked for.
    #[must_use]
    pub const fn kind(&self) -> StreamKind {
        self.kind
    }

    /// Tickets in cookies that are no source.
    pub(super) fn cookies(&self) -> impl Iterator<Item = (&'c str, &'c str)> {
        self.cookies.iter()
    }
}

impl<T> Authenticated<T> {
    /// Lets them in.
    pub const fn new(admission: Admission<T>) -> Self {
        Self { admission, cookies: Vec::new(), follow_up: None, resumed: None }
    }

    /// Adds a `Set-Cookie` to the response if it is a success; it is [sensitive](HeaderValue::set_sensitive) from here
    /// on.
    pub fn set_cookie(mut self, mut cookie: HeaderValue) -> Self {
        cookie.set_sensitive(true);
        self.cookies.push(cookie);
        self
    }

    /// Has the handler know that it is not the first time.
    pub(super) fn resumed(self) -> Self {
        Self { resumed: Some(Resumed), ..self }
    }

    /// Adds what is only done, and set, once they are let in. If it takes too long, it is given up.
    pub(super) fn follow_up(
        self,
        follow_up: impl Future<Output = Vec<HeaderValue>> + Send + 'static,
    ) -> Self {
        Self { follow_up: Some(Box::pin(follow_up)), ..self }
    }
}

impl<T> From<Admission<T>> for Authenticated<T> {
    fn from(admission: Admission<T>) -> Self {
        Self::new(admission)
    }
}

impl<T> fmt::Debug for Authenticated<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticated")
            .field("admission", &self.admission)
            .field("cookies", &self.cookies)
            .finish_non_exhaustive()
    }
}

// Not derived, as that would want claims to be copied.
impl<T> Clone for Caller<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Caller<'_, T> {}

impl<T> fmt::Debug for Caller<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("credential", &self.credential)
            .field("context", &self.context)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
