use std::{error::Error, fmt, future::Future, sync::Arc};

use http::HeaderValue;
use longwave_core::StreamKind;

use super::{Authenticated, Authenticator, Caller, Denial};
use crate::{
    Claims, Context, Grant, Issuer, NoRevocations, Purpose, Redeemed, Revocations, TicketId, TicketStore,
    Verifier, Why, envelope,
    http::Refusal,
    live::{Admission, Sessions},
    random::{Given, Random, System},
};

/// Lets an `EventSource` come back by itself, which it does with the URL it has: its ticket is spent.
///
/// Whoever opens an event stream gets a cookie along with it, which holds a ticket that [resumes](Purpose::Resume) this
/// stream. It is let in with the cookie and the spent ticket together. A log reader has no cookie, and another page has no
/// URL; a cookie that somebody has tossed is bound to another ticket, and refused. The cookie is gone when it is
/// refused, and when its time is over.
///
/// - It is good until the login lapses, up to what the [`Issuer`] says: 12 hours unless set. For as long the
///   [`Sessions`](crate::live::Sessions) remember what was revoked, if a layer is made with this itself; if
///   they are [set](crate::live::SessionsBuilder::remember) to remember it for less, the cookie is good for no longer.
///   A session that was revoked by its [id](crate::live::Selector::SessionId) alone can be resumed.
/// - A node that has just started does not know what was revoked before. If the store is shared, it
///   [resumes](crate::live::Sessions::revoke) only what was opened afterwards, or can be checked.
/// - It is good for more than one time, as a response can be lost, and so it is not replaced by that either.
/// - Keys have to be [kept](crate::KeyRing::rotate) for as long, too.
/// - A browser has up to 8 such cookies, and a subject 32 tickets that resume
///   ([`Issuer::resume_limit`](crate::Issuer::resume_limit)); the oldest goes.
/// - It is made once the stream is let in. If the store does not take the ticket, or takes it too late, the stream opens
///   without a cookie.
///
/// WebSockets get none: scripts open those, and can get a new ticket. Handlers find [`Resumed`](super::Resumed) in the
/// extensions of the request if it is not the first time.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use longwave_ticket::{
///     Audience, Claims, ClaimsError, Issuer, KeyRing, MemoryStore, Verifier,
///     http::{Origins, Resume, TicketLayer},
///     live::Sessions,
/// };
///
/// # struct User(String);
/// # impl Claims for User {
/// #     fn subject(&self) -> &str { &self.0 }
/// #     fn encode(&self) -> Result<Vec<u8>, ClaimsError> { Ok(self.0.clone().into_bytes()) }
/// #     fn decode(bytes: &[u8]) -> Result<Self, ClaimsError> {
/// #         String::from_utf8(bytes.to_vec()).map(User).map_err(ClaimsError::new)
/// #     }
/// # }
/// # let audience = Audience::new("events")?;
/// # let keys = KeyRing::random()?;
/// # let store = MemoryStore::new();
/// let hour = Duration::from_secs(3600);
/// let verifier = Verifier::<User, _>::new(&audience, &keys, store.clone())?;
/// let issuer = Issuer::<User, _>::new(&audience, &keys, store)?.resume_ttl(hour);
/// let sessions = Sessions::builder().build();
/// let resume = Resume::new(verifier, issuer, "/events")?;
/// let layer = TicketLayer::new(resume, Origins::list(["https://app.example.com"])?, sessions);
/// # drop(layer);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub struct Resume<T, S, R = NoRevocations> {
    verifier: Verifier<T, S, R>,
    issuer: Issuer<T, S>,
    cookies: Cookies,
    random: Arc<dyn Random>,
}

/// What its cookies have in common.
#[derive(Clone)]
struct Cookies {
    path: Arc<str>,
    prefix: &'static str,
    attributes: &'static str,
}

/// A text that is not a path as a cookie can have it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct InvalidPath;

