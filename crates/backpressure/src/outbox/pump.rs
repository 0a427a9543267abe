use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use pin_project_lite::pin_project;

use super::{Class, Clock, Closed, End, Outbox, Receiver, SendError, Sender, Sent, Verdict};

pin_project! {
    /// Reads any stream into an outbox, on and on, whatever the consumer does; made by [`Outbox::pump`].
    ///
    /// It is a future for a task of its own. Its items are live ones. Only with [`Policy::Wait`](super::Policy::Wait)
    /// it reads no further while there is no room; with the others the source is never held up by a slow reader.
    ///
    /// - **It ends** when the source has ended: `Ok`, and the consumer still gets what waits. Or, at once, when the
    ///   consumer is gone or the outbox has ended: [`Closed`]. Either way, or when it is dropped, it lets go of both.
    /// - **It tells the time** whenever it does something, and with a [`Clock`] that can wait also while something
    ///   waits in the outbox, at [intervals](Self::every). While nothing waits it has no timer.
    /// - An item that is heavier than the outbox may hold ends it with [`End::Overflow`] where the policy does not say
    ///   otherwise: nothing is dropped in silence.
    ///
    /// # Cancel safety
    ///
    /// The source is read into the outbox and nowhere else, but for one item that waits for room and goes with the
    /// future.
    #[must_use = "nothing is read unless the future is polled"]
    pub struct Pump<S: Stream, C: Clock> {
        #[pin]
        source: Option<S>,
        sender: Option<Sender<S::Item>>,
        // Read, and there was no room for it.
        held: Option<S::Item>,
        clock: C,
        every: Duration,
        slow: Slow,
        #[pin]
        wait: Option<C::Wait>,
    }
}

/// What becomes of a reader that is too slow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Slow {
    Stays,
    Ends,
}

impl<T> Outbox<T> {
    /// Opens an outbox for what a stream yields, and returns the future that reads it, and the consumer's side.
    ///
    /// - `clock`: tells the time; `TokioClock` (feature `tokio`), or a closure.
    ///
    /// # Examples
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::time::Instant;
    ///
    /// use futures_util::{StreamExt, stream};
    /// use longwave_backpressure::outbox::{Deliveries, Limits, Outbox, Policy};
    ///
    /// let start = Instant::now();
    /// let outbox = Outbox::new(Limits::new(64 * 1024, 2)).policy(Policy::DropOldest);
    /// let (pump, receiver) = outbox.pump(stream::iter(["one", "two", "three"]), move || start.elapsed());
    /// let pump = tokio::spawn(pump);
    /// assert_eq!(pump.await.expect("it does not panic"), Ok(()));
    ///
    /// let words = receiver.pass_over_lag();
    /// assert_eq!(words.collect::<Vec<_>>().await, ["two", "three"]);
    /// # });
    /// ```
    #[must_use = "nothing is read unless the future is polled"]
    pub fn pump<S, C>(&self, source: S, clock: C) -> (Pump<S, C>, Receiver<T>)
    where
        S: Stream<Item = T>,
        C: Clock,
    {
        let (sender, receiver) = self.open(clock.now());
        (Pump::new(sender, source, clock), receiver)
    }
}

impl<S: Stream, C: Clock> Pump<S, C> {
    /// Reads a stream into an outbox that is open already, such as one into which a replay was put.
    ///
    /// - `clock`: tells the time since the same point as for what was sent before.
    pub const fn new(sender: Sender<S::Item>, source: S, clock: C) -> Self {
        Self {
            source: Some(source),
            sender: Some(sender),
            held: None,
            clock,
            every: Duration::from_secs(1),
            slow: Slow::Stays,
            wait: None,
        }
    }

    /// Sets at which intervals the time is told while something waits and nothing happens; 1 s by default.
    ///
    /// So much later than it should an item may be dropped for its age, or a reader be found to be slow.
    pub fn every(self, interval: Duration) -> Self {
        Self { every: interval, ..self }
    }

    /// Ends the outbox with [`End::Slow`] once its reader is [slow](Verdict::Slow).
    pub fn end_slow(self) -> Self {
        Self { slow: Slow::Ends, ..self }
    }

    fn poll_pump(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        let mut this = self.project();
        let Some(sender) = this.sender else { return Poll::Ready(Err(Closed)) };
        let now = this.clock.now();
        if this.wait.as_mut().as_pin_mut().is_some_and(|wait| wait.poll(cx).is_ready()) {
            this.wait.set(None);
        }
        if sender.advance(now) == Verdict::Slow && *this.slow == Slow::Ends {
            sender.end(End::Slow);
        }
        if sender.poll_closed(cx).is_ready() {
            return Poll::Ready(Err(Closed));
        }
        let mut items = 0;
        loop {
            if items == BATCH {
                cx.waker().wake_by_ref();
                break;
            }
            let item = match this.held.take() {
                Some(item) => item,
                None => match this.source.as_mut().as_pin_mut().map(|source| source.poll_next(cx)) {
                    Some(Poll::Ready(Some(item))) => item,
                    Some(Poll::Pending) => break,
                    Some(Poll::Ready(None)) | None => return Poll::Ready(Ok(())),
                },
            };
            items += 1;
            match offer(sender, item, now, cx) {
                Ok(None) => {}
                Ok(held) => {
                    *this.held = held;
                    break;
                }
                Err(closed) => return Poll::Ready(Err(closed)),
            }
        }
        if this.wait.is_none() && sender.stats().waiting > 0 {
            this.wait.set(Some(this.clock.wait(*this.every)));
            if this.wait.as_mut().as_pin_mut().is_some_and(|wait| wait.poll(cx).is_ready()) {
                this.wait.set(None);
                cx.waker().wake_by_ref();
            }
        }
        Poll::Pending
    }
}

impl<S: Stream, C: Clock> Future for Pump<S, C> {
    type Output = Result<(), Closed>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let result = ready!(self.as_mut().poll_pump(cx));
        let mut this = self.project();
        this.source.set(None);
        this.wait.set(None);
        *this.sender = None;
        Poll::Ready(result)
    }
}

impl<S: Stream, C: Clock> fmt::Debug for Pump<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pump")
            .field("sender", &self.sender)
            .field("holds", &self.held.is_some())
            .finish_non_exhaustive()
    }
}

/// Hands an item over; gives it back, and arranges for the task to be woken, if there is no room.
fn offer<T>(
    sender: &mut Sender<T>,
    item: T,
    now: Duration,
    cx: &mut Context<'_>,
) -> Result<Option<T>, Closed> {
    let (mut item, mut asked) = (item, false);
    loop {
        item = match sender.try_send(Class::Live, item, now) {
            Ok(Sent::Ended) | Err(SendError::Closed(_)) => return Err(Closed),
            Ok(_) => return Ok(None),
            Err(SendError::Full(item)) => item,
            Err(SendError::TooLarge(_)) => {
                sender.end(End::Overflow);
                return Err(Closed);
            }
        };
        if sender.shared().poll_room(cx, Class::Live, &mut asked).is_pending() {
            return Ok(Some(item));
        }
    }
}

/// How many items are read before others have their turn.
const BATCH: usize = 128;
