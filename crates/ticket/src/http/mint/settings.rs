use std::{future::Future, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, header, request::Parts};

use super::MintOutcome;
use crate::{
    Binding, Claims, Context, Grant, Issuer, Minted, Purpose, TicketId, TicketStore, UnixMillis,
    http::{
        Asked, BrowserCookie, BrowserNonce, Denial, EventStreamRefusals, OriginRefused, Origins, Refusal,
        Refusals, origin::presented,
    },
    random::{Random, System},
};

/// What the clones of a service share.
pub(super) struct Settings<T, S> {
    pub(super) issuer: Issuer<T, S>,
    pub(super) origins: Origins,
    pub(super) refusals: Refusals,
    pub(super) cookie: Option<BrowserCookie>,
    pub(super) bind_origin: bool,
    pub(super) purpose: Purpose,
    pub(super) clock: Arc<dyn Fn() -> UnixMillis + Send + Sync>,
    pub(super) random: Arc<dyn Random>,
    pub(super) observer: Arc<dyn Observe>,
}

/// Who is told what becomes of requests.
pub(super) trait Observe: Send + Sync {
    fn observe(&self, purpose: Purpose, outcome: &MintOutcome);
}

/// What a request that is let in says of the browser it is from.
pub(super) struct Asking {
    binding: Binding,
    browser: Browser,
}

enum Browser {
    /// It does not matter.
    Any,
    /// It has no cookie yet.
    New(BrowserCookie),
    Known(BrowserNonce),
}

impl<T, S> Settings<T, S> {
    pub(super) fn new(issuer: Issuer<T, S>, origins: Origins) -> Self {
        Self {
            issuer,
            origins,
            refusals: Refusals::new(),
            cookie: Some(BrowserCookie::new()),
            bind_origin: false,
            purpose: Purpose::Connect,
            clock: Arc::new(UnixMillis::now),
            random: Arc::new(System),
            observer: Arc::new(|_: Purpose, _: &MintOutcome| {}),
        }
    }

    /// Judges a request by all but whose it is.
    pub(super) fn admit(&self, parts: &Parts) -> Result<Asking, Refusal> {
        if parts.method != Method::POST {
            return Err(Refusal::Method);
        }
        if is_from_elsewhere(&parts.headers) {
            return Err(Refusal::Origin);
        }
        self.origins.check(parts, presented(parts)).map_err(OriginRefused::refusal)?;
        if !is_json(&parts.headers) {
            return Err(Refusal::MediaType);
        }
        let mut binding = Binding::new();
        if self.bind_origin
            && let Some(origin) = parts.headers.get(header::ORIGIN)
        {
            let origin = origin.to_str().map_err(|_| Refusal::Origin)?;
            binding = binding.origin(origin).map_err(|_| Refusal::Origin)?;
        }
        let browser = match &self.cookie {
            None => Browser::Any,
            Some(cookie) => match cookie.read(&parts.headers)? {
                Some(nonce) => Browser::Known(nonce),
                None => Browser::New(cookie.clone()),
            },
        };
        Ok(Asking { binding, browser })
    }

    /// Makes the answer for those who get no ticket.
    pub(super) fn refuse(&self, outcome: &MintOutcome, asked: Asked) -> Response<String> {
        self.observer.observe(self.purpose, outcome);
        let refusal = outcome.refusal().unwrap_or(Refusal::Internal);
        // Whoever asks for a ticket by an `EventSource` is not to be told that this is a stream.
        let refusals = self.refusals.clone().event_streams(EventStreamRefusals::Status);
        let text = |body: bytes::Bytes| String::from_utf8_lossy(&body).into_owned();
        let mut response = refusals.answer(refusal, asked).map(text);
        let headers = response.headers_mut();
        if refusal == Refusal::Method {
            headers.insert(header::ALLOW, HeaderValue::from_static("POST"));
        }
        set(headers, &ALWAYS);
        if let MintOutcome::Denied(denial) = outcome {
            for cookie in &denial.cookies {
                headers.append(header::SET_COOKIE, cookie.clone());
            }
        }
        response
    }
}

