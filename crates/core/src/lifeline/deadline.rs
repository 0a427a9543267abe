use tokio::time::Instant;

use super::{Lifeline, deadlines::Key};
use crate::EndReason;

/// A deadline of a stream that can be moved, for whoever may grant it more time; made by [`Lifeline::deadline`].
///
/// It stays as it is when this is dropped: a login does not last longer because nobody renews it.
///
/// # Examples
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?.block_on(async {
/// use std::time::Duration;
///
/// use longwave_core::{Cause, Lifeline};
/// use tokio::time::Instant;
///
/// let (lifeline, start, minute) = (Lifeline::new(), Instant::now(), Duration::from_secs(60));
/// let login = lifeline.deadline(start + minute, Cause::Expired);
/// lifeline.end_at(start + 10 * minute, Cause::AgedOut);
///
/// // The login is renewed, and then taken for granted.
/// login.set(start + 5 * minute, Cause::Expired);
/// login.lift();
/// assert_eq!(lifeline.ended().await.cause(), Cause::AgedOut);
/// # });
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Deadline {
    lifeline: Lifeline,
    key: Key,
}

impl Deadline {
    pub(super) const fn new(lifeline: Lifeline, key: Key) -> Self {
        Self { lifeline, key }
    }

    /// Moves the deadline, to an earlier or a later time.
    pub fn set(&self, at: Instant, reason: impl Into<EndReason>) {
        let reason = reason.into();
        self.lifeline.shared.change_deadlines(|deadlines| deadlines.set(self.key, at, reason));
    }

    /// Takes the deadline away.
    pub fn lift(&self) {
        self.lifeline.shared.change_deadlines(|deadlines| deadlines.remove(self.key));
    }

    /// The stream it is of.
    #[must_use]
    pub const fn lifeline(&self) -> &Lifeline {
        &self.lifeline
    }
}
