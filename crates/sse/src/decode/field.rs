use core::time::Duration;

/// What a line that is not blank is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Field {
    Comment,
    Data,
    EventType,
    Id,
    Retry,
    Unknown,
}

impl Field {
    /// The field, and where its value begins.
    #[inline]
    pub(super) fn split(line: &[u8]) -> (Self, usize) {
        match line {
            [b':', b' ', ..] => (Self::Comment, 2),
            [b':', ..] => (Self::Comment, 1),
            [b'd', b'a', b't', b'a', rest @ ..] => Self::Data.with_value(rest, 4),
            [b'e', b'v', b'e', b'n', b't', rest @ ..] => Self::EventType.with_value(rest, 5),
            [b'i', b'd', rest @ ..] => Self::Id.with_value(rest, 2),
            [b'r', b'e', b't', b'r', b'y', rest @ ..] => Self::Retry.with_value(rest, 5),
            _ => (Self::Unknown, 0),
        }
    }

    #[inline]
    fn with_value(self, rest: &[u8], name: usize) -> (Self, usize) {
        match rest {
            [b':', b' ', ..] => (self, name + 2),
            [b':', ..] => (self, name + 1),
            [] => (self, name),
            _ => (Self::Unknown, 0),
        }
    }
}

/// A reconnection time: ASCII digits only, in milliseconds. An empty value is ignored.
pub(super) fn digits(value: &[u8]) -> Option<Duration> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let add = |sum: u64, digit: &u8| sum.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
    Some(Duration::from_millis(value.iter().fold(0, add)))
}
