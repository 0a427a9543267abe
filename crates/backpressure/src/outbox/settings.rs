use std::{fmt, hash::Hash, sync::Arc, time::Duration};

use super::{
    Budget, Class, Limits, Loss, Policy, Receiver, Sender, Weigh,
    after::After,
    index::{MakeIndex, by_key},
    limits::nanos,
    shared::Shared,
};

/// What the outboxes of consumers of one kind are like; makes them.
///
/// It is cheap to clone, and all outboxes that it has opened share it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use longwave_backpressure::outbox::{Class, Delivery, Limits, Outbox, Policy};
///
/// let outbox = Outbox::new(Limits::new(1024, 2)).policy(Policy::DropOldest);
/// let (sender, mut receiver) = outbox.open(Duration::ZERO);
/// for (second, text) in ["one", "two", "three"].into_iter().enumerate() {
///     sender.try_send(Class::Live, text, Duration::from_secs(second as u64))?;
/// }
/// drop(sender);
/// let Some(Delivery::Lagged { dropped: 1, bytes: 3, .. }) = receiver.try_recv().ok() else { panic!() };
/// assert_eq!(receiver.try_recv(), Ok(Delivery::Item("two")));
/// assert_eq!(receiver.try_recv(), Ok(Delivery::Item("three")));
/// # Ok::<_, longwave_backpressure::outbox::SendError<&str>>(())
/// ```
pub struct Outbox<T> {
    settings: Arc<Settings<T>>,
}

type OnLoss = Arc<dyn Fn(&Loss) + Send + Sync>;

pub(super) struct Settings<T> {
    control: Limits,
    replay: Limits,
    live: Limits,
    pub(super) policy: Policy,
    /// Nanoseconds.
    pub(super) stall: u64,
    pub(super) weigh: Arc<dyn Fn(&T) -> usize + Send + Sync>,
    pub(super) index: Option<MakeIndex<T>>,
    pub(super) budget: Option<Budget>,
    pub(super) on_loss: Option<OnLoss>,
    /// Tells the budget of an outbox; a pointer, so that only those who have a budget need what it needs.
    enroll: fn(&Budget, &Arc<Shared<T>>),
}

impl<T: Weigh + 'static> Outbox<T> {
    /// Makes outboxes that hold as much as `live` allows of what is live.
    ///
    /// The policy is [`Policy::Disconnect`]; as much again may wait for replay, and 4 KiB in 32 items for
    /// control; a reader may stall for 30 s.
    #[must_use]
    pub fn new(live: Limits) -> Self {
        Self::weighed_by(live, T::weight)
    }
}

impl<T> Outbox<T> {
    /// Makes outboxes as [`Self::new`] does, for items that are weighed by a closure, in bytes.
    #[must_use]
    pub fn weighed_by(live: Limits, weigh: impl Fn(&T) -> usize + Send + Sync + 'static) -> Self {
        Self::from_settings(Settings {
            control: Limits::new(4 * 1024, 32),
            replay: live,
            live,
            policy: Policy::Disconnect,
            stall: nanos(Duration::from_secs(30)),
            weigh: Arc::new(weigh),
            index: None,
            budget: None,
            on_loss: None,
            enroll: |_, _| {},
        })
    }

    /// Sets what is done with an item for which there is no room.
    #[must_use]
    pub fn policy(self, policy: Policy) -> Self {
        self.with(|settings| settings.policy = policy)
    }

    /// Sets how much may wait for replay, beside what is live.
    #[must_use]
    pub fn replay(self, limits: Limits) -> Self {
        self.with(|settings| settings.replay = limits)
    }

    /// Sets how much may wait of control items.
    ///
    /// They are never dropped: a consumer who leaves no room even for them is ended with
    /// [`End::Overflow`](super::End::Overflow), but with [`Policy::Wait`] the sender is told.
    #[must_use]
    pub fn control(self, limits: Limits) -> Self {
        self.with(|settings| settings.control = limits)
    }

    /// Sets how long a reader that has fallen behind may make no progress before it is slow.
    ///
    /// Progress is that what waits becomes less than it was since its last peak, or that anything is taken
    /// while little waits or of a replay. A reader of a large burst or of a long replay is not slow as long as
    /// it reads.
    #[must_use]
    pub fn stall(self, stall: Duration) -> Self {
        self.with(|settings| settings.stall = nanos(stall))
    }

    /// Lets a live item replace the one that has its key and still waits, in the place of that one.
    ///
    /// - `key_of`: the key of an item, or [`None`] for one that replaces nothing. It is asked while the outbox is
    ///   locked and must not use the outbox.
    ///
    /// An item for whose key nothing waits, and one that is too heavy for the place, is subject to the policy.
    #[must_use]
    pub fn latest_by<K, F>(self, key_of: F) -> Self
    where
        K: Eq + Hash + Send + 'static,
        F: Fn(&T) -> Option<K> + Send + Sync + 'static,
    {
        self.with(|settings| settings.index = Some(by_key(key_of)))
    }

