use std::{
    mem,
    sync::{
        Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::Waker,
};

use tokio::time::Instant;

use super::{Lifeline, waiting::Waiting};
use crate::{Connection, EndReason, Heartbeat, connection::Pace};

/// What a guard is: something to drop.
pub(super) type Guard = Box<dyn Send>;

/// What all handles of one stream share.
#[derive(Default)]
pub(super) struct Shared {
    /// Set under the lock, so that whoever holds it knows; read without.
    ended: AtomicBool,
    pace: Pace,
    /// Set under the lock; it counts the stream while that is carried.
    connection: OnceLock<Connection>,
    state: Mutex<State>,
}

/// What the last tether leaves behind, to be dropped outside of the lock.
#[must_use]
pub(super) struct Released {
    guards: Vec<Guard>,
    counted: Option<Lifeline>,
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
        if let Some(connection) = self.connection() {
            connection.wake();
        }
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
        if let Some(connection) = self.connection() {
            connection.wake_if_watching();
        }
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.lock().deadline.as_ref().map(|(deadline, _)| *deadline)
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

    pub(super) fn carry(&self, lifeline: &Lifeline) {
        let mut state = self.lock();
        state.tethers += 1;
        state.over = false;
        if state.tethers == 1 {
            self.enter(lifeline);
        }
    }

    /// Lets go of a tether; if it was the last, also of what is held, which the caller drops.
    pub(super) fn release(&self, lifeline: &Lifeline) -> Option<Released> {
        let mut state = self.lock();
        state.tethers -= 1;
        if state.tethers > 0 {
            return None;
        }
        state.over = true;
        let counted = self.connection().and_then(|connection| connection.leave(lifeline));
        Some(Released { guards: mem::take(&mut state.guards), counted })
    }

    pub(super) fn set_connection(&self, connection: &Connection, lifeline: &Lifeline) {
        if self.connection().is_some() {
            return;
        }
        let state = self.lock();
        if self.connection.set(connection.clone()).is_ok() && state.tethers > 0 {
            self.enter(lifeline);
        }
    }

    pub(super) fn connection(&self) -> Option<&Connection> {
        self.connection.get()
    }

    pub(super) const fn pace(&self) -> &Pace {
        &self.pace
    }

    /// Called with the lock held, so that the connection counts what is carried and nothing else.
    fn enter(&self, lifeline: &Lifeline) {
        if let Some(connection) = self.connection() {
            connection.enter(lifeline.clone());
        }
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

impl Released {
    /// Whether a connection has counted the stream. Everything else is dropped by this.
    pub(super) fn was_counted(self) -> bool {
        let Self { guards, counted } = self;
        drop(guards);
        counted.is_some()
    }
}
