use std::task::Waker;

use super::{budget::Budget, state::Lanes};

/// What is left to do once the lock of an outbox is free: whatever drops and wake-ups do, they do outside of it.
pub(super) struct After<T> {
    /// An item that is no longer wanted; one has room without an allocation.
    one: Option<T>,
    pub(super) unwanted: Vec<T>,
    pub(super) lanes: Option<Box<Lanes<T>>>,
    pub(super) receiver: Option<Waker>,
    pub(super) sender: Option<Waker>,
    /// Whether bytes were given back to the budget.
    freed: bool,
}

impl<T> After<T> {
    pub(super) const fn new() -> Self {
        Self { one: None, unwanted: Vec::new(), lanes: None, receiver: None, sender: None, freed: false }
    }

    pub(super) fn bury(&mut self, item: T) {
        match &mut self.one {
            one @ None => *one = Some(item),
            Some(_) => self.unwanted.push(item),
        }
    }

    /// Gives back bytes of the budget.
    pub(super) fn release(&mut self, budget: Option<&Budget>, bytes: usize) {
        if let Some(budget) = budget.filter(|_| bytes > 0) {
            budget.release(bytes);
            self.freed = true;
        }
    }

    /// By reference, since it would be copied for each item if it were moved.
    pub(super) fn settle(&mut self, budget: Option<&Budget>) {
        self.receiver.take().into_iter().chain(self.sender.take()).for_each(Waker::wake);
        // Whoever finds no room wakes nobody for it, least of all itself.
        if let Some(budget) = budget.filter(|_| self.freed) {
            budget.wake_those_who_wait();
        }
    }
}
