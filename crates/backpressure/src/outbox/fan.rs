use std::{
    fmt, mem,
    sync::{Arc, PoisonError, Weak},
    task::Waker,
    thread,
    time::Duration,
};

use super::{
    Class, Outbox, Receiver, Sender, Weigh,
    after::After,
    limits::nanos,
    log::{Link, Log},
    pages::Crowd,
    shared::Shared,
    sync::{Mutex, MutexGuard},
};

/// One publisher, and an outbox for each of many subscribers.
///
/// Each subscriber has the policy and the limits of the [`Outbox`] that it subscribed with, and gets what it gets in
/// the order in which it was published. Publishing never waits: for a subscriber with
/// [`Policy::Wait`](super::Policy::Wait) it is as with [`Policy::DropNewest`](super::Policy::DropNewest). Once a live
/// item has not fitted for one of these, the subscriber is passed over and costs nothing until it has drained its
/// outbox down to the low watermark; what it missed is counted, and it is told.
///
/// # What is kept where
///
/// An item is kept once for all who have yet to take it, so publishing costs a wake-up for each who waits, and
/// nothing for those who are busy. When more than 32 items or 128 KiB have come together, those who are behind are
/// seen to, a few with each item and beyond twice as much all of them: their items go into their own outboxes, each as if
/// it had gone there when it was published. Until then they count against no limit and no [`Budget`](super::Budget), and a policy that says to end has not ended anybody;
/// the time and [`end_slow`](Self::end_slow) bring it about earlier, as does the subscriber when it looks.
///
/// Items are cloned for each subscriber, under a lock: publish what is cheap to clone, such as `Bytes` or an [`Arc`],
/// and whose `clone` does not use the fan.
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
///     assert_eq!(reach.subscribers, 2);
/// }
/// assert_eq!(patient.try_recv(), Ok(Delivery::Item("one")));
/// assert_eq!(patient.try_recv(), Ok(Delivery::Item("two")));
/// assert!(matches!(hurried.try_recv(), Ok(Delivery::Lagged { dropped: 1, .. })));
/// assert_eq!(hurried.try_recv(), Ok(Delivery::Item("two")));
/// ```
pub struct Fan<T> {
    weigh: Box<dyn Fn(&T) -> usize + Send + Sync>,
    /// Several, so that subscribers on many threads do not all wait for one lock.
    logs: Box<[Arc<Log<T>>]>,
    /// Whoever publishes holds this until all logs have the item, so that all have the same order.
    turn: Mutex<Turn<T>>,
}

/// What is kept for its room, and who is next.
struct Turn<T> {
    wakers: Wakers,
    outboxes: Vec<Weak<Shared<T>>>,
    next: usize,
}

