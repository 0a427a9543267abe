use std::{
    fmt, mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Waker,
    time::Duration,
};

use super::{
    Class, End, Outbox, Receiver, SendError, Sender, Sent, Weigh, limits::nanos, list::List, returns::Returns,
};

/// One publisher, and an outbox for each of many subscribers.
///
/// Each subscriber has the policy and the limits of the [`Outbox`] that it subscribed with. Publishing never
/// waits: for a subscriber with [`Policy::Wait`](super::Policy::Wait) it is as with
/// [`Policy::DropNewest`](super::Policy::DropNewest). Once a live item has not fitted for one of these, the subscriber is passed
/// over and costs nothing until it has drained its outbox down to the low watermark; what it missed is counted, and
/// it is told. All subscribers get what they get in the order in which it was published.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use longwave_backpressure::outbox::{Class, Delivery, Fan, Limits, Outbox, Policy};
///
/// let fan = Fan::new();
/// let mut patient = fan.subscribe(&Outbox::new(Limits::new(1024, 64)), Duration::ZERO);
/// let small = Outbox::new(Limits::new(1024, 1)).policy(Policy::DropOldest);
/// let mut hurried = fan.subscribe(&small, Duration::ZERO);
///
/// for item in ["one", "two"] {
///     let reach = fan.publish(Class::Live, item, Duration::ZERO);
///     assert_eq!(reach.queued, 2);
/// }
/// assert_eq!(patient.try_recv(), Ok(Delivery::Item("one")));
/// assert_eq!(patient.try_recv(), Ok(Delivery::Item("two")));
/// assert!(matches!(hurried.try_recv(), Ok(Delivery::Lagged { dropped: 1, .. })));
/// assert_eq!(hurried.try_recv(), Ok(Delivery::Item("two")));
/// ```
pub struct Fan<T> {
    weigh: Box<dyn Fn(&T) -> usize + Send + Sync>,
    returns: Arc<Returns>,
    /// Above all locks of outboxes.
    list: Mutex<List<T>>,
}

/// How many subscribers an item has reached.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Reach {
    /// Those in whose outboxes it is.
    pub queued: usize,
    /// Those for whom it was dropped, with those that are passed over.
    pub dropped: usize,
    /// Those that were found to be gone or ended, and were removed.
    pub gone: usize,
}

impl<T: Clone + Weigh + 'static> Fan<T> {
    /// Makes a fan without subscribers.
    #[must_use]
    pub fn new() -> Self {
        Self::weighed_by(T::weight)
    }
}

impl<T: Clone + Weigh + 'static> Default for Fan<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Clone> Fan<T> {
    /// Makes a fan for items that are weighed by a closure, in bytes.
    ///
    /// An item is weighed once, whatever the outboxes of its subscribers would weigh it by.
    #[must_use]
    pub fn weighed_by(weigh: impl Fn(&T) -> usize + Send + Sync + 'static) -> Self {
        Self { weigh: Box::new(weigh), returns: Arc::default(), list: Mutex::new(List::new()) }
    }

    /// Adds a subscriber, which gets all that is published after this returns.
    ///
    /// It unsubscribes by dropping the receiver.
    ///
    /// - `now`: the time since the same point as for [`Self::publish`].
    pub fn subscribe(&self, outbox: &Outbox<T>, now: Duration) -> Receiver<T> {
        self.subscribe_after(outbox, now, |_| {})
    }

    /// Adds a subscriber, for whom `begin` first puts something into the outbox.
    ///
    /// Nothing is published between `begin` and the subscription, so a replay that is read there is complete. It
    /// holds up whoever publishes, and must not use the fan.
    pub fn subscribe_after(
        &self,
        outbox: &Outbox<T>,
        now: Duration,
        begin: impl FnOnce(&Sender<T>),
    ) -> Receiver<T> {
        let (sender, receiver) = outbox.open(now);
        let mut list = self.lock();
        begin(&sender);
        list.make_room();
        list.active.push(sender);
        receiver
    }

    /// Puts an item into the outboxes of all subscribers.
    ///
    /// - `now`: the time since the same point as for [`Self::subscribe`].
    ///
    /// A subscriber that has no room for an item that is not live is ended: nothing of that is dropped in silence.
    /// Those who publish at the same time take turns, so the order is the same for all.
    pub fn publish(&self, class: Class, item: T, now: Duration) -> Reach {
        let (weight, now) = ((self.weigh)(&item), nanos(now));
        let mut reach = Reach::default();
        let mut guard = self.lock();
        let list = &mut *guard;
        list.bring_back(&self.returns);
        if class == Class::Live {
            self.returns.count(weight);
            reach.dropped = list.passed_over();
        } else {
            for sender in list.skipped.iter().flatten() {
                let (sent, waker) = sender.shared().send(class, item.clone(), weight, now);
                list.wakers.extend(waker);
                reach.count(&sent);
                if sent.is_err() {
                    sender.end(End::Overflow);
                }
            }
        }
        let mut place = 0;
        while let Some(sender) = list.active.get(place) {
            let (sent, waker) = sender.shared().send(class, item.clone(), weight, now);
            list.wakers.extend(waker);
            reach.count(&sent);
            match sent {
                Ok(Sent::Ended) | Err(SendError::Closed(_)) => drop(list.active.swap_remove(place)),
                Ok(Sent::Dropped) | Err(_) if class == Class::Live => {
                    let refused = sent.is_err();
                    if !list.pass_over(place, &self.returns, refused.then_some(weight)) {
                        place += 1;
                    }
                }
                Err(_) => {
                    sender.end(End::Overflow);
                    drop(list.active.swap_remove(place));
                }
                Ok(_) => place += 1,
            }
        }
        // Nobody is woken under the lock, and the room for those to wake is kept.
        let mut wakers = mem::take(&mut list.wakers);
        drop(guard);
        wakers.drain(..).for_each(Waker::wake);
        let mut list = self.lock();
        if list.wakers.capacity() < wakers.capacity() {
            wakers.append(&mut list.wakers);
            list.wakers = wakers;
        }
        reach
    }

    /// Returns how many subscribers there are; those that are gone may count until something is published.
    #[must_use]
    pub fn subscribers(&self) -> usize {
        self.lock().len()
    }
}

impl<T> Fan<T> {
    fn lock(&self) -> MutexGuard<'_, List<T>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reach {
    const fn count<T>(&mut self, sent: &Result<Sent, SendError<T>>) {
        match sent {
            Ok(Sent::Ended) | Err(SendError::Closed(_)) => self.gone += 1,
            Ok(Sent::Dropped) | Err(_) => self.dropped += 1,
            Ok(_) => self.queued += 1,
        }
    }
}

impl<T> fmt::Debug for Fan<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = self.lock();
        f.debug_struct("Fan")
            .field("active", &list.active.len())
            .field("skipped", &list.passed_over())
            .finish_non_exhaustive()
    }
}
