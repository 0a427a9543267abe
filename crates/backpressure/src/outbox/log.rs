use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Waker},
};

use super::{lane::Gap, shared::Shared};

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

/// A subscriber.
struct Place<T> {
    outbox: Weak<Shared<T>>,
    /// How many items were published before the one that is next for it, or [`NOWHERE`].
    cursor: u64,
    waker: Option<Waker>,
    /// Whether it is among those that wait; it may be so twice only after it has changed hands.
    listed: bool,
}

/// An item and when it was published.
pub(super) struct Copied<T> {
    pub(super) item: T,
    pub(super) weight: usize,
    pub(super) since: u64,
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

    /// Takes the item that is next for a subscriber.
    pub(super) fn take(&self, pages: &mut Pages<T>, place: u32) -> Option<Copied<T>> {
        let first = pages.first();
        let cursor = &mut pages.places[place as usize].cursor;
        let index = usize::try_from(cursor.checked_sub(first)?).ok()?;
        let entry = pages.entries.get_mut(index)?;
        if entry.left > 1 {
            let item = (self.copy)(&entry.item);
            entry.left -= 1;
            *cursor += 1;
            return Some(Copied { item, weight: entry.weight, since: entry.since });
        }
        *cursor += 1;
        let Entry { item, weight, since, .. } = pages.entries.pop_front()?;
        Some(Copied { item, weight, since })
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
    pub(super) fn enter(&mut self, outbox: Weak<Shared<T>>) -> u32 {
        self.followers += 1;
        let cursor = self.published.dropped;
        if let Some(vacant) = self.vacant.pop() {
            let place = &mut self.places[vacant as usize];
            (place.outbox, place.cursor) = (outbox, cursor);
            return vacant;
        }
        let place = u32::try_from(self.places.len()).expect("memory holds fewer than 2^32 outboxes");
        self.places.push(Place { outbox, cursor, waker: None, listed: false });
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
        let kept = |first: &Entry<T>| self.published.bytes - first.before > MAX_BYTES;
        self.entries.len() > MAX_ITEMS || self.entries.front().is_some_and(kept)
    }

    /// Those who follow and are behind, or simply all.
    pub(super) fn outboxes(&self, only_behind: bool, into: &mut Vec<Weak<Shared<T>>>) {
        let all = self.places.iter().filter(|place| place.outbox.strong_count() > 0);
        let next = self.published.dropped;
        into.extend(
            all.filter(|place| !only_behind || place.cursor < next).map(|place| place.outbox.clone()),
        );
    }

    /// How much is there that a subscriber has not taken.
    pub(super) fn behind(&self, place: u32) -> Gap {
        let index = self.places[place as usize].cursor.checked_sub(self.first());
        let entry = index.and_then(|index| self.entries.get(usize::try_from(index).ok()?));
        entry.map_or(Gap::default(), |entry| Gap {
            dropped: self.published.dropped - self.places[place as usize].cursor,
            bytes: self.published.bytes - entry.before,
        })
    }

    /// When the item was published that is next for a subscriber.
    pub(super) fn since(&self, place: u32) -> Option<u64> {
        let index = self.places[place as usize].cursor.checked_sub(self.first())?;
        self.entries.get(usize::try_from(index).ok()?).map(|entry| entry.since)
    }

    /// Wakes a subscriber in this context when something is published.
    pub(super) fn wait(&mut self, place: u32, cx: &Context<'_>) {
        let waiter = &mut self.places[place as usize];
        match &mut waiter.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        if !std::mem::replace(&mut waiter.listed, true) {
            self.waiting.push(place);
        }
    }

    pub(super) fn take_waker(&mut self, place: u32) -> Option<Waker> {
        self.places[place as usize].waker.take()
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
        Gap { dropped: self.published.dropped - behind.dropped, bytes: self.published.bytes - behind.bytes }
    }

    /// Removes a subscriber, and hands out its waker.
    pub(super) fn leave(&mut self, place: u32, unwanted: &mut Vec<T>) -> Option<Waker> {
        if self.places[place as usize].cursor == NOWHERE {
            self.passed_over -= 1;
        } else {
            self.let_go(place, unwanted);
        }
        self.vacant.push(place);
        let leaver = &mut self.places[place as usize];
        leaver.outbox = Weak::new();
        leaver.waker.take()
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

/// The cursor of those who do not follow.
const NOWHERE: u64 = u64::MAX;
/// More than this is not kept for those who are behind, of items and of bytes: it goes into their outboxes.
const MAX_ITEMS: usize = 64;
const MAX_BYTES: u64 = 256 * 1024;
