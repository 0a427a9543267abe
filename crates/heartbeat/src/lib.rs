#![cfg_attr(docsrs, feature(doc_cfg))]
//! Heartbeats for event streams and WebSockets, in any framework that stands on tower.
//!
//! A stream with nothing to say is taken for dead by every proxy on its way, and a peer that has gone without a
//! word is taken for alive by everybody. Both are found out late, and by users.
//!
//! - [`HeartbeatLayer`] keeps **event streams** alive, whoever makes their bodies. It says something where a
//!   stream has said nothing for an interval, and only between two events, however the body is cut into chunks.
//! - [`Beating`] keeps **WebSockets** alive, whoever implements them: it pings a peer that has been silent, and
//!   ends the stream of one that shows no sign of life.
//!
//! # Who cuts silent streams
//!
//! The first one on the way decides, and a client's way is seldom known. These are defaults:
//!
//! | hop | cuts after | remarks | says |
//! |---|---|---|---|
//! | Envoy, `timeout` of a route | 15 s | of the whole response, beats or not: turn it off for streams | its documentation |
//! | Google Cloud, external load balancer | 30 s | for a WebSocket its whole life, beats or not: raise it | example of its ingress |
//! | AWS content delivery, response timeout of the origin | 30 s | 10 min for a WebSocket | its documentation, its forum |
//! | `HAProxy` | as configured | `timeout server` for event streams, often 30 to 50 s; `timeout tunnel` for WebSockets. Each event is 0.2 s late without `option http-no-delay` | its source, tests |
//! | Heroku, router | 55 s | and 30 s for the first byte | its documentation |
//! | nginx, `proxy_read_timeout`, `proxy_send_timeout` | 60 s | also in the ingress controller of Kubernetes | its source, tests |
//! | AWS, application and classic load balancer | 60 s | pings of HTTP/2 and TCP keep-alive do not count, only bytes of the stream | its documentation |
//! | Cloudflare | 100 s | for plans below Enterprise | operators' reports |
//! | Traefik, `idleTimeout` | 180 s | | its source |
//! | Azure App Service | 230 s | | operators' reports |
//! | Caddy, `idle_timeout` | 5 min | or `read_timeout` of the transport, if set; an event stream then ends as if it were complete | its source, tests |
//! | Envoy, `stream_idle_timeout` | 5 min | | its documentation |
//! | AWS, network load balancer | 350 s | | its documentation |
//! | address translation of mobile networks | 30 s to 5 min | | operators' reports |
//!
//! What is said of nginx (1.22.1), `HAProxy` (2.6.12) and Caddy (2.6.2) is tested against them: told to cut what is
//! silent for 3 s, they cut event streams and WebSockets that do not beat, and none that does.
//!
//! The defaults here, **15 s** for event streams and **25 s** for WebSockets, get past all that beats can get
//! past. **An interval of 55 s or more does not**: a beat that is sent when the timeout ends arrives a round trip
//! after it, so an interval that equals the timeout of a hop is worse than none: it works when tried, and fails
//! under load. Half the shortest timeout on the way is the rule. Networks of phones cost more battery for each
//! beat; they are what [`HeartbeatLayer::negotiate`] is for.
//!
//! # What a heartbeat cannot do
//!
//! An event stream goes one way: its beats keep the path open, and prove nothing of the peer. A body is not even
//! polled while its reader has stopped reading. Only the socket sees that. Where something on the way goes on to
//! acknowledge what no longer arrives, the socket sees nothing either: then only a greatest age ends an event
//! stream, or over HTTP/2 the pings of the server.

/// The examples of the README, so that they stay true.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod future;
mod layer;
mod negotiate;
mod service;
mod websocket;

use std::{collections::hash_map::RandomState, hash::BuildHasher};

pub use longwave_core::Heartbeat;

pub use self::{
    future::ResponseFuture,
    layer::HeartbeatLayer,
    service::HeartbeatService,
    websocket::{Beating, HeartbeatMessage},
};

/// Random bits for jitter and nonces: the standard library's keys, which whoever guesses them gains nothing by.
fn random() -> u64 {
    RandomState::new().hash_one(())
}
