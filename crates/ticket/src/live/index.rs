use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{BuildHasherDefault, Hash, Hasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::live_session::Live;
use crate::UnixMillis;

/// Finds sessions by what they are revoked by, and remembers what was.
///
/// Everything goes by a keyed hash of its name. Two names with the same one share a place, which whoever looks there
/// has to reckon with; that what was revoked may then mean one more, nobody can bring about.
pub(super) struct Index<T> {
    shards: Box<[Mutex<Shard<T>>]>,
    /// How many marks a shard has room for.
    max_marks: usize,
}

/// The keys of a session, by which it is found.
#[derive(Clone, Copy)]
pub(super) struct Keys {
    pub(super) subject: u64,
    pub(super) session: Option<u64>,
    pub(super) ticket: u64,
}

/// What is hashed to a key.
#[derive(Hash)]
pub(super) enum Name<'a> {
    Subject(&'a str),
    Session(&'a str),
    Ticket(&'a [u8; 16]),
}

pub(super) struct Shard<T> {
    places: ByKey<Place<T>>,
    marks: ByKey<Mark>,
}

/// Mostly there is one, which needs no allocation; where there are very many, each is still found at once.
enum Place<T> {
    One(Arc<Live<T>>),
    Many(Box<ByKey<Arc<Live<T>>>>),
}

/// What was revoked: tickets that were issued before.
struct Mark {
    before: UnixMillis,
    /// Until when it is remembered, by the timers.
    until: u64,
}

/// The times by which marks are forgotten: both have to have come, as either clock may stop.
#[derive(Clone, Copy)]
pub(super) struct Forgotten {
    /// By the timers.
    pub(super) timer: u64,
    /// No ticket is good any more that was issued before.
    pub(super) issued: UnixMillis,
}

impl Keys {
    pub(super) fn iter(&self) -> impl Iterator<Item = u64> {
        [Some(self.subject), self.session, Some(self.ticket)].into_iter().flatten()
    }
}

impl<T> Index<T> {
    pub(super) fn new(max_marks: usize) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { shards, max_marks: max_marks.div_ceil(SHARDS) }
    }

    /// The shard of a key; what is taken out of it is dropped when its lock is gone.
    pub(super) fn shard(&self, key: u64) -> MutexGuard<'_, Shard<T>> {
        // The map in a shard goes by the low and the highest bits.
        lock(&self.shards[(key >> 32) as usize % SHARDS])
    }

    /// All sessions that are there now, a shard at a time.
    pub(super) fn all(&self) -> impl Iterator<Item = Vec<Arc<Live<T>>>> {
        self.shards.iter().map(|shard| {
            let shard = lock(shard);
            // Each is under three keys, and meant once.
            let places = shard.places.iter();
            places
                .flat_map(|(&key, place)| place.iter().filter(move |live| live.keys.subject == key))
                .cloned()
                .collect()
        })
    }

    /// Remembers that what was issued before is revoked; tells whether there was room.
    pub(super) fn mark(
        &self,
        shard: &mut Shard<T>,
        key: u64,
        before: UnixMillis,
        until: u64,
        forgotten: Forgotten,
    ) -> bool {
        if let Some(mark) = shard.marks.get_mut(&key) {
            *mark = Mark { before: before.max(mark.before), until: until.max(mark.until) };
            return true;
        }
        if shard.marks.len() >= self.max_marks {
            shard.marks.retain(|_, mark| mark.stands(forgotten));
        }
        let room = shard.marks.len() < self.max_marks;
        if room {
            shard.marks.insert(key, Mark { before, until });
        }
        room
    }
}

impl<T> Shard<T> {
    /// What is under a key.
    pub(super) fn at(&self, key: u64) -> impl Iterator<Item = &Arc<Live<T>>> {
        self.places.get(&key).into_iter().flat_map(Place::iter)
    }

    /// How many there are under a key.
    pub(super) fn count(&self, key: u64) -> usize {
        self.places.get(&key).map_or(0, |place| match place {
            Place::One(_) => 1,
            Place::Many(many) => many.len(),
        })
    }

    /// Before when tickets are revoked.
    pub(super) fn revoked_before(&self, key: u64, forgotten: Forgotten) -> Option<UnixMillis> {
        self.marks.get(&key).filter(|mark| mark.stands(forgotten)).map(|mark| mark.before)
    }

    pub(super) fn insert(&mut self, key: u64, live: &Arc<Live<T>>) {
        match self.places.entry(key) {
            Entry::Vacant(place) => {
                place.insert(Place::One(live.clone()));
            }
            Entry::Occupied(mut place) => place.get_mut().add(live.clone()),
        }
    }

    pub(super) fn remove(&mut self, key: u64, live: &Live<T>) -> Option<Arc<Live<T>>> {
        let Entry::Occupied(mut place) = self.places.entry(key) else { return None };
        match place.get_mut() {
            Place::One(one) if one.id.number == live.id.number => match place.remove() {
                Place::One(one) => Some(one),
                Place::Many(_) => None,
            },
            Place::One(_) => None,
            Place::Many(many) => {
                let removed = many.remove(&live.id.number);
                if many.is_empty() {
                    place.remove();
                } else if many.capacity() > 4 * many.len() + ROOM {
                    many.shrink_to(2 * many.len());
                }
                removed
            }
        }
    }

    /// Gives back most of the room that nothing has needed for long.
    pub(super) fn shrink(&mut self) {
        if self.places.capacity() > 4 * self.places.len() + ROOM {
            self.places.shrink_to(2 * self.places.len());
        }
    }
}

impl Mark {
    fn stands(&self, forgotten: Forgotten) -> bool {
        self.until > forgotten.timer || self.before > forgotten.issued
    }
}

impl<T> Place<T> {
    fn add(&mut self, live: Arc<Live<T>>) {
        if let Self::One(one) = self {
            let one = one.clone();
            *self = Self::Many(Box::new(ByKey::from_iter([(one.id.number, one)])));
        }
        if let Self::Many(many) = self {
            many.insert(live.id.number, live);
        }
    }

    fn iter(&self) -> impl Iterator<Item = &Arc<Live<T>>> {
        let (one, many) = match self {
            Self::One(one) => (Some(one), None),
            Self::Many(many) => (None, Some(many.values())),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }
}

impl<T> Default for Shard<T> {
    fn default() -> Self {
        Self { places: ByKey::default(), marks: ByKey::default() }
    }
}

/// Nothing under these locks can panic half way, so a poisoned one means nothing.
fn lock<T>(shard: &Mutex<Shard<T>>) -> MutexGuard<'_, Shard<T>> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

type ByKey<V> = HashMap<u64, V, BuildHasherDefault<Keyed>>;

/// A key is a hash already. The numbers of sessions count up, so they are spread to where the map looks.
#[derive(Default)]
struct Keyed(u64);

impl Hasher for Keyed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte) ^ self.0);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32);
    }
}

const SHARDS: usize = 64;
/// So few places are not worth giving back.
const ROOM: usize = 64;
