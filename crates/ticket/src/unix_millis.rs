use std::time::{Duration, SystemTime};

/// A point in time, in milliseconds since 1970 (UTC).
///
/// # Examples
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use longwave_ticket::UnixMillis;
///
/// let at = UnixMillis::from(SystemTime::UNIX_EPOCH + Duration::from_secs(2));
/// assert_eq!(at, UnixMillis::new(2000));
/// assert_eq!(at.plus(Duration::from_secs(1)).since(at), Duration::from_secs(1));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct UnixMillis(u64);

impl UnixMillis {
    /// Makes a point in time from milliseconds since 1970.
    #[must_use]
    pub const fn new(millis: u64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The point that is so much later, or the last there is.
    #[must_use]
    pub fn plus(self, time: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)))
    }

    /// How long it is after an earlier point; nothing if that is not earlier.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// Times before 1970 count as 1970.
impl From<SystemTime> for UnixMillis {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Self(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}
