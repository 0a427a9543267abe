use std::{
    sync::PoisonError,
    task::{Context, Poll, Waker},
};

use super::{
    Class, Closed, End, Loss, Outbox, SendError, Sent, Stats, Verdict,
    after::After,
    budget::Candidate,
    log::Link,
    offer::{Funds, Incoming, Offer},
    settings::Settings,
    state::{Inlet, OnEnd, State},
    sync::{Mutex, MutexGuard},
    take::{Pop, wait},
};

/// What both sides of an outbox share.
///
/// Nothing of a caller's runs under the lock but the closure that finds keys, what keys do in a map, and the `clone`
/// of items and wakers. Of other locks only that of a log is taken under it.
pub(super) struct Shared<T> {
    outbox: Outbox<T>,
    state: Mutex<State<T>>,
}

impl<T> Shared<T> {
    pub(super) fn new(outbox: Outbox<T>, now: u64) -> Self {
        Self { outbox, state: Mutex::new(State::new(now)) }
    }

    pub(super) fn settings(&self) -> &Settings<T> {
        self.outbox.settings()
    }

    /// Does something under the lock, and what follows from it after.
    pub(super) fn locked<R>(&self, act: impl FnOnce(&mut State<T>, &Settings<T>, &mut After<T>) -> R) -> R {
        let mut after = After::new();
        let (result, loss) = self.unsettled(&mut after, act);
        self.settings().settle(&mut after, loss);
        result
    }