impl<T: Claims, S: TicketStore, R: Revocations> Resume<T, S, R> {
    /// Lets the event streams below a path be resumed.
    ///
    /// - `path`: as the browser has it, before any proxy: `/events`. The cookie goes along to it and below.
    ///
    /// # Errors
    ///
    /// [`InvalidPath`] if the path does not begin with `/`, or has other characters than visible ASCII ones, or a `;`.
    pub fn new(verifier: Verifier<T, S, R>, issuer: Issuer<T, S>, path: &str) -> Result<Self, InvalidPath> {
        let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';');
        if !path.starts_with('/') || !plain {
            return Err(InvalidPath);
        }
        let cookies = Cookies {
            path: path.into(),
            prefix: "__Secure-lw_r_",
            attributes: "; HttpOnly; Secure; SameSite=Strict",
        };
        Ok(Self { verifier, issuer, cookies, random: Arc::new(System) })
    }

    /// Names cookies without `__Secure-`, for development over plain HTTP where the browser takes no others: Chromium
    /// and Firefox take them from `localhost`, Safari does not.
    #[must_use]
    pub fn insecure_for_development(self) -> Self {
        let path = self.cookies.path;
        let cookies = Cookies { path, prefix: "lw_r_insecure_", attributes: "; HttpOnly; SameSite=Strict" };
        Self { cookies, ..self }
    }

    /// Sets where random bytes come from, for tests: the system unless set.
    #[must_use]
    pub fn random(self, random: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        Self { random: Arc::new(Given(random)), ..self }
    }

    /// The ticket that resumes the stream of the one that is presented, and that one's number.
    fn resuming<'c>(&self, caller: &Caller<'c, T>) -> Option<(TicketId, &'c str)> {
        if caller.kind != StreamKind::EventStream {
            return None;
        }
        let first = self.verifier.identify(caller.credential?.as_str(), caller.context).ok()?;
        let name = self.name(first);
        let mut named = caller.cookies().filter(|(found, _)| *found == name).map(|(_, ticket)| ticket);
        // Of two, neither counts.
        Some((first, named.next().map(|ticket| if named.next().is_some() { "" } else { ticket })?))
    }

    /// Gives the first ticket a second one that resumes; the future is for when the first one has let somebody in.
    fn follow_up(
        &self,
        caller: &Caller<'_, T>,
        first: &Redeemed<T>,
    ) -> Option<impl Future<Output = Vec<HeaderValue>> + Send + use<T, S, R>> {
        let grant = copy(first.grant())?;
        let issuer = self.issuer.clone().resume_at_most(caller.sessions.remember());
        let (name, context) = (self.name(first.id()), context(caller, first.id()));
        let gone: Vec<_> = self.surplus(caller).filter_map(|name| self.cookies.make(name, "", 0)).collect();
        let mut id = [0; 16];
        self.random.fill(&mut id)?;
        let cookies = self.cookies.clone();
        Some(async move {
            let minted = issuer.mint(&grant, &context, TicketId::from_bytes(id)).await;
            let Ok(minted) = minted else { return Vec::new() };
            let set = cookies.make(&name, minted.ticket().expose(), minted.expires_in().as_secs());
            set.into_iter().chain(gone).collect()
        })
    }

    /// Those of a browser that has too many: first what is not good, then the oldest.
    fn surplus<'c>(&self, caller: &Caller<'c, T>) -> impl Iterator<Item = &'c str> {
        let is_ours = |name: &str| {
            let first = name.strip_prefix(self.cookies.prefix);
            first.is_some_and(|first| first.len() == 8 && first.bytes().all(|byte| byte.is_ascii_hexdigit()))
        };
        let ours = caller.cookies().filter(|(name, _)| is_ours(name));
        let context = caller.context.clone().purposed(Purpose::Resume);
        // Anyone can toss a cookie, and claim any date. A good one is refused only for not being with its first ticket.
        let issued = |ticket| match self.verifier.verify(ticket, &context) {
            Err(invalid) if invalid.why() == Why::Binding => {
                envelope::open::<_, Why>(ticket, |envelope| Ok(envelope.header.issued)).unwrap_or(0)
            }
            _ => 0,
        };
        let mut ours: Vec<_> = ours.map(|(name, ticket)| (issued(ticket), name)).collect();
        ours.sort_unstable();
        let surplus = (ours.len() + 1).saturating_sub(MOST);
        ours.into_iter().take(surplus).map(|(_, name)| name)
    }

    /// Has the browser forget a cookie that is of no use any more.
    fn clear(&self, first: TicketId, denial: Denial) -> Denial {
        match self.cookies.make(&self.name(first), "", 0) {
            Some(cookie) if denial.refusal() == Refusal::InvalidTicket => denial.set_cookie(cookie),
            _ => denial,
        }
    }

    fn name(&self, first: TicketId) -> String {
        format!("{}{}", self.cookies.prefix, first.fingerprint())
    }
}

