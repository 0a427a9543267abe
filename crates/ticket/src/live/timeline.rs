use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use crate::UnixMillis;

/// Time as sessions live through it, in milliseconds: that of the timers, and what the machine was suspended for.
///
/// It never runs backwards, whatever is done to the wall clock.
pub(super) struct Timeline {
    start: Instant,
    slept: AtomicU64,
    wall: Arc<dyn Fn() -> UnixMillis + Send + Sync>,
}

/// What both clocks said at the same time.
pub(super) struct Reading {
    timer: Instant,
    wall: UnixMillis,
}

impl Timeline {
    pub(super) fn new(wall: Arc<dyn Fn() -> UnixMillis + Send + Sync>) -> Self {
        Self { start: Instant::now(), slept: AtomicU64::new(0), wall }
    }

    pub(super) fn now(&self) -> u64 {
        millis(self.start.elapsed()) + self.slept.load(Ordering::Acquire)
    }

    /// What the timers have gone on by, whatever the wall clock says.
    pub(super) fn timer(&self) -> u64 {
        millis(self.start.elapsed())
    }

    /// When the timers come to a point of this timeline, as far as can be told by now.
    pub(super) fn instant(&self, at: u64) -> Instant {
        self.start + Duration::from_millis(at.saturating_sub(self.slept.load(Ordering::Acquire)))
    }

    pub(super) fn read(&self) -> Reading {
        Reading { timer: Instant::now(), wall: (self.wall)() }
    }

    /// Adds what the machine was suspended for since the last reading: then the wall clock went on and the timers
    /// did not.
    pub(super) fn catch_up(&self, last: &mut Reading) {
        let now = self.read();
        let timer = now.timer.saturating_duration_since(last.timer);
        let jump = now.wall.since(last.wall).saturating_sub(timer);
        if jump >= JUMP {
            self.slept.fetch_add(millis(jump), Ordering::AcqRel);
        }
        *last = now;
    }
}

impl fmt::Debug for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeline").field("slept", &self.slept).finish_non_exhaustive()
    }
}

pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).min(FOREVER)
}

/// Less than this is two clocks that do not quite agree.
const JUMP: Duration = Duration::from_secs(1);
/// Thirty years, so that no sum overflows.
const FOREVER: u64 = 30 * 365 * 24 * 60 * 60 * 1000;
