use core::time::Duration;

use crate::Rule;

/// Counts control frames by the second.
#[derive(Debug)]
pub(super) struct Pace {
    limit: u32,
    since: Duration,
    count: u32,
}

impl Pace {
    pub(super) const fn new(limit: u32) -> Self {
        Self { limit, since: Duration::ZERO, count: 0 }
    }

    pub(super) fn count(&mut self, now: Duration) -> Result<(), Rule> {
        if now.saturating_sub(self.since) >= SECOND {
            (self.since, self.count) = (now, 0);
        }
        self.count += 1;
        if self.count > self.limit { Err(Rule::TooManyControlFrames { limit: self.limit }) } else { Ok(()) }
    }
}

const SECOND: Duration = Duration::from_secs(1);
