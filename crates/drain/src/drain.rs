use std::{fmt, future::Future, ops::RangeInclusive, pin::pin, sync::Arc, time::Duration};

use longwave_core::{Cause, EndReason, Reconnect};
use tokio::time::{Instant, timeout_at};

use crate::{
    DrainReport, Readiness,
    jitter::{random, share},
    registry::{Plan, Registry},
};

/// Ends the open streams of a server, spread over a window, when it is to be shut down or replaced.
///
/// From the [start](Self::start) of the drain
///
/// - a new event stream (a GET) gets `200 text/event-stream` with a `retry` of its own, and ends: any other
///   status would make a browser's `EventSource` give up for good;
/// - a new WebSocket and a new gRPC call get `503` with `Retry-After`;
/// - any other request is answered as ever, over HTTP/1.1 with `Connection: close`;
/// - the open streams are ended one by one, lowest [rank](crate::DrainRank) first and among these whoever has been
///   silent for longest: an event stream with a
///   `retry`, a WebSocket with close code 1012, a gRPC call with `grpc-status: 14`. One that turns up later,
///   by a request that was under way or did not say what it asks for, has its time in the rest of the window.
///
/// Clones are handles of the same drain. What is set on one counts for what is started by that one.
///
/// # Examples
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// use std::time::Duration;
///
/// use longwave_drain::Drain;
///
/// let drain = Drain::new()
///     .window(Duration::from_secs(50))
///     .deadline(Duration::from_secs(55))
///     .reconnect(Duration::from_secs(1)..=Duration::from_secs(10));
///
/// let report = drain.run().await;
/// assert_eq!((report.ended, report.gone, report.left_over), (0, 0, 0));
/// assert!(drain.is_draining());
/// # });
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct Drain {
    registry: Arc<Registry>,
    window: Duration,
    deadline: Duration,
    reconnect: Reconnect,
}

impl Drain {
    /// Makes a drain that takes up to 25 s, and is waited for 30 s: what Kubernetes gives a pod by default.
    #[must_use]
    pub fn new() -> Self {
        Self {
            registry: Arc::default(),
            window: WINDOW,
            deadline: DEADLINE,
            reconnect: EndReason::new(Cause::Draining).reconnection().clone(),
        }
    }

    /// Sets the window that the ends are spread over; 25 s unless set.
    ///
    /// Few streams take less: no more than half a second each on average.
    #[must_use]
    pub fn window(self, window: Duration) -> Self {
        Self { window, ..self }
    }

    /// Sets how long the drain is waited for, from its start; 30 s unless set. A window that is longer is
    /// cut.
    ///
    /// A stream that is told to end has up to a second to come to the end of an event, and a WebSocket has to
    /// wait for the answer to its close frame, so leave a few seconds between the two.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// Sets the range from which each client gets the time after which it comes back; 1 to 5 s unless set.
    #[must_use]
    pub fn reconnect(self, range: RangeInclusive<Duration>) -> Self {
        Self { reconnect: Reconnect::After(range), ..self }
    }

    /// Starts the drain, unless it has started already. There is no way back.
    ///
    /// It goes on whether or not anybody [waits](Self::drained) for it, without a task of its own: each
    /// stream is told when to end.
    ///
    /// # Examples
    ///
    /// ```
    /// use longwave_drain::Drain;
    ///
    /// let drain = Drain::new();
    /// assert!(!drain.is_draining());
    /// drain.start();
    /// assert!(drain.is_draining());
    /// ```
    pub fn start(&self) {
        let start = Instant::now();
        let reason = EndReason::new(Cause::Draining).reconnect(self.reconnect.clone());
        let mut window = Duration::ZERO;
        let streams = self.registry.start(|open| {
            let unhurried = SLOWEST.saturating_mul(u32::try_from(open).unwrap_or(u32::MAX));
            window = self.window.min(self.deadline).min(unhurried);
            Plan {
                // It is no longer than that by far.
                close: start.checked_add(window).unwrap_or(start),
                deadline: start.checked_add(self.deadline),
                reason: reason.clone(),
            }
        });
        let Some(streams) = streams else { return };
        let streams =
            streams.into_iter().map(|(rank, lifeline)| ((rank, lifeline.last_sent(), random()), lifeline));
        let mut streams: Vec<_> = streams.collect();
        // Whoever has been silent for longest goes first.
        streams.sort_unstable_by_key(|&(place, _)| place);
        let n = streams.len();
        for (i, ((_, _, random), lifeline)) in streams.into_iter().enumerate() {
            // What has decided on the place does not decide on the time once more.
            let due = share(window, i, n, random.rotate_left(32));
            if let Some(at) = start.checked_add(due) {
                lifeline.end_at(at, reason.clone());
            }
        }
    }

    /// Waits until the drain has started and the last stream is gone, or until the
    /// [deadline](Self::deadline).
    ///
    /// Requests that are no streams are not waited for: the server's own shutdown does that. Any number of
    /// tasks may wait. It needs a tokio runtime with time.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing, and the drain goes on.
    ///
    /// # Examples
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
    /// use longwave_drain::Drain;
    ///
    /// let drain = Drain::new();
    /// let drained = drain.drained();
    /// drain.start();
    /// assert_eq!(drained.await.left_over, 0);
    /// # });
    /// # Ok::<_, std::io::Error>(())
    /// ```
    pub fn drained(&self) -> impl Future<Output = DrainReport> + Send + use<> {
        let registry = self.registry.clone();
        async move {
            loop {
                let mut changed = pin!(registry.changed().notified());
                // From here on no change is missed.
                changed.as_mut().enable();
                let Some(plan) = registry.plan() else {
                    changed.await;
                    continue;
                };
                let report = registry.report();
                if report.left_over == 0 {
                    return report;
                }
                match plan.deadline {
                    None => changed.await,
                    Some(deadline) => {
                        if timeout_at(deadline, changed).await.is_err() {
                            return registry.report();
                        }
                    }
                }
            }
        }
    }

    /// Starts the drain, unless it has started already, and waits as [`drained`](Self::drained) does.
    ///
    /// Like any `async fn` it starts when it is polled.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing, and the drain goes on.
    pub fn run(&self) -> impl Future<Output = DrainReport> + Send + use<> {
        let drain = self.clone();
        async move {
            drain.start();
            drain.drained().await
        }
    }

    /// Whether the drain has started.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.registry.plan().is_some()
    }

    /// How many streams are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.registry.open()
    }

    /// How many requests are in flight: the open streams, and the others until there is a response; if nobody
    /// knows how long that will be, until its body is over.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.registry.open() + self.registry.requests()
    }

    /// Makes a service for a load balancer to ask whether it may send anything here.
    #[must_use]
    pub fn readiness(&self) -> Readiness {
        Readiness::new(self.clone())
    }

    pub(crate) const fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }
}

impl Default for Drain {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Drain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain")
            .field("window", &self.window)
            .field("deadline", &self.deadline)
            .field("reconnect", &self.reconnect)
            .field("draining", &self.is_draining())
            .field("open", &self.open())
            .finish_non_exhaustive()
    }
}

const WINDOW: Duration = Duration::from_secs(25);
const DEADLINE: Duration = Duration::from_secs(30);

/// The average time between two ends that few streams get at most, so that a server with three of them does
/// not take as long as one with thousands.
const SLOWEST: Duration = Duration::from_millis(500);
