//! HTTP streams that stay open for hours, for every framework on hyper and tower.
//!
//! This crate only gathers the others under one name; each is behind the feature of its name, and none is on by
//! default. Whoever needs one of them can as well depend on it directly.
//!
//! | feature | module | what it does |
//! |---|---|---|
//! | `sse` | `sse` | Server-Sent Events in both directions |
//! | `ws` | `ws` | WebSocket and permessage-deflate without I/O |
//! | `ws-hyper` | `ws_hyper` | WebSockets over HTTP/1.1 and HTTP/2, as a server and as a client |
//! | `heartbeat` | `heartbeat` | no proxy cuts a stream for silence, no dead peer goes unnoticed |
//! | `backpressure` | `backpressure` | what waits for slow readers, how many streams are open, and whose reader has stopped |
//! | `drain` | `drain` | ends open streams one by one on a deploy |
//! | `ticket` | `ticket` | opens streams with a credential that is good once, and ends them with the login |
//! | `core` | `core` | the lifeline that they all share; on with each of those that use it |
//! | `full` | | all of them |
//! | `tracing` | | an observer that emits events |
//! | `axum`, `hyper`, `hyper-util`, `serde_json`, `tokio`, `tonic`, `tungstenite` | | what fits the above into these |
//!
//! # In front of a service
//!
//! The layers go around any tower service whose responses are [`http`](https://docs.rs/http) ones. In this order,
//! from the outside in, each finds what it needs: what observes, traces or redacts; compression; the drain; limits;
//! heartbeats; the service. Compression goes outside of them: nothing can be put between two events that are
//! compressed already.
//!
#![cfg_attr(
    all(
        feature = "axum",
        feature = "backpressure",
        feature = "drain",
        feature = "heartbeat",
        feature = "sse"
    ),
    doc = "```"
)]
#![cfg_attr(
    not(all(
        feature = "axum",
        feature = "backpressure",
        feature = "drain",
        feature = "heartbeat",
        feature = "sse"
    )),
    doc = "```ignore"
)]
//! use std::time::Duration;
//!
//! use axum::{Router, body::Body, routing::get};
//! use futures_util::stream;
//! use longwave::{
//!     backpressure::StreamLimitLayer,
//!     drain::{Drain, DrainLayer},
//!     heartbeat::HeartbeatLayer,
//!     sse::{Event, EventBody, response},
//! };
//! use tower::ServiceBuilder;
//!
//! async fn feed() -> axum::response::Response {
//!     let events = stream::iter([Ok::<_, axum::Error>(Event::new().data("hello"))]);
//!     response(Body::new(EventBody::new(events)))
//! }
//!
//! let drain = Drain::new();
//! let layers = ServiceBuilder::new()
//!     .layer(DrainLayer::new(&drain).max_age(Duration::from_secs(3600)))
//!     .layer(StreamLimitLayer::new(10_000))
//!     .layer(HeartbeatLayer::default());
//! let app: Router = Router::new().route("/feed", get(feed)).layer(layers);
//! # drop(app);
//! ```
//!
//! The sockets below are guarded by `backpressure::guard`, and the drain is run before the server's own graceful
//! shutdown; the example `service` has both.
//!
//! # A login for streams
//!
//! Neither an `EventSource` nor a browser's `WebSocket` can send a header. With [`ticket`](https://docs.rs/longwave-ticket),
//! a page first gets a ticket, by an ordinary request behind an ordinary login, and puts it into the URL or a
//! subprotocol: it is good for seconds, once, in this browser, and the stream ends with the login.
//!
#![cfg_attr(all(feature = "axum", feature = "ticket"), doc = "```")]
#![cfg_attr(not(all(feature = "axum", feature = "ticket")), doc = "```ignore")]
//! use axum::{Router, http::request::Parts, routing::{get, post_service}};
//! use longwave::ticket::{
//!     Audience, Claims, ClaimsError, Grant, Issuer, KeyRing, MemoryStore, Verifier,
//!     http::{Denial, MintService, Origins, RedactLayer, Refusal, TicketLayer},
//!     live::{Close, Selector, Session, Sessions},
//! };
//! use tower::ServiceBuilder;
//!
//! #[derive(Clone)]
//! struct User(String);
//! # impl Claims for User {
//! #     fn subject(&self) -> &str { &self.0 }
//! #     fn encode(&self) -> Result<Vec<u8>, ClaimsError> { Ok(self.0.clone().into_bytes()) }
//! #     fn decode(bytes: &[u8]) -> Result<Self, ClaimsError> {
//! #         String::from_utf8(bytes.to_vec()).map(User).map_err(ClaimsError::new)
//! #     }
//! # }
//!
//! let audience = Audience::new("https://app.example.com|events")?;
//! let (keys, store) = (KeyRing::random()?, MemoryStore::new());
//! let issuer = Issuer::<User, _>::new(&audience, &keys, store.clone())?;
//! let verifier = Verifier::<User, _>::new(&audience, &keys, store)?;
//! let origins = Origins::list(["https://app.example.com"])?;
//! let sessions = Sessions::builder().build();
//!
//! // Behind the login, which has put the user into the extensions of the request.
//! let mint = MintService::new(issuer, origins.clone(), |parts: &Parts| {
//!     let user = parts.extensions.get::<User>().cloned();
//!     async { Ok(Grant::new(user.ok_or(Denial::new(Refusal::CredentialsRequired))?)) }
//! });
//! let router: Router = Router::new()
//!     .route("/feed", get(async |session: Session<User>| format!("hello {}", session.claims().0)))
//!     .layer(TicketLayer::new(verifier, origins, sessions.clone()))
//!     .route("/ticket", post_service(mint));
//! // Around everything that logs.
//! let app = ServiceBuilder::new().layer(RedactLayer::new().query("ticket")).service(router);
//!
//! // Where somebody logs out.
//! sessions.revoke(Selector::Subject("ann".into()), Close::Revoked);
//! # drop(app);
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! The example `tickets` has a login, an event stream and a WebSocket.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "backpressure")]
pub use longwave_backpressure as backpressure;
#[cfg(any(
    feature = "backpressure",
    feature = "core",
    feature = "drain",
    feature = "heartbeat",
    feature = "ticket",
    feature = "ws-hyper"
))]
pub use longwave_core as core;
#[cfg(feature = "drain")]
pub use longwave_drain as drain;
#[cfg(feature = "heartbeat")]
pub use longwave_heartbeat as heartbeat;
#[cfg(feature = "sse")]
pub use longwave_sse as sse;
#[cfg(feature = "ticket")]
pub use longwave_ticket as ticket;
#[cfg(feature = "ws")]
pub use longwave_ws as ws;
#[cfg(feature = "ws-hyper")]
pub use longwave_ws_hyper as ws_hyper;

#[cfg(all(feature = "ticket", any(feature = "ws", feature = "ws-hyper")))]
mod origins;
#[cfg(all(feature = "ticket", any(feature = "ws", feature = "ws-hyper")))]
pub use self::origins::origin_policy;
