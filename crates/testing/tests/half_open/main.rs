//! Peers that are gone without a word: no end, no reset, only silence.
//!
//! What finds them is not the same for a host that has vanished, whose kernel answers nothing, and for one in the
//! middle that goes on to acknowledge what nobody reads.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod peer;
mod relay;
mod rights;
mod server;
mod swallowed;
mod vanished;
