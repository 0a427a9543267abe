//! A mint behind a login that believes a header, and what redeems its tickets.

use std::{
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU8, AtomicU64, Ordering},
    },
    time::Duration,
};

use http::{HeaderMap, HeaderValue, Request, Response, request::Builder, request::Parts};
use longwave_ticket::{
    Audience, Binding, Burnt, Claims, ClaimsError, Context, Grant, Issuer, KeyRing, MemoryStore, Purpose,
    Put, Record, RedeemError, Scope, StoreError, SubjectHash, TicketId, TicketStore, UnixMillis, Verifier,
    Why,
    http::{BrowserCookie, Denial, MintService, Origins, Refusal},
};
use tower::ServiceExt;
use tower_service::Service;

pub(crate) const NOW: UnixMillis = UnixMillis::new(1_800_000_000_000);
pub(crate) const APP: &str = "https://app.example.com";

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct User(pub(crate) String);

impl Claims for User {
    fn subject(&self) -> &str {
        &self.0
    }

    fn encode(&self) -> Result<Vec<u8>, ClaimsError> {
        match &*self.0 {
            "unwritable" => Err(ClaimsError::unreadable()),
            name => Ok(name.as_bytes().to_vec()),
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self, ClaimsError> {
        String::from_utf8(bytes.to_vec()).map(User).map_err(ClaimsError::new)
    }
}

/// A store that counts what it is asked, and can be broken.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    memory: MemoryStore,
    pub(crate) asked: Arc<AtomicU64>,
    pub(crate) broken: Option<StoreError>,
}

impl Store {
    pub(crate) fn new(memory: MemoryStore) -> Self {
        Self { memory, asked: Arc::default(), broken: None }
    }

    fn ask(&self) -> Result<&MemoryStore, StoreError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.broken.map_or(Ok(&self.memory), Err)
    }
}

impl TicketStore for Store {
    const SHARED: bool = false;

    async fn put(&self, id: &TicketId, record: Record<'_>, now: UnixMillis) -> Result<Put, StoreError> {
        self.ask()?.put(id, record, now).await
    }

    async fn take(&self, id: &TicketId, now: UnixMillis) -> Result<Option<Vec<u8>>, StoreError> {
        self.ask()?.take(id, now).await
    }

    async fn peek(&self, id: &TicketId, now: UnixMillis) -> Result<Option<Vec<u8>>, StoreError> {
        self.ask()?.peek(id, now).await
    }

    async fn burn(&self, id: &TicketId, until: UnixMillis, now: UnixMillis) -> Result<Burnt, StoreError> {
        self.ask()?.burn(id, until, now).await
    }

    async fn forget_subject(&self, subject: SubjectHash, now: UnixMillis) -> Result<u64, StoreError> {
        self.ask()?.forget_subject(subject, now).await
    }
}

/// What grants and redeems.
pub(crate) struct House {
    pub(crate) store: Store,
    pub(crate) issuer: Issuer<User, Store>,
    pub(crate) verifier: Verifier<User, Store>,
    random: Arc<AtomicU8>,
    pub(crate) told: Arc<Told>,
}

/// What the observer was told.
#[derive(Default)]
pub(crate) struct Told(Mutex<Vec<Seen>>);

/// One outcome, by its label, its refusal and its `Debug` output.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Seen {
    pub(crate) purpose: Purpose,
    pub(crate) name: &'static str,
    pub(crate) refusal: Option<Refusal>,
    pub(crate) text: String,
}

impl Told {
    pub(crate) fn all(&self) -> MutexGuard<'_, Vec<Seen>> {
        self.0.lock().unwrap()
    }

    /// The label of what was told last.
    pub(crate) fn last(&self) -> &'static str {
        self.all().last().unwrap().name
    }
}

impl House {
    pub(crate) fn new() -> Self {
        Self::with(Store::new(MemoryStore::new()))
    }

    pub(crate) fn with(store: Store) -> Self {
        let audience = Audience::new("https://app.example.com|events").unwrap();
        let keys = KeyRing::ephemeral(|key| key[0] = 1).unwrap();
        Self {
            issuer: Issuer::new(&audience, &keys, store.clone()).unwrap(),
            verifier: Verifier::new(&audience, &keys, store.clone()).unwrap(),
            store,
            random: Arc::default(),
            told: Arc::default(),
        }
    }

