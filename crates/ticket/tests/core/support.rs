//! An issuer and a verifier, and tickets that neither would make.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Poll, Waker},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use longwave_ticket::{
    Audience, Binding, Burnt, Claims, ClaimsError, Context, Grant, Issuer, KeyRing, MemoryStore, Minted,
    Purpose, Put, Record, RedeemError, Redeemed, SecretKey, SingleNode, StoreError, SubjectHash, Ticket,
    TicketId, TicketStore, UnixMillis, Verifier, Why,
};
use sha2::{Digest, Sha256};

pub(crate) const NOW: UnixMillis = UnixMillis::new(1_800_000_000_000);

pub(crate) fn after(millis: u64) -> UnixMillis {
    NOW.plus(Duration::from_millis(millis))
}

/// What a future gives that never waits.
pub(crate) fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut std::task::Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a store in memory does not wait"),
    }
}

/// Claims that are a name.
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

pub(crate) fn ada() -> Grant<User> {
    Grant::new(User("ada".to_owned()))
}

pub(crate) fn audience() -> Audience {
    Audience::new("https://app.example.com|events").unwrap()
}

pub(crate) const MASTER: [u8; 32] = {
    let mut bytes = [0; 32];
    let mut index = 0;
    while index < 32 {
        bytes[index] = index as u8 + 1;
        index += 1;
    }
    bytes
};

pub(crate) fn master() -> SecretKey {
    SecretKey::from_bytes(MASTER).unwrap()
}

/// A key like no other.
pub(crate) fn another(number: u8) -> SecretKey {
    SecretKey::from_bytes(Sha256::digest([number]).into()).unwrap()
}

/// A store that counts what it is asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counted {
    pub(crate) store: MemoryStore,
    pub(crate) asked: Arc<AtomicU64>,
    pub(crate) broken: Option<StoreError>,
}

impl Counted {
    pub(crate) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    fn ask(&self) -> Result<&MemoryStore, StoreError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.broken.map_or(Ok(&self.store), Err)
    }
}

impl TicketStore for Counted {
    const SHARED: bool = true;

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

/// A service in one process.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) ring: KeyRing,
    pub(crate) store: Counted,
    pub(crate) issuer: Issuer<User, Counted>,
    pub(crate) verifier: Verifier<User, Counted>,
    ids: AtomicU64,
}

impl Service {
    pub(crate) fn new() -> Self {
        Self::with(KeyRing::new(master()), Counted::default())
    }

    pub(crate) fn with(ring: KeyRing, store: Counted) -> Self {
        let issuer = Issuer::new(&audience(), &ring, store.clone()).unwrap();
        let verifier = Verifier::new(&audience(), &ring, store.clone()).unwrap();
        Self { ring, store, issuer, verifier, ids: AtomicU64::new(1) }
    }

    pub(crate) fn id(&self) -> TicketId {
        let number = self.ids.fetch_add(1, Ordering::Relaxed);
        TicketId::from_bytes(Sha256::digest(number.to_be_bytes())[..16].try_into().unwrap())
    }

    pub(crate) fn mint_for(&self, context: &Context) -> Ticket {
        now(self.issuer.mint(&ada(), context, self.id())).map(Minted::into_ticket).unwrap()
    }

    pub(crate) fn mint(&self) -> Ticket {
        self.mint_for(&connect(NOW))
    }

    pub(crate) fn redeem(&self, ticket: &str, context: &Context) -> Result<Redeemed<User>, RedeemError> {
        now(self.verifier.redeem(ticket, context))
    }

    /// Why a ticket is refused; `None` if it is not.
    pub(crate) fn why(&self, ticket: &str, context: &Context) -> Option<Why> {
        match self.redeem(ticket, context) {
            Ok(_) => None,
            Err(RedeemError::Invalid(invalid)) => Some(invalid.why()),
            Err(RedeemError::Store(error)) => panic!("{error}"),
        }
    }

    /// A ticket that was refused is not spent by that.
    pub(crate) fn assert_not_spent(&self, ticket: &Ticket) {
        assert_eq!(self.why(ticket.expose(), &connect(NOW)), None);
    }
}

pub(crate) fn connect(now: UnixMillis) -> Context {
    Context::new(Purpose::Connect, now)
}

pub(crate) fn bound(binding: Binding) -> Context {
    connect(NOW).binding(binding)
}

/// The memory of one node, for keys that are kept.
pub(crate) fn alone() -> SingleNode<MemoryStore> {
    SingleNode::new(MemoryStore::new(), UnixMillis::EPOCH)
}

pub(crate) fn body(ticket: &Ticket) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(ticket.expose().strip_prefix(Ticket::PREFIX).unwrap()).unwrap()
}

pub(crate) fn text(body: &[u8]) -> String {
    Ticket::PREFIX.to_owned() + &BASE64_URL_SAFE_NO_PAD.encode(body)
}

fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    Hmac::<Sha256>::new_from_slice(key).unwrap().chain_update(message).finalize().into_bytes().into()
}

/// Signs what is to become a ticket, as whoever has the master key could.
pub(crate) fn sign(unsigned: &[u8]) -> String {
    let extracted = mac(b"longwave-ticket-v1", &MASTER);
    let key = mac(&extracted, &[audience().as_str().as_bytes(), &[1]].concat());
    text(&[unsigned, &mac(&key, unsigned)].concat())
}

/// A genuine ticket with some bytes replaced, signed again.
pub(crate) fn patched(ticket: &Ticket, at: usize, by: &[u8]) -> String {
    let mut body = body(ticket);
    body.truncate(body.len() - 32);
    body[at..at + by.len()].copy_from_slice(by);
    sign(&body)
}
