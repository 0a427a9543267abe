use std::{
    mem,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::Waker,
};

use tokio::time::Instant;

use super::{
    Progress, Side,
    state::{State, Verdict},
    stream::Stream,
    watch::Limits,
};
use crate::{Cause, EndReason, Lifeline, Tether};

/// What the handles of one connection and its owner share.
///
/// A lifeline calls in here with its own lock held; so no lifeline is asked for anything that needs a lock
/// while this one is held.
#[derive(Default)]
pub(super) struct Shared {
    /// The owner goes by the deadlines of lifelines.
    watching: AtomicBool,
    state: Mutex<State>,
}

/// What became of a tether that was to be kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Keeping {
    Kept,
    /// The socket is closed, and the tether was dropped.
    TooLate,
}

impl Shared {
    pub(super) fn accepted(&self, bytes: usize, now: Instant) {
        if bytes == 0 {
            return;
        }
        let mut state = self.lock();
        let accepted = state.progress.accepted + bytes as u64;
        state.progress = Progress { accepted, pending: 0, last: Some(now) };
        state.refusing = None;
    }

    pub(super) fn refused(&self, bytes: usize, now: Instant) {
        let mut state = self.lock();
        state.progress.pending = bytes;
        state.refusing.get_or_insert(now);
    }

    pub(super) fn judge(
        &self,
        side: Side,
        waker: &Waker,
        now: Instant,
        limits: Limits,
    ) -> Result<Option<Instant>, Box<EndReason>> {
        let due = self.end_what_is_due(now);
        let mut stalled = Vec::new();
        let (verdict, _replaced) = {
            let mut state = self.lock();
            let replaced = state.listen(side, waker);
            (state.judge(now, limits, &mut stalled), replaced)
        };
        for lifeline in stalled {
            lifeline.end(Cause::Stalled);
        }
        let reason = match verdict {
            Verdict::Well(next) => return Ok(next.into_iter().chain(due).min()),
            Verdict::Cut(reason) => reason,
            Verdict::Lost(lifelines) => {
                for lifeline in &lifelines {
                    lifeline.end(Cause::Stalled);
                }
                let reason = lifelines.iter().find_map(Lifeline::reason);
                reason.unwrap_or_else(|| EndReason::new(Cause::Stalled))
            }
        };
        self.abort(&reason);
        Err(Box::new(reason))
    }

    /// Ends the lifelines whose deadline nobody else would notice, and tells the next one.
    fn end_what_is_due(&self, now: Instant) -> Option<Instant> {
        let unattended: Vec<Lifeline> = {
            let state = self.lock();
            let refusing = state.refusing.is_some();
            let streams = state.streams.iter().filter(|stream| refusing || stream.is_unattended());
            streams.map(|stream| stream.lifeline.clone()).collect()
        };
        // Before the deadlines are read, so that one that is set meanwhile leads to another look.
        self.watching.store(!unattended.is_empty(), Ordering::SeqCst);
        unattended.iter().filter_map(|lifeline| lifeline.end_if_due(now)).min()
    }

    pub(super) fn is_watching(&self) -> bool {
        self.watching.load(Ordering::SeqCst)
    }

    pub(super) fn abort(&self, reason: &EndReason) -> bool {
        let lifelines: Vec<Lifeline> = {
            let mut state = self.lock();
            if state.aborted.is_some() || state.closed {
                return false;
            }
            state.aborted = Some(reason.clone());
            state.streams.iter().map(|stream| stream.lifeline.clone()).collect()
        };
        for lifeline in lifelines {
            lifeline.end(reason.clone());
        }
        self.wake();
        true
    }

    pub(super) fn aborted(&self) -> Option<EndReason> {
        self.lock().aborted.clone()
    }

    pub(super) fn progress(&self) -> Progress {
        self.lock().progress
    }

    pub(super) fn streams(&self) -> usize {
        self.lock().streams.len()
    }

    pub(super) fn keep(&self, tether: Tether) -> Keeping {
        let mut state = self.lock();
        if state.closed {
            drop(state);
            drop(tether);
            return Keeping::TooLate;
        }
        let stream = state.streams.iter_mut().find(|stream| stream.lifeline == *tether.lifeline());
        if let Some(stream) = stream {
            stream.kept = true;
        }
        state.kept.push(tether);
        Keeping::Kept
    }

    pub(super) fn enter(&self, lifeline: Lifeline) {
        let mut state = self.lock();
        if state.closed {
            // Another handle is with whoever calls, so that nothing is dropped in here for good.
            return;
        }
        state.streams.push(Stream::new(lifeline));
    }

    pub(super) fn leave(&self, lifeline: &Lifeline) -> Option<Lifeline> {
        let mut state = self.lock();
        let place = state.streams.iter().position(|stream| stream.lifeline == *lifeline)?;
        Some(state.streams.swap_remove(place).lifeline)
    }

    /// Makes the owner look if a stream is lost: what has just left may have been the last one that was well.
    pub(super) fn wake_if_lost(&self) {
        let lost = self.lock().streams.iter().any(Stream::is_lost);
        if lost {
            self.wake();
        }
    }

    pub(super) fn wake(&self) {
        let (reading, writing) = {
            let mut state = self.lock();
            (state.reading.take(), state.writing.take())
        };
        reading.into_iter().chain(writing).for_each(Waker::wake);
    }

    pub(super) fn close(&self) {
        // Dropped after the lock has been let go of.
        let _held = {
            let mut state = self.lock();
            state.closed = true;
            let wakers = (state.reading.take(), state.writing.take());
            (mem::take(&mut state.kept), mem::take(&mut state.streams), wakers)
        };
    }

    /// Nothing in here can panic half way, so a poisoned lock means nothing.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
