use std::collections::HashMap;

use super::{Key, SubjectHash, Sweep};
use crate::UnixMillis;

/// A record that a subject has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) key: Key,
    pub(super) expires: UnixMillis,
    /// Whether it is one of those whose number is bounded.
    pub(super) counts: bool,
}

/// Which records each subject has.
#[derive(Debug, Default)]
pub(super) struct Subjects {
    slots: HashMap<SubjectHash, Vec<Slot>>,
    sweep: Sweep,
}

impl Subjects {
    /// How many of those are outstanding that count.
    pub(super) fn counted(&mut self, subject: SubjectHash, now: UnixMillis) -> usize {
        let Some(slots) = self.slots.get_mut(&subject) else { return 0 };
        slots.retain(|slot| slot.expires >= now);
        slots.iter().filter(|slot| slot.counts).count()
    }

    pub(super) fn add(&mut self, subject: SubjectHash, slot: Slot) {
        self.slots.entry(subject).or_default().push(slot);
    }

    pub(super) fn remove(&mut self, subject: SubjectHash, key: Key) {
        if let Some(slots) = self.slots.get_mut(&subject) {
            slots.retain(|slot| slot.key != key);
            if slots.is_empty() {
                self.slots.remove(&subject);
            }
        }
    }

    pub(super) fn forget(&mut self, subject: SubjectHash) -> Vec<Slot> {
        self.slots.remove(&subject).unwrap_or_default()
    }

    pub(super) fn sweep_if_due(&mut self, now: UnixMillis) {
        if self.sweep.is_due(now) {
            self.slots.retain(|_, slots| {
                slots.retain(|slot| slot.expires >= now);
                !slots.is_empty()
            });
            if self.slots.len() < self.slots.capacity() / 4 {
                self.slots.shrink_to(self.slots.len() * 2);
            }
        }
    }
}
