//! What the layers and `collect` do to requests and responses.
#![allow(clippy::unwrap_used)]

mod collection;
mod common;
mod hosts;
mod layers;
mod logs;
mod origins;
mod properties;
mod redaction;
mod refusals;
mod socket;
mod subprotocols;
