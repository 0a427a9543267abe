//! What tickets there are, in the memory of one process.
//!
//! Records and subjects are spread over shards with a lock each. Nothing is timed by itself: whoever comes to a shard
//! that was not swept for a minute sweeps it, which costs each record one look or two in its life.
mod records;
mod shards;
mod subjects;

use std::{
    fmt,
    future::ready,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use self::{
    records::{Entry, Key, Records, Taken},
    shards::Shards,
    subjects::{Slot, Subjects},
};
use super::{Bound, Burnt, Put, Record, StoreError, SubjectHash, TicketStore};
use crate::{
    TicketId, UnixMillis,
    time::{Latest, millis},
};

/// A store in the memory of one process, for services that have one node or send each client to the one it knows.
///
/// It holds up to a million tickets, unless [told](Self::capacity) otherwise, in about 240 bytes each and the claims.
/// When it is full it refuses more, and evicts none. Clones are handles of the same store; it needs a ring whose keys
/// are [ephemeral](crate::KeyRing::ephemeral), or a [`SingleNode`](crate::SingleNode) around it.
///
/// # Examples
///
/// ```
/// use longwave_ticket::MemoryStore;
///
/// let store = MemoryStore::new().capacity(100_000);
/// assert!(store.is_empty());
/// ```
#[derive(Clone)]
pub struct MemoryStore {
    shared: Arc<Shared>,
    capacity: usize,
}

#[derive(Default)]
struct Shared {
    records: Shards<Records>,
    subjects: Shards<Subjects>,
    latest: Latest,
    /// How many records there are, expired ones included that were not swept yet.
    len: AtomicUsize,
    /// When all shards were last swept because there was no place.
    swept: AtomicU64,
}

impl MemoryStore {
    /// Makes an empty store.
    #[must_use]
    pub fn new() -> Self {
        Self { shared: Arc::default(), capacity: CAPACITY }
    }

    /// Sets how many tickets this handle, and clones of it, fill the store up to; a million unless set.
    #[must_use]
    pub fn capacity(self, tickets: usize) -> Self {
        Self { capacity: tickets, ..self }
    }

    /// Returns how many tickets are outstanding, or spent and not expired, and those that have expired and were
    /// not swept yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.len.load(Ordering::Relaxed)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn put_now(&self, id: &TicketId, record: &Record<'_>, now: UnixMillis) -> Result<Put, StoreError> {
        let now = self.shared.latest.of(now);
        let (key, expires) = (Key::of(id), now.plus(record.ttl()));
        self.reserve(now)?;
        let subject = record.subject();
        let entry = Entry::claims(record.claims(), subject, expires);
        // The lock of a subject is always taken before that of a record.
        let put = self.shared.subjects.with(subject.as_bytes(), |subjects| {
            subjects.sweep_if_due(now);
            let (most, replace) = match record.bound() {
                Bound::Refuse(most) => (most, false),
                Bound::Replace(most) => (most, most > 0),
            };
            let surplus = (subjects.count(subject, now) + 1).saturating_sub(most as usize);
            if surplus > 0 && !replace {
                return Put::OverLimit;
            }
            if !self.with_records(key, now, |records| records.insert(key, entry)) {
                return Put::Duplicate;
            }
            for _ in 0..surplus {
                let Some(first) = subjects.first(subject) else { break };
                subjects.remove(subject, first);
                self.give_back(usize::from(self.remove(first, now)));
            }
            subjects.add(subject, Slot { expires, key });
            Put::Stored
        });
        if put != Put::Stored {
            self.give_back(1);
        }
        Ok(put)
    }

    fn take_now(&self, id: &TicketId, now: UnixMillis) -> Option<Vec<u8>> {
        let (key, now) = (Key::of(id), self.shared.latest.of(now));
        let Taken { claims, subject, slot } =
            self.with_records(key, now, |records| records.take(key, now))?;
        self.give_back(1);
        self.shared.subjects.with(subject.as_bytes(), |subjects| subjects.remove(subject, slot));
        Some(claims)
    }

    fn peek_now(&self, id: &TicketId, now: UnixMillis) -> Option<Vec<u8>> {
        let (key, now) = (Key::of(id), self.shared.latest.of(now));
        self.with_records(key, now, |records| records.peek(key, now))
    }

    fn burn_now(&self, id: &TicketId, until: UnixMillis, now: UnixMillis) -> Result<Burnt, StoreError> {
        let (key, now) = (Key::of(id), self.shared.latest.of(now));
        self.reserve(now)?;
        if self.with_records(key, now, |records| records.insert(key, Entry::burnt(until))) {
            return Ok(Burnt::Now);
        }
        self.give_back(1);
        Ok(Burnt::Before)
    }

    fn forget_now(&self, subject: SubjectHash, now: UnixMillis) -> u64 {
        let now = self.shared.latest.of(now);
        let forgotten = self.shared.subjects.with(subject.as_bytes(), |subjects| {
            subjects.forget(subject).into_iter().filter(|slot| self.remove(*slot, now)).count()
        });
        self.give_back(forgotten);
        forgotten as u64
    }

    /// Whether it was there.
    fn remove(&self, slot: Slot, now: UnixMillis) -> bool {
        self.with_records(slot.key, now, |records| records.take(slot.key, now)).is_some()
    }

    fn with_records<R>(&self, key: Key, now: UnixMillis, then: impl FnOnce(&mut Records) -> R) -> R {
        let (swept, result) = self.shared.records.with(key.as_bytes(), |records| {
            let swept = records.sweep_if_due(now);
            (swept, then(records))
        });
        self.give_back(swept);
        result
    }

    /// Counts one more, if there is a place for it.
    fn reserve(&self, now: UnixMillis) -> Result<(), StoreError> {
        if self.count_one() {
            return Ok(());
        }
        // Perhaps what takes the place has expired; but a flood must not make each request look through everything.
        let swept = self.shared.swept.load(Ordering::Relaxed);
        let due = swept.saturating_add(BETWEEN_SWEEPS) <= now.as_millis();
        let exchange =
            |to| self.shared.swept.compare_exchange(swept, to, Ordering::Relaxed, Ordering::Relaxed);
        if due && exchange(now.as_millis()).is_ok() {
            self.shared.records.each(|records| self.give_back(records.sweep(now)));
        }
        if self.count_one() { Ok(()) } else { Err(StoreError::Full) }
    }

    fn count_one(&self) -> bool {
        let one_more = |len| (len < self.capacity).then_some(len + 1);
        self.shared.len.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok()
    }

    fn give_back(&self, places: usize) {
        if places > 0 {
            self.shared.len.fetch_sub(places, Ordering::Relaxed);
        }
    }
}

