//! The channels of tokio as streams of deliveries.

mod again;
mod broadcast;
mod watch;

pub use self::{broadcast::Broadcast, watch::Watch};
