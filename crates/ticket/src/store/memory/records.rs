use std::collections::{HashMap, hash_map};

use super::{Slot, SubjectHash, Sweep};
use crate::{TicketId, UnixMillis};

/// A ticket as the store knows it: not by its id.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(super) struct Key([u8; 16]);

impl Key {
    pub(super) fn of(id: &TicketId) -> Self {
        Self(id.digest().first_chunk().copied().unwrap_or_default())
    }

    pub(super) fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// Claims that wait, or the note that a ticket is spent.
pub(super) struct Entry {
    expires: UnixMillis,
    claims: Option<(Box<[u8]>, SubjectHash)>,
}

impl Entry {
    pub(super) fn claims(claims: &[u8], subject: SubjectHash, expires: UnixMillis) -> Self {
        Self { expires, claims: Some((claims.into(), subject)) }
    }

    pub(super) const fn burnt(until: UnixMillis) -> Self {
        Self { expires: until, claims: None }
    }
}

/// A record that is gone.
pub(super) struct Taken {
    pub(super) claims: Vec<u8>,
    pub(super) subject: SubjectHash,
    pub(super) slot: Slot,
}

#[derive(Default)]
pub(super) struct Records {
    entries: HashMap<Key, Entry>,
    sweep: Sweep,
}

impl Records {
    /// Whether there was none before. One that has expired and was not swept counts: ids do not come twice.
    pub(super) fn insert(&mut self, key: Key, entry: Entry) -> bool {
        let hash_map::Entry::Vacant(place) = self.entries.entry(key) else { return false };
        place.insert(entry);
        true
    }

    pub(super) fn take(&mut self, key: Key, now: UnixMillis) -> Option<Taken> {
        let hash_map::Entry::Occupied(entry) = self.entries.entry(key) else { return None };
        if entry.get().expires < now || entry.get().claims.is_none() {
            return None;
        }
        let Entry { expires, claims } = entry.remove();
        let (claims, subject) = claims?;
        Some(Taken { claims: claims.into_vec(), subject, slot: Slot { expires, key } })
    }

    pub(super) fn peek(&self, key: Key, now: UnixMillis) -> Option<Vec<u8>> {
        let entry = self.entries.get(&key).filter(|entry| entry.expires >= now)?;
        entry.claims.as_ref().map(|(claims, _)| claims.to_vec())
    }

    /// Sweeps if it is time to, and says how many have gone.
    pub(super) fn sweep_if_due(&mut self, now: UnixMillis) -> usize {
        if self.sweep.is_due(now) { self.sweep(now) } else { 0 }
    }

    /// Lets go of what has expired, and says how many they were.
    pub(super) fn sweep(&mut self, now: UnixMillis) -> usize {
        let before = self.entries.len();
        self.entries.retain(|_, entry| entry.expires >= now);
        if self.entries.len() < self.entries.capacity() / 4 {
            self.entries.shrink_to(self.entries.len() * 2);
        }
        before - self.entries.len()
    }
}
