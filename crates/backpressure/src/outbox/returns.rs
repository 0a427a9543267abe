use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use super::lane::Gap;

/// What a fan shares with the outboxes that it passes over.
#[derive(Debug, Default)]
pub(super) struct Returns {
    /// Items published so far, with the one that is being published.
    items: AtomicU64,
    bytes: AtomicU64,
    /// Who is ready for more. A lock under which nothing else is ever taken.
    ready: Mutex<Vec<usize>>,
}

/// An outbox that is passed over until its consumer has drained it.
#[derive(Clone, Debug)]
pub(super) struct Skipped {
    pub(super) returns: Arc<Returns>,
    pub(super) place: usize,
    /// What was published and either reached the outbox or was counted as missing.
    pub(super) seen: Gap,
}

impl Returns {
    pub(super) fn published(&self) -> Gap {
        Gap { dropped: self.items.load(Ordering::Acquire), bytes: self.bytes.load(Ordering::Acquire) }
    }

    /// Counts an item; only ever called by the one who publishes.
    pub(super) fn count(&self, weight: usize) {
        self.bytes.fetch_add(weight as u64, Ordering::Release);
        self.items.fetch_add(1, Ordering::Release);
    }

    /// Moves those who are ready into `into`.
    pub(super) fn collect(&self, into: &mut Vec<usize>) {
        into.append(&mut self.ready.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Skipped {
    /// What was published since this was asked last.
    pub(super) fn missed(&mut self) -> Gap {
        let now = self.returns.published();
        let missed = Gap { dropped: now.dropped - self.seen.dropped, bytes: now.bytes - self.seen.bytes };
        self.seen = now;
        missed
    }

    /// Asks to be looked at before the next item is published.
    pub(super) fn give_back(self) {
        self.returns.ready.lock().unwrap_or_else(PoisonError::into_inner).push(self.place);
    }
}
