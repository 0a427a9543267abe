//! The transport underneath: whether its peer takes what is written, and the means to cut it.

mod pace;
#[cfg(test)]
mod races;
mod shared;
mod state;
mod stream;
#[cfg(test)]
mod tests;
mod watch;

use std::{fmt, sync::Arc};

use tokio::time::Instant;

use self::shared::Shared;
pub use self::watch::{Side, Watch};
pub(crate) use self::{pace::Pace, shared::Keeping};
use crate::{EndReason, Lifeline, StreamKind, Tether};

/// A handle on the connection that a request came by.
///
/// Whoever owns the socket keeps [`Watch`] over it and puts a clone of this into the extensions of each request,
/// where [`Lifeline::of`] finds it. A connection whose reader has stopped asks no body for anything, so that
/// [`Lifeline::end`] alone would never reach it: the connection does, and is cut if nothing else helps.
///
/// Like a lifeline, a handle keeps nothing alive.
///
/// # Examples
///
/// ```
/// use longwave_core::{Cause, Lifeline, Watch};
///
/// let watch = Watch::new();
/// let mut request = http::Request::new(());
/// request.extensions_mut().insert(watch.connection().clone());
///
/// let lifeline = Lifeline::of(request.extensions_mut());
/// let tether = lifeline.carry();
/// assert_eq!(watch.connection().streams(), 1);
///
/// watch.connection().abort(Cause::Revoked);
/// assert_eq!(lifeline.reason().map(|reason| reason.cause()), Some(Cause::Revoked));
/// # drop(tether);
/// ```
#[derive(Clone)]
pub struct Connection {
    shared: Arc<Shared>,
}

/// What a connection's peer has taken so far.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Progress {
    accepted: u64,
    pending: usize,
    last: Option<Instant>,
}

impl Connection {
    /// Cuts the connection as soon as its owner looks, ends the lifelines of its requests, and tells whether it
    /// was not cut before.
    ///
    /// An owner that waits for the socket is woken.
    pub fn abort(&self, reason: impl Into<EndReason>) -> bool {
        self.shared.abort(&reason.into())
    }

    /// Why the connection was cut, if it was.
    #[must_use]
    pub fn aborted(&self) -> Option<EndReason> {
        self.shared.aborted()
    }

    /// Keeps a tether until the socket closes: what carries the stream now is the connection itself, as after
    /// an upgrade of which nothing more is known.
    ///
    /// If the socket is closed already, the tether is dropped at once.
    pub fn keep(&self, tether: Tether) {
        let lifeline = tether.lifeline().clone();
        lifeline.set_connection(self);
        let keeping = self.shared.keep(tether);
        if keeping == Keeping::Kept {
            lifeline.opened(StreamKind::WebSocket);
            lifeline.pace().open();
            self.wake();
        }
    }

    /// What the peer has taken so far.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.shared.progress()
    }

    /// How many streams are open on it: requests whose lifeline is carried.
    #[must_use]
    pub fn streams(&self) -> usize {
        self.shared.streams()
    }

    pub(crate) fn enter(&self, lifeline: Lifeline) {
        self.shared.enter(lifeline);
    }

    /// Forgets a lifeline; what is returned must be dropped outside of any lock, and then [`Self::left`].
    #[must_use]
    pub(crate) fn leave(&self, lifeline: &Lifeline) -> Option<Lifeline> {
        self.shared.leave(lifeline)
    }

    pub(crate) fn left(&self) {
        self.shared.wake_if_lost();
    }

    /// Makes the owner look.
    pub(crate) fn wake(&self) {
        self.shared.wake();
    }

    /// Makes the owner look if it goes by the deadlines of its lifelines.
    pub(crate) fn wake_if_watching(&self) {
        if self.shared.is_watching() {
            self.wake();
        }
    }
}

impl Progress {
    /// How many bytes the kernel has accepted since the connection began.
    #[must_use]
    pub const fn accepted(&self) -> u64 {
        self.accepted
    }

    /// How many bytes of the last write the kernel has refused; none if it has taken all.
    #[must_use]
    pub const fn pending(&self) -> usize {
        self.pending
    }

    /// When the kernel last accepted something.
    #[must_use]
    pub const fn last(&self) -> Option<Instant> {
        self.last
    }
}

/// Two handles are the same if they are of the same connection.
impl PartialEq for Connection {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl Eq for Connection {}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("streams", &self.streams())
            .field("progress", &self.progress())
            .field("aborted", &self.aborted())
            .finish()
    }
}
