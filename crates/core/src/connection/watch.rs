use std::{sync::Arc, task::Waker, time::Duration};

use tokio::time::Instant;

use super::Connection;
use crate::EndReason;

/// The side of a [`Connection`] that belongs to whoever owns the socket; dropped when the socket is closed.
///
/// It has no clock and no timer: the owner says what time it is, and looks again when it is told to. All of this
/// is for those who write a listener.
///
/// - A reader that **stops**: the kernel refuses bytes, and has accepted none for a while. Or, over HTTP/2,
///   a body is not asked for more, while hardly a byte goes over the connection. The lifelines of the streams
///   concerned are ended with [`Cause::Stalled`](crate::Cause::Stalled).
/// - A stream that is **ended** and does not go away within a grace.
/// - When every stream of the connection is lost in one of these ways, the connection is cut. Over HTTP/1.1, with
///   one stream at a time, that is at once. A response whose head is still being made is not lost.
///
/// # Examples
///
/// ```
/// use std::{task::Waker, time::Duration};
///
/// use longwave_core::{Cause, Side, Watch};
/// use tokio::time::Instant;
///
/// let (mut watch, start) = (Watch::new().with_stall(Duration::from_secs(30)), Instant::now());
/// watch.accepted(4000, start);
/// watch.refused(96, start);
/// let look_again = watch.judge(Side::Write, Waker::noop(), start).expect("nothing is wrong yet");
/// assert_eq!(look_again, Some(start + Duration::from_secs(30)));
///
/// let reason = watch.judge(Side::Write, Waker::noop(), start + Duration::from_secs(30)).unwrap_err();
/// assert_eq!(reason.cause(), Cause::Stalled);
/// ```
#[derive(Debug)]
#[must_use = "the connection counts as closed when its watch is dropped"]
pub struct Watch {
    connection: Connection,
    limits: Limits,
}

/// Which of its tasks a connection is looked at by: after an upgrade, one may read while another writes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Side {
    /// The one that reads.
    Read,
    /// The one that writes.
    Write,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) stall: Duration,
    pub(super) grace: Duration,
}

impl Watch {
    /// Begins to watch a connection: a reader may stop for 30 s, and a stream that is ended has 1 s to go.
    pub fn new() -> Self {
        let shared = Arc::default();
        Self { connection: Connection { shared }, limits: Limits { stall: STALL, grace: GRACE } }
    }

    /// Sets for how long a reader may stop.
    pub const fn with_stall(mut self, stall: Duration) -> Self {
        self.limits.stall = stall;
        self
    }

    /// Sets for how long a stream that is ended may take to go.
    pub const fn with_grace(mut self, grace: Duration) -> Self {
        self.limits.grace = grace;
        self
    }

    /// The handle for everyone else.
    #[must_use]
    pub const fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Notes that the kernel has accepted bytes.
    pub fn accepted(&mut self, bytes: usize, now: Instant) {
        self.connection.shared.accepted(bytes, now);
    }

    /// Notes that the kernel has refused bytes.
    pub fn refused(&mut self, bytes: usize, now: Instant) {
        self.connection.shared.refused(bytes, now);
    }

    /// Tells whether the connection may go on, and when to look again if nothing happens before.
    ///
    /// To be called after each read and write; a waker is kept for each side, and woken when it has to be called
    /// for another reason than time.
    ///
    /// # Errors
    ///
    /// The reason for which the connection has to be cut; it is the same from then on.
    pub fn judge(
        &mut self,
        side: Side,
        waker: &Waker,
        now: Instant,
    ) -> Result<Option<Instant>, Box<EndReason>> {
        self.connection.shared.judge(side, waker, now, self.limits)
    }
}

impl Default for Watch {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.connection.shared.close();
    }
}

const GRACE: Duration = Duration::from_secs(1);
const STALL: Duration = Duration::from_secs(30);