impl<T, S, R> Authenticator<T> for Resume<T, S, R>
where
    T: Claims,
    S: TicketStore,
    R: Revocations,
{
    fn joins(&self, sessions: &Sessions<T>) {
        self.verifier.joins(sessions);
        sessions.dated_by(self.issuer.ring());
        sessions.remember_for(self.issuer.resumes_for());
    }

    fn glance(&self, caller: &Caller<'_, T>) -> Result<(), Denial> {
        let Some((first, ticket)) = self.resuming(caller) else { return self.verifier.glance(caller) };
        match self.verifier.verify(ticket, &context(caller, first)) {
            Ok(_) => Ok(()),
            Err(invalid) => Err(self.clear(first, invalid.into())),
        }
    }

    async fn authenticate(&self, caller: Caller<'_, T>) -> Result<Authenticated<T>, Denial> {
        if let Some((first, ticket)) = self.resuming(&caller) {
            let resumed = self.verifier.redeem(ticket, &context(&caller, first)).await;
            let admission = resumed.map(Admission::from).map_err(|error| self.clear(first, error.into()))?;
            // It is still the stream of the first one.
            let admission = admission.of_ticket(*first.as_bytes());
            return match caller.sessions.check(&admission) {
                Ok(()) => Ok(Authenticated::new(admission).resumed()),
                Err(refused) => Err(self.clear(first, refused.into())),
            };
        }
        let Some(credential) = caller.credential.filter(|_| caller.kind == StreamKind::EventStream) else {
            return self.verifier.authenticate(caller).await;
        };
        let redeemed = self.verifier.redeem(credential.as_str(), caller.context).await?;
        let follow_up = self.follow_up(&caller, &redeemed);
        let authenticated = Authenticated::new(redeemed.into());
        Ok(match follow_up {
            Some(follow_up) => authenticated.follow_up(follow_up),
            None => authenticated,
        })
    }
}

impl Cookies {
    fn make(&self, name: &str, ticket: &str, seconds: u64) -> Option<HeaderValue> {
        let Self { path, attributes, .. } = self;
        let text = format!("{name}={ticket}; Path={path}; Max-Age={seconds}{attributes}");
        HeaderValue::try_from(text).ok()
    }
}

// Not derived, as that would want claims to be cloned.
impl<T, S: Clone, R: Clone> Clone for Resume<T, S, R> {
    fn clone(&self) -> Self {
        let (verifier, issuer) = (self.verifier.clone(), self.issuer.clone());
        Self { verifier, issuer, cookies: self.cookies.clone(), random: self.random.clone() }
    }
}

impl<T, S, R> fmt::Debug for Resume<T, S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resume")
            .field("verifier", &self.verifier)
            .field("issuer", &self.issuer)
            .field("path", &self.cookies.path)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for InvalidPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a path for a cookie")
    }
}

impl Error for InvalidPath {}

/// What a ticket is presented with that resumes the stream of another one.
fn context<T>(caller: &Caller<'_, T>, first: TicketId) -> Context {
    let binding = caller.context.bound_to().clone().resumes(first);
    caller.context.clone().purposed(Purpose::Resume).binding(binding)
}

/// The same grant again, by what would be read from the ticket anyway: claims need not be cloneable.
fn copy<T: Claims>(grant: &Grant<T>) -> Option<Grant<T>> {
    let claims = T::decode(&grant.claims().encode().ok()?).ok()?;
    let mut copy = Grant::new(claims);
    if let Some(deadline) = grant.deadline() {
        copy = copy.until(deadline);
    }
    Some(match grant.scope() {
        Some(scope) => copy.within(scope.clone()),
        None => copy,
    })
}

/// How many of these cookies a browser has.
const MOST: usize = 8;
