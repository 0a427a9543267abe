use std::time::Duration;

/// How much of one class may wait, by weight, by number and by age.
///
/// No limit is ever exceeded, not by a single item: what does not fit is not let in.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use longwave_backpressure::outbox::Limits;
///
/// let limits = Limits::new(64 * 1024, 256).age(Duration::from_secs(10)).watermarks(16 * 1024, 48 * 1024);
/// # drop(limits);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub(super) bytes: usize,
    pub(super) items: usize,
    /// Nanoseconds.
    pub(super) age: Option<u64>,
    pub(super) low: usize,
    pub(super) high: usize,
}

impl Limits {
    /// Allows for `bytes` in at most `items` items.
    ///
    /// There is no limit of age, the high watermark is `bytes`, and the low one is half of it.
    #[must_use]
    pub const fn new(bytes: usize, items: usize) -> Self {
        Self { bytes, items, age: None, low: bytes / 2, high: bytes }
    }

    /// Sets how long an item may wait; one that has waited longer is dropped and never delivered.
    ///
    /// Items of [`Class::Control`](super::Class::Control) have no age. Time passes only when somebody tells it:
    /// whoever sends an item, or calls `advance` on either side. Nothing is ever delivered that is older by the latest time told.
    #[must_use]
    pub const fn age(mut self, age: Duration) -> Self {
        self.age = Some(nanos(age));
        self
    }

    /// Sets the watermarks, in bytes.
    ///
    /// A class is under strain once `high` bytes wait or something did not fit, and remains so until no more
    /// than `low` bytes and half of the items wait. Only then is a waiting sender woken, so that it does not wake
    /// for each item; and only under strain is a reader judged (see [`Outbox::stall`](super::Outbox::stall)).
    ///
    /// `high` is at most the limit in bytes, and `low` at most `high`; what is more is taken for that.
    #[must_use]
    pub const fn watermarks(mut self, low: usize, high: usize) -> Self {
        self.high = if high < self.bytes { high } else { self.bytes };
        self.low = if low < self.high { low } else { self.high };
        self
    }
}

/// Times are kept as nanoseconds, which are enough for 584 years and take half of the room.
pub(super) const fn nanos(time: Duration) -> u64 {
    let nanos = time.as_nanos();
    if nanos > u64::MAX as u128 { u64::MAX } else { nanos as u64 }
}
