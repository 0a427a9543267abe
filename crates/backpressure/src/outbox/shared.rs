use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use super::{
    Class, Closed, End, Outbox, SendError, Sent, Verdict,
    after::After,
    budget::Candidate,
    lane::Gap,
    offer::{Funds, Offer},
    returns::Skipped,
    settings::Settings,
    state::{Lanes, State},
    take::Pop,
};

/// What both sides of an outbox share.
///
/// Nothing of a caller's runs under the lock but the closure that finds keys, and no other lock is taken under it.
pub(super) struct Shared<T> {
    outbox: Outbox<T>,
    state: Mutex<State<T>>,
}

impl<T> Shared<T> {
    pub(super) const fn new(outbox: Outbox<T>, now: u64) -> Self {
        Self { outbox, state: Mutex::new(State::new(now)) }
    }

    pub(super) fn settings(&self) -> &Settings<T> {
        self.outbox.settings()
    }

    /// Does something under the lock, and what follows from it after.
    pub(super) fn locked<R>(&self, act: impl FnOnce(&mut State<T>, &Settings<T>, &mut After<T>) -> R) -> R {
        let mut after = After::new();
        let result = act(&mut self.lock(), self.settings(), &mut after);
        after.settle(self.settings().budget.as_ref());
        result
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
        let settings = self.settings();
        let (mut item, mut funds) = (item, Funds::Unknown);
        loop {
            let mut after = After::new();
            let (offer, clock) = {
                let mut state = self.lock();
                state.tell(now);
                (state.offer(settings, (class, item, weight), funds, &mut after), state.clock)
            };
            let receiver = after.receiver.take();
            after.settle(settings.budget.as_ref());
            match offer {
                Offer::Done(sent) => return (Ok(sent), receiver),
                Offer::Refused(error) => return (Err(error), receiver),
                Offer::Short(given_back, needed) => {
                    receiver.into_iter().for_each(Waker::wake);
                    item = given_back;
                    let found = settings.budget.as_ref().is_some_and(|budget| budget.find(needed, clock));
                    funds = if found { Funds::Unknown } else { Funds::Exhausted };
                }
            }
        }
    }

    /// Waits until a class is not under strain, or the outbox is closed.
    pub(super) fn poll_ready(&self, cx: &mut Context<'_>, class: Class) -> Poll<Result<(), Closed>> {
        let mut state = self.lock();
        if state.is_closed() {
            return Poll::Ready(Err(Closed));
        }
        let Some(lanes) = &mut state.lanes else { return Poll::Ready(Ok(())) };
        let lane = lanes.lane(class);
        if lane.len() == 0 || !lane.is_strained() {
            return Poll::Ready(Ok(()));
        }
        wait(&mut lanes.sender, cx);
        Poll::Pending
    }

    /// Takes what is next, or waits if there is a context to wait in.
    pub(super) fn pop(&self, cx: Option<&mut Context<'_>>) -> Pop<T> {
        self.locked(|state, settings, after| {
            let pop = state.pop(settings, after);
            if let (Pop::Empty, Some(cx)) = (&pop, cx) {
                wait(&mut state.receiver, cx);
            }
            pop
        })
    }

    /// Tells the time, and judges.
    pub(super) fn advance(&self, now: u64) -> Verdict {
        self.locked(|state, settings, after| {
            state.tell(now);
            let lagged = state.dropped;
            if !state.is_closed() {
                state.expire(settings, after);
            }
            if state.dropped > lagged && after.receiver.is_none() {
                after.receiver = state.receiver.take();
            }
            state.verdict(settings)
        })
    }

    /// Lets a fan pass this outbox over, unless its consumer has drained it already; whether it may. An item that
    /// was refused is counted as dropped in either case.
    pub(super) fn pass_over(&self, skipped: Skipped, refused: Option<usize>) -> bool {
        self.locked(|state, settings, after| {
            if state.is_closed() {
                return false;
            }
            if let Some(weight) = refused {
                state.count(Gap::of(weight));
                state.lanes.get_or_insert_with(|| Box::new(Lanes::new(settings))).live.miss(Gap::of(weight));
                after.receiver = state.receiver.take();
            }
            let strained = state.lanes.as_mut().filter(|lanes| lanes.live.is_strained());
            strained.is_some_and(|lanes| {
                (lanes.skipped, lanes.returned) = (Some(Box::new(skipped)), false);
                true
            })
        })
    }

    /// Ends what [`Self::pass_over`] began, just before an item is published; whether the outbox is still open.
    pub(super) fn resume(&self) -> bool {
        self.locked(|state, _, after| {
            if let Some(mut skipped) = state.lanes.as_mut().and_then(|lanes| lanes.skipped.take()) {
                let missed = state.missed(&mut skipped);
                if let Some(lanes) = &mut state.lanes {
                    lanes.live.miss(missed);
                    lanes.returned = false;
                }
                after.receiver = state.receiver.take();
            }
            !state.is_closed()
        })
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

fn wait(place: &mut Option<Waker>, cx: &Context<'_>) {
    match place {
        Some(waker) => waker.clone_from(cx.waker()),
        None => *place = Some(cx.waker().clone()),
    }
}
