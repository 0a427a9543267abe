//! Tickets from their minting to their redemption, and everything that must not work.
#![allow(clippy::unwrap_used)]

mod bindings;
mod bounds;
mod concurrency;
mod forms;
#[cfg(feature = "serde_json")]
mod json;
mod keys;
mod properties;
mod python;
mod remote;
mod replay;
mod skew;
mod store;
mod support;
mod times;
mod traces;
mod vectors;
