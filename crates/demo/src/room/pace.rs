//! How often a member may say something.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// When the last lines of a member were said.
#[derive(Debug, Default)]
pub(super) struct Pace {
    said: VecDeque<Instant>,
}

impl Pace {
    /// Whether another line is not one too many; it counts if not.
    pub(super) fn allows(&mut self, now: Instant) -> bool {
        if self.said.len() == LINES {
            if self.said.front().is_some_and(|&first| now - first < WINDOW) {
                return false;
            }
            self.said.pop_front();
        }
        self.said.push_back(now);
        true
    }
}

const LINES: usize = 10;
const WINDOW: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_lines_in_five_seconds_and_no_more() {
        let (mut pace, start) = (Pace::default(), Instant::now());
        for ms in 0..10 {
            assert!(pace.allows(start + Duration::from_millis(ms)));
        }
        assert!(!pace.allows(start + Duration::from_millis(4999)));
        assert!(pace.allows(start + WINDOW));
        assert!(!pace.allows(start + WINDOW));
        assert!(pace.allows(start + WINDOW + Duration::from_millis(1)));
    }
}
