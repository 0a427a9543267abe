//! Heartbeats for other people's WebSockets.

#[cfg(feature = "axum")]
mod axum;
mod beating;
mod heart;
mod message;
mod sink;
#[cfg(feature = "tungstenite")]
mod tungstenite;
mod wakers;

pub use self::{beating::Beating, message::HeartbeatMessage};