    /// Does something under the lock, and leaves what follows from it to the caller.
    fn unsettled<R>(
        &self,
        after: &mut After<T>,
        act: impl FnOnce(&mut State<T>, &Settings<T>, &mut After<T>) -> R,
    ) -> (R, Option<Loss>) {
        let settings = self.settings();
        let mut state = self.lock();
        let before = settings.on_loss.as_ref().map(|_| state.tally());
        let result = act(&mut state, settings, after);
        (result, before.and_then(|before| state.loss(settings, before)))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State<T>> {
        // A closure that finds keys may panic, but only before anything is changed or after all of it is.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands an item over. A receiver that waits is left to the caller to wake.
    pub(super) fn send(
        &self,
        class: Class,
        item: T,
        weight: usize,
        now: u64,
    ) -> (Result<Sent, SendError<T>>, Option<Waker>) {
        {
            let mut state = self.lock();
            if matches!(state.inlet, Inlet::Sender(_)) && state.fits_plainly(self.settings(), class, weight) {
                state.tell(now);
                let receiver = state.put_plain(self.settings(), (class, item, weight));
                return (Ok(Sent::Queued), receiver);
            }
        }
        let (mut item, mut funds) = (item, Funds::Unknown);
        loop {
            let (offer, clock, receiver) = self.locked(|state, settings, after| {
                state.tell(now);
                let since = state.clock;
                let incoming = Incoming { class, item, weight, since, read_on: false };
                let offer = state.offer(settings, incoming, funds, after);
                (offer, since, after.receiver.take())
            });
            match offer {
                Offer::Done(sent) => return (Ok(sent), receiver),
                Offer::Refused(error) => return (Err(error), receiver),
                Offer::Short(given_back, needed) => {
                    receiver.into_iter().for_each(Waker::wake);
                    item = given_back;
                    funds = self.find_funds(needed, clock);
                }
            }
        }
    }

    /// Hands over an item that is not dropped in silence: if there is no room, the outbox is ended.
    ///
    /// What follows is for the caller to do, but for whoever is ended to make room.
    pub(super) fn send_or_end(
        &self,
        class: Class,
        item: T,
        weight: usize,
        now: u64,
        after: &mut After<T>,
    ) -> Option<Loss> {
        let (mut item, mut funds) = (item, Funds::Unknown);
        loop {
            let (short, loss) = self.unsettled(after, |state, settings, after| {
                state.tell(now);
                let since = state.clock;
                let incoming = Incoming { class, item, weight, since, read_on: false };
                match state.offer(settings, incoming, funds, after) {
                    Offer::Done(_) => None,
                    Offer::Refused(error) => {
                        after.bury(error.into_item());
                        state.end(settings, End::Overflow, after);
                        None
                    }
                    Offer::Short(item, needed) => Some((item, needed, since)),
                }
            });
            let Some((given_back, needed, clock)) = short else { return loss };
            if let Some(loss) = loss {
                self.settings().tell(&loss);
            }
            item = given_back;
            funds = self.find_funds(needed, clock);
        }
    }

    /// Asks the budget for room; only without the lock.
    fn find_funds(&self, needed: usize, clock: u64) -> Funds {
        let found = self.settings().budget.as_ref().is_some_and(|budget| budget.find(needed, clock));
        if found { Funds::Unknown } else { Funds::Exhausted }
    }

    /// Puts into the queues what the fan has published up to now, each item as if it had come when it was published.
    pub(super) fn catch_up(&self) {
        let mut funds = Funds::Unknown;
        loop {
            let short = self.locked(|state, settings, after| {
                // What is held is what the budget was asked for, unless somebody else was faster.
                let held = state.take_held().map(|held| (held, funds));
                let mut next =
                    held.or_else(|| state.next_from_fan().map(|incoming| (incoming, Funds::Unknown)));
                while let Some((incoming, funds)) = next {
                    if let Some(short) = state.let_in(settings, incoming, funds, after) {
                        return Some((short, state.clock));
                    }
                    next = state.next_from_fan().map(|incoming| (incoming, Funds::Unknown));
                }
                None
            });
            let Some((needed, clock)) = short else { return };
            funds = self.find_funds(needed, clock);
        }
    }

    /// Waits until a class is not under strain, or the outbox is closed.
    pub(super) fn poll_ready(&self, cx: &mut Context<'_>, class: Class) -> Poll<Result<(), Closed>> {
        // Declared first, so that it is dropped when the lock is free.
        let _replaced;
        let mut state = self.lock();
        if state.is_closed() {
            return Poll::Ready(Err(Closed));
        }
        let Some(lanes) = &mut state.lanes else { return Poll::Ready(Ok(())) };
        let lane = lanes.lane(class);
        if lane.len() == 0 || !lane.is_strained() {
            return Poll::Ready(Ok(()));
        }
        _replaced = wait(&mut lanes.sender, cx);
        Poll::Pending
    }

    /// Arranges for the task to be woken when there may be room; ready if it is worth another try at once.
    ///
    /// - `asked`: whether the budget knows who waits, which is asked once more when it does.
    pub(super) fn poll_room(&self, cx: &mut Context<'_>, class: Class, asked: &mut bool) -> Poll<()> {
        if self.poll_ready(cx, class).is_pending() || *asked {
            return Poll::Pending;
        }
        // There is room by now, or else it is the budget that has none.
        if let Some(budget) = &self.settings().budget {
            budget.wait(self.id(), cx);
            *asked = true;
        }
        Poll::Ready(())
    }

    /// Whoever waited for room does so no more.
    pub(super) fn forget_room(&self) {
        if let Some(budget) = &self.settings().budget {
            budget.forget(self.id());
        }
    }

    /// What its budget knows it by.
    fn id(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Takes what is next, or waits if there is a context to wait in.
    pub(super) fn pop(&self, mut cx: Option<&mut Context<'_>>) -> Pop<T> {
        // By itself, so that whoever is woken finds the lock free.
        let plain = self.lock().pop_plain(self.settings());
        if let Some((delivery, weight, sender)) = plain {
            sender.into_iter().for_each(Waker::wake);
            return Pop::Delivery(delivery, weight);
        }
        loop {
            match self.locked(|state, settings, after| state.pop(settings, after, cx.as_deref_mut())) {
                Pop::Behind => self.catch_up(),
                pop => return pop,
            }
        }
    }

    /// Tells the time, and judges.
    pub(super) fn advance(&self, now: u64) -> Verdict {
        self.catch_up();
        self.locked(|state, settings, after| state.advance(settings, now, after))
    }

    /// Tells the time, and ends the outbox if its reader is slow; whether it did.
    pub(super) fn end_if_slow(&self, now: u64) -> bool {
        self.catch_up();
        self.locked(|state, settings, after| {
            let slow = state.advance(settings, now, after) == Verdict::Slow;
            if slow {
                state.end(settings, End::Slow, after);
            }
            slow
        })
    }

    /// Lets all that comes from now on come from a fan, unless the outbox has ended already.
    pub(super) fn link(&self, link: Link<T>) {
        let mut unwanted = Vec::new();
        let mut state = self.lock();
        if state.is_closed() {
            link.log.lock().leave(link.place, &mut unwanted);
        } else {
            state.inlet = Inlet::Fan(link);
        }
    }

    pub(super) fn stats(&self) -> Stats {
        self.catch_up();
        self.lock().stats()
    }

    /// Has somebody told when the outbox ends early, or at once if it has.
    pub(super) fn on_end(&self, tell: OnEnd) {
        let ended = {
            let mut state = self.lock();
            match state.ended {
                None => {
                    let replaced = state.rare.get_or_insert_default().on_end.replace(tell);
                    (None, replaced)
                }
                Some(reason) => (Some((tell, reason)), None),
            }
        };
        if let (Some((tell, reason)), _) = ended {
            tell(reason);
        }
    }

    pub(super) fn end(&self, reason: End) {
        self.locked(|state, settings, after| state.end(settings, reason, after));
    }
}

impl<T: Send> Candidate for Shared<T> {
    fn standing(&self, now: u64) -> Option<(u64, usize)> {
        let mut state = self.lock();
        state.tell(now);
        state.standing(self.settings())
    }

    fn end_if_stalled(&self, now: u64) {
        self.locked(|state, settings, after| {
            if state.standing(settings).is_some_and(|(due, _)| due <= now) {
                state.end(settings, End::Budget, after);
            }
        });
    }

    fn is_gone(&self) -> bool {
        self.lock().is_closed()
    }

    fn stall(&self) -> u64 {
        self.settings().stall
    }
}
