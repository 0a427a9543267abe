use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use http::request::Parts;

/// Counts the open streams; whatever the key is, it is the same type to the layer.
pub(super) trait Slots: Send + Sync {
    /// Takes a slot, which is given back when the permit is dropped.
    fn acquire(self: Arc<Self>, parts: &Parts) -> Result<Permit, Full>;

    /// How many streams are open.
    fn open(&self) -> usize;

    /// How many keys have an open stream.
    fn keys(&self) -> usize;
}

/// A slot, until it is dropped.
pub(super) type Permit = Box<dyn Send>;

/// What there is no slot left of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Full {
    Key,
    Total,
}

impl Full {
    /// For a label of a metric.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Key => "limit_key",
            Self::Total => "limit_total",
        }
    }
}

/// Slots in total only.
pub(super) fn in_total(total: usize) -> Arc<dyn Slots> {
    by_key(total, total, |_: &Parts| None::<()>)
}

/// Slots in total, and for each key.
pub(super) fn by_key<K, F>(total: usize, per_key: usize, key_of: F) -> Arc<dyn Slots>
where
    K: Clone + Eq + Hash + Send + 'static,
    F: Fn(&Parts) -> Option<K> + Send + Sync + 'static,
{
    Arc::new(Counter { total, per_key, key_of, state: Mutex::new(State { open: 0, by_key: HashMap::new() }) })
}

struct Counter<K, F> {
    total: usize,
    per_key: usize,
    key_of: F,
    /// Both counts under one lock, so that a refusal by one never takes from the other, not even for a moment.
    state: Mutex<State<K>>,
}

struct State<K> {
    open: usize,
    by_key: HashMap<K, usize>,
}

struct Slot<K: Clone + Eq + Hash, F> {
    counter: Arc<Counter<K, F>>,
    key: Option<K>,
}

impl<K, F> Slots for Counter<K, F>
where
    K: Clone + Eq + Hash + Send + 'static,
    F: Fn(&Parts) -> Option<K> + Send + Sync + 'static,
{
    fn acquire(self: Arc<Self>, parts: &Parts) -> Result<Permit, Full> {
        let key = (self.key_of)(parts);
        self.lock().enter(self.total, self.per_key, key.as_ref())?;
        Ok(Box::new(Slot { counter: self, key }))
    }

    fn open(&self) -> usize {
        self.lock().open
    }

    fn keys(&self) -> usize {
        self.lock().by_key.len()
    }
}

impl<K, F> Counter<K, F> {
    /// The counts are changed last, after whatever of a key's code may panic, so a poisoned lock means nothing.
    fn lock(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone + Eq + Hash> State<K> {
    fn enter(&mut self, total: usize, per_key: usize, key: Option<&K>) -> Result<(), Full> {
        // The key is looked at first: a client that has too many itself is to know, however full the server is.
        let count = key.and_then(|key| self.by_key.get_mut(key));
        if key.is_some() && count.as_ref().map_or(0, |count| **count) >= per_key {
            return Err(Full::Key);
        }
        if self.open >= total {
            return Err(Full::Total);
        }
        match (count, key) {
            (Some(count), _) => *count += 1,
            (None, Some(key)) => drop(self.by_key.insert(key.clone(), 1)),
            (None, None) => {}
        }
        self.open += 1;
        Ok(())
    }

    /// Gives a slot back, and gives the key back too if nobody else has it.
    fn leave(&mut self, key: Option<&K>) -> Option<K> {
        self.open -= 1;
        let key = key?;
        let count = self.by_key.get_mut(key)?;
        *count -= 1;
        if *count > 0 {
            return None;
        }
        let (last, _) = self.by_key.remove_entry(key)?;
        let (len, room) = (self.by_key.len(), self.by_key.capacity());
        if room > ROOM_TO_KEEP && len < room / 8 {
            self.by_key.shrink_to(len * 2);
        }
        Some(last)
    }
}

impl<K: Clone + Eq + Hash, F> Drop for Slot<K, F> {
    fn drop(&mut self) {
        // The key that nobody has any more is dropped outside of the lock.
        let _last = self.counter.lock().leave(self.key.as_ref());
    }
}

/// A table of keys that is no larger than this is not made smaller again.
const ROOM_TO_KEEP: usize = 64;

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn parts(key: &str) -> Parts {
        Request::get(key).body(()).expect("a valid request").into_parts().0
    }

    /// By path, but for the path `/`.
    fn slots(total: usize, per_key: usize) -> Arc<dyn Slots> {
        by_key(total, per_key, |parts: &Parts| {
            Some(parts.uri.path().to_owned()).filter(|path| path.as_str() != "/")
        })
    }

    fn full(slots: &Arc<dyn Slots>, key: &str) -> Option<Full> {
        slots.clone().acquire(&parts(key)).err()
    }

    #[test]
    fn a_refusal_by_key_takes_nothing_of_the_total() {
        let slots = slots(2, 1);
        let _first = slots.clone().acquire(&parts("/a")).unwrap_or_else(|_| panic!("there is a slot"));
        for _ in 0..10 {
            assert_eq!(full(&slots, "/a"), Some(Full::Key));
        }
        assert_eq!((slots.open(), slots.keys()), (1, 1));
        assert_eq!(full(&slots, "/b"), None);
    }

    #[test]
    fn a_refusal_by_the_total_takes_nothing_of_the_key() {
        let slots = slots(1, 2);
        let other = slots.clone().acquire(&parts("/")).ok();
        for _ in 0..10 {
            assert_eq!(full(&slots, "/a"), Some(Full::Total));
        }
        assert_eq!((slots.open(), slots.keys()), (1, 0));
        drop(other);
        assert_eq!(full(&slots, "/a"), None);
    }

    #[test]
    fn a_key_is_forgotten_with_its_last_stream_and_so_is_its_room() {
        let state = |keys: usize| {
            let mut state = State { open: 0, by_key: HashMap::new() };
            (0..keys).for_each(|key| state.enter(usize::MAX, 1, Some(&key)).expect("there is a slot"));
            state
        };
        let mut state = state(10_000);
        for key in 0..10_000 {
            assert_eq!(state.leave(Some(&key)), Some(key));
        }
        assert_eq!((state.open, state.by_key.len()), (0, 0));
        assert!(state.by_key.capacity() <= ROOM_TO_KEEP);
    }

    #[test]
    fn nothing_is_allowed_where_the_limit_is_zero() {
        assert_eq!(full(&slots(0, 1), "/"), Some(Full::Total));
        assert_eq!(full(&slots(1, 0), "/a"), Some(Full::Key));
        assert_eq!(full(&slots(1, 0), "/"), None);
    }
}
