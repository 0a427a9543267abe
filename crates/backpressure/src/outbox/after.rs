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
    /// One that another has replaced, which is not woken.
    pub(super) replaced: Option<Waker>,
    /// Whether bytes were given back to the budget.
    freed: bool,
}

impl<T> After<T> {
    pub(super) const fn new() -> Self {
        let (receiver, sender, replaced) = (None, None, None);
        let freed = false;
        Self { one: None, unwanted: Vec::new(), lanes: None, receiver, sender, on_end: None, replaced, freed }
    }

    pub(super) fn bury(&mut self, item: T) {
        match &mut self.one {
            one @ None => *one = Some(item),
            Some(_) => self.unwanted.push(item),
        }
    }

    /// Has the consumer woken; whoever is to be woken anyway stays so.
    pub(super) fn wake_receiver(&mut self, waker: Option<Waker>) {
        self.receiver = self.receiver.take().or(waker);
    }

    /// Has the producer woken.
    pub(super) fn wake_sender(&mut self, waker: Option<Waker>) {
        self.sender = self.sender.take().or(waker);
    }

    /// Gives back bytes of the budget.
    pub(super) fn release(&mut self, budget: Option<&Budget>, bytes: usize) {
        if let Some(budget) = budget.filter(|_| bytes > 0) {
            budget.release(bytes);
            self.freed = true;
        }
    }

    /// Whether there is nothing left to do.
    pub(super) fn is_settled(&self) -> bool {
        let wakes = self.receiver.is_some() || self.sender.is_some() || self.freed;
        !wakes
            && self.on_end.is_none()
            && self.one.is_none()
            && self.unwanted.is_empty()
            && self.lanes.is_none()
    }

    /// By reference, since it would be copied for each item if it were moved.
    pub(super) fn settle(&mut self, budget: Option<&Budget>) {
        if let Some((tell, reason)) = self.on_end.take() {
            tell(reason);
        }
        self.receiver.take().into_iter().chain(self.sender.take()).for_each(Waker::wake);
        // Whoever finds no room wakes nobody for it, least of all itself.
        if let Some(budget) = budget.filter(|_| self.freed) {
            budget.wake_those_who_wait();
        }
    }
}
