use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use super::{
    Class, Closed, End, SendError, Sent, Stats, Verdict, limits::nanos, shared::Shared, state::Inlet,
};

/// The side of an outbox where items go in.
///
/// When it is dropped, the consumer gets what still waits, and then the end.
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    pub(super) const fn new(shared: Arc<Shared<T>>) -> Self {
        Self { shared }
    }

    pub(super) const fn shared(&self) -> &Arc<Shared<T>> {
        &self.shared
    }

    /// Hands an item over, and never waits.
    ///
    /// - `now`: the time since the point that was chosen when the outbox was opened. A time that is earlier than
    ///   one told before is taken for that one.
    /// - Returns what became of the item. What is dropped is counted, and the consumer is told in its place.
    ///
    /// # Errors
    ///
    /// [`SendError::Full`] and [`SendError::TooLarge`] if there is no room for the item, now or ever, and the
    /// policy is [`Policy::Wait`](super::Policy::Wait); [`SendError::Closed`] if nobody will take it. The item
    /// comes back with the error.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use longwave_backpressure::outbox::{Class, Limits, Outbox, Policy, SendError, Sent};
    ///
    /// let (sender, receiver) = Outbox::new(Limits::new(8, 8)).policy(Policy::Wait).open(Duration::ZERO);
    /// let now = Duration::from_millis(1);
    /// assert_eq!(sender.try_send(Class::Live, "hello", now), Ok(Sent::Queued));
    /// assert_eq!(sender.try_send(Class::Live, "world", now), Err(SendError::Full("world")));
    /// drop(receiver);
    /// assert_eq!(sender.try_send(Class::Live, "world", now), Err(SendError::Closed("world")));
    /// ```
    pub fn try_send(&self, class: Class, item: T, now: Duration) -> Result<Sent, SendError<T>> {
        let weight = (self.shared.settings().weigh)(&item);
        let (sent, receiver) = self.shared.send(class, item, weight, nanos(now));
        receiver.into_iter().for_each(Waker::wake);
        sent
    }

    /// Hands an item over, and waits for room if the policy is [`Policy::Wait`](super::Policy::Wait).
    ///
    /// It waits until half of the room is free (see [`Limits::watermarks`](super::Limits::watermarks)), and the
    /// [`Budget`](super::Budget), if there is one, has room. Meanwhile it goes by the time that others tell: `now`
    /// is that of the call. Cancel-safe in that nothing is handed over before the future is ready; the item is
    /// dropped with the future. With other policies it is ready at once.
    ///
    /// # Errors
    ///
    /// [`SendError::TooLarge`] and [`SendError::Closed`], as [`Self::try_send`] has them.
    ///
    /// # Panics
    ///
    /// If the future is polled after it was ready.
    ///
    /// # Examples
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::time::Duration;
    ///
    /// use longwave_backpressure::outbox::{Class, Delivery, Limits, Outbox, Policy};
    ///
    /// let outbox = Outbox::new(Limits::new(8, 1)).policy(Policy::Wait);
    /// let (mut sender, mut receiver) = outbox.open(Duration::ZERO);
    /// let producer = async {
    ///     for item in ["one", "two", "three"] {
    ///         sender.send(Class::Live, item, Duration::ZERO).await.expect("the consumer is there");
    ///     }
    /// };
    /// let consumer = async {
    ///     for item in ["one", "two", "three"] {
    ///         assert_eq!(receiver.recv().await, Some(Delivery::Item(item)));
    ///     }
    /// };
    /// tokio::join!(producer, consumer);
    /// # });
    /// ```
    pub fn send(&mut self, class: Class, item: T, now: Duration) -> Sending<'_, T> {
        let weight = (self.shared.settings().weigh)(&item);
        Sending { shared: &self.shared, class, item: Some(item), weight, now: nanos(now) }
    }

    /// Waits until a class is not under strain, so that a producer reads on only when there is room.
    ///
    /// Replays are paced with this. Only the last context is woken, whichever class it waits for.
    ///
    /// # Errors
    ///
    /// [`Closed`] if the consumer is gone or the outbox has ended.
    ///
    /// # Examples
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::{future::poll_fn, time::Duration};
    ///
    /// use longwave_backpressure::outbox::{Class, Limits, Outbox};
    ///
    /// let (mut sender, receiver) = Outbox::new(Limits::new(1024, 16)).open(Duration::ZERO);
    /// let mut missed = ["one", "two"].into_iter();
    /// while poll_fn(|cx| sender.poll_ready(cx, Class::Replay)).await.is_ok() {
    ///     let Some(item) = missed.next() else { break };
    ///     sender.try_send(Class::Replay, item, Duration::ZERO)?;
    /// }
    /// assert_eq!(receiver.stats().waiting, 2);
    /// # Ok::<_, longwave_backpressure::outbox::SendError<&str>>(())
    /// # }).unwrap();
    /// ```
    pub fn poll_ready(&mut self, cx: &mut Context<'_>, class: Class) -> Poll<Result<(), Closed>> {
        self.shared.poll_ready(cx, class)
    }

    /// Tells the time: drops what has waited longer than it may, and says whether the reader keeps up.
    ///
    /// Nothing follows from the verdict by itself; [`Self::end`] ends a reader that is too slow.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use longwave_backpressure::outbox::{Class, Delivery, End, Limits, Outbox, Verdict};
    ///
    /// let outbox = Outbox::new(Limits::new(16, 16).watermarks(4, 12)).stall(Duration::from_secs(5));
    /// let (sender, mut receiver) = outbox.open(Duration::ZERO);
    /// sender.try_send(Class::Live, "more than half", Duration::ZERO)?;
    /// assert_eq!(sender.advance(Duration::from_secs(4)), Verdict::Healthy);
    /// if sender.advance(Duration::from_secs(9)) == Verdict::Slow {
    ///     sender.end(End::Slow);
    /// }
    /// assert!(matches!(receiver.try_recv(), Ok(Delivery::Ended { reason: End::Slow, dropped: 1, .. })));
    /// # Ok::<_, longwave_backpressure::outbox::SendError<&str>>(())
    /// ```
    #[expect(clippy::must_use_candidate, reason = "time may be told for its own sake")]
    pub fn advance(&self, now: Duration) -> Verdict {
        self.shared.advance(nanos(now))
    }

    /// Ends the outbox: what waits is dropped, and the consumer is told the reason and how much it was.
    ///
    /// It does nothing if the outbox has ended before.
    pub fn end(&self, reason: End) {
        self.shared.end(reason);
    }

    /// Whether the consumer is gone or the outbox has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.lock().is_closed()
    }

    /// Returns what has gone through the outbox so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.shared.forget_room();
        self.shared.locked(|state, _, after| {
            if let Inlet::Sender(waker) = &mut state.inlet {
                after.receiver = waker.take();
                state.sender_gone = true;
            }
        });
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// The future of [`Sender::send`].
#[must_use = "nothing is handed over unless the future is polled"]
pub struct Sending<'a, T> {
    shared: &'a Shared<T>,
    class: Class,
    item: Option<T>,
    weight: usize,
    now: u64,
}

impl<T> Unpin for Sending<'_, T> {}

impl<T> Future for Sending<'_, T> {
    type Output = Result<Sent, SendError<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let mut asked = false;
        loop {
            let item = this.item.take().expect("the future is not polled after it was ready");
            let (sent, receiver) = this.shared.send(this.class, item, this.weight, this.now);
            receiver.into_iter().for_each(Waker::wake);
            match sent {
                Err(SendError::Full(item)) => this.item = Some(item),
                sent => return Poll::Ready(sent),
            }
            ready!(this.shared.poll_room(cx, this.class, &mut asked));
        }
    }
}

impl<T> fmt::Debug for Sending<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending").field("class", &self.class).finish_non_exhaustive()
    }
}