impl<T: Claims, S: TicketStore> Settings<T, S> {
    /// Mints a ticket for a request that is let in, if the application wants it to have one.
    pub(super) async fn mint<D>(&self, decision: D, asking: Asking, asked: Asked) -> Response<String>
    where
        D: Future<Output = Result<Grant<T>, Denial>>,
    {
        match self.try_mint(decision, asking).await {
            Ok((minted, cookie)) => {
                self.observer.observe(self.purpose, &MintOutcome::Minted(minted.ticket().id().fingerprint()));
                granted(minted, cookie)
            }
            Err(outcome) => self.refuse(&outcome, asked),
        }
    }

    async fn try_mint<D>(
        &self,
        decision: D,
        asking: Asking,
    ) -> Result<(Minted, Option<HeaderValue>), MintOutcome>
    where
        D: Future<Output = Result<Grant<T>, Denial>>,
    {
        let grant = decision.await.map_err(MintOutcome::Denied)?;
        let Asking { binding, browser } = asking;
        let (binding, cookie) = match browser {
            Browser::Any => (binding, None),
            Browser::Known(nonce) => (binding.browser(nonce.as_bytes()), None),
            Browser::New(cookie) => {
                let nonce = BrowserNonce::from_bytes(self.random()?);
                (binding.browser(nonce.as_bytes()), Some(cookie.set(&nonce)))
            }
        };
        let id = TicketId::from_bytes(self.random()?);
        let context = Context::new(self.purpose, (self.clock)()).binding(binding);
        let minted = self.issuer.mint(&grant, &context, id).await.map_err(MintOutcome::Failed)?;
        Ok((minted, cookie))
    }

    fn random<const N: usize>(&self) -> Result<[u8; N], MintOutcome> {
        let mut bytes = [0; N];
        self.random.fill(&mut bytes).ok_or(MintOutcome::NoRandomness)?;
        Ok(bytes)
    }
}

impl<F: Fn(Purpose, &MintOutcome) + Send + Sync> Observe for F {
    fn observe(&self, purpose: Purpose, outcome: &MintOutcome) {
        self(purpose, outcome);
    }
}

// Not derived, as that would want claims to be cloned.
impl<T, S: Clone> Clone for Settings<T, S> {
    fn clone(&self) -> Self {
        Self {
            issuer: self.issuer.clone(),
            origins: self.origins.clone(),
            refusals: self.refusals.clone(),
            cookie: self.cookie.clone(),
            clock: self.clock.clone(),
            random: self.random.clone(),
            observer: self.observer.clone(),
            ..*self
        }
    }
}

fn granted(minted: Minted, cookie: Option<HeaderValue>) -> Response<String> {
    // Whole seconds, and not more than there are. A ticket has nothing that JSON would want escaped.
    let seconds = minted.expires_in().as_secs();
    let body = format!(r#"{{"ticket":"{}","expires_in":{seconds}}}"#, minted.into_ticket().expose());
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    set(headers, &GRANTED);
    set(headers, &ALWAYS);
    if let Some(cookie) = cookie {
        headers.insert(header::SET_COOKIE, cookie);
    }
    response
}

fn set(headers: &mut HeaderMap, fields: &[(HeaderName, &'static str)]) {
    for (name, value) in fields {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// Whether a browser says that it is from another site's page and not from which: for a `POST` it always does say.
fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    let mut sites = headers.get_all("sec-fetch-site").iter();
    !headers.contains_key(header::ORIGIN) && sites.any(|site| site != "same-origin")
}

/// Whether the content is said to be JSON, which a page cannot say to another site without asking it first.
fn is_json(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return false };
    let essence = line.as_bytes().split(|&byte| byte == b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(b"application/json")
}

/// What goes with a ticket. It is not to be compressed along with something that an attacker chooses, either.
const GRANTED: [(HeaderName, &str); 3] = [
    (header::CONTENT_TYPE, "application/json"),
    (header::CACHE_CONTROL, "no-store, no-transform"),
    (header::REFERRER_POLICY, "no-referrer"),
];

const ALWAYS: [(HeaderName, &str); 2] =
    [(header::PRAGMA, "no-cache"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
