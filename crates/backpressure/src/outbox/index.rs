use std::{collections::HashMap, hash::Hash, sync::Arc};

/// Where the item of each key stands in its lane; whatever the key is, it is the same type to the lane.
pub(super) trait Index<T>: Send {
    fn find(&self, item: &T) -> Option<u64>;
    fn enter(&mut self, item: &T, position: u64);
    fn leave(&mut self, item: &T);
}

/// Makes an empty index, once for each outbox that is used.
pub(super) type MakeIndex<T> = Arc<dyn Fn() -> Box<dyn Index<T>> + Send + Sync>;

struct ByKey<K, F> {
    key_of: F,
    positions: HashMap<K, u64>,
}

pub(super) fn by_key<T, K, F>(key_of: F) -> MakeIndex<T>
where
    K: Eq + Hash + Send + 'static,
    F: Fn(&T) -> Option<K> + Send + Sync + 'static,
{
    let key_of = Arc::new(key_of);
    Arc::new(move || {
        let key_of = Arc::clone(&key_of);
        Box::new(ByKey { key_of: move |item: &T| key_of(item), positions: HashMap::new() })
    })
}

impl<T, K: Eq + Hash + Send, F: Fn(&T) -> Option<K> + Send> Index<T> for ByKey<K, F> {
    fn find(&self, item: &T) -> Option<u64> {
        self.positions.get(&(self.key_of)(item)?).copied()
    }

    fn enter(&mut self, item: &T, position: u64) {
        if let Some(key) = (self.key_of)(item) {
            self.positions.insert(key, position);
        }
    }

    fn leave(&mut self, item: &T) {
        if let Some(key) = (self.key_of)(item) {
            self.positions.remove(&key);
        }
    }
}
