use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, PoisonError, Weak, atomic::Ordering},
    task::{Context, Waker},
};

use super::sync::{AtomicBool, AtomicU64, AtomicUsize, Mutex, MutexGuard, in_order_for_all};

/// How many bytes the outboxes of a process may hold together.
///
/// What waits is counted by weight, as often as it waits; control items are not counted. When an item does not
/// fit, those of the outboxes are ended ([`End::Budget`](super::End::Budget)) whose readers have stalled (see
/// [`Outbox::stall`](super::Outbox::stall)): the one that has made no progress for the longest, by how far it is
/// beyond its time, then the one that holds more, then the one that was opened first; and so on until the item
/// fits. A reader that makes progress is never ended for another's sake: when there is no other, the item counts
/// as one for which its own outbox has no room, and its policy decides.
///
/// Clones share the budget.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use longwave_backpressure::outbox::{Budget, Class, Delivery, End, Limits, Outbox};
///
/// let budget = Budget::new(8);
/// let outbox = Outbox::new(Limits::new(8, 8)).stall(Duration::from_secs(5)).budget(&budget);
/// let (stalled, mut stalled_reader) = outbox.open(Duration::ZERO);
/// let (other, mut other_reader) = outbox.open(Duration::ZERO);
///
/// stalled.try_send(Class::Live, "six bs", Duration::ZERO)?;
/// other.try_send(Class::Live, "four", Duration::from_secs(9))?;
/// assert_eq!(budget.used(), 4);
/// assert_eq!(other_reader.try_recv(), Ok(Delivery::Item("four")));
/// assert!(matches!(stalled_reader.try_recv(), Ok(Delivery::Ended { reason: End::Budget, dropped: 1, .. })));
/// # Ok::<_, longwave_backpressure::outbox::SendError<&str>>(())
/// ```
#[derive(Clone)]
pub struct Budget {
    inner: Arc<Inner>,
}

struct Inner {
    max: usize,
    used: AtomicUsize,
    /// No reader is known to stall before this time, so nobody is looked for.
    barren_until: AtomicU64,
    anyone_waits: AtomicBool,
    /// By outbox, each of which has one sender.
    waiting: Mutex<BTreeMap<usize, Waker>>,
    /// Under this lock those of outboxes are taken, one at a time; never the other way round.
    roll: Mutex<Roll>,
}

struct Roll {
    candidates: Vec<Weak<dyn Candidate>>,
    /// How many there may be before those that are gone are struck off.
    room: usize,
    shortest_stall: u64,
}

/// An outbox, as its budget sees it.
pub(super) trait Candidate: Send + Sync {
    /// When its reader will have stalled, in nanoseconds, and how much it holds; [`None`] if nothing.
    fn standing(&self, now: u64) -> Option<(u64, usize)>;
    fn end_if_stalled(&self, now: u64);
    fn is_gone(&self) -> bool;
    fn stall(&self) -> u64;
}

impl Budget {
    /// Allows for `max` bytes.
    #[must_use]
    pub fn new(max: usize) -> Self {
        let roll = Roll { candidates: Vec::new(), room: 16, shortest_stall: u64::MAX };
        Self {
            inner: Arc::new(Inner {
                max,
                used: AtomicUsize::new(0),
                barren_until: AtomicU64::new(0),
                anyone_waits: AtomicBool::new(false),
                waiting: Mutex::default(),
                roll: Mutex::new(roll),
            }),
        }
    }

    /// Returns how many bytes wait now; never more than the budget.
    #[must_use]
    pub fn used(&self) -> usize {
        self.inner.used.load(Ordering::Acquire)
    }

    pub(super) fn enroll(&self, candidate: Weak<dyn Candidate>) {
        let Some(stall) = candidate.upgrade().map(|candidate| candidate.stall()) else { return };
        let mut roll = self.inner.roll.lock().unwrap_or_else(PoisonError::into_inner);
        if roll.candidates.len() >= roll.room {
            roll.candidates.retain(|candidate| candidate.upgrade().is_some_and(|one| !one.is_gone()));
            roll.room = roll.candidates.len().saturating_mul(2).max(16);
        }
        roll.candidates.push(candidate);
        if stall < roll.shortest_stall {
            roll.shortest_stall = stall;
            self.inner.barren_until.store(0, Ordering::Release);
        }
    }

