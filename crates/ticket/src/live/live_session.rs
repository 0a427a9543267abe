use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use longwave_core::Lifeline;
use tokio::sync::Notify;

use super::{Admission, SessionId, index::Keys};
use crate::UnixMillis;

/// What there is of one session.
///
/// It has the lifeline, and what the lifeline holds has it: that ends with the last tether.
pub(super) struct Live<T> {
    pub(super) id: SessionId,
    pub(super) claims: T,
    pub(super) ticket: [u8; 16],
    pub(super) keys: Keys,
    pub(super) lifeline: Lifeline,
    /// Where its age ends it, on the timeline.
    pub(super) ceiling: Option<u64>,
    issued: AtomicU64,
    terms: Mutex<Terms>,
    /// For those who wait for it to be due.
    pub(super) told: Notify,
}

/// What is to become of a session, and when, on the timeline.
#[derive(Default)]
pub(super) struct Terms {
    /// Counts the times that the deadline was set.
    pub(super) term: u32,
    pub(super) ends: Option<u64>,
    /// It is its age that ends it, which no refresh helps against.
    pub(super) ages: bool,
    /// When it is to be refreshed, unless it was told so.
    pub(super) due: Option<u64>,
    pub(super) due_told: bool,
    pub(super) check: Option<u64>,
    pub(super) failures: u32,
    /// What the driver has it under.
    pub(super) scheduled: Option<u64>,
    /// The stream is over, so that nothing is to become of it.
    pub(super) over: bool,
}

impl<T> Live<T> {
    pub(super) fn new(
        id: SessionId,
        admission: Admission<T>,
        keys: Keys,
        lifeline: Lifeline,
        ceiling: Option<u64>,
    ) -> Self {
        Self {
            id,
            claims: admission.claims,
            ticket: admission.ticket,
            keys,
            lifeline,
            ceiling,
            issued: AtomicU64::new(admission.issued.as_millis()),
            terms: Mutex::default(),
            told: Notify::new(),
        }
    }

    pub(super) fn issued(&self) -> UnixMillis {
        UnixMillis::new(self.issued.load(Ordering::SeqCst))
    }

    /// Notes that it goes on with a ticket, unless that is older than the one it has.
    pub(super) fn reissued(&self, issued: UnixMillis) {
        self.issued.fetch_max(issued.as_millis(), Ordering::SeqCst);
    }

    /// Nothing under this lock can panic half way, so a poisoned one means nothing.
    pub(super) fn terms(&self) -> MutexGuard<'_, Terms> {
        self.terms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Terms {
    /// When the driver has to look at it next.
    pub(super) fn next(&self) -> Option<u64> {
        if self.over { None } else { self.ends.into_iter().chain(self.due).chain(self.check).min() }
    }
}
