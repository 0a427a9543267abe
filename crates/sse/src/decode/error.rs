use core::{error::Error, fmt};

/// How much of a peer's stream a [`Decoder`](crate::Decoder) is willing to hold, all in bytes but for
/// `data_lines`.
///
/// Memory grows only with bytes received, and each limit is checked at the line that crosses it. A comment
/// of any length, and whatever follows an overflow in its block, costs nothing beyond
/// [`comment`](Self::comment).
///
/// | limit | default |
/// |---|---|
/// | `line` | 8 MiB |
/// | `event` | 8 MiB |
/// | `id` | 4 KiB |
/// | `data_lines` | 65,536 |
/// | `comment` | 256 B |
///
/// # Examples
///
/// ```
/// use longwave_sse::{Decoder, Limits};
///
/// let decoder = Decoder::new().limits(Limits::default().line(16 << 10).event(64 << 10));
/// # let _ = decoder;
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct Limits {
    pub(super) line: usize,
    pub(super) event: usize,
    pub(super) id: usize,
    pub(super) data_lines: usize,
    pub(super) comment: usize,
}

/// The limit that a stream has crossed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Limit {
    /// The number of data lines in a block.
    DataLines,
    /// The size of a block: all values of its data, type and id lines, and one for each line of data.
    Event,
    /// The size of an id.
    Id,
    /// The size of a line that is not a comment, without its line end.
    Line,
}

/// What a [`Decoder`](crate::Decoder) does with a block that crosses a limit.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Overflow {
    /// Ends the stream with [`DecodeError::TooLong`].
    #[default]
    Fail,
    /// Drops the block, id included, goes on behind its blank line, and reports it as
    /// [`Item::Discarded`](crate::Item::Discarded).
    Skip,
}

/// What a [`Decoder`](crate::Decoder) does with bytes that are not UTF-8.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Utf8Policy {
    /// Replaces each ill-formed sequence by U+FFFD, as the standard asks.
    #[default]
    Replace,
    /// Ends the stream with [`DecodeError::InvalidUtf8`] when data, a type or an id is ill-formed; comments
    /// are still replaced.
    Strict,
}

/// A block that was dropped because it crossed a limit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Discarded {
    pub(super) limit: Limit,
    pub(super) bytes: u64,
}

/// What a peer did wrong; the stream cannot be decoded further.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DecodeError {
    /// Data, a type or an id is not UTF-8, and [`Utf8Policy::Strict`] is set.
    #[non_exhaustive]
    InvalidUtf8 {
        /// The first ill-formed byte, counted from the start of the stream.
        at: u64,
    },
    /// A limit was crossed, and [`Overflow::Fail`] is set.
    #[non_exhaustive]
    TooLong {
        /// Which limit.
        limit: Limit,
        /// Its value: bytes, or a number of lines.
        max: usize,
        /// Where, counted in bytes from the start of the stream: the first byte that a line has too many, or
        /// the start of the line that made the block too large.
        at: u64,
    },
}

impl Limits {
    /// Sets the most bytes a line may have without its line end; comments do not count.
    pub const fn line(self, bytes: usize) -> Self {
        Self { line: bytes, ..self }
    }

    /// Sets the most bytes a block may have: all values of its data, type and id lines, and one for each line
    /// of data.
    pub const fn event(self, bytes: usize) -> Self {
        Self { event: bytes, ..self }
    }

    /// Sets the most bytes an id may have.
    pub const fn id(self, bytes: usize) -> Self {
        Self { id: bytes, ..self }
    }

    /// Sets the most data lines a block may have.
    pub const fn data_lines(self, lines: usize) -> Self {
        Self { data_lines: lines, ..self }
    }

    /// Sets how many bytes of a comment are kept; the rest of it is dropped.
    pub const fn comment(self, bytes: usize) -> Self {
        Self { comment: bytes, ..self }
    }

    /// How long a line of data may be that is all there is in its block.
    pub(super) fn single_line(&self) -> usize {
        if self.data_lines == 0 { 0 } else { self.line.min(self.event.saturating_sub(1)) }
    }

    pub(super) const fn max(&self, limit: Limit) -> usize {
        match limit {
            Limit::DataLines => self.data_lines,
            Limit::Event => self.event,
            Limit::Id => self.id,
            Limit::Line => self.line,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { line: 8 << 20, event: 8 << 20, id: 4 << 10, data_lines: 1 << 16, comment: 256 }
    }
}

impl Discarded {
    /// The limit that the block crossed.
    #[must_use]
    pub const fn limit(&self) -> Limit {
        self.limit
    }

    /// The size of the block on the wire in bytes, from its first line that is not a comment to before its
    /// blank line.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DataLines => "lines of data",
            Self::Event => "bytes of an event",
            Self::Id => "bytes of an id",
            Self::Line => "bytes of a line",
        })
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidUtf8 { at } => write!(f, "invalid UTF-8 at byte {at} of the event stream"),
            Self::TooLong { limit, max, at } => {
                write!(f, "more than {max} {limit} at byte {at} of the event stream")
            }
        }
    }
}

impl Error for DecodeError {}
