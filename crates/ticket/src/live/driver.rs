use std::{
    collections::{BTreeMap, VecDeque},
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    runtime::{Handle, Id},
    sync::Notify,
    task::yield_now,
    time::{Instant, timeout_at},
};

use super::{
    check,
    inner::Inner,
    live_session::{Live, Terms},
};
use crate::Claims;

/// When which session has to be looked at.
pub(super) struct Schedule<T> {
    state: Mutex<State<T>>,
    /// Something is due earlier than what the driver sleeps for.
    earlier: Notify,
}

struct State<T> {
    /// By the time, and the number of the session.
    entries: BTreeMap<(u64, u64), Arc<Live<T>>>,
    runs: bool,
    /// Counts the drivers, so that one that is dropped is told from the next.
    driver: u64,
    sleeps_until: u64,
    /// The runtimes in which there were sessions since the driver was started, the last one at the end.
    homes: VecDeque<Handle>,
}

/// What the driver has to do next.
enum Next<T> {
    See(Vec<(u64, Arc<Live<T>>)>),
    SleepUntil(u64),
    Stop,
}

/// The driver runs; if it is dropped, with its runtime, there is to be another, in another one.
struct Running<T: Claims> {
    inner: Arc<Inner<T>>,
    home: Id,
    driver: u64,
    stopped: bool,
}

impl<T: Claims> Schedule<T> {
    /// Puts a session where its terms say; called with the lock on them held, so that they are what it is under.
    pub(super) fn set(&self, inner: &Arc<Inner<T>>, live: &Arc<Live<T>>, terms: &mut Terms) {
        let (next, number) = (terms.next(), live.id.number);
        let before = mem::replace(&mut terms.scheduled, next);
        if before == next {
            return;
        }
        let (wake, start) = {
            let mut state = self.lock();
            if let Some(before) = before {
                // The caller has it too, so that it is not dropped in here.
                state.entries.remove(&(before, number));
            }
            let Some(next) = next else { return };
            state.entries.insert((next, number), live.clone());
            state.settle();
            (next < state.sleeps_until, !state.runs)
        };
        if start {
            self.start(inner);
        } else if wake {
            self.earlier.notify_one();
        }
    }

    /// Starts the driver in one of the runtimes, unless it runs, or there is none.
    fn start(&self, inner: &Arc<Inner<T>>) {
        let (home, driver) = {
            let mut state = self.lock();
            let Some(home) = state.homes.back().cloned().filter(|_| !state.runs) else { return };
            state.runs = true;
            state.driver += 1;
            (home, state.driver)
        };
        let running = Running { inner: inner.clone(), home: home.id(), driver, stopped: false };
        // A runtime that is shut down drops it at once, and that starts it in the next.
        home.spawn(drive(running));
    }

    fn next(&self, now: u64) -> Next<T> {
        let mut state = self.lock();
        let mut due = Vec::new();
        while due.len() < BATCH
            && let Some(entry) = state.entries.first_entry()
            && entry.key().0 <= now
        {
            let ((at, _), live) = entry.remove_entry();
            due.push((at, live));
        }
        if !due.is_empty() {
            return Next::See(due);
        }
        let Some((&(first, _), _)) = state.entries.first_key_value() else {
            state.runs = false;
            state.homes.clear();
            return Next::Stop;
        };
        state.sleeps_until = first;
        Next::SleepUntil(first)
    }

    /// Nothing under this lock can panic half way, so a poisoned one means nothing.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    /// Remembers the runtime that this is called in, for when the driver's is gone.
    fn settle(&mut self) {
        let Ok(home) = Handle::try_current() else { return };
        if self.homes.iter().rev().any(|known| known.id() == home.id()) {
            return;
        }
        if self.homes.len() == HOMES {
            self.homes.pop_front();
        }
        self.homes.push_back(home);
    }
}

impl<T> Default for Schedule<T> {
    fn default() -> Self {
        let state = State {
            entries: BTreeMap::new(),
            runs: false,
            driver: 0,
            sleeps_until: 0,
            homes: VecDeque::new(),
        };
        Self { state: Mutex::new(state), earlier: Notify::new() }
    }
}

/// Sees to all sessions until none is left that anything is to become of.
async fn drive<T: Claims>(running: Running<T>) {
    let inner = running.inner.clone();
    let mut reading = inner.timeline.read();
    loop {
        inner.timeline.catch_up(&mut reading);
        match inner.schedule.next(inner.timeline.now()) {
            Next::See(due) => {
                for (at, live) in &due {
                    see(&inner, live, *at);
                }
                yield_now().await;
            }
            Next::SleepUntil(at) => {
                let until = inner.timeline.instant(at).min(Instant::now() + CLOCK);
                let _woken = timeout_at(until, inner.schedule.earlier.notified()).await;
            }
            Next::Stop => {
                running.stop();
                return;
            }
        }
    }
}

/// Does what is due of a session.
fn see<T: Claims>(inner: &Arc<Inner<T>>, live: &Arc<Live<T>>, at: u64) {
    let (mut ends, mut tell, mut check) = (None, false, false);
    {
        let mut terms = live.terms();
        if terms.scheduled != Some(at) || terms.over {
            // It was moved on meanwhile.
            return;
        }
        terms.scheduled = None;
        let now = inner.timeline.now();
        if live.lifeline.is_ended() {
            return;
        }
        if terms.ends.is_some_and(|at| at <= now) {
            ends = Some(inner.end_of(&terms));
        } else {
            if terms.due.is_some_and(|at| at <= now) {
                terms.due = None;
                terms.due_told = true;
                tell = true;
            }
            if terms.check.is_some_and(|at| at <= now) {
                terms.check = None;
                check = true;
            }
            inner.schedule.set(inner, live, &mut terms);
        }
    }
    if let Some(reason) = ends {
        live.lifeline.end(reason);
    }
    if tell {
        live.told.notify_waiters();
    }
    if check {
        check::start(inner, live);
    }
}

impl<T: Claims> Running<T> {
    /// The schedule has stopped it already, under its lock: it may have been started anew.
    fn stop(mut self) {
        self.stopped = true;
    }
}

impl<T: Claims> Drop for Running<T> {
    fn drop(&mut self) {
        if self.stopped {
            return;
        }
        let schedule = &self.inner.schedule;
        {
            let mut state = schedule.lock();
            if state.driver != self.driver {
                return;
            }
            state.runs = false;
            state.homes.retain(|home| home.id() != self.home);
        }
        schedule.start(&self.inner);
    }
}

/// After so many the driver lets others have their turn.
const BATCH: usize = 256;
/// So many runtimes are remembered.
const HOMES: usize = 64;
/// How often the wall clock is looked at.
const CLOCK: Duration = Duration::from_secs(5);
