use tokio::time::Instant;

use crate::EndReason;

/// When a stream is to end: a point in time of each who has set one, of which the earliest counts.
#[derive(Default)]
pub(super) struct Deadlines {
    /// Few, mostly none or one.
    set: Vec<Set>,
    next: Key,
}

/// Whose deadline it is.
pub(super) type Key = u32;

struct Set {
    key: Key,
    at: Instant,
    reason: EndReason,
}

impl Deadlines {
    /// A key for a deadline of one's own.
    pub(super) fn key(&mut self) -> Key {
        self.next += 1;
        self.next
    }

    /// Sets the deadline that is nobody's own, unless it is earlier already.
    pub(super) fn set_shared(&mut self, at: Instant, reason: EndReason) {
        if self.get(SHARED).is_none_or(|set| at < set.at) {
            self.set(SHARED, at, reason);
        }
    }

    pub(super) fn set(&mut self, key: Key, at: Instant, reason: EndReason) {
        match self.set.iter_mut().find(|set| set.key == key) {
            Some(set) => (set.at, set.reason) = (at, reason),
            None => self.set.push(Set { key, at, reason }),
        }
    }

    pub(super) fn remove(&mut self, key: Key) {
        self.set.retain(|set| set.key != key);
    }

    pub(super) fn first(&self) -> Option<Instant> {
        self.set.iter().map(|set| set.at).min()
    }

    /// The reason of the earliest deadline, if that is not after `now`.
    pub(super) fn due(&self, now: Instant) -> Option<EndReason> {
        let first = self.set.iter().min_by_key(|set| set.at)?;
        (first.at <= now).then(|| first.reason.clone())
    }

    pub(super) fn clear(&mut self) {
        self.set = Vec::new();
    }

    fn get(&self, key: Key) -> Option<&Set> {
        self.set.iter().find(|set| set.key == key)
    }
}

const SHARED: Key = 0;
