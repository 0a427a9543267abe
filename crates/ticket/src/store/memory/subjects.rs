use std::collections::HashMap;

use super::{Key, SubjectHash, Sweep};
use crate::UnixMillis;

/// A record that a subject has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) key: Key,
    pub(super) expires: UnixMillis,
}

/// The records of one subject.
#[derive(Debug, Default)]
struct Slots {
    /// Those whose number is bounded, so that all can be looked through each time.
    counted: Vec<Slot>,
    /// Those whose number is not; looked through in a sweep, and may be gone by then.
    others: Vec<Slot>,
}

/// Which records each subject has.
#[derive(Debug, Default)]
pub(super) struct Subjects {
    slots: HashMap<SubjectHash, Slots>,
    sweep: Sweep,
}

impl Subjects {
    /// How many of those are outstanding that count.
    pub(super) fn counted(&mut self, subject: SubjectHash, now: UnixMillis) -> usize {
        let Some(slots) = self.slots.get_mut(&subject) else { return 0 };
        slots.counted.retain(|slot| slot.expires >= now);
        slots.counted.len()
    }

    pub(super) fn add_counted(&mut self, subject: SubjectHash, slot: Slot) {
        self.slots.entry(subject).or_default().counted.push(slot);
    }

    pub(super) fn add(&mut self, subject: SubjectHash, slot: Slot) {
        self.slots.entry(subject).or_default().others.push(slot);
    }

    /// Counts one less, if it counted.
    pub(super) fn remove(&mut self, subject: SubjectHash, key: Key) {
        if let Some(slots) = self.slots.get_mut(&subject) {
            slots.counted.retain(|slot| slot.key != key);
            if slots.counted.is_empty() && slots.others.is_empty() {
                self.slots.remove(&subject);
            }
        }
    }

    /// All that may still be there.
    pub(super) fn forget(&mut self, subject: SubjectHash) -> Vec<Slot> {
        let slots = self.slots.remove(&subject).unwrap_or_default();
        [slots.counted, slots.others].concat()
    }

    pub(super) fn sweep_if_due(&mut self, now: UnixMillis) {
        if self.sweep.is_due(now) {
            self.slots.retain(|_, slots| {
                slots.counted.retain(|slot| slot.expires >= now);
                slots.others.retain(|slot| slot.expires >= now);
                !slots.counted.is_empty() || !slots.others.is_empty()
            });
            if self.slots.len() < self.slots.capacity() / 4 {
                self.slots.shrink_to(self.slots.len() * 2);
            }
        }
    }
}