    /// Has a closure told whenever items are dropped or replaced or an outbox ends early.
    ///
    /// It is called without any lock, on the thread where that was found, so it must neither wait nor panic. Items
    /// for which a [`Fan`](super::Fan) passed an outbox over are told when it comes back or ends. With the feature
    /// `core` there is `observed_by`, for an observer of `longwave-core`.
    ///
    /// It may publish, with one exception: an outbox that its [`Budget`] ends to make room for what a fan publishes
    /// that is not live, or for what begins a subscription, must not use that fan here.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{
    ///     sync::{Arc, atomic::{AtomicU64, Ordering::Relaxed}},
    ///     time::Duration,
    /// };
    ///
    /// use longwave_backpressure::outbox::{Class, Limits, Outbox, Policy};
    ///
    /// let total = Arc::new(AtomicU64::new(0));
    /// let counter = Arc::clone(&total);
    /// let outbox = Outbox::new(Limits::new(1024, 2))
    ///     .policy(Policy::DropOldest)
    ///     .on_loss(move |loss| _ = counter.fetch_add(loss.dropped, Relaxed));
    /// let (sender, _receiver) = outbox.open(Duration::ZERO);
    /// for item in ["one", "two", "three"] {
    ///     sender.try_send(Class::Live, item, Duration::ZERO)?;
    /// }
    /// assert_eq!(total.load(Relaxed), 1);
    /// # Ok::<_, longwave_backpressure::outbox::SendError<&str>>(())
    /// ```
    #[must_use]
    pub fn on_loss(self, tell: impl Fn(&Loss) + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.on_loss = Some(Arc::new(tell)))
    }

    /// Tells an observer of all that is lost; see [`Self::on_loss`].
    #[cfg(feature = "core")]
    #[must_use]
    pub fn observed_by(self, observer: impl longwave_core::Observer) -> Self {
        self.on_loss(move |loss| {
            let mut lost = longwave_core::Lost::new(loss.policy.name());
            (lost.dropped, lost.bytes, lost.conflated) = (loss.dropped, loss.bytes, loss.conflated);
            lost.ended = loss.ended.map(super::End::name);
            observer.lost(&lost);
        })
    }

    /// Opens an outbox, and returns both of its sides.
    ///
    /// - `now`: the time since any point, which must be the same for all times told to this outbox and to those
    ///   that share its [`Budget`].
    #[must_use]
    pub fn open(&self, now: Duration) -> (Sender<T>, Receiver<T>) {
        let shared = Arc::new(Shared::new(self.clone(), nanos(now)));
        if let Some(budget) = &self.settings.budget {
            (self.settings.enroll)(budget, &shared);
        }
        (Sender::new(Arc::clone(&shared)), Receiver::new(shared))
    }

    fn with(self, change: impl FnOnce(&mut Settings<T>)) -> Self {
        let mut settings = Arc::try_unwrap(self.settings).unwrap_or_else(|shared| (*shared).clone());
        change(&mut settings);
        Self::from_settings(settings)
    }

    fn from_settings(settings: Settings<T>) -> Self {
        Self { settings: Arc::new(settings) }
    }

    pub(super) fn settings(&self) -> &Settings<T> {
        &self.settings
    }
}

impl<T: Send + 'static> Outbox<T> {
    /// Lets the outboxes share a budget of bytes with all others that have it.
    #[must_use]
    pub fn budget(self, budget: &Budget) -> Self {
        self.with(|settings| {
            settings.budget = Some(budget.clone());
            settings.enroll = |budget, shared| budget.enroll(Arc::downgrade(shared) as _);
        })
    }
}

impl<T> Settings<T> {
    /// Whether an item that fits has no effect on others.
    pub(super) const fn is_plain(&self) -> bool {
        self.index.is_none() && self.budget.is_none() && self.live.age.is_none() && self.replay.age.is_none()
    }

    /// Does what follows from an action once the lock is free.
    pub(super) fn settle(&self, after: &mut After<T>, loss: Option<Loss>) {
        after.settle(self.budget.as_ref());
        if let Some(loss) = loss {
            self.tell(&loss);
        }
    }

    pub(super) fn tell(&self, loss: &Loss) {
        if let Some(tell) = &self.on_loss {
            tell(loss);
        }
    }

    pub(super) const fn limits(&self, class: Class) -> &Limits {
        match class {
            Class::Control => &self.control,
            Class::Replay => &self.replay,
            Class::Live => &self.live,
        }
    }
}

impl<T> Clone for Settings<T> {
    fn clone(&self) -> Self {
        let Self { weigh, index, budget, on_loss, .. } = self;
        let (index, budget, on_loss) = (index.clone(), budget.clone(), on_loss.clone());
        Self { weigh: Arc::clone(weigh), index, budget, on_loss, ..*self }
    }
}

impl<T> Clone for Outbox<T> {
    fn clone(&self) -> Self {
        Self { settings: Arc::clone(&self.settings) }
    }
}

impl<T> fmt::Debug for Outbox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Settings { control, replay, live, policy, .. } = self.settings();
        f.debug_struct("Outbox")
            .field("policy", policy)
            .field("live", live)
            .field("replay", replay)
            .field("control", control)
            .finish_non_exhaustive()
    }
}
