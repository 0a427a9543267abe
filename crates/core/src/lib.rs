//! What every layer for long-lived HTTP streams has to agree on.
//!
//! Ticket expiry, revocation, drain, slow readers, dead peers and age limits all want the same two things of a
//! stream that is open for hours: to end it, with a reason, and to let go of something when it is really
//! over. That is a [`Lifeline`].
//!
//! - [`Lifeline`] ends a stream, for everyone who holds one; [`Tether`] is its strong side, for whoever carries
//!   the stream.
//! - [`EndReason`] is why, in the words of a WebSocket and of an event stream.
//! - [`Schedule`] says when to beat and when a peer is dead.

mod end_reason;
mod lifeline;
mod schedule;

pub use self::{
    end_reason::{Cause, EndReason, Reconnect},
    lifeline::{Ended, Lifeline, Tether},
    schedule::{Due, Schedule},
};
