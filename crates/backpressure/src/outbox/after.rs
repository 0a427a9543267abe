use std::task::Waker;

use super::{
    End,
    budget::Budget,
    state::{Lanes, OnEnd},
};

/// What is left to do once the lock of an outbox is free: whatever drops and wake-ups do, they do outside of it.
pub(super) struct After<T> {
    /// An item that is no longer wanted; one has room without an allocation.
    one: Option<T>,
    pub(super) unwanted: Vec<T>,
    pub(super) lanes: Option<Box<Lanes<T>>>,
    pub(super) receiver: Option<Waker>,
    pub(super) sender: Option<Waker>,
    pub(super) on_end: Option<(OnEnd, End)>,
}

impl<T> After<T> {
    pub(super) const fn new() -> Self {
        Self { one: None, unwanted: Vec::new(), lanes: None, receiver: None, sender: None, on_end: None }
    }

    pub(super) fn bury(&mut self, item: T) {
        match &mut self.one {
            one @ None => *one = Some(item),
            Some(_) => self.unwanted.push(item),
        }
    }

    /// By reference, since it would be copied for each item if it were moved.
    pub(super) fn settle(&mut self, budget: Option<&Budget>) {
        if let Some((tell, reason)) = self.on_end.take() {
            tell(reason);
        }
        self.receiver.take().into_iter().chain(self.sender.take()).for_each(Waker::wake);
        if let Some(budget) = budget {
            budget.wake_those_who_wait();
        }
    }
}
