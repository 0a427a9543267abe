use std::{
    future::{self, Future},
    time::Duration,
};

/// The time that a [`Pump`](super::Pump) tells to its outbox.
///
/// A closure that returns the time is one, and needs no runtime; then time passes only when something else happens.
/// With the feature `tokio` there is `TokioClock`, with which it passes also while all is quiet.
pub trait Clock {
    /// The future of [`Self::wait`].
    type Wait: Future<Output = ()>;

    /// The time since the point that was chosen for the outbox.
    fn now(&self) -> Duration;

    /// Waits for a time, or for ever if this clock wakes nobody.
    fn wait(&self, time: Duration) -> Self::Wait;
}

impl<F: Fn() -> Duration> Clock for F {
    type Wait = future::Pending<()>;

    fn now(&self) -> Duration {
        self()
    }

    fn wait(&self, _: Duration) -> Self::Wait {
        future::pending()
    }
}

/// The clock of tokio, as the time since one was started.
///
/// Copies agree on the time. Have one for all outboxes of a [`Fan`](super::Fan) or of a
/// [`Budget`](super::Budget). Where tokio's clock is paused, so is this.
///
/// # Examples
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// use longwave_backpressure::outbox::{Class, Fan, Limits, Outbox, TokioClock};
///
/// let clock = TokioClock::start();
/// let fan = Fan::new();
/// let reader = fan.subscribe(&Outbox::new(Limits::new(1024, 16)), clock.now());
/// fan.publish(Class::Live, "hello", clock.now());
/// # drop(reader);
/// # });
/// ```
#[cfg(feature = "tokio")]
#[derive(Clone, Copy, Debug)]
pub struct TokioClock {
    start: tokio::time::Instant,
}

#[cfg(feature = "tokio")]
impl TokioClock {
    /// Starts a clock at zero.
    #[must_use]
    pub fn start() -> Self {
        Self { start: tokio::time::Instant::now() }
    }

    /// Returns the time since it was started.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.start.elapsed()
    }
}

/// # Panics
///
/// `wait`, outside of a runtime with a timer.
#[cfg(feature = "tokio")]
impl Clock for TokioClock {
    type Wait = tokio::time::Sleep;

    fn now(&self) -> Duration {
        self.start.elapsed()
    }

    fn wait(&self, time: Duration) -> Self::Wait {
        tokio::time::sleep(time)
    }
}
