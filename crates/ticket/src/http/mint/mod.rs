//! The endpoint that mints tickets.

mod future;
mod outcome;
mod service;
mod settings;

pub use self::{future::MintFuture, outcome::MintOutcome, service::MintService};
