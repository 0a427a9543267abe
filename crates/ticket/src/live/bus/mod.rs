//! How nodes tell each other what is revoked.

mod local;

use std::{
    error::Error,
    fmt,
    future::Future,
    sync::atomic::{AtomicU8, Ordering},
};

pub use self::local::{LocalBus, LocalSubscription};
use super::Revocation;

/// Carries revocations to all nodes, the one among them that publishes them.
///
/// One that arrives twice, late, or out of order does no harm. What may be lost has to be owned up to, by
/// [`Delivery::Gap`]: what happens then is up to whoever [follows](super::Sessions::follow).
pub trait RevocationBus: Send + Sync {
    /// What comes out of it.
    type Subscription: Subscription;

    /// Hands a revocation to all who have subscribed.
    fn publish(&self, revocation: Revocation) -> impl Future<Output = Result<(), BusError>> + Send;

    /// Starts to listen: what is published from then on is delivered.
    fn subscribe(&self) -> impl Future<Output = Result<Self::Subscription, BusError>> + Send;
}

/// The receiving end of a [`RevocationBus`], which sees to it by itself that it is connected again.
pub trait Subscription: Send {
    /// Waits for what comes next.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future has to lose nothing.
    fn next(&mut self) -> impl Future<Output = Delivery> + Send;
}

/// What comes out of a [`RevocationBus`].
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Delivery {
    /// Something was revoked.
    Revocation(Revocation),
    /// The bus is gone for now, so that nothing arrives.
    Interrupted,
    /// The bus is back. What was missed comes, if it has kept it; if it may not have, there is a gap as well.
    Resumed,
    /// Some revocations are lost.
    Gap,
}

/// What to do when revocations of other nodes were missed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum OnGap {
    /// End all sessions, and refuse all tickets that were issued until then: nobody stays who should not, and all others
    /// have to come back.
    EndAll,
    /// Check all logins now, by the [hook](super::SessionsBuilder::revalidate), and those of tickets that were issued until
    /// then as soon as they open anything; if there is no hook, end all.
    Revalidate,
    /// Go on: whoever was revoked stays until the deadline, or the next check.
    Continue,
}

/// How it stands with the bus; a gauge for metrics.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum BusState {
    /// None is followed.
    Off,
    /// Revocations of other nodes arrive.
    Connected,
    /// They do not.
    Interrupted,
}

/// A bus does not take a revocation, or does not deliver any.
#[derive(Debug)]
pub struct BusError {
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl BusError {
    /// Makes an error out of what the bus says.
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()) }
    }
}

impl fmt::Display for BusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("revocation bus is not available")
    }
}

impl Error for BusError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl BusState {
    pub(super) const fn from_u8(state: u8) -> Self {
        match state {
            1 => Self::Connected,
            2 => Self::Interrupted,
            _ => Self::Off,
        }
    }
}

/// Keeps the state of the bus while somebody follows it.
pub(super) struct Following<'a>(pub(super) &'a AtomicU8);

impl Following<'_> {
    pub(super) fn set(&self, state: BusState) {
        let state = match state {
            BusState::Off => 0,
            BusState::Connected => 1,
            BusState::Interrupted => 2,
        };
        self.0.store(state, Ordering::Relaxed);
    }
}

impl Drop for Following<'_> {
    fn drop(&mut self) {
        self.set(BusState::Off);
    }
}
