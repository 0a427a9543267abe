use std::sync::{Mutex, PoisonError};

/// Maps that are locked one by one.
#[derive(Debug)]
pub(super) struct Shards<T>([Mutex<T>; SHARDS]);

impl<T> Shards<T> {
    /// Locks the one for a key, whose first byte is as good as random.
    pub(super) fn with<R>(&self, key: &[u8; 16], then: impl FnOnce(&mut T) -> R) -> R {
        let [first, ..] = *key;
        lock(&self.0[usize::from(first) % SHARDS], then)
    }

    /// Locks one after the other.
    pub(super) fn each(&self, mut then: impl FnMut(&mut T)) {
        for shard in &self.0 {
            lock(shard, &mut then);
        }
    }
}

fn lock<T, R>(shard: &Mutex<T>, then: impl FnOnce(&mut T) -> R) -> R {
    // A map is whole after each operation, whatever has panicked.
    then(&mut shard.lock().unwrap_or_else(PoisonError::into_inner))
}

impl<T: Default> Default for Shards<T> {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::default()))
    }
}

const SHARDS: usize = 64;
