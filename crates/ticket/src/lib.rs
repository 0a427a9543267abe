//! Single-use tickets that open long-lived HTTP streams.
//!
//! A browser can give neither an `EventSource` nor a `WebSocket` a header. What it is left with, a URL or a cookie,
//! is logged, or goes along by itself. A ticket is what may be put there: it is made for someone who is logged in,
//! is good for seconds, once, and for the one browser, origin and stream that it was made for.
//!
//! - [`Issuer`] mints a [`Ticket`] for [`Claims`]; [`Verifier`] redeems it, wherever it came in: in a URL, a header,
//!   or the first message of a WebSocket.
//! - [`KeyRing`] holds the keys, of which one signs; it is rotated under load.
//! - [`TicketStore`] sees to it that a ticket is good once: [`MemoryStore`] within a process, others across them.
//! - [`Binding`] is what a ticket is bound to; [`Context`] is that with a purpose and a time.
//!
//! # No input, no output
//!
//! Time and randomness are arguments ([`UnixMillis`], [`TicketId::from_bytes`], [`SecretKey::generate`]), and what
//! waits is a store. Whatever can be checked without a store is checked before it: a ticket that was not minted with
//! one of the ring's keys never reaches it.
//!
//! The services and layers of the feature `tower` take both from the system, unless they are told otherwise for tests, by
//! `clock` and `random`; `KeyRing::random` does so, too. Their clock is `UnixMillis::now`, which is not set back: what is
//! minted beside them had best be dated by it as well.
//!
//! # Examples
//!
//! ```
//! use std::time::SystemTime;
//!
//! use longwave_ticket::{
//!     Audience, Binding, Claims, ClaimsError, Context, Grant, Issuer, KeyRing, MemoryStore, Purpose, Scope, TicketId,
//!     Verifier,
//! };
//!
//! struct User(String);
//!
//! impl Claims for User {
//!     fn subject(&self) -> &str {
//!         &self.0
//!     }
//!     fn encode(&self) -> Result<Vec<u8>, ClaimsError> {
//!         Ok(self.0.clone().into_bytes())
//!     }
//!     fn decode(bytes: &[u8]) -> Result<Self, ClaimsError> {
//!         String::from_utf8(bytes.to_vec()).map(User).map_err(ClaimsError::new)
//!     }
//! }
//! # // In earnest: the system's source of randomness.
//! # fn fill(bytes: &mut [u8]) { (0_u8..).zip(bytes).for_each(|(n, byte)| *byte = n.wrapping_mul(31)) }
//! # fn random<const N: usize>() -> [u8; N] { let mut bytes = [0; N]; fill(&mut bytes); bytes }
//!
//! # use std::{future::Future, pin::pin, task::{Context as Cx, Poll, Waker}};
//! # fn now<F: Future>(future: F) -> F::Output {
//! #     match pin!(future).poll(&mut Cx::from_waker(Waker::noop())) { Poll::Ready(out) => out, _ => unreachable!() }
//! # }
//! # now(async {
//! let audience = Audience::new("https://app.example.com|events")?;
//! let keys = KeyRing::ephemeral(|key| fill(key))?;
//! let store = MemoryStore::new();
//! let issuer = Issuer::<User, _>::new(&audience, &keys, store.clone())?;
//! let verifier = Verifier::<User, _>::new(&audience, &keys, store)?;
//!
//! // For a request that is authenticated as ever, over HTTPS:
//! let binding = Binding::new().origin("https://app.example.com")?;
//! let context = Context::new(Purpose::Connect, SystemTime::now().into()).binding(binding);
//! let grant = Grant::new(User("ada".to_owned())).within(Scope::new("events")?);
//! let minted = issuer.mint(&grant, &context, TicketId::from_bytes(random())).await?;
//!
//! // For the request that opens the stream:
//! let binding = Binding::new().origin("https://app.example.com")?.scope(Scope::new("events")?);
//! let context = Context::new(Purpose::Connect, SystemTime::now().into()).binding(binding);
//! let redeemed = verifier.redeem(minted.ticket().expose(), &context).await?;
//! assert_eq!(redeemed.grant().claims().subject(), "ada");
//!
//! // It was good once.
//! assert!(verifier.redeem(minted.ticket().expose(), &context).await.is_err());
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]

/// The examples of the README, so that they stay true.
#[cfg(all(doctest, feature = "tower"))]
#[doc = include_str!("../README.md")]
struct Readme;

mod base64url;
mod binding;
mod claims;
#[cfg(feature = "tower")]
mod clock;
mod context;
mod envelope;
#[cfg(feature = "tower")]
pub mod http;
mod invalid;
mod issuer;
#[cfg(feature = "serde_json")]
pub mod json;
mod keys;
#[cfg(feature = "tower")]
pub mod live;
mod name;
#[cfg(feature = "tower")]
mod random;
mod revocations;
mod store;
mod time;
mod verifier;

#[cfg(feature = "tower")]
pub use self::keys::NoRandomness;
pub use self::{
    binding::{Binding, BindingKind, InvalidOrigin},
    claims::{Claims, ClaimsError, Grant},
    context::{Context, Mode},
    envelope::{Fingerprint, Purpose, Ticket, TicketId},
    invalid::{InvalidTicket, Why},
    issuer::{Issuer, MintError, Minted},
    keys::{InvalidKey, KeyId, KeyRing, KeyRingError, SecretKey, SetupError},
    name::{Audience, InvalidName, Scope},
    revocations::{NoRevocations, Revocations},
    store::{Bound, Burnt, MemoryStore, Put, Record, SingleNode, StoreError, SubjectHash, TicketStore},
    time::UnixMillis,
    verifier::{RedeemError, Redeemed, Verified, Verifier},
};
