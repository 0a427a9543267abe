//! What every layer for long-lived HTTP streams has to agree on.
//!
//! Ticket expiry, revocation, drain, slow readers, dead peers and age limits all want the same two things of a
//! stream that is open for hours: to end it, with a reason, and to let go of something when it is really
//! over. That is a [`Lifeline`].
//!
//! - [`Lifeline`] ends a stream, for everyone who holds one; [`Tether`] is its strong side, for whoever carries
//!   the stream.
//! - [`Connection`] is the transport underneath, which [`Watch`] cuts when a stream cannot be ended otherwise.
//! - [`EndReason`] is why, in the words of a WebSocket and of an event stream.
//! - [`StreamBody`] is the one wrapper around a response body, which [`Attach`] puts there: it beats, ends, and
//!   holds the tether.
//! - [`StreamKind`] tells what a request asks for and what a response is; [`Heartbeat`] is how to keep it alive.
//! - [`Observer`] is told what becomes of streams, by an [`ObserverLayer`]; with the feature `tracing`, there is
//!   one that emits events.
//! - [`Schedule`] says when to beat and when a peer is dead.

#![cfg_attr(docsrs, feature(doc_cfg))]

/// The examples of the README, so that they stay true.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod connection;
mod end_reason;
mod heartbeat;
mod lifeline;
mod observer;
mod observer_layer;
mod schedule;
mod stream_body;
mod stream_kind;
#[cfg(feature = "tracing")]
mod tracing;

use std::{collections::hash_map::RandomState, hash::BuildHasher};

#[cfg(feature = "tracing")]
pub use self::tracing::Tracing;
pub use self::{
    connection::{Connection, Progress, Side, Watch},
    end_reason::{Cause, EndReason, Reconnect},
    heartbeat::Heartbeat,
    lifeline::{Deadline, Ended, Lifeline, Tether},
    observer::{Closed, Lost, Observer, Opened, Refused},
    observer_layer::{Observed, ObserverLayer},
    schedule::{Due, Schedule},
    stream_body::{Attach, StreamBody},
    stream_kind::StreamKind,
};

/// Random bits for jitter: the standard library's keys, which an attacker who guesses them gains nothing by.
fn random() -> u64 {
    RandomState::new().hash_one(())
}
