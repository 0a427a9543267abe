//! Live sessions: deadlines, refresh, revocation, checks, and that nothing is left behind.

mod bus;
mod connections;
mod deadlines;
mod refreshing;
mod registry;
mod revalidation;
mod revocation;
mod support;
mod threads;