/// How many subscribers an item has reached.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Reach {
    /// Those that get the item, unless there is no room for it in their outboxes by the time it is put there.
    pub subscribers: usize,
    /// Those that have not drained their outboxes, and are told that they missed the item when they have.
    pub passed_over: usize,
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
        let logs = thread::available_parallelism().map_or(1, usize::from).min(MAX_LOGS);
        Self {
            weigh: Box::new(weigh),
            logs: (0..logs).map(|_| Arc::new(Log::new())).collect(),
            turn: Mutex::new(Turn { wakers: Wakers::default(), outboxes: Vec::new(), next: 0 }),
        }
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
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use longwave_backpressure::outbox::{Class, Delivery, Fan, Limits, Outbox};
    ///
    /// let fan = Fan::<&str>::new();
    /// let kept = ["one", "two"];
    /// let mut receiver = fan.subscribe_after(&Outbox::new(Limits::new(1024, 16)), Duration::ZERO, |sender| {
    ///     for item in kept {
    ///         _ = sender.try_send(Class::Replay, item, Duration::ZERO);
    ///     }
    /// });
    /// fan.publish(Class::Live, "three", Duration::ZERO);
    ///
    /// let mut got = Vec::new();
    /// receiver.drain_ready(usize::MAX, |delivery| got.push(delivery));
    /// assert_eq!(got, ["one", "two", "three"].map(Delivery::Item));
    /// ```
    pub fn subscribe_after(
        &self,
        outbox: &Outbox<T>,
        now: Duration,
        begin: impl FnOnce(&Sender<T>),
    ) -> Receiver<T> {
        let (sender, mut receiver) = outbox.open(now);
        let mut turn = self.turn();
        begin(&sender);
        let log = &self.logs[turn.next % self.logs.len()];
        turn.next = turn.next.wrapping_add(1);
        let place = log.lock().enter(Arc::downgrade(sender.shared()), outbox.clone());
        receiver.link(Link { log: Arc::clone(log), place });
        receiver
    }

    /// Puts an item within reach of all subscribers, and wakes those that wait for it.
    ///
    /// - `now`: the time since the same point as for [`Self::subscribe`].
    ///
    /// A subscriber that has no room for an item that is not live is ended: nothing of that is dropped in silence.
    /// Those who publish at the same time take turns, so the order is the same for all.
    pub fn publish(&self, class: Class, item: T, now: Duration) -> Reach {
        let (weight, now) = ((self.weigh)(&item), nanos(now));
        if class == Class::Live {
            self.publish_live(item, weight, now)
        } else {
            self.publish_other(class, &item, weight, now)
        }
    }

    fn publish_live(&self, item: T, weight: usize, now: u64) -> Reach {
        let mut reach = Reach::default();
        // Declared first, so that all of this is woken and dropped when the locks are free, whatever happens.
        let (mut wakers, mut outboxes);
        let (mut item, mut spare) = (Some(item), None);
        let mut turn = self.turn();
        (wakers, outboxes) = turn.lend();
        for (place, log) in self.logs.iter().enumerate() {
            let last = place + 1 == self.logs.len();
            // What nobody has followed elsewhere saves a copy.
            let copy = spare.take().or_else(|| if last { item.take() } else { item.clone() });
            let Some(item) = copy else { continue };
            let mut log = log.lock();
            let unwanted = log.publish(item, weight, now, &mut wakers.0);
            reach.count(log.crowd());
            log.laggards(&mut outboxes);
            drop(log);
            spare = unwanted;
        }
        drop(turn);
        drop((item, spare));
        wakers.wake();
        for outbox in outboxes.drain(..).filter_map(|outbox| outbox.upgrade()) {
            outbox.catch_up();
        }
        self.turn().give_back(wakers, outboxes);
        reach
    }

    /// All subscribers.
    fn outboxes(&self) -> (Vec<Arc<Shared<T>>>, Reach) {
        let (mut outboxes, mut reach) = (Vec::new(), Reach::default());
        for log in &self.logs {
            let log = log.lock();
            log.outboxes(&mut outboxes);
            reach.count(log.crowd());
        }
        (outboxes.iter().filter_map(Weak::upgrade).collect(), reach)
    }

    fn publish_other(&self, class: Class, item: &T, weight: usize, now: u64) -> Reach {
        // Declared first, so that all of this is woken, told and dropped when the turn is over.
        let (mut wakers, mut unsettled) = (Wakers::default(), Vec::new());
        let turn = self.turn();
        let (outboxes, reach) = self.outboxes();
        for outbox in &outboxes {
            let mut after = After::new();
            let loss = outbox.send_or_end(class, item.clone(), weight, now, &mut after);
            wakers.0.extend(after.receiver.take());
            if loss.is_some() || !after.is_settled() {
                unsettled.push((Arc::clone(outbox), after, loss));
            }
        }
        drop(turn);
        wakers.wake();
        for (outbox, mut after, loss) in unsettled {
            outbox.settings().settle(&mut after, loss);
        }
        reach
    }

    /// Tells the time to all subscribers: drops what has waited longer than it may, and ends those that are slow.
    ///
    /// Without this nobody looks after a subscriber that does not, so it is good to call it every second or so.
    ///
    /// - Returns how many were ended, with [`End::Slow`](super::End::Slow).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use longwave_backpressure::outbox::{Class, Fan, Limits, Outbox};
    ///
    /// let fan = Fan::<&str>::new();
    /// let outbox = Outbox::new(Limits::new(8, 8).watermarks(3, 6)).stall(Duration::from_secs(5));
    /// let _stalled = fan.subscribe(&outbox, Duration::ZERO);
    /// let mut healthy = fan.subscribe(&outbox, Duration::ZERO);
    /// fan.publish(Class::Live, "seven b", Duration::from_secs(1));
    /// healthy.drain_ready(64, drop);
    /// assert_eq!(fan.end_slow(Duration::from_secs(9)), 1);
    /// ```
    pub fn end_slow(&self, now: Duration) -> usize {
        let (outboxes, _) = self.outboxes();
        outboxes.iter().filter(|outbox| outbox.end_if_slow(nanos(now))).count()
    }

    /// Returns how many subscribers there are.
    #[must_use]
    pub fn subscribers(&self) -> usize {
        let crowds = self.logs.iter().map(|log| log.lock().crowd());
        crowds.map(|crowd| crowd.followers + crowd.passed_over).sum()
    }
}

impl<T> Fan<T> {
    fn turn(&self) -> MutexGuard<'_, Turn<T>> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Those who are to be woken, at the latest when this is dropped, since a copy of an item may fail in between.
#[derive(Default)]
struct Wakers(Vec<Waker>);

impl Wakers {
    fn wake(&mut self) {
        self.0.drain(..).for_each(Waker::wake);
    }
}

impl Drop for Wakers {
    fn drop(&mut self) {
        self.wake();
    }
}

impl Reach {
    const fn count(&mut self, crowd: Crowd) {
        self.subscribers += crowd.followers;
        self.passed_over += crowd.passed_over;
    }
}

impl<T> Turn<T> {
    /// Hands out what has room, for use without the lock.
    fn lend(&mut self) -> (Wakers, Vec<Weak<Shared<T>>>) {
        (mem::take(&mut self.wakers), mem::take(&mut self.outboxes))
    }

    fn give_back(&mut self, wakers: Wakers, outboxes: Vec<Weak<Shared<T>>>) {
        self.wakers = wakers;
        self.outboxes = outboxes;
    }
}

impl<T> Drop for Fan<T> {
    fn drop(&mut self) {
        let mut wakers = Wakers::default();
        for log in &self.logs {
            let mut log = log.lock();
            log.closed = true;
            log.wake_all(&mut wakers.0);
        }
    }
}

impl<T> fmt::Debug for Fan<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut reach = Reach::default();
        self.logs.iter().for_each(|log| reach.count(log.lock().crowd()));
        let Reach { subscribers, passed_over } = reach;
        f.debug_struct("Fan")
            .field("subscribers", &subscribers)
            .field("passed_over", &passed_over)
            .finish_non_exhaustive()
    }
}

/// More would cost a publisher more than subscribers gain.
const MAX_LOGS: usize = if cfg!(loom) { 1 } else { 8 };
