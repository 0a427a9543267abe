#![cfg_attr(docsrs, feature(doc_cfg))]
//! WebSockets on hyper, over HTTP/1.1 and HTTP/2, as a server and as a client.
//!
//! - [`upgrade()`] makes a socket of a request to a server of hyper; with the feature `axum` there is an extractor.
//! - [`client::http1`], [`client::Http2`] and [`client::connect`] make one of a connection to a server.
//! - [`WebSocket`] is that socket: a stream of messages and a sink for them.
//!
//! # Before it is used in earnest
//!
//! - **Serve with upgrades**: `serve_connection_with_upgrades` of hyper-util, `with_upgrades` of hyper. For HTTP/2 the
//!   builder has to `enable_connect_protocol`, and the route to take `CONNECT`.
//! - **`TCP_NODELAY`** is for whoever accepts or connects; with it off, small messages can be 40 ms late.
//! - **Receive.** Pings are answered and sent, close frames answered, and the end of a request's lifeline is told to
//!   the peer, while somebody receives.
//! - **hyper's own buffers** over HTTP/2 are a window of 1 MiB for each stream and 400 KiB to be sent, unless the builder is
//!   told otherwise; over HTTP/1.1 an upgraded connection has none.
//! - **HTTP/2 and small frames.** Many implementations close a connection with many small frames that nobody has read
//!   yet. A socket asks for a pong when it has sent some, and holds small ones back until it comes: see the README. With
//!   hyper and h2 on this side, take h2 0.4.19 or later.

/// The examples of the README, so that they stay true.
#[cfg(all(doctest, feature = "axum"))]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(feature = "axum")]
mod axum;
pub mod client;
mod config;
mod error;
pub mod server;
mod socket;
mod upgraded;

#[cfg(feature = "deflate")]
pub use longwave_ws::deflate;
pub use longwave_ws::{
    CloseCode, CloseFrame, Last, Limits, Message, OpCode, Prepared, Role, Rule, SendError, Utf8Bytes,
    Violation, handshake,
};

#[cfg(feature = "axum")]
pub use self::axum::WebSocketUpgrade;
pub use self::{
    config::Config,
    error::Error,
    server::upgrade,
    socket::{Part, PreparedSink, ReadHalf, Receiving, Sending, WebSocket, WriteHalf},
    upgraded::Upgraded,
};
