use std::{
    mem,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    task::Waker,
    time::Duration,
};

use tokio::time::Instant;

use super::{Lifeline, deadlines::Deadlines, waiting::Waiting};
use crate::{Closed, Connection, EndReason, Heartbeat, Observer, Opened, StreamKind, connection::Pace};

/// What a guard is: something to drop.
pub(super) type Guard = Box<dyn Send>;

/// What all handles of one stream share.
#[derive(Default)]
pub(super) struct Shared {
    /// Set under the lock, so that whoever holds it knows; read without.
    ended: AtomicBool,
    /// Whoever speaks over an upgraded connection carries the stream itself.
    claimed: AtomicBool,
    pace: Pace,
    /// Set under the lock; it counts the stream while that is carried.
    connection: OnceLock<Connection>,
    observing: OnceLock<Observing>,
    opening: OnceLock<Opening>,
    /// When the stream was last seen to have sent something, in milliseconds since it was opened.
    sent: AtomicU64,
    /// Goes to none and from none only under the lock.
    tethers: AtomicUsize,
    state: Mutex<State>,
}

/// Who is told of the stream, and since when.
struct Observing {
    observer: Arc<dyn Observer>,
    since: Instant,
}

/// What was opened, and when.
#[derive(Clone, Copy)]
struct Opening {
    kind: StreamKind,
    at: Instant,
}

/// What the last tether leaves behind, to be dropped outside of the lock.
#[must_use]
pub(super) struct Released {
    guards: Vec<Guard>,
    counted: Option<Lifeline>,
    /// The stream was open, and the observer does not know yet that it is over.
    untold: bool,
}

#[derive(Default)]
struct State {
    reason: Option<EndReason>,
    deadlines: Deadlines,
    waiting: Waiting,
    /// The last tether has gone, so that what is handed over comes too late.
    over: bool,
    /// The observer was told so.
    told: bool,
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
            state.deadlines.clear();
            self.ended.store(true, Ordering::Release);
            mem::take(&mut state.waiting)
        };
        waiting.wake();
        if let Some(connection) = self.connection() {
            connection.wake();
        }
        true
    }

    /// Changes the deadlines, and sees to it that nobody sleeps through one that is earlier now.
    pub(super) fn change_deadlines<T>(&self, change: impl FnOnce(&mut Deadlines) -> T) -> Option<T> {
        let (changed, wakers) = {
            let mut state = self.lock();
            if state.reason.is_some() {
                return None;
            }
            let before = state.deadlines.first();
            let changed = change(&mut state.deadlines);
            let earlier = match (before, state.deadlines.first()) {
                (Some(before), Some(now)) => now < before,
                (before, now) => before.is_none() && now.is_some(),
            };
            if !earlier {
                return Some(changed);
            }
            // They keep their places: each only has to set its timer anew.
            (changed, state.waiting.iter().cloned().collect::<Vec<_>>())
        };
        wakers.into_iter().for_each(Waker::wake);
        if let Some(connection) = self.connection() {
            connection.wake_if_watching();
        }
        Some(changed)
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.lock().deadlines.first()
    }

    /// Ends the stream if its deadline is not after `now`.
    pub(super) fn end_if_due(&self, now: Instant) {
        let due = self.lock().deadlines.due(now);
        if let Some(reason) = due {
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
        Outlook::Open { key, deadline: state.deadlines.first() }
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
        // Where there is one already, nobody else has to know.
        let more = |tethers: usize| (tethers > 0).then_some(tethers + 1);
        if self.tethers.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).is_ok() {
            return;
        }
        let mut state = self.lock();
        state.over = false;
        if self.tethers.fetch_add(1, Ordering::Relaxed) == 0 {
            self.enter(lifeline);
        }
    }

    /// Lets go of a tether; if it was the last, also of what is held, which the caller drops.
    pub(super) fn release(&self, lifeline: &Lifeline) -> Option<Released> {
        let fewer = |tethers: usize| (tethers > 1).then_some(tethers - 1);
        if self.tethers.fetch_update(Ordering::Release, Ordering::Relaxed, fewer).is_ok() {
            return None;
        }
        let mut state = self.lock();
        if self.tethers.fetch_sub(1, Ordering::AcqRel) > 1 {
            return None;
        }
        state.over = true;
        let untold = self.opening.get().is_some() && !mem::replace(&mut state.told, true);
        let counted = self.connection().and_then(|connection| connection.leave(lifeline));
        Some(Released { guards: mem::take(&mut state.guards), counted, untold })
    }

    pub(super) fn claim(&self) {
        self.claimed.store(true, Ordering::Release);
    }

    pub(super) fn is_claimed(&self) -> bool {
        self.claimed.load(Ordering::Acquire)
    }

    pub(super) fn set_connection(&self, connection: &Connection, lifeline: &Lifeline) {
        if self.connection().is_some() {
            return;
        }
        let _state = self.lock();
        if self.connection.set(connection.clone()).is_ok() && self.tethers.load(Ordering::Relaxed) > 0 {
            self.enter(lifeline);
        }
    }

    pub(super) fn connection(&self) -> Option<&Connection> {
        self.connection.get()
    }

    pub(super) fn observe(&self, observer: Arc<dyn Observer>) {
        self.observing.get_or_init(|| Observing { observer, since: Instant::now() });
    }

    pub(super) fn observer(&self) -> Option<&dyn Observer> {
        self.observing.get().map(|observing| &*observing.observer)
    }

    pub(super) fn kind(&self) -> Option<StreamKind> {
        self.opening.get().map(|opening| opening.kind)
    }

    pub(super) fn opened(&self, kind: StreamKind) {
        let opening = Opening { kind, at: Instant::now() };
        if self.opening.set(opening).is_err() {
            return;
        }
        if let Some(Observing { observer, since }) = self.observing.get() {
            let interval = self.heartbeat().and_then(|heartbeat| heartbeat.interval_of(kind));
            let handshake = opening.at.saturating_duration_since(*since);
            observer.opened(&Opened { kind, handshake, interval });
        }
    }

    pub(super) fn closed(&self) {
        if let (Some(observer), Some(&Opening { kind, at })) = (self.observer(), self.opening.get()) {
            observer.closed(&Closed { kind, reason: self.reason(), age: at.elapsed() });
        }
    }

    pub(super) fn sent(&self, now: Instant) {
        if let Some(Opening { at, .. }) = self.opening.get() {
            let since = now.saturating_duration_since(*at).as_millis();
            self.sent.store(u64::try_from(since).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }

    pub(super) fn last_sent(&self) -> Option<Instant> {
        let opening = self.opening.get()?;
        let own = opening.at + Duration::from_millis(self.sent.load(Ordering::Relaxed));
        // A socket of somebody else's says nothing, but for what goes over its connection.
        let below = self.connection().filter(|_| opening.kind == StreamKind::WebSocket);
        Some(below.and_then(|connection| connection.progress().last()).map_or(own, |last| last.max(own)))
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
    /// Drops what was held, outside of any lock, and tells those who have to know.
    pub(super) fn let_go(self, shared: &Shared) {
        let Self { guards, counted, untold } = self;
        // First, so that whoever waits for a guard to go finds it counted.
        if untold {
            shared.closed();
        }
        drop(guards);
        if counted.is_some() {
            shared.connection().into_iter().for_each(Connection::left);
        }
    }
}
