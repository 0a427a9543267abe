//! What connects outboxes to channels and transports.
#![cfg(all(feature = "sse", feature = "tokio", feature = "ws"))]
#![allow(clippy::unwrap_used)]

mod bodies;
mod channels;
mod forms;
mod lag;
mod pump;
mod sockets;
mod support;
