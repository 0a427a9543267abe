use std::{
    collections::VecDeque,
    sync::{Arc, PoisonError, Weak},
    task::{Context, Waker},
};

use super::{
    Class, Outbox,
    lane::Gap,
    shared::Shared,
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

pub(super) struct Pages<T> {
    /// Those at the front go when all have taken them. Whoever has yet to take one has yet to take those behind it
    /// too, so none goes before one in front of it.
    entries: VecDeque<Entry<T>>,
    /// All that was ever published.
    published: Gap,
    /// The latest time told, in nanoseconds.
    pub(super) clock: u64,
    followers: usize,
    passed_over: usize,
    places: Vec<Place<T>>,
    vacant: Vec<u32>,
    /// The places to look for wakers in.
    waiting: Vec<u32>,
    pub(super) closed: bool,
}

struct Entry<T> {
    item: T,
    weight: usize,
    since: u64,
    /// The bytes that were published before it.
    before: u64,
    /// How many have yet to take it.
    left: usize,
}

/// A subscriber on a cache line of its own: all that it takes to give it an item without a look at its outbox.
#[repr(align(64))]
struct Place<T> {
    shared: Weak<Shared<T>>,
    outbox: Option<Outbox<T>>,
    /// How many items were published before the one that is next for it, or [`NOWHERE`].
    cursor: u64,
    /// How many items it has taken straight from here, and when it took the last.
    delivered: u64,
    taken: u64,
    waker: Option<Waker>,
    /// Whether it is among those that wait, or its predecessor was.
    listed: bool,
    /// Whether there is anything in its outbox, which comes first.
    detour: bool,
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

/// How many there are of what kind.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Crowd {
    pub(super) followers: usize,
    pub(super) passed_over: usize,
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

impl<T> Pages<T> {
    const fn new() -> Self {
        Self {
            entries: VecDeque::new(),
            published: Gap { dropped: 0, bytes: 0 },
            clock: 0,
            followers: 0,
            passed_over: 0,
            places: Vec::new(),
            vacant: Vec::new(),
            waiting: Vec::new(),
            closed: false,
        }
    }

    /// The position of the first entry.
    fn first(&self) -> u64 {
        self.published.dropped - self.entries.len() as u64
    }

    pub(super) const fn crowd(&self) -> Crowd {
        Crowd { followers: self.followers, passed_over: self.passed_over }
    }

    /// Adds a subscriber, which follows what is published from now on.
    pub(super) fn enter(&mut self, shared: Weak<Shared<T>>, outbox: Outbox<T>) -> u32 {
        self.followers += 1;
        let (cursor, taken) = (self.published.dropped, self.clock);
        // What it was given to begin with comes first.
        let (outbox, detour) = (Some(outbox), true);
        if let Some(vacant) = self.vacant.pop() {
            let place = &mut self.places[vacant as usize];
            let (waker, listed) = (None, place.listed);
            *place = Place { shared, outbox, cursor, delivered: 0, taken, waker, listed, detour };
            return vacant;
        }
        let place = u32::try_from(self.places.len()).expect("memory holds fewer than 2^32 outboxes");
        let (waker, listed) = (None, false);
        self.places.push(Place { shared, outbox, cursor, delivered: 0, taken, waker, listed, detour });
        place
    }

    /// Appends an item, and hands out the wakers of all who wait. Gives the item back if nobody follows.
    pub(super) fn publish(&mut self, item: T, weight: usize, now: u64, wakers: &mut Vec<Waker>) -> Option<T> {
        self.clock = self.clock.max(now);
        let (since, before, left) = (self.clock, self.published.bytes, self.followers);
        self.published.add(Gap::of(weight));
        if left == 0 {
            return Some(item);
        }
        self.entries.push_back(Entry { item, weight, since, before, left });
        self.wake_all(wakers);
        None
    }

    pub(super) fn wake_all(&mut self, wakers: &mut Vec<Waker>) {
        for place in self.waiting.drain(..) {
            let place = &mut self.places[place as usize];
            place.listed = false;
            wakers.extend(place.waker.take());
        }
    }

    /// Whether so much is kept that those who are behind should take what is theirs.
    pub(super) fn is_crowded(&self) -> bool {
        let kept = |first: &Entry<T>| self.published.bytes.wrapping_sub(first.before) > MAX_BYTES;
        self.entries.len() > MAX_ITEMS || self.entries.front().is_some_and(kept)
    }

    /// Those who follow and are behind, or simply all.
    pub(super) fn outboxes(&self, only_behind: bool, into: &mut Vec<Weak<Shared<T>>>) {
        let next = self.published.dropped;
        let wanted = |place: &&Place<T>| place.outbox.is_some() && (!only_behind || place.cursor < next);
        into.extend(self.places.iter().filter(wanted).map(|place| place.shared.clone()));
    }

    /// How much is there that a subscriber has not taken.
    pub(super) fn behind(&self, place: u32) -> Gap {
        let index = index_of(self.places[place as usize].cursor, self.first());
        let entry = index.and_then(|index| self.entries.get(index));
        entry.map_or(Gap::default(), |entry| Gap {
            dropped: self.published.dropped - self.places[place as usize].cursor,
            bytes: self.published.bytes.wrapping_sub(entry.before),
        })
    }

    /// Wakes a subscriber in this context when something is published, unless [`Self::forget`] has to come first.
    fn wait(&mut self, place: u32, cx: &Context<'_>) -> bool {
        let waiter = &mut self.places[place as usize];
        match &waiter.waker {
            // Whatever goes with the old one must not go under this lock.
            Some(waker) if !waker.will_wake(cx.waker()) => return false,
            Some(_) => {}
            None => waiter.waker = Some(cx.waker().clone()),
        }
        if !std::mem::replace(&mut waiter.listed, true) {
            self.waiting.push(place);
        }
        true
    }

    /// Hands out the waker of a subscriber that is now somewhere else.
    pub(super) fn forget(&mut self, place: u32, cx: &Context<'_>) -> Option<Waker> {
        self.places[place as usize].waker.take_if(|waker| !waker.will_wake(cx.waker()))
    }

    /// Has a subscriber look into its outbox first, and hands out its waker.
    pub(super) fn divert(&mut self, place: u32) -> Option<Waker> {
        let place = &mut self.places[place as usize];
        place.detour = true;
        place.waker.take()
    }

    /// There is nothing more in the outbox of a subscriber.
    pub(super) fn resume(&mut self, place: u32) {
        self.places[place as usize].detour = false;
    }

    /// Lets a subscriber follow again; returns what was published so far, which it has nothing more to do with.
    pub(super) fn follow(&mut self, place: u32) -> Gap {
        self.places[place as usize].cursor = self.published.dropped;
        self.followers += 1;
        self.passed_over -= 1;
        self.published
    }

    /// Passes a subscriber over; returns what was published up to where it was.
    ///
    /// What nobody else wants goes into `unwanted`.
    pub(super) fn pass_over(&mut self, place: u32, unwanted: &mut Vec<T>) -> Gap {
        let behind = self.behind(place);
        self.let_go(place, unwanted);
        self.passed_over += 1;
        self.published.since(behind)
    }

    /// Ends a subscription; returns how much was delivered straight from here.
    pub(super) fn leave(&mut self, place: u32, unwanted: &mut Vec<T>) -> u64 {
        if self.places[place as usize].cursor == NOWHERE {
            self.passed_over -= 1;
        } else {
            self.let_go(place, unwanted);
        }
        self.delivered(place)
    }

    pub(super) fn delivered(&self, place: u32) -> u64 {
        self.places[place as usize].delivered
    }

    /// Makes room for another after the end of a subscription.
    pub(super) fn vacate(&mut self, place: u32) {
        self.vacant.push(place);
        let place = &mut self.places[place as usize];
        (place.shared, place.outbox) = (Weak::new(), None);
    }

    /// Follows no more.
    fn let_go(&mut self, place: u32, unwanted: &mut Vec<T>) {
        let cursor = std::mem::replace(&mut self.places[place as usize].cursor, NOWHERE);
        let index = cursor.saturating_sub(self.first());
        let index = usize::try_from(index).unwrap_or(usize::MAX).min(self.entries.len());
        self.entries.range_mut(index..).for_each(|entry| entry.left -= 1);
        while self.entries.front().is_some_and(|entry| entry.left == 0) {
            unwanted.extend(self.entries.pop_front().map(|entry| entry.item));
        }
        self.followers -= 1;
    }

    /// Whatever was published so far.
    pub(super) const fn published(&self) -> Gap {
        self.published
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

/// Where in the entries it is, or would be if it were there.
fn index_of(cursor: u64, first: u64) -> Option<usize> {
    usize::try_from(cursor.checked_sub(first)?).ok()
}

/// The cursor of those who do not follow.
const NOWHERE: u64 = u64::MAX;
/// More than this is not kept for those who are behind, of items and of bytes: it goes into their outboxes.
const MAX_ITEMS: usize = if cfg!(loom) { 1 } else { 64 };
const MAX_BYTES: u64 = 256 * 1024;
