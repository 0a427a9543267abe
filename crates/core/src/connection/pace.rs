use std::sync::atomic::{AtomicU64, Ordering};

/// How a response body is asked for more.
///
/// A body that hands out a chunk is asked for the next one at once, unless the transport is full. So one that has
/// not been asked since is one whose reader does not read, and that can be seen from outside without a clock in
/// the body: the count of its turns is odd while it waits, and does not change.
#[derive(Debug, Default)]
pub(crate) struct Pace(AtomicU64);

impl Pace {
    /// The stream is open, and what happens in it is unknown.
    pub(crate) fn open(&self) {
        let _opened = self.0.compare_exchange(0, 2, Ordering::Release, Ordering::Relaxed);
    }

    /// The body waits to be asked for more.
    // There is one body, so that reading and writing need not be one step.
    #[inline]
    pub(crate) fn wait(&self) {
        let turn = self.0.load(Ordering::Relaxed);
        self.0.store(turn.wrapping_add(2) | 1, Ordering::Release);
    }

    /// The body was asked, and has nothing; tells whether it had before.
    #[inline]
    pub(crate) fn rest(&self) -> bool {
        let turn = self.0.load(Ordering::Relaxed);
        let waited = turn % 2 == 1;
        if waited {
            self.0.store(turn.wrapping_add(1), Ordering::Release);
        }
        waited
    }

    pub(super) fn is_open(&self) -> bool {
        self.0.load(Ordering::Acquire) != 0
    }

    /// The turn in which the body waits to be asked, if it does.
    pub(super) fn waiting(&self) -> Option<u64> {
        Some(self.0.load(Ordering::Acquire)).filter(|turn| turn % 2 == 1)
    }
}
