use std::{
    mem,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::Waker,
};

use tokio::time::Instant;

use crate::{EndReason, Heartbeat};

/// What a guard is: something to drop.
pub(super) type Guard = Box<dyn Send>;

/// What all handles of one stream share.
#[derive(Default)]
pub(super) struct Shared {
    /// Set under the lock, so that whoever holds it knows; read without.
    ended: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    reason: Option<EndReason>,
    deadline: Option<(Instant, EndReason)>,
    waiting: Waiting,
    tethers: usize,
    /// The last tether has gone, so that what is handed over comes too late.
    over: bool,
    guards: Vec<Guard>,
    heartbeat: Option<Heartbeat>,
}

/// The tasks that wait, each by the key it was given. The first, which is mostly the only one, needs no
/// allocation.
#[derive(Default)]
struct Waiting {
    first: Option<Waker>,
    others: Vec<Option<Waker>>,
}

/// What somebody who waits is told.
pub(super) enum Outlook {
    Ended(EndReason),
    /// Not yet; the waker is kept under this key.
    Open {
        key: usize,
        deadline: Option<Instant>,
    },
}

impl Shared {
    #[inline]
    pub(super) fn is_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    pub(super) fn reason(&self) -> Option<EndReason> {
        if self.is_ended() { self.lock().reason.clone() } else { None }
    }

    pub(super) fn end(&self, reason: impl FnOnce() -> EndReason) -> bool {
        if self.is_ended() {
            return false;
        }
        let reason = reason();
        let waiting = {
            let mut state = self.lock();
            if state.reason.is_some() {
                return false;
            }
            state.reason = Some(reason);
            state.deadline = None;
            self.ended.store(true, Ordering::Release);
            mem::take(&mut state.waiting)
        };
        waiting.wake();
        true
    }

    pub(super) fn end_at(&self, deadline: Instant, reason: EndReason) {
        let wakers: Vec<Waker> = {
            let mut state = self.lock();
            let later = state.deadline.as_ref().is_some_and(|(earlier, _)| *earlier <= deadline);
            if state.reason.is_some() || later {
                return;
            }
            state.deadline = Some((deadline, reason));
            // They keep their places: each only has to set its timer anew.
            state.waiting.iter().cloned().collect()
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Ends the stream if its deadline is not after `now`.
    pub(super) fn end_if_due(&self, now: Instant) {
        let due = {
            let mut state = self.lock();
            if state.deadline.as_ref().is_some_and(|(deadline, _)| *deadline <= now) {
                state.deadline.take()
            } else {
                None
            }
        };
        if let Some((_, reason)) = due {
            self.end(|| reason);
        }
    }

    /// Keeps the waker until the end, under the key that it was kept under before, if there is one.
    pub(super) fn wait(&self, key: Option<usize>, waker: &Waker) -> Outlook {
        let mut state = self.lock();
        if let Some(reason) = &state.reason {
            return Outlook::Ended(reason.clone());
        }
        let key = state.waiting.keep(key, waker);
        Outlook::Open { key, deadline: state.deadline.as_ref().map(|(deadline, _)| *deadline) }
    }

    pub(super) fn forget(&self, key: usize) {
        // The waker is dropped outside of the lock: it may be the last owner of a task.
        let _waker = {
            let mut state = self.lock();
            // At the end all keys were given back.
            if state.reason.is_none() { state.waiting.remove(key) } else { None }
        };
    }

    pub(super) fn hold(&self, guard: Guard) {
        let mut state = self.lock();
        if state.over {
            drop(state);
            drop(guard);
        } else {
            state.guards.push(guard);
        }
    }

    pub(super) fn carry(&self) {
        let mut state = self.lock();
        state.tethers += 1;
        state.over = false;
    }

    /// Lets go of a tether, and of what is held if it was the last: the caller drops that.
    #[must_use]
    pub(super) fn release(&self) -> Vec<Guard> {
        let mut state = self.lock();
        state.tethers -= 1;
        if state.tethers > 0 {
            return Vec::new();
        }
        state.over = true;
        mem::take(&mut state.guards)
    }

    pub(super) fn set_heartbeat(&self, heartbeat: Heartbeat) {
        let _replaced = self.lock().heartbeat.replace(heartbeat);
    }

    pub(super) fn heartbeat(&self) -> Option<Heartbeat> {
        self.lock().heartbeat.clone()
    }

    /// Nothing in here can panic half way, so a poisoned lock means nothing.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn keep(&mut self, key: Option<usize>, waker: &Waker) -> usize {
        let key = key.unwrap_or_else(|| self.vacant());
        let place = match key {
            0 => &mut self.first,
            other => &mut self.others[other - 1],
        };
        match place {
            Some(kept) => kept.clone_from(waker),
            None => *place = Some(waker.clone()),
        }
        key
    }

    fn vacant(&mut self) -> usize {
        if self.first.is_none() {
            return 0;
        }
        let place = self.others.iter().position(Option::is_none).unwrap_or_else(|| {
            self.others.push(None);
            self.others.len() - 1
        });
        place + 1
    }

    fn remove(&mut self, key: usize) -> Option<Waker> {
        match key {
            0 => self.first.take(),
            other => self.others[other - 1].take(),
        }
    }

    fn iter(&self) -> impl Iterator<Item = &Waker> {
        self.first.iter().chain(self.others.iter().flatten())
    }

    fn wake(self) {
        self.first.into_iter().chain(self.others.into_iter().flatten()).for_each(Waker::wake);
    }
}