impl TicketStore for MemoryStore {
    const SHARED: bool = false;

    fn put(
        &self,
        id: &TicketId,
        record: Record<'_>,
        now: UnixMillis,
    ) -> impl Future<Output = Result<Put, StoreError>> + Send {
        ready(self.put_now(id, &record, now))
    }

    fn take(
        &self,
        id: &TicketId,
        now: UnixMillis,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send {
        ready(Ok(self.take_now(id, now)))
    }

    fn peek(
        &self,
        id: &TicketId,
        now: UnixMillis,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send {
        ready(Ok(self.peek_now(id, now)))
    }

    fn burn(
        &self,
        id: &TicketId,
        until: UnixMillis,
        now: UnixMillis,
    ) -> impl Future<Output = Result<Burnt, StoreError>> + Send {
        ready(self.burn_now(id, until, now))
    }

    fn forget_subject(
        &self,
        subject: SubjectHash,
        now: UnixMillis,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send {
        ready(Ok(self.forget_now(subject, now)))
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("len", &self.len())
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}

/// When something was last looked through for what has expired.
#[derive(Debug, Default)]
struct Sweep(UnixMillis);

impl Sweep {
    /// Whether a minute has passed, which then begins anew.
    fn is_due(&mut self, now: UnixMillis) -> bool {
        let due = millis(now.since(self.0)) >= SWEEP;
        if due {
            self.0 = now;
        }
        due
    }
}

/// Tickets.
const CAPACITY: usize = 1_000_000;

/// Milliseconds between two sweeps of a shard: as long as a ticket lives, and the tolerance for clocks.
const SWEEP: u64 = 65_000;

/// Milliseconds between two sweeps of all shards of a full store.
const BETWEEN_SWEEPS: u64 = 1_000;
