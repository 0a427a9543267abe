use std::{fmt, sync::Arc, time::Duration};

use crate::{EndReason, StreamKind};

/// Is told what becomes of streams, so that somebody can count it.
///
/// An [`ObserverLayer`](crate::ObserverLayer) puts one on the lifeline of each request, where whatever carries,
/// refuses or keeps the stream alive finds it. No metrics library is meant here; one is wired in a few
/// lines (see `examples/metrics.rs`), by these names:
///
/// | metric | from |
/// |---|---|
/// | `connections.active` | [`opened`](Self::opened) less [`closed`](Self::closed) |
/// | `connections.opened_total`, `connections.handshake_seconds` | [`opened`](Self::opened) |
/// | `connections.closed_total{code, reason}`, `connections.connection_age_seconds` | [`closed`](Self::closed) |
/// | `connections.handshake_rejected_total{reason}` | [`refused`](Self::refused) |
/// | `heartbeat.beats_sent_total` | [`beat`](Self::beat) |
/// | `heartbeat.rtt_seconds` | [`answered`](Self::answered) |
/// | `heartbeat.negotiated_interval_seconds` | [`opened`](Self::opened) |
/// | `heartbeat.timeout_close_total` | [`closed`](Self::closed) by [`Cause::Unresponsive`](crate::Cause::Unresponsive) |
/// | `queue.dropped_total{policy}`, `queue.dropped_bytes_total{policy}` | [`lost`](Self::lost) |
/// | `queue.conflated_total` | [`lost`](Self::lost) |
/// | `queue.ended_total{reason}` | [`lost`](Self::lost) |
/// | `queue.slow_close_total` | [`closed`](Self::closed) by [`Cause::Stalled`](crate::Cause::Stalled) |
///
/// The methods do nothing unless they are implemented. They are called in the middle of things, though never
/// under a lock, so they must neither wait nor panic. A tuple of two observers is one, and so is an `Arc`.
///
/// # Examples
///
/// ```
/// use std::sync::atomic::{AtomicI64, Ordering};
///
/// use longwave_core::{Closed, Observer, ObserverLayer, Opened};
///
/// #[derive(Default)]
/// struct Active(AtomicI64);
///
/// impl Observer for Active {
///     fn opened(&self, _: &Opened) {
///         self.0.fetch_add(1, Ordering::Relaxed);
///     }
///
///     fn closed(&self, _: &Closed) {
///         self.0.fetch_sub(1, Ordering::Relaxed);
///     }
/// }
///
/// let layer = ObserverLayer::new(Active::default());
/// # let _ = layer;
/// ```
pub trait Observer: Send + Sync + 'static {
    /// A stream is open: there is a response head that says so.
    fn opened(&self, opened: &Opened) {
        let _ = opened;
    }

    /// A stream that was open is over: nobody carries it any more.
    fn closed(&self, closed: &Closed) {
        let _ = closed;
    }

    /// A stream was refused by one of the layers.
    fn refused(&self, refused: &Refused) {
        let _ = refused;
    }

    /// A beat was sent.
    fn beat(&self, kind: StreamKind) {
        let _ = kind;
    }

    /// A beat was answered after this time.
    fn answered(&self, kind: StreamKind, round_trip: Duration) {
        let _ = (kind, round_trip);
    }

    /// A queue for one consumer has dropped items or replaced them, or has ended for its consumer's slowness.
    fn lost(&self, lost: &Lost) {
        let _ = lost;
    }
}

/// A stream that has been opened; for an [`Observer`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Opened {
    /// Which kind of stream it is.
    pub kind: StreamKind,
    /// From the request to the head of the response.
    pub handshake: Duration,
    /// How long it may be silent, if it has a heartbeat.
    pub interval: Option<Duration>,
}

/// A stream that is over; for an [`Observer`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Closed {
    /// Which kind of stream it was.
    pub kind: StreamKind,
    /// Why it was ended; `None` if the peer has left. A body that came to its own end is
    /// [`Cause::Closed`](crate::Cause::Closed), one that failed [`Cause::Failed`](crate::Cause::Failed).
    pub reason: Option<EndReason>,
    /// How long it was open.
    pub age: Duration,
}

/// A request for a stream that was refused; for an [`Observer`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Refused {
    /// Which kind of stream was asked for.
    pub kind: StreamKind,
    /// A short name for why, for a label of a metric: `draining`, `limit_key`, `limit_total`.
    pub reason: &'static str,
}

/// What one consumer does not get of what was sent to it; for an [`Observer`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Lost {
    /// A short name for what its queue does when it is full, for a label of a metric: `drop_oldest`.
    pub policy: &'static str,
    /// How many items were dropped.
    pub dropped: u64,
    /// What they weighed, in bytes.
    pub bytes: u64,
    /// How many items were replaced by newer ones with their keys.
    pub conflated: u64,
    /// A short name for why the queue has ended early, if it has just done so.
    pub ended: Option<&'static str>,
}

impl Lost {
    /// Makes one that says that nothing was lost.
    #[must_use]
    pub const fn new(policy: &'static str) -> Self {
        Self { policy, dropped: 0, bytes: 0, conflated: 0, ended: None }
    }
}

/// An observer, shared; it has nothing to show.
#[derive(Clone)]
pub(crate) struct Shared(pub(crate) Arc<dyn Observer>);

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

impl<T: Observer + ?Sized> Observer for Arc<T> {
    fn opened(&self, opened: &Opened) {
        (**self).opened(opened);
    }

    fn closed(&self, closed: &Closed) {
        (**self).closed(closed);
    }

    fn refused(&self, refused: &Refused) {
        (**self).refused(refused);
    }

    fn beat(&self, kind: StreamKind) {
        (**self).beat(kind);
    }

    fn answered(&self, kind: StreamKind, round_trip: Duration) {
        (**self).answered(kind, round_trip);
    }

    fn lost(&self, lost: &Lost) {
        (**self).lost(lost);
    }
}

impl<A: Observer, B: Observer> Observer for (A, B) {
    fn opened(&self, opened: &Opened) {
        self.0.opened(opened);
        self.1.opened(opened);
    }

    fn closed(&self, closed: &Closed) {
        self.0.closed(closed);
        self.1.closed(closed);
    }

    fn refused(&self, refused: &Refused) {
        self.0.refused(refused);
        self.1.refused(refused);
    }

    fn beat(&self, kind: StreamKind) {
        self.0.beat(kind);
        self.1.beat(kind);
    }

    fn answered(&self, kind: StreamKind, round_trip: Duration) {
        self.0.answered(kind, round_trip);
        self.1.answered(kind, round_trip);
    }

    fn lost(&self, lost: &Lost) {
        self.0.lost(lost);
        self.1.lost(lost);
    }
}
