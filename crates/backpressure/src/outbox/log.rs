use std::{
    sync::{Arc, PoisonError},
    task::Context,
};

use super::{
    Class,
    pages::{Pages, index_of},
    sync::{Mutex, MutexGuard},
};

/// What a fan has published and some who follow it have not yet taken, kept once for all of them.
///
/// Its lock is the innermost: nothing else is locked under it, and nothing of a caller's runs under it but the
/// `clone` of an item.
pub(super) struct Log<T> {
    pages: Mutex<Pages<T>>,
    copy: fn(&T) -> T,
}

/// An item and when it was published.
pub(super) struct Copied<T> {
    pub(super) item: T,
    pub(super) weight: usize,
    pub(super) since: u64,
    /// When the subscriber had taken the one before.
    pub(super) after: u64,
}

/// What there is for a subscriber.
pub(super) enum Straight<T> {
    Item {
        item: T,
        weight: usize,
        more: bool,
    },
    Empty,
    Over,
    /// Its outbox has to be looked at.
    Detour,
}

impl<T: Clone> Log<T> {
    pub(super) fn new() -> Self {
        Self { pages: Mutex::new(Pages::new()), copy: T::clone }
    }
}

impl<T> Log<T> {
    pub(super) fn lock(&self) -> MutexGuard<'_, Pages<T>> {
        // The `clone` of an item may panic, but only before anything is changed.
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what is next for a subscriber that has nothing in its outbox, if all that is there for it would have
    /// room in its outbox; or waits in `cx`.
    #[expect(clippy::inline_always, reason = "a third more deliveries, since items are not moved as often")]
    #[inline(always)]
    pub(super) fn straight(&self, pages: &mut Pages<T>, place: u32, cx: Option<&Context<'_>>) -> Straight<T> {
        let first = pages.first();
        let next = pages.published;
        let reader = &mut pages.places[place as usize];
        let Some(outbox) = reader.outbox.as_ref().filter(|_| !reader.detour) else { return Straight::Detour };
        let entry = index_of(reader.cursor, first).and_then(|index| pages.entries.get_mut(index));
        let Some(entry) = entry else {
            return match cx {
                _ if pages.closed => Straight::Over,
                Some(cx) if !pages.wait(place, cx) => Straight::Detour,
                _ => Straight::Empty,
            };
        };
        let limits = outbox.settings().limits(Class::Live);
        let (items, bytes) = (next.dropped - reader.cursor, next.bytes.wrapping_sub(entry.before));
        let straight = items <= limits.items as u64
            && bytes <= limits.bytes as u64
            && (bytes < limits.high as u64)
            && (items == 1 || outbox.settings().index.is_none())
            && limits.age.is_none_or(|age| entry.since >= pages.clock.saturating_sub(age));
        if !straight {
            reader.detour = true;
            return Straight::Detour;
        }
        let weight = entry.weight;
        let item = if entry.left > 1 {
            let item = (self.copy)(&entry.item);
            entry.left -= 1;
            Some(item)
        } else {
            // Whoever is the last to take it is at the front.
            pages.entries.pop_front().map(|entry| entry.item)
        };
        reader.cursor += 1;
        reader.delivered += 1;
        reader.taken = pages.clock;
        item.map_or(Straight::Empty, |item| Straight::Item { item, weight, more: items > 1 })
    }

    /// Takes what is next for a subscriber and is to go into its outbox.
    pub(super) fn take(&self, pages: &mut Pages<T>, place: u32) -> Option<Copied<T>> {
        let first = pages.first();
        let reader = &mut pages.places[place as usize];
        let entry = pages.entries.get_mut(index_of(reader.cursor, first)?)?;
        reader.detour = true;
        let (weight, since, after) = (entry.weight, entry.since, reader.taken);
        let item = if entry.left > 1 {
            let item = (self.copy)(&entry.item);
            entry.left -= 1;
            item
        } else {
            pages.entries.pop_front()?.item
        };
        reader.cursor += 1;
        Some(Copied { item, weight, since, after })
    }
}

/// An outbox's place in a log.
pub(super) struct Link<T> {
    pub(super) log: Arc<Log<T>>,
    pub(super) place: u32,
}

impl<T> Clone for Link<T> {
    fn clone(&self) -> Self {
        Self { log: Arc::clone(&self.log), place: self.place }
    }
}
