//! What a socket does by itself: on pipes and a clock of the test's.
#![allow(clippy::unwrap_used)]

mod ends;
mod halves;
mod heartbeats;
mod messages;
mod sending;
mod support;
