//! Sockets that see whether their peer reads.
//!
//! A reader that has stopped is invisible from inside a response: the server asks a body for more only when there
//! is room, so that every timer in a body stands still exactly when it is needed. The socket sees it. A
//! [`Guard`] wraps sockets so that they
//!
//! - **end** the streams of a connection whose reader has stopped, with [`Cause::Stalled`];
//! - **cut** the connection of a stream that was ended and does not go within a grace;
//! - **count** upgraded connections, such as somebody else's WebSocket, as open until the socket closes;
//! - tell the **kernel** to hold little that is unsent, and to give up peers that are gone.
//!
//! Each request finds its [`Connection`] in its extensions, and through it each [`Lifeline`].
//!
//! ```no_run
//! # #[cfg(feature = "axum")]
//! # async fn serve() -> std::io::Result<()> {
//! use axum::{Router, routing::get};
//! use longwave_backpressure::guard::{Guard, GuardedMakeService};
//!
//! let app = Router::new().route("/", get(|| async { "hello" }));
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//! axum::serve(Guard::new().listen(listener), GuardedMakeService::new(app)).await
//! # }
//! ```
//!
//! # What counts as reading
//!
//! What the kernel accepts, which it does in steps: about as much as [`Guard::unsent`], and never less than what
//! the reader's own kernel frees at a time (some 3 KiB measured). A reader that takes less than a step within
//! [`Guard::stall`], with the defaults some 20 KiB in 30 s, looks as if it had stopped.
//!
//! Over HTTP/2, a reader may also withhold the window of one stream. An event stream or gRPC call has stalled in
//! that way when it is not asked for more while less than 1 KiB goes over the connection. A connection is cut when
//! all of its streams are stalled or ended; what counts as a stream is a request that went through a layer of
//! longwave. Until then a stalled stream beside others is told of its end, but only the client can let go of it.
//!
//! # Without axum
//!
//! Wrap each accepted socket ([`Guard::wrap`]), below TLS, and each connection's service
//! ([`GuardedService`]):
//!
//! ```
//! # #[cfg(all(feature = "hyper-util", feature = "hyper"))]
//! # async fn serve() -> std::io::Result<()> {
//! use std::convert::Infallible;
//!
//! use hyper::{body::Incoming, service::service_fn};
//! use hyper_util::{rt::{TokioExecutor, TokioIo}, server::conn::auto::Builder};
//! use longwave_backpressure::guard::{Guard, GuardedService, LowBuffers};
//! use longwave_core::Connection;
//!
//! async fn hello(request: http::Request<Incoming>) -> Result<http::Response<String>, Infallible> {
//!     let connection: Option<&Connection> = request.extensions().get();
//!     Ok(http::Response::new(format!("{:?}", connection.map(Connection::progress))))
//! }
//!
//! let (guard, mut server) = (Guard::new(), Builder::new(TokioExecutor::new()));
//! server.low_buffers();
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//! loop {
//!     let (socket, server) = (guard.wrap(listener.accept().await?.0), server.clone());
//!     let service = GuardedService::new(service_fn(hello), socket.connection().clone());
//!     tokio::spawn(async move {
//!         server.serve_connection_with_upgrades(TokioIo::new(socket), service).await
//!     });
//! }
//! # }
//! ```
//!
//! A socket acts when it is polled, which a server does all the time. A WebSocket whose handler neither reads nor
//! writes is cut when it next does.
//!
//! [`Cause::Stalled`]: longwave_core::Cause::Stalled
//! [`Connection`]: longwave_core::Connection
//! [`Lifeline`]: longwave_core::Lifeline

#[cfg(feature = "axum")]
mod axum;
#[cfg(feature = "hyper-util")]
mod buffers;
mod error;
mod io;
mod service;
mod settings;
mod socket;
#[cfg(test)]
mod tests;
#[cfg(feature = "tonic")]
mod tonic;

#[cfg(feature = "axum")]
pub use self::axum::{GuardedListener, GuardedMakeService, Making, WithAddress};
#[cfg(feature = "hyper-util")]
pub use self::buffers::LowBuffers;
pub use self::{error::Aborted, io::GuardedIo, service::GuardedService, settings::Guard, socket::Socket};
