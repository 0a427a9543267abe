//! The word for ending a stream, and for letting go of things when it is really over.

mod deadline;
mod deadlines;
mod ended;
mod shared;
#[cfg(test)]
mod tests;
mod waiting;

use std::{fmt, sync::Arc, time::Duration};

use http::Extensions;
use tokio::time::Instant;

pub use self::{deadline::Deadline, ended::Ended};
use self::{deadlines::Deadlines, shared::Shared};
use crate::{Connection, EndReason, Heartbeat, Observer, Refused, StreamKind, connection::Pace};

/// The means to end a long-lived stream, with a reason, from anywhere.
///
/// One lifeline belongs to each request, in its extensions, and goes with it through every layer and into the
/// handler. Whoever has a reason to end the stream says so; whoever carries the stream listens.
///
/// A lifeline keeps nothing alive. A handler, a controller or a stray copy of the request may hold it for ever
/// without holding what was [handed to it](Self::hold): that goes with the last [`Tether`].
///
/// # Examples
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// use longwave_core::{Cause, Lifeline};
///
/// let mut request = http::Request::get("/feed").body(())?;
/// let lifeline = Lifeline::of(request.extensions_mut());
///
/// // Somewhere else: the login is taken back, and then the server shuts down.
/// assert!(lifeline.end(Cause::Revoked));
/// assert!(!lifeline.end(Cause::Draining), "the first reason wins");
///
/// // Where the stream is.
/// let reason = Lifeline::of(request.extensions_mut()).ended().await;
/// assert_eq!(reason.cause(), Cause::Revoked);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Lifeline {
    shared: Arc<Shared>,
}

/// The strong side of a [`Lifeline`]: as long as there is one, the stream counts as open.
///
/// Only what carries the stream holds one: the response future, the response body, the upgraded socket. When
/// the last one is dropped, so is everything that was [handed to the lifeline](Lifeline::hold).
#[must_use = "the stream counts as over when the last tether is dropped"]
pub struct Tether {
    lifeline: Lifeline,
}

impl Lifeline {
    /// Makes a lifeline for a stream that is no HTTP request.
    #[must_use]
    pub fn new() -> Self {
        Self { shared: Arc::default() }
    }

    /// Gets the lifeline of a request from its extensions, or puts one there.
    ///
    /// If there is a [`Connection`] among them, the lifeline is told of it.
    pub fn of(extensions: &mut Extensions) -> Self {
        let lifeline = extensions.get_or_insert_with(Self::new).clone();
        if let Some(connection) = extensions.get() {
            lifeline.set_connection(connection);
        }
        lifeline
    }

    /// Ends the stream for a reason, and tells whether it was not ended before: the first reason wins.
    ///
    /// Nothing that the lifeline holds is dropped in here, so it may be called under any lock.
    pub fn end(&self, reason: impl Into<EndReason>) -> bool {
        self.shared.end(|| reason.into())
    }

    /// Ends the stream at a point in time, unless it is to end earlier: the earliest wins.
    ///
    /// A timer runs only while somebody waits for the end.
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
    /// let (lifeline, now) = (Lifeline::new(), Instant::now());
    /// lifeline.end_at(now + Duration::from_secs(3600), Cause::AgedOut);
    /// lifeline.end_at(now + Duration::from_secs(900), Cause::Expired);
    /// assert_eq!(lifeline.ended().await.cause(), Cause::Expired);
    /// assert_eq!(now.elapsed().as_secs(), 900);
    /// # });
    /// # Ok::<_, std::io::Error>(())
    /// ```
    pub fn end_at(&self, deadline: Instant, reason: impl Into<EndReason>) {
        let reason = reason.into();
        self.shared.change_deadlines(|deadlines| deadlines.set_shared(deadline, reason));
    }

    /// Ends the stream at a point in time that can be [moved](Deadline::set), unless it is to end earlier for
    /// another reason.
    pub fn deadline(&self, at: Instant, reason: impl Into<EndReason>) -> Deadline {
        let reason = reason.into();
        let set = |deadlines: &mut Deadlines| {
            let key = deadlines.key();
            deadlines.set(key, at, reason);
            key
        };
        // Of a stream that is to end already there is nothing left to move.
        Deadline::new(self.clone(), self.shared.change_deadlines(set).unwrap_or_default())
    }

