//! Readers that stop, over real sockets.
#![cfg(all(feature = "axum", feature = "hyper", feature = "hyper-util"))]
#![allow(clippy::unwrap_used)]

mod crowd;
mod disconnects;
mod ends;
mod plain;
mod sockets;
mod stalls;
mod support;
#[cfg(feature = "tonic")]
mod tonic;
mod websocket;
