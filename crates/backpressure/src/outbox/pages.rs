use std::{
    collections::VecDeque,
    sync::Weak,
    task::{Context, Waker},
};

use super::{Outbox, lane::Gap, shared::Shared};

/// What is behind the lock of a log, and who follows it.
pub(super) struct Pages<T> {
    /// Those at the front go when all have taken them. Whoever has yet to take one has yet to take those behind it
    /// too, so none goes before one in front of it.
    pub(super) entries: VecDeque<Entry<T>>,
    /// All that was ever published.
    pub(super) published: Gap,
    /// The latest time told, in nanoseconds.
    pub(super) clock: u64,
    followers: usize,
    passed_over: usize,
    pub(super) places: Vec<Place<T>>,
    vacant: Vec<u32>,
    /// The places to look for wakers in.
    waiting: Vec<u32>,
    /// The place from which on those who are behind are looked for next.
    turn: usize,
    pub(super) closed: bool,
}

pub(super) struct Entry<T> {
    pub(super) item: T,
    pub(super) weight: usize,
    pub(super) since: u64,
    /// The bytes that were published before it.
    pub(super) before: u64,
    /// How many have yet to take it.
    pub(super) left: usize,
}

/// A subscriber on a cache line of its own: all that it takes to give it an item without a look at its outbox.
#[repr(align(64))]
pub(super) struct Place<T> {
    shared: Weak<Shared<T>>,
    pub(super) outbox: Option<Outbox<T>>,
    /// How many items were published before the one that is next for it, or [`NOWHERE`].
    pub(super) cursor: u64,
    /// How many items it has taken straight from here, and when it took the last.
    pub(super) delivered: u64,
    pub(super) taken: u64,
    waker: Option<Waker>,
    /// Whether it is among those that wait, or its predecessor was.
    listed: bool,
    /// Whether there is anything in its outbox, which comes first.
    pub(super) detour: bool,
}

/// How many there are of what kind.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Crowd {
    pub(super) followers: usize,
    pub(super) passed_over: usize,
}

impl<T> Pages<T> {
    pub(super) const fn new() -> Self {
        Self {
            entries: VecDeque::new(),
            published: Gap { dropped: 0, bytes: 0 },
            clock: 0,
            followers: 0,
            passed_over: 0,
            places: Vec::new(),
            vacant: Vec::new(),
            waiting: Vec::new(),
            turn: 0,
            closed: false,
        }
    }

    /// The position of the first entry.
    pub(super) fn first(&self) -> u64 {
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

    /// Those who are behind and should take what is theirs, since so much is kept.
    ///
    /// From half of what may be kept on it is a few with each item, by turns, so that no item waits for all of them.
    pub(super) fn laggards(&mut self, into: &mut Vec<Weak<Shared<T>>>) {
        let bytes = self.entries.front().map_or(0, |first| self.published.bytes.wrapping_sub(first.before));
        let more_than = |items: usize, most: u64| self.entries.len() > items || bytes > most;
        let (few, next) = (self.places.len().div_ceil(TURNS), self.published.dropped);
        let (turns, behind) = if more_than(MAX_ITEMS, MAX_BYTES) {
            (0..self.places.len(), next)
        } else if more_than(MAX_ITEMS / 2, MAX_BYTES / 2) {
            let turn = if self.turn < self.places.len() { self.turn } else { 0 };
            self.turn = turn + few;
            (turn..self.turn.min(self.places.len()), next - self.entries.len() as u64 / 2)
        } else {
            return;
        };
        let is_behind = |place: &&Place<T>| place.outbox.is_some() && place.cursor < behind;
        into.extend(self.places[turns].iter().filter(is_behind).map(|place| place.shared.clone()));
    }

    /// Those who follow and those who are passed over.
    pub(super) fn outboxes(&self, into: &mut Vec<Weak<Shared<T>>>) {
        let places = self.places.iter().filter(|place| place.outbox.is_some());
        into.extend(places.map(|place| place.shared.clone()));
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
    pub(super) fn wait(&mut self, place: u32, cx: &Context<'_>) -> bool {
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

/// Where in the entries it is, or would be if it were there.
pub(super) fn index_of(cursor: u64, first: u64) -> Option<usize> {
    usize::try_from(cursor.checked_sub(first)?).ok()
}

/// The cursor of those who do not follow.
const NOWHERE: u64 = u64::MAX;
/// More than this is not kept for those who are behind, of items and of bytes: it goes into their outboxes.
const MAX_ITEMS: usize = if cfg!(loom) { 1 } else { 64 };
const MAX_BYTES: u64 = 256 * 1024;
/// With how many items it is everybody's turn once who is behind.
const TURNS: usize = if cfg!(loom) { 1 } else { MAX_ITEMS / 2 };
