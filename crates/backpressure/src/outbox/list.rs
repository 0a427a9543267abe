use std::{sync::Arc, task::Waker};

use super::{
    Sender,
    returns::{Returns, Skipped},
};

/// The subscribers of a fan.
pub(super) struct List<T> {
    pub(super) active: Vec<Sender<T>>,
    /// Those that are passed over, each in the place that its outbox knows.
    pub(super) skipped: Vec<Option<Sender<T>>>,
    pub(super) vacant: Vec<usize>,
    /// Kept for their room.
    returned: Vec<usize>,
    pub(super) wakers: Vec<Waker>,
    /// How many there may be before those that are gone are removed without an item being published.
    room: usize,
}

impl<T> List<T> {
    pub(super) const fn new() -> Self {
        Self {
            active: Vec::new(),
            skipped: Vec::new(),
            vacant: Vec::new(),
            returned: Vec::new(),
            wakers: Vec::new(),
            room: 16,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.active.len() + self.passed_over()
    }

    pub(super) fn passed_over(&self) -> usize {
        self.skipped.len() - self.vacant.len()
    }

    /// Looks at those again that have drained their outboxes.
    pub(super) fn bring_back(&mut self, returns: &Returns) {
        returns.collect(&mut self.returned);
        for place in self.returned.drain(..) {
            let Some(sender) = self.skipped.get_mut(place).and_then(Option::take) else { continue };
            self.vacant.push(place);
            if sender.shared().resume() {
                self.active.push(sender);
            }
        }
    }

    /// Passes a subscriber over from now on, unless it has drained its outbox by now.
    ///
    /// What was refused, and not counted as dropped, is counted with its weight.
    pub(super) fn pass_over(&mut self, place: usize, returns: &Arc<Returns>, refused: Option<usize>) -> bool {
        let vacant = self.vacant.last().copied().unwrap_or(self.skipped.len());
        let skipped = Skipped { returns: Arc::clone(returns), place: vacant, seen: returns.published() };
        if !self.active[place].shared().pass_over(skipped, refused) {
            return false;
        }
        let sender = Some(self.active.swap_remove(place));
        match self.vacant.pop() {
            Some(vacant) => self.skipped[vacant] = sender,
            None => self.skipped.push(sender),
        }
        true
    }

    pub(super) fn make_room(&mut self) {
        if self.active.len() >= self.room {
            self.active.retain(|sender| !sender.is_closed());
            self.room = self.active.len().saturating_mul(2).max(16);
        }
    }
}
