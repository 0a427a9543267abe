use std::collections::VecDeque;

use super::{Class, Delivery, Limits};

/// The items of one class, and the gaps between them.
pub(super) struct Lane<T> {
    slots: VecDeque<Slot<T>>,
    /// The position of the first slot; positions only ever grow, but for [`Self::put_first`].
    first: u64,
    bytes: usize,
    /// What was dropped after the last slot.
    tail: Gap,
    /// Full once, and not yet down at the low mark.
    strained: bool,
}

pub(super) struct Slot<T> {
    pub(super) item: T,
    pub(super) weight: usize,
    since: u64,
    /// What was dropped between the slot before and this one.
    gap: Gap,
    replaced: u64,
}

/// Items that are missing.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Gap {
    pub(super) dropped: u64,
    pub(super) bytes: u64,
}

impl Gap {
    pub(super) const fn of(weight: usize) -> Self {
        Self { dropped: 1, bytes: weight as u64 }
    }

    /// Bytes may wrap: whoever weighs an item can say anything.
    pub(super) const fn add(&mut self, other: Self) {
        self.dropped += other.dropped;
        self.bytes = self.bytes.wrapping_add(other.bytes);
    }

    /// What this is more than another.
    pub(super) const fn since(self, other: Self) -> Self {
        let bytes = self.bytes.wrapping_sub(other.bytes);
        Self { dropped: self.dropped - other.dropped, bytes }
    }

    const fn is_none(self) -> bool {
        self.dropped == 0
    }
}

/// What [`Lane::take`] finds.
pub(super) enum Taken<T> {
    Said(Delivery<T>),
    Item(Slot<T>),
}

impl<T> Lane<T> {
    pub(super) const fn new() -> Self {
        let tail = Gap { dropped: 0, bytes: 0 };
        Self { slots: VecDeque::new(), first: 0, bytes: 0, tail, strained: false }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn has_nothing_to_say(&self) -> bool {
        self.slots.is_empty() && self.tail.is_none()
    }

    /// Bytes, and items so that those of no weight count too.
    pub(super) fn level(&self) -> usize {
        self.bytes.saturating_add(self.slots.len())
    }

    pub(super) const fn is_strained(&self) -> bool {
        self.strained
    }

    /// Something did not fit. Nothing that is empty is under strain, since nobody could relieve it.
    pub(super) fn strain(&mut self) {
        self.strained |= !self.slots.is_empty();
    }

    /// Whether it was strained and is no longer.
    pub(super) fn relax(&mut self, limits: &Limits) -> bool {
        let relaxed = self.strained && self.bytes <= limits.low && self.slots.len() <= limits.items / 2;
        self.strained &= !relaxed;
        relaxed
    }

    pub(super) fn fits(&self, weight: usize, limits: &Limits) -> bool {
        self.slots.len() < limits.items && self.bytes.saturating_add(weight) <= limits.bytes
    }

    /// The weight of the item at `position`, or [`None`] if there is none.
    pub(super) fn weight_at(&self, position: u64) -> Option<usize> {
        self.slots.get(self.place(position)).map(|slot| slot.weight)
    }

    /// The position of the item that is put last next.
    pub(super) fn next(&self) -> u64 {
        self.first.wrapping_add(self.slots.len() as u64)
    }

    /// The first item.
    pub(super) fn first(&self) -> Option<&T> {
        self.slots.front().map(|slot| &slot.item)
    }

    /// When the first item came.
    pub(super) fn first_since(&self) -> Option<u64> {
        self.slots.front().map(|slot| slot.since)
    }

    /// Puts an item last.
    pub(super) fn push(&mut self, item: T, weight: usize, since: u64, limits: &Limits) {
        let gap = std::mem::take(&mut self.tail);
        self.slots.push_back(Slot { item, weight, since, gap, replaced: 0 });
        self.bytes += weight;
        self.strained |= self.bytes >= limits.high;
    }

    /// Puts an item in the place of another, which it returns.
    pub(super) fn replace(&mut self, position: u64, item: T, weight: usize, since: u64) -> Option<T> {
        let place = self.place(position);
        let slot = self.slots.get_mut(place)?;
        self.bytes = self.bytes - slot.weight + weight;
        (slot.weight, slot.since) = (weight, since);
        slot.replaced += 1;
        Some(std::mem::replace(&mut slot.item, item))
    }

    /// Whether the first item is the one at `position`.
    pub(super) fn is_first(&self, position: u64) -> bool {
        position == self.first && !self.slots.is_empty()
    }

    /// Takes the first item out with all that belongs to it, to be put back by [`Self::put_first`].
    pub(super) fn lift_first(&mut self) -> Option<Slot<T>> {
        let slot = self.slots.pop_front()?;
        self.bytes -= slot.weight;
        self.first = self.first.wrapping_add(1);
        Some(slot)
    }

    pub(super) fn put_first(&mut self, slot: Slot<T>) -> u64 {
        self.bytes += slot.weight;
        self.first = self.first.wrapping_sub(1);
        self.slots.push_front(slot);
        self.first
    }

    /// Drops the first item, which leaves a gap.
    pub(super) fn drop_first(&mut self) -> Option<(T, Gap)> {
        let slot = self.lift_first()?;
        let mut gap = slot.gap;
        gap.add(Gap::of(slot.weight));
        self.slots.front_mut().map_or(&mut self.tail, |next| &mut next.gap).add(gap);
        Some((slot.item, Gap::of(slot.weight)))
    }

    /// Notes that something was dropped that came after all that is here.
    pub(super) const fn miss(&mut self, gap: Gap) {
        self.tail.add(gap);
    }

    /// Whether the first item came before `limit`.
    pub(super) fn first_is_older_than(&self, limit: u64) -> bool {
        self.first_since().is_some_and(|since| since < limit)
    }

    /// Takes the first item, if nothing is to be said before it.
    pub(super) fn take_plain(&mut self) -> Option<Slot<T>> {
        let first = self.slots.front()?;
        if first.gap.is_none() && first.replaced == 0 { self.lift_first() } else { None }
    }

    pub(super) fn take(&mut self, class: Class) -> Option<Taken<T>> {
        let gap = self.slots.front_mut().map_or(&mut self.tail, |slot| &mut slot.gap);
        let Gap { dropped, bytes } = std::mem::take(gap);
        if dropped > 0 {
            return Some(Taken::Said(Delivery::Lagged { class, dropped, bytes }));
        }
        let replaced = std::mem::take(&mut self.slots.front_mut()?.replaced);
        if replaced > 0 {
            return Some(Taken::Said(Delivery::Conflated { replaced }));
        }
        self.lift_first().map(Taken::Item)
    }

    /// All that is in here, and all that is missing.
    pub(super) fn lost(&self) -> Gap {
        let mut lost = self.tail;
        for slot in &self.slots {
            lost.add(slot.gap);
            lost.add(Gap::of(slot.weight));
        }
        lost
    }

    fn place(&self, position: u64) -> usize {
        usize::try_from(position.wrapping_sub(self.first)).unwrap_or(usize::MAX)
    }
}

impl<T> Slot<T> {
    /// This slot with another item in it.
    pub(super) fn with(self, item: T, weight: usize, since: u64) -> (Self, T) {
        let slot = Self { item, weight, since, gap: self.gap, replaced: self.replaced + 1 };
        (slot, self.item)
    }
}
