use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use super::{
    Delivery, End, Stats, TryRecvError, Verdict,
    batch::{Last, One, Taken},
    limits::nanos,
    log::Link,
    shared::Shared,
};

/// The side of an outbox where deliveries come out.
///
/// When it is dropped, all that waits is dropped with it, and the sender is told.
pub struct Receiver<T> {
    pub(super) shared: Arc<Shared<T>>,
    /// What it follows, if that is a fan.
    pub(super) link: Option<Link<T>>,
}

impl<T> Receiver<T> {
    pub(super) const fn new(shared: Arc<Shared<T>>) -> Self {
        Self { shared, link: None }
    }

    /// Lets all that comes from now on come from a fan.
    pub(super) fn link(&mut self, link: Link<T>) {
        self.shared.link(link.clone());
        self.link = Some(link);
    }

    /// Takes what is next, or arranges for the task to be woken when there is something.
    ///
    /// - Returns control items first, then the replay, then what is live, each in order, with a
    ///   [`Delivery::Lagged`] where something is missing; [`None`] once nothing will come any more, which is when
    ///   all was taken after the sender is gone, or after [`Delivery::Ended`]. It may be polled again after that.
    ///
    /// Only the last context is woken.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Delivery<T>>> {
        match self.pop(Some(cx)) {
            One::Delivery { delivery, .. } => Poll::Ready(Some(delivery)),
            One::Nothing(Last::Over) => Poll::Ready(None),
            One::Nothing(_) => Poll::Pending,
        }
    }

    /// Takes what is next, and waits for it: [`Self::poll_next`] as a future.
    ///
    /// Cancel-safe: what was not returned is still there.
    ///
    /// # Examples
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::time::Duration;
    ///
    /// use longwave_backpressure::outbox::{Class, Delivery, Limits, Outbox};
    ///
    /// let (sender, mut receiver) = Outbox::new(Limits::new(1024, 16)).open(Duration::ZERO);
    /// sender.try_send(Class::Live, "live", Duration::ZERO)?;
    /// sender.try_send(Class::Control, "ping", Duration::ZERO)?;
    /// sender.try_send(Class::Replay, "missed", Duration::ZERO)?;
    /// drop(sender);
    ///
    /// let mut lines = Vec::new();
    /// while let Some(delivery) = receiver.recv().await {
    ///     match delivery {
    ///         Delivery::Item(item) => lines.push(item),
    ///         Delivery::Lagged { dropped, .. } => println!("{dropped} are missing here"),
    ///         Delivery::Ended { reason, .. } => println!("ended: {}", reason.name()),
    ///         _ => {}
    ///     }
    /// }
    /// assert_eq!(lines, ["ping", "missed", "live"]);
    /// # Ok::<_, longwave_backpressure::outbox::SendError<&str>>(())
    /// # }).unwrap();
    /// ```
    pub const fn recv(&mut self) -> Recv<'_, T> {
        Recv { receiver: self }
    }

    /// Takes what is next, and never waits.
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`] if nothing waits now, [`TryRecvError::Over`] if nothing will come any more.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use longwave_backpressure::outbox::{Class, Delivery, Limits, Outbox, TryRecvError};
    ///
    /// let (sender, mut receiver) = Outbox::new(Limits::new(64, 8)).open(Duration::ZERO);
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    /// sender.try_send(Class::Live, "last", Duration::ZERO)?;
    /// drop(sender);
    /// assert_eq!(receiver.try_recv(), Ok(Delivery::Item("last")));
    /// assert_eq!(receiver.try_recv(), Err(TryRecvError::Over));
    /// # Ok::<_, longwave_backpressure::outbox::SendError<&str>>(())
    /// ```
    pub fn try_recv(&mut self) -> Result<Delivery<T>, TryRecvError> {
        match self.pop(None) {
            One::Delivery { delivery, .. } => Ok(delivery),
            One::Nothing(Last::Over) => Err(TryRecvError::Over),
            One::Nothing(_) => Err(TryRecvError::Empty),
        }
    }

    /// Hands all that waits to `take`, so that it goes out in one flush.
    ///
    /// - `max_bytes`: it stops once the items weigh as much as this, or more with the last one.
    /// - `take`: called without any lock, so it may do as it likes.
    /// - Returns the weight of the items, in bytes.
    ///
    /// # Panics
    ///
    /// If the `clone` of an item in a fan does, or `take`: up to 15 that were taken with it are lost then.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use longwave_backpressure::outbox::{Class, Delivery, Limits, Outbox};
    ///
    /// let (sender, mut receiver) = Outbox::new(Limits::new(1024, 16)).open(Duration::ZERO);
    /// for line in ["one\n", "two\n", "six\n"] {
    ///     sender.try_send(Class::Live, line, Duration::ZERO)?;
    /// }
    /// let mut write = String::new();
    /// let bytes = receiver.drain_ready(64 * 1024, |delivery| match delivery {
    ///     Delivery::Item(line) => write.push_str(line),
    ///     _ => write.push_str("(lagged)\n"),
    /// });
    /// assert_eq!((write.as_str(), bytes), ("one\ntwo\nsix\n", 12));
    /// # Ok::<_, longwave_backpressure::outbox::SendError<&str>>(())
    /// ```
    pub fn drain_ready(&mut self, max_bytes: usize, take: impl FnMut(Delivery<T>)) -> usize {
        self.take_all(max_bytes, take, None).bytes
    }

    /// Hands all that waits to `take`, or arranges for the task to be woken when there is something.
    ///
    /// - Returns the weight of the items, in bytes, once anything was handed over; [`None`] once nothing will come
    ///   any more. As [`Self::drain_ready`] and [`Self::poll_next`] otherwise.
    ///
    /// # Examples
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use std::{future::poll_fn, time::Duration};
    ///
    /// use longwave_backpressure::outbox::{Class, Delivery, Limits, Outbox};
    ///
    /// let (sender, mut receiver) = Outbox::new(Limits::new(1024, 16)).open(Duration::ZERO);
    /// for line in ["one\n", "two\n"] {
    ///     sender.try_send(Class::Live, line, Duration::ZERO)?;
    /// }
    /// drop(sender);
    ///
    /// let mut write = String::new();
    /// let mut take = |delivery| match delivery {
    ///     Delivery::Item(line) => write.push_str(line),
    ///     _ => write.push_str("(lagged)\n"),
    /// };
    /// assert_eq!(poll_fn(|cx| receiver.poll_drain(cx, 64 * 1024, &mut take)).await, Some(8));
    /// assert_eq!(poll_fn(|cx| receiver.poll_drain(cx, 64 * 1024, &mut take)).await, None);
    /// assert_eq!(write, "one\ntwo\n");
    /// # Ok::<_, longwave_backpressure::outbox::SendError<&str>>(())
    /// # }).unwrap();
    /// ```
    pub fn poll_drain(
        &mut self,
        cx: &mut Context<'_>,
        max_bytes: usize,
        take: impl FnMut(Delivery<T>),
    ) -> Poll<Option<usize>> {
        match self.take_all(max_bytes, take, Some(cx)) {
            Taken { any: true, bytes, .. } => Poll::Ready(Some(bytes)),
            Taken { last: Last::Over, .. } => Poll::Ready(None),
            _ => Poll::Pending,
        }
    }

    /// Tells the time: drops what has waited longer than it may, and says whether this reader keeps up.
    pub fn advance(&mut self, now: Duration) -> Verdict {
        self.shared.advance(nanos(now))
    }

    /// Has a closure called when the outbox ends early, be it for its policy, its [`Budget`](super::Budget) or by
    /// [`Sender::end`](super::Sender::end); at once if it has ended.
    ///
    /// A consumer that has stopped in the middle of a write does not come to take [`Delivery::Ended`]; whoever can
    /// break its connection learns of it here. The closure is called without any lock, on the thread that ends the
    /// outbox, so it must neither wait nor panic. It replaces one that was given before.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{sync::mpsc, time::Duration};
    ///
    /// use longwave_backpressure::outbox::{End, Limits, Outbox};
    ///
    /// let (sender, mut receiver) = Outbox::<&str>::new(Limits::new(8, 8)).open(Duration::ZERO);
    /// let (tell, told) = mpsc::channel();
    /// receiver.on_end(move |reason| _ = tell.send(reason));
    /// sender.end(End::Slow);
    /// assert_eq!(told.try_recv(), Ok(End::Slow));
    /// ```
    pub fn on_end(&mut self, tell: impl FnOnce(End) + Send + 'static) {
        self.shared.on_end(Box::new(tell));
    }

    /// Ends the stream of this consumer when the outbox ends early, with [`Cause::Stalled`](longwave_core::Cause):
    /// the connection of a reader that has stopped reading is aborted when the grace of its guard is over.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use longwave_backpressure::outbox::{Class, Limits, Outbox, Policy};
    /// use longwave_core::{Cause, Lifeline};
    ///
    /// // In a handler: `Lifeline::of(request.extensions_mut())`.
    /// let lifeline = Lifeline::new();
    /// let outbox = Outbox::new(Limits::new(8, 8)).policy(Policy::Disconnect);
    /// let (sender, mut receiver) = outbox.open(Duration::ZERO);
    /// receiver.ends(&lifeline);
    ///
    /// sender.try_send(Class::Live, "seven b", Duration::ZERO)?;
    /// sender.try_send(Class::Live, "and more", Duration::ZERO)?;
    /// assert_eq!(lifeline.reason().map(|reason| reason.cause()), Some(Cause::Stalled));
    /// # Ok::<_, longwave_backpressure::outbox::SendError<&str>>(())
    /// ```
    #[cfg(feature = "core")]
    pub fn ends(&mut self, lifeline: &longwave_core::Lifeline) {
        let lifeline = lifeline.clone();
        self.on_end(move |_| _ = lifeline.end(longwave_core::Cause::Stalled));
    }

    /// Gives back the memory of the queues if nothing waits; whether it did, or there was none.
    ///
    /// An outbox keeps the room of its largest queue, so that nothing is allocated for each item. One that has been
    /// idle for long holds next to nothing after this, and makes room again when it has to.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use longwave_backpressure::outbox::{Class, Limits, Outbox};
    ///
    /// let (sender, mut receiver) = Outbox::new(Limits::new(1024, 16)).open(Duration::ZERO);
    /// sender.try_send(Class::Live, "hello", Duration::ZERO)?;
    /// assert!(!receiver.release_room());
    /// receiver.drain_ready(1024, drop);
    /// assert!(receiver.release_room());
    /// # Ok::<_, longwave_backpressure::outbox::SendError<&str>>(())
    /// ```
    pub fn release_room(&mut self) -> bool {
        self.shared.locked(|state, _, after| {
            let idle = state.ended.is_none() && state.lanes.as_ref().is_none_or(|lanes| lanes.is_idle());
            if idle {
                after.lanes = state.lanes.take();
            }
            idle
        })
    }

    /// Returns what has gone through the outbox so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.shared.locked(|state, settings, after| {
            state.receiver_gone = true;
            state.clear(settings, after);
        });
        if let Some(Link { log, place }) = &self.link {
            log.lock().vacate(*place);
        }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

#[cfg(feature = "stream")]
impl<T> futures_core::Stream for Receiver<T> {
    type Item = Delivery<T>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Delivery<T>>> {
        Self::poll_next(self.get_mut(), cx)
    }
}

/// The future of [`Receiver::recv`].
#[derive(Debug)]
#[must_use = "nothing is taken unless the future is polled"]
pub struct Recv<'a, T> {
    receiver: &'a mut Receiver<T>,
}

impl<T> Future for Recv<'_, T> {
    type Output = Option<Delivery<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.receiver.poll_next(cx)
    }
}
