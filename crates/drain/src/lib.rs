//! Lets a server whose streams are open for hours shut down.
//!
//! A graceful shutdown waits for every response to end, and an event stream does not: the deploy waits for
//! ever, or cuts everybody at once, and all of them come back in the same second. With this layer a [`Drain`]
//! first sends new streams elsewhere, and then ends the open ones one by one, spread over a window, each with
//! a reconnection time of its own.
//!
//! - [`Drain`] is the controller: it counts what is open, starts the drain, and says when the last stream is
//!   gone.
//! - [`DrainLayer`] goes around a service, outside of everything else that knows of streams, and registers
//!   them with the controller. It also gives streams a [maximal age](DrainLayer::max_age).
//! - [`Readiness`] answers a load balancer; [`DrainRank`] says which streams go first.
//!
//! # Examples
//!
//! With axum; the same with any server that has a graceful shutdown. There are runnable ones for axum and for
//! plain hyper in the folder `examples`.
//!
//! ```no_run
//! use std::{io, time::Duration};
//!
//! use axum::{Router, routing::get};
//! use longwave_drain::{Drain, DrainLayer};
//! use tokio::{net::TcpListener, sync::oneshot, time::timeout};
//!
//! async fn serve(listener: TcpListener, terminated: impl Future<Output = ()>) -> io::Result<()> {
//!     let drain = Drain::new();
//!     let app = Router::new()
//!         .route("/feed", get(|| async { "…" }))
//!         .layer(DrainLayer::new(&drain).max_age(Duration::from_secs(3600)))
//!         .route_service("/ready", drain.readiness());
//!
//!     let (stop, stopped) = oneshot::channel();
//!     let server = axum::serve(listener, app).with_graceful_shutdown(async { _ = stopped.await });
//!     let server = tokio::spawn(server.into_future());
//!
//!     terminated.await;
//!     // Requests are still answered, so that new streams can be sent elsewhere.
//!     let report = drain.run().await;
//!     println!("{report:?}");
//!     // Nothing but short requests is left, and perhaps readers that have stopped reading.
//!     _ = stop.send(());
//!     _ = timeout(Duration::from_secs(5), server).await;
//!     Ok(())
//! }
//! ```

/// The examples of the README, so that they stay true.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod drain;
mod future;
mod jitter;
mod layer;
mod rank;
mod readiness;
mod refusal;
mod registry;
mod report;
mod service;

pub use self::{
    drain::Drain, future::ResponseFuture, layer::DrainLayer, rank::DrainRank, readiness::Readiness,
    report::DrainReport, service::DrainService,
};