    /// Waits until the stream is to end, and gives the reason.
    ///
    /// Any number of tasks may wait. Waiting for a [deadline](Self::end_at) needs a tokio runtime with time.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub fn ended(&self) -> Ended {
        Ended::new(self.clone())
    }

    /// Whether the stream is to end, by one atomic load. A deadline counts once it has been noticed by
    /// somebody who [waits](Self::ended).
    #[must_use]
    #[inline]
    pub fn is_ended(&self) -> bool {
        self.shared.is_ended()
    }

    /// The reason, if the stream is to end.
    #[must_use]
    pub fn reason(&self) -> Option<EndReason> {
        self.shared.reason()
    }

    /// Hands over a guard, which is dropped when the stream is really over: with the last [`Tether`].
    ///
    /// Guards are dropped in the order they were handed over, outside of any lock of the lifeline. If the
    /// stream is over already, the guard is dropped at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use longwave_core::Lifeline;
    ///
    /// let (lifeline, permit) = (Lifeline::new(), Arc::new(()));
    /// let tether = lifeline.carry();
    /// lifeline.hold(permit.clone());
    /// assert_eq!(Arc::strong_count(&permit), 2);
    /// drop(tether);
    /// assert_eq!(Arc::strong_count(&permit), 1);
    /// ```
    pub fn hold(&self, guard: impl Send + 'static) {
        self.shared.hold(Box::new(guard));
    }

    /// Sets how the stream is kept alive, for whoever carries it; the last one to set it wins.
    pub fn set_heartbeat(&self, heartbeat: Heartbeat) {
        self.shared.set_heartbeat(heartbeat);
    }

    /// How the stream is to be kept alive, if somebody has set it.
    #[must_use]
    pub fn heartbeat(&self) -> Option<Heartbeat> {
        self.shared.heartbeat()
    }

    /// Sets the connection that the stream goes over; the first one stays.
    ///
    /// While the stream is carried, the connection counts it, and is cut if the stream is ended and does not go.
    pub fn set_connection(&self, connection: &Connection) {
        self.shared.set_connection(connection, self);
    }

    /// The connection that the stream goes over, if it is known.
    #[must_use]
    pub fn connection(&self) -> Option<&Connection> {
        self.shared.connection()
    }

    /// Makes a [`Tether`], for whoever carries the stream on.
    pub fn carry(&self) -> Tether {
        self.shared.carry(self);
        Tether { lifeline: self.clone() }
    }

    /// Sets who is told what becomes of the stream; the first one stays.
    pub fn set_observer(&self, observer: Arc<dyn Observer>) {
        self.shared.observe(observer);
    }

    /// Notes that the stream is open, and of which kind it is: for whoever carries it.
    ///
    /// [`StreamBody`](crate::StreamBody) and [`Connection::keep`] do; more than once counts as once.
    pub fn opened(&self, kind: StreamKind) {
        self.shared.opened(kind);
    }

    /// Notes that no stream of this kind will come of the request, and why: a short name, for a label of a metric.
    pub fn refused(&self, kind: StreamKind, reason: &'static str) {
        if let Some(observer) = self.shared.observer() {
            observer.refused(&Refused { kind, reason });
        }
    }

    /// Notes that a beat was sent.
    pub fn beaten(&self) {
        if let (Some(observer), Some(kind)) = (self.shared.observer(), self.shared.kind()) {
            observer.beat(kind);
        }
    }

    /// Notes that a beat was answered.
    pub fn answered(&self, round_trip: Duration) {
        if let (Some(observer), Some(kind)) = (self.shared.observer(), self.shared.kind()) {
            observer.answered(kind, round_trip);
        }
    }

    /// Which kind of stream it is, once it is open.
    #[must_use]
    pub fn kind(&self) -> Option<StreamKind> {
        self.shared.kind()
    }

    /// When the stream was last seen to have sent something other than beats, or was opened; `None` if it is not
    /// open yet.
    ///
    /// Of a WebSocket that is somebody else's, it is when anything was sent over its connection.
    #[must_use]
    pub fn last_sent(&self) -> Option<Instant> {
        self.shared.last_sent()
    }

    /// Notes that what was sent before `now` was all there is.
    pub(crate) fn sent(&self, now: Instant) {
        self.shared.sent(now);
    }

    /// Carries the stream as the socket that an upgrade will lead to, or as the future that waits for it.
    ///
    /// After a `101` the [`Connection`] then does not [keep](Connection::keep) the stream, nor does it cut it when it
    /// has ended and does not go: whoever has claimed it sees to both.
    pub fn claim(&self) -> Tether {
        self.shared.claim();
        self.carry()
    }

    pub(crate) fn is_claimed(&self) -> bool {
        self.shared.is_claimed()
    }

    pub(crate) fn pace(&self) -> &Pace {
        self.shared.pace()
    }

    /// Ends the stream if its deadline is not after `now`, and tells the deadline if it is.
    pub(crate) fn end_if_due(&self, now: Instant) -> Option<Instant> {
        self.shared.end_if_due(now);
        self.shared.deadline()
    }
}

impl Tether {
    /// The lifeline this is the strong side of.
    #[must_use]
    pub const fn lifeline(&self) -> &Lifeline {
        &self.lifeline
    }
}

impl Clone for Tether {
    fn clone(&self) -> Self {
        self.lifeline.carry()
    }
}

impl Drop for Tether {
    fn drop(&mut self) {
        let shared = &self.lifeline.shared;
        if let Some(released) = shared.release(&self.lifeline) {
            released.let_go(shared);
        }
    }
}

impl Default for Lifeline {
    fn default() -> Self {
        Self::new()
    }
}

/// Two lifelines are the same if they are of the same stream.
impl PartialEq for Lifeline {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl Eq for Lifeline {}

impl fmt::Debug for Lifeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lifeline").field("reason", &self.reason()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Tether {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tether").field("lifeline", &self.lifeline).finish()
    }
}
