use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// A moment, in whole milliseconds since 1970 (UTC).
///
/// The clock is the caller's: `SystemTime::now().into()`, or with the feature `tower` `UnixMillis::now()`, which is not
/// set back. Times that a ticket cannot carry (after the year 10889) are
/// cut.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use longwave_ticket::UnixMillis;
///
/// let now = UnixMillis::from(SystemTime::now());
/// assert!(now.plus(Duration::from_secs(30)) > now);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct UnixMillis(u64);

impl UnixMillis {
    /// The first moment of 1970.
    pub const EPOCH: Self = Self(0);

    /// The last moment that a ticket can carry.
    pub const MAX: Self = Self((1 << 48) - 1);

    /// Takes milliseconds since 1970.
    #[must_use]
    pub const fn new(millis: u64) -> Self {
        if millis > Self::MAX.0 { Self::MAX } else { Self(millis) }
    }

    /// Returns the milliseconds since 1970.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Returns the moment that is `duration` later, in whole milliseconds.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self::new(self.0.saturating_add(millis(duration)))
    }

    /// Returns how long before `self` the moment `earlier` was; zero if it was not.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

impl From<SystemTime> for UnixMillis {
    fn from(time: SystemTime) -> Self {
        time.duration_since(UNIX_EPOCH).map_or(Self::EPOCH, |since| Self::EPOCH.plus(since))
    }
}

/// The whole milliseconds of a duration.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A clock that is never set back: what has expired stays expired. When it should be, it stands still.
#[derive(Debug, Default)]
pub(crate) struct Latest(AtomicU64);

impl Latest {
    /// The latest of all times that were ever given here.
    pub(crate) fn of(&self, now: UnixMillis) -> UnixMillis {
        let latest = self.0.load(Ordering::Relaxed);
        if now.0 <= latest {
            return UnixMillis(latest);
        }
        UnixMillis(self.0.fetch_max(now.0, Ordering::Relaxed).max(now.0))
    }

    /// The same, as of the last time.
    #[cfg(feature = "tower")]
    pub(crate) fn get(&self) -> UnixMillis {
        UnixMillis(self.0.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_back_stands_still() {
        let latest = Latest::default();
        let times = [5, 3, 7, 7, 0].map(|now| latest.of(UnixMillis::new(now)).as_millis());
        assert_eq!(times, [5, 5, 7, 7, 7]);
    }

    #[test]
    fn times_are_cut_to_what_a_ticket_can_carry() {
        assert_eq!(UnixMillis::new(u64::MAX), UnixMillis::MAX);
        assert_eq!(UnixMillis::MAX.plus(Duration::MAX), UnixMillis::MAX);
        assert_eq!(UnixMillis::EPOCH.since(UnixMillis::MAX), Duration::ZERO);
        assert_eq!(UnixMillis::from(UNIX_EPOCH - Duration::from_secs(1)), UnixMillis::EPOCH);
    }
}
