/// How much a compressed message may become.
///
/// | limit | default |
/// |---|---|
/// | [`message`](Self::message) | 1 MiB |
/// | [`ratio`](Self::ratio) | none: zeros are 1,030 times smaller, and no attack |
///
/// # Examples
///
/// ```
/// use longwave_ws::deflate::InflateLimits;
///
/// let limits = InflateLimits::new().message(64 << 20).ratio(100, 1 << 20);
/// # let _ = limits;
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct InflateLimits {
    pub(super) message: usize,
    pub(super) ratio: u32,
    pub(super) ratio_floor: usize,
}

/// Whether there is more to be had.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub enum Status {
    /// All input was taken, and everything that comes of it is there.
    Done,
    /// The piece of output is full; the same call goes on.
    More,
}

impl InflateLimits {
    /// Makes the limits with the defaults.
    pub const fn new() -> Self {
        Self { message: 1 << 20, ratio: u32::MAX, ratio_floor: 0 }
    }

    /// Sets the most bytes a message may have uncompressed.
    pub const fn message(self, bytes: usize) -> Self {
        Self { message: bytes, ..self }
    }

    /// Sets how many bytes a message may have uncompressed for each byte compressed, once it has more than
    /// `floor` bytes uncompressed.
    pub const fn ratio(self, max: u32, floor: usize) -> Self {
        Self { ratio: max, ratio_floor: floor, ..self }
    }

    /// Whether so many bytes may come from so many.
    pub(super) const fn allow_ratio(&self, compressed: usize, uncompressed: usize) -> bool {
        uncompressed <= self.ratio_floor
            || uncompressed as u64 <= (compressed as u64).saturating_mul(self.ratio as u64)
    }
}

impl Default for InflateLimits {
    fn default() -> Self {
        Self::new()
    }
}
