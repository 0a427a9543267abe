use std::collections::{BTreeSet, HashMap};

use super::{Key, SubjectHash, Sweep};
use crate::UnixMillis;

/// A record that a subject has; the first to expire is the least.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Slot {
    pub(super) expires: UnixMillis,
    pub(super) key: Key,
}

/// The records of one subject, which are there unless they have expired.
#[derive(Debug)]
enum Slots {
    /// As most have.
    One(Slot),
    Many(BTreeSet<Slot>),
}

impl Slots {
    fn len(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(slots) => slots.len(),
        }
    }

    fn first(&self) -> Option<Slot> {
        match self {
            Self::One(slot) => Some(*slot),
            Self::Many(slots) => slots.first().copied(),
        }
    }

    fn add(&mut self, slot: Slot) {
        match self {
            Self::One(first) => *self = Self::Many(BTreeSet::from([*first, slot])),
            Self::Many(slots) => drop(slots.insert(slot)),
        }
    }

    /// Whether any are left.
    fn remove(&mut self, slot: Slot) -> bool {
        match self {
            Self::One(only) => *only != slot,
            Self::Many(slots) => {
                slots.remove(&slot);
                let last = slots.first().copied();
                if let (1, Some(last)) = (slots.len(), last) {
                    *self = Self::One(last);
                }
                last.is_some()
            }
        }
    }

    /// Whether any are left of those that have not expired.
    fn sweep(&mut self, now: UnixMillis) -> bool {
        while let Some(slot) = self.first().filter(|slot| slot.expires < now) {
            if !self.remove(slot) {
                return false;
            }
        }
        true
    }

    fn all(self) -> Vec<Slot> {
        match self {
            Self::One(slot) => vec![slot],
            Self::Many(slots) => slots.into_iter().collect(),
        }
    }
}

/// Which records each subject has.
#[derive(Debug, Default)]
pub(super) struct Subjects {
    slots: HashMap<SubjectHash, Slots>,
    sweep: Sweep,
}

impl Subjects {
    /// How many are outstanding.
    pub(super) fn count(&mut self, subject: SubjectHash, now: UnixMillis) -> usize {
        let Some(slots) = self.slots.get_mut(&subject) else { return 0 };
        if slots.sweep(now) {
            return slots.len();
        }
        self.slots.remove(&subject);
        0
    }

    /// The one that expires first.
    pub(super) fn first(&self, subject: SubjectHash) -> Option<Slot> {
        self.slots.get(&subject)?.first()
    }

    pub(super) fn add(&mut self, subject: SubjectHash, slot: Slot) {
        self.slots.entry(subject).and_modify(|slots| slots.add(slot)).or_insert(Slots::One(slot));
    }

    pub(super) fn remove(&mut self, subject: SubjectHash, slot: Slot) {
        if self.slots.get_mut(&subject).is_some_and(|slots| !slots.remove(slot)) {
            self.slots.remove(&subject);
        }
    }

    /// All that may still be there.
    pub(super) fn forget(&mut self, subject: SubjectHash) -> Vec<Slot> {
        self.slots.remove(&subject).map(Slots::all).unwrap_or_default()
    }

    pub(super) fn sweep_if_due(&mut self, now: UnixMillis) {
        if self.sweep.is_due(now) {
            self.slots.retain(|_, slots| slots.sweep(now));
            if self.slots.len() < self.slots.capacity() / 4 {
                self.slots.shrink_to(self.slots.len() * 2);
            }
        }
    }
}