    /// A mint whose bytes are 1, 2, 3, … in turn.
    pub(crate) fn mint(&self) -> MintService<User, Store, impl Fn(&Parts) -> Decision + use<>> {
        let (random, told) = (self.random.clone(), self.told.clone());
        MintService::new(self.issuer.clone(), Origins::list([APP]).unwrap(), authorize)
            .clock(|| NOW)
            .random(move |bytes| bytes.fill(random.fetch_add(1, Ordering::Relaxed) + 1))
            .observe(move |purpose, outcome| {
                let (name, refusal) = (outcome.name(), outcome.refusal());
                let seen = Seen { purpose, name, refusal, text: format!("{outcome:?}") };
                told.all().push(seen);
            })
    }

    /// Redeems as a browser that has these cookies.
    pub(crate) async fn redeem(&self, ticket: &str, cookies: &[&str], more: Binding) -> Result<String, Why> {
        let binding = BrowserCookie::new().bind(&headers(cookies), more).unwrap();
        let context = Context::new(Purpose::Connect, NOW).binding(binding);
        match self.verifier.redeem(ticket, &context).await {
            Ok(redeemed) => Ok(redeemed.grant().claims().0.clone()),
            Err(RedeemError::Invalid(invalid)) => Err(invalid.why()),
            Err(other) => panic!("{other}"),
        }
    }
}

type Decision = std::future::Ready<Result<Grant<User>, Denial>>;

/// Believes `x-user`, and grants `x-scope`.
fn authorize(parts: &Parts) -> Decision {
    let header = |name| parts.headers.get(name).map(|value| value.to_str().unwrap());
    let grant = match header("x-user") {
        None => Err(Denial::new(Refusal::CredentialsRequired)),
        Some("mallory") => Err(Denial::new(Refusal::Forbidden)
            .because("banned")
            .set_cookie(HeaderValue::from_static("session=; Max-Age=0"))),
        Some("flood") => Err(Denial::new(Refusal::TooMany)),
        Some("nobody-knows") => Err(Denial::new(Refusal::Unavailable)),
        Some(name) => Ok(Grant::new(User(name.to_owned()))),
    };
    let grant = match header("x-scope") {
        Some(scope) => grant.map(|grant| grant.within(Scope::new(scope).unwrap())),
        None => grant,
    };
    let lapsed = header("x-lapsed").is_some();
    std::future::ready(if lapsed { grant.map(|grant| grant.until(NOW)) } else { grant })
}

pub(crate) fn headers(cookies: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for cookie in cookies {
        headers.append("cookie", cookie.parse().unwrap());
    }
    headers
}

/// A page of the application that asks for a ticket.
pub(crate) fn post(user: &str) -> Builder {
    Request::post("/ticket")
        .header("origin", APP)
        .header("content-type", "application/json")
        .header("x-user", user)
}

pub(crate) async fn send<S>(mint: S, request: Builder) -> Response<String>
where
    S: Service<Request<()>, Response = Response<String>, Error = std::convert::Infallible>,
{
    mint.oneshot(request.body(()).unwrap()).await.unwrap()
}

pub(crate) fn ticket(response: &Response<String>) -> String {
    assert_eq!(response.status(), 200, "{}", response.body());
    let body: serde_json::Value = serde_json::from_str(response.body()).unwrap();
    body["ticket"].as_str().unwrap().to_owned()
}

/// What a browser sends from then on, if it was sent a cookie.
pub(crate) fn cookie(response: &Response<String>) -> String {
    let set = response.headers()["set-cookie"].to_str().unwrap();
    set.split(';').next().unwrap().to_owned()
}

pub(crate) fn code(response: &Response<String>) -> (u16, String) {
    let body: serde_json::Value = serde_json::from_str(response.body()).unwrap();
    (response.status().as_u16(), body["code"].as_str().unwrap().to_owned())
}

pub(crate) const TTL: Duration = Duration::from_secs(30);
