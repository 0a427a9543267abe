//! This project's tickets, with a store that does nothing: what a store costs is its own.

use std::{
    future::{Future, ready},
    hint::black_box,
    pin::pin,
    task::{Poll, Waker},
};

use longwave_ticket::{
    Audience, Binding, Burnt, Claims, ClaimsError, Context, Grant, Issuer, KeyRing, Minted, Mode, Purpose,
    Put, Record, Scope, SecretKey, StoreError, SubjectHash, Ticket, TicketId, TicketStore, UnixMillis,
    Verifier, Why, json,
};
use serde::{Deserialize, Serialize};

#[derive(Deserialize, Serialize)]
pub struct User {
    sub: String,
    room: String,
}

impl Claims for User {
    fn subject(&self) -> &str {
        &self.sub
    }

    fn encode(&self) -> Result<Vec<u8>, ClaimsError> {
        json::encode(self)
    }

    fn decode(bytes: &[u8]) -> Result<Self, ClaimsError> {
        json::decode(bytes)
    }
}

/// Where nothing is kept, so that a ticket with its claims inside is good again and again.
#[derive(Clone)]
pub struct Nowhere;

pub type Verifying = Verifier<User, Nowhere>;

impl TicketStore for Nowhere {
    const SHARED: bool = true;

    fn put(
        &self,
        _: &TicketId,
        _: Record<'_>,
        _: UnixMillis,
    ) -> impl Future<Output = Result<Put, StoreError>> + Send {
        ready(Ok(Put::Stored))
    }

    fn take(
        &self,
        _: &TicketId,
        _: UnixMillis,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send {
        ready(Ok(None))
    }

    fn peek(
        &self,
        _: &TicketId,
        _: UnixMillis,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send {
        ready(Ok(None))
    }

    fn burn(
        &self,
        _: &TicketId,
        _: UnixMillis,
        _: UnixMillis,
    ) -> impl Future<Output = Result<Burnt, StoreError>> + Send {
        ready(Ok(Burnt::Now))
    }

    fn forget_subject(
        &self,
        _: SubjectHash,
        _: UnixMillis,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send {
        ready(Ok(0))
    }
}

pub struct Ours {
    issuer: Issuer<User, Nowhere>,
    inline_issuer: Issuer<User, Nowhere>,
    verifier: Verifier<User, Nowhere>,
    context: Context,
    bound: Context,
}

impl Ours {
    pub fn new() -> Self {
        let ring = KeyRing::new(SecretKey::from_bytes(*super::KEY).unwrap());
        let audience = Audience::new("https://app.example.com|events").unwrap();
        let issuer = Issuer::new(&audience, &ring, Nowhere).unwrap();
        let inline_issuer = issuer.clone().mode(Mode::SelfContained);
        let verifier = Verifier::new(&audience, &ring, Nowhere).unwrap().mode(Mode::SelfContained);
        let context = Context::new(Purpose::Connect, UnixMillis::new(1_800_000_000_000));
        let binding =
            Binding::new().scope(Scope::new("events").unwrap()).origin("https://app.example.com").unwrap();
        let bound = context.clone().binding(binding);
        Ours { issuer, inline_issuer, verifier, context, bound }
    }

    /// One with its claims inside.
    pub fn ticket(&self) -> String {
        one(&self.inline_issuer, &self.context).into_exposed()
    }

    pub fn verifier(&self) -> Verifying {
        self.verifier.clone()
    }

    pub fn now(&self) -> UnixMillis {
        self.context.now()
    }

    pub fn verify(&self) -> Box<dyn FnMut()> {
        self.verify_for(&self.context)
    }

    pub fn verify_bound(&self) -> Box<dyn FnMut()> {
        self.verify_for(&self.bound)
    }

    fn verify_for(&self, context: &Context) -> Box<dyn FnMut()> {
        let ticket = one(&self.issuer, context).into_exposed();
        let (verifier, context) = (self.verifier.clone(), context.clone());
        Box::new(move || {
            let _ = black_box(verifier.verify(black_box(&ticket), &context).unwrap());
        })
    }

    pub fn redeem_inline(&self) -> Box<dyn FnMut()> {
        let ticket = one(&self.inline_issuer, &self.context).into_exposed();
        let (verifier, context) = (self.verifier.clone(), self.context.clone());
        Box::new(move || {
            let redeemed = done(verifier.redeem(black_box(&ticket), &context)).unwrap();
            assert_eq!(redeemed.grant().claims().room, "general");
        })
    }

    pub fn refuse_other(&self) -> Box<dyn FnMut()> {
        self.refuse(one(&self.issuer, &self.context).into_exposed().replace("lwt1", "lwt2"), Why::Malformed)
    }

    pub fn refuse_malformed(&self) -> Box<dyn FnMut()> {
        let mut ticket = one(&self.issuer, &self.context).into_exposed();
        ticket.pop();
        self.refuse(ticket + "=", Why::Malformed)
    }

    pub fn refuse_forged(&self) -> Box<dyn FnMut()> {
        let mut ticket = one(&self.issuer, &self.context).into_exposed();
        let end = ticket.split_off(ticket.len() - 20);
        self.refuse(ticket + "AAAA" + &end[4..], Why::BadMac)
    }

    fn refuse(&self, ticket: String, why: Why) -> Box<dyn FnMut()> {
        let (verifier, context) = (self.verifier.clone(), self.context.clone());
        Box::new(move || {
            assert_eq!(verifier.verify(black_box(&ticket), &context).unwrap_err().why(), why);
        })
    }

    pub fn mint(&self) -> Box<dyn FnMut()> {
        mint(self.issuer.clone(), self.context.clone())
    }

    pub fn mint_inline(&self) -> Box<dyn FnMut()> {
        mint(self.inline_issuer.clone(), self.context.clone())
    }
}

fn ada() -> Grant<User> {
    Grant::new(User { sub: "user-0123456789".to_owned(), room: "general".to_owned() })
}

fn one(issuer: &Issuer<User, Nowhere>, context: &Context) -> Ticket {
    done(issuer.mint(&ada(), context, TicketId::from_bytes([7; 16]))).map(Minted::into_ticket).unwrap()
}

fn mint(issuer: Issuer<User, Nowhere>, context: Context) -> Box<dyn FnMut()> {
    let (grant, id) = (ada(), TicketId::from_bytes([7; 16]));
    Box::new(move || {
        black_box(done(issuer.mint(black_box(&grant), &context, id)).unwrap());
    })
}

fn done<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut std::task::Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => unreachable!("nothing waits"),
    }
}