    pub(super) fn reserve(&self, bytes: usize) -> bool {
        let reserve = |used: usize| used.checked_add(bytes).filter(|used| *used <= self.inner.max);
        bytes == 0 || self.inner.used.fetch_update(Ordering::SeqCst, Ordering::SeqCst, reserve).is_ok()
    }

    pub(super) fn release(&self, bytes: usize) {
        self.inner.used.fetch_sub(bytes, Ordering::SeqCst);
    }

    /// Ends those who have stalled until there are `needed` bytes; whether there are.
    pub(super) fn find(&self, needed: usize, now: u64) -> bool {
        let inner = &*self.inner;
        loop {
            if self.has_room(needed) {
                return true;
            }
            if needed > inner.max || now < inner.barren_until.load(Ordering::Acquire) {
                return false;
            }
            // It is ended, and dropped, when the lock is free.
            let Some(worst) = self.worst(now) else { return false };
            // Others may have made room while it was looked for.
            if !self.has_room(needed) {
                worst.end_if_stalled(now);
            }
        }
    }

    fn has_room(&self, needed: usize) -> bool {
        self.used().checked_add(needed).is_some_and(|used| used <= self.inner.max)
    }

    fn worst(&self, now: u64) -> Option<Arc<dyn Candidate>> {
        let candidates = {
            let roll = self.inner.roll.lock().unwrap_or_else(PoisonError::into_inner);
            (roll.candidates.clone(), roll.shortest_stall)
        };
        let (candidates, shortest_stall) = candidates;
        let mut earliest = now.saturating_add(shortest_stall);
        let mut worst: Option<(u64, usize, Arc<dyn Candidate>)> = None;
        for candidate in candidates.iter().filter_map(Weak::upgrade) {
            let Some((due, bytes)) = candidate.standing(now).filter(|(_, bytes)| *bytes > 0) else {
                continue;
            };
            earliest = earliest.min(due);
            let is_worse = |(than, held, _): &(u64, usize, _)| (due, *held) < (*than, bytes);
            if due <= now && worst.as_ref().is_none_or(is_worse) {
                worst = Some((due, bytes, candidate));
            }
        }
        if worst.is_none() {
            let roll = self.inner.roll.lock().unwrap_or_else(PoisonError::into_inner);
            // Somebody may have come meanwhile who stalls sooner than all who were looked at.
            if roll.shortest_stall == shortest_stall {
                self.inner.barren_until.store(earliest, Ordering::Release);
            }
        }
        worst.map(|(_, _, candidate)| candidate)
    }

    /// Wakes whoever waits in `cx` for room in an outbox, once there may be some.
    pub(super) fn wait(&self, outbox: usize, cx: &Context<'_>) {
        // Declared first, so that it is dropped when the lock is free.
        let _replaced;
        let mut waiting = self.waiting();
        _replaced = waiting.insert(outbox, cx.waker().clone());
        self.inner.anyone_waits.store(true, Ordering::SeqCst);
        in_order_for_all();
    }

    /// Wakes nobody any more for an outbox.
    pub(super) fn forget(&self, outbox: usize) {
        if self.inner.anyone_waits.load(Ordering::SeqCst) {
            let forgotten = self.waiting().remove(&outbox);
            drop(forgotten);
        }
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<usize, Waker>> {
        self.inner.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn wake_those_who_wait(&self) {
        in_order_for_all();
        if !self.inner.anyone_waits.load(Ordering::SeqCst) {
            return;
        }
        let waiting = {
            let mut waiting = self.waiting();
            self.inner.anyone_waits.store(false, Ordering::SeqCst);
            std::mem::take(&mut *waiting)
        };
        waiting.into_values().for_each(Waker::wake);
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (max, used) = (self.inner.max, self.used());
        f.debug_struct("Budget").field("max", &max).field("used", &used).finish_non_exhaustive()
    }
}
