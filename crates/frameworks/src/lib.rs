//! The whole stack of longwave in the frameworks it is for.
//!
//! A [`Framework`] serves the same few routes, each with what that framework has for them, behind the same
//! [layers](Layers) and on the same [guarded](longwave_backpressure::guard) sockets. The tests run each of them
//! over real sockets through the same assertions.
//!
//! | route | what it is |
//! |---|---|
//! | [`Feed`](Route::Feed) | an event stream that says nothing; in tonic a call that streams nothing |
//! | [`Flood`](Route::Flood) | one that always has more to say |
//! | [`Plain`](Route::Plain) | a small body of known length; in tonic a unary call |
//! | [`Socket`](Route::Socket) | a WebSocket by the framework's own means, which knows nothing of longwave; not in tonic |
//! | [`Echo`](Route::Echo) | a WebSocket by `longwave-ws-hyper`, which sends everything back; not in tonic |

mod axum;
mod echo;
mod hyper;
mod layers;
mod marks;
mod running;
pub mod salvo;
mod tonic;
mod witness;

use std::{future::Future, io};

use longwave_backpressure::guard::Guard;
use tokio::{net::TcpListener, sync::oneshot};

pub use self::{
    axum::Axum,
    hyper::Hyper,
    layers::{Layers, Logins, Stack, User},
    marks::{MARKED, TOLD},
    running::Running,
    salvo::Salvo,
    tonic::Tonic,
    witness::{Opened, Witness, WitnessService},
};

/// A framework that the stack runs in.
pub trait Framework {
    /// What its clients speak.
    const DIALECT: Dialect;

    /// What its server can be spoken to over.
    const WIRES: &'static [Wire];

    /// Serves the routes until it is told to stop, and then shuts down as the framework does it gracefully.
    fn serve(
        listener: TcpListener,
        guard: Guard,
        layers: Layers,
        stop: oneshot::Receiver<()>,
    ) -> impl Future<Output = io::Result<()>> + Send + 'static;

    /// The exact size that the body of [`Route::Plain`] promises after all layers, without a socket.
    ///
    /// None in tonic, where trailers follow, and in salvo, whose adapter for layers of tower forgets it.
    fn plain_size(layers: Layers) -> impl Future<Output = Option<u64>> + Send;
}

/// What is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Route {
    /// A stream that says nothing.
    Feed,
    /// A stream that always has more to say.
    Flood,
    /// A small response of known length.
    Plain,
    /// A WebSocket of the framework's.
    Socket,
    /// A WebSocket of longwave's.
    Echo,
}

/// What streams look like to a client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Dialect {
    /// Event streams.
    Events,
    /// Calls of gRPC.
    Grpc,
}

/// The version of HTTP.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wire {
    /// HTTP/1.1
    Http1,
    /// HTTP/2, without TLS.
    Http2,
}

impl Route {
    /// The path of the route.
    #[must_use]
    pub const fn path(self, dialect: Dialect) -> &'static str {
        match (dialect, self) {
            (Dialect::Events, Self::Feed) => "/feed",
            (Dialect::Events, Self::Flood) => "/flood",
            (Dialect::Events, Self::Plain) => "/plain",
            (_, Self::Socket) => "/socket",
            (_, Self::Echo) => "/echo",
            (Dialect::Grpc, Self::Feed) => "/longwave.Streams/Feed",
            (Dialect::Grpc, Self::Flood) => "/longwave.Streams/Flood",
            (Dialect::Grpc, Self::Plain) => "/longwave.Streams/Plain",
        }
    }
}

/// What [`Route::Plain`] says.
pub const HELLO: &str = "hello";
/// In each event or message of [`Route::Flood`].
const FILL: usize = 1000;
