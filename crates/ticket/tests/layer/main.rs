//! The layer that lets in those who have a ticket.
#![allow(clippy::unwrap_used)]

mod ambient;
mod anonymous;
mod authenticators;
mod bindings;
mod caching;
mod contract;
mod ending;
mod once;
mod outage;
mod refusing;
mod resuming;
mod sockets;
mod support;
