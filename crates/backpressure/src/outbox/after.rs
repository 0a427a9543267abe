use std::task::Waker;

use super::{budget::Budget, returns::Skipped, state::Lanes};

/// What is left to do once the lock of an outbox is free: whatever drops and wake-ups do, they do outside of it.
pub(super) struct After<T> {
    /// Items that are no longer wanted. A few have room without an allocation: as many as one push displaces.
    few: [Option<T>; 2],
    more: Vec<T>,
    pub(super) lanes: Option<Box<Lanes<T>>>,
    pub(super) receiver: Option<Waker>,
    pub(super) sender: Option<Waker>,
    /// An outbox that a fan passes over, and that it should look at again.
    pub(super) returned: Option<Skipped>,
}

impl<T> After<T> {
    pub(super) const fn new() -> Self {
        Self {
            few: [None, None],
            more: Vec::new(),
            lanes: None,
            receiver: None,
            sender: None,
            returned: None,
        }
    }

    pub(super) fn bury(&mut self, item: T) {
        match self.few.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = Some(item),
            None => self.more.push(item),
        }
    }

    /// By reference, since it would be copied for each item if it were moved.
    pub(super) fn settle(&mut self, budget: Option<&Budget>) {
        if let Some(skipped) = self.returned.take() {
            skipped.give_back();
        }
        self.receiver.take().into_iter().chain(self.sender.take()).for_each(Waker::wake);
        if let Some(budget) = budget {
            budget.wake_those_who_wait();
        }
    }
}
