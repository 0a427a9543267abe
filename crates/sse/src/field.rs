use alloc::{
    borrow::Cow,
    string::{String, ToString},
};
use core::{error::Error, fmt, str::FromStr};

/// A value for the `id` field: any text without CR, LF and NUL, so that it can neither end its line nor
/// be ignored by the client.
///
/// An empty id is allowed: it resets the client's last event ID. Where an id is to come back in a
/// cross-origin request without a preflight, keep it to 128 bytes and away from `"():<>?@[\]{}`.
///
/// Source: [WHATWG HTML, 9.2.6](https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation).
///
/// # Examples
///
/// ```
/// use longwave_sse::{EventId, FieldError};
///
/// assert_eq!(EventId::new("4f-17")?.as_str(), "4f-17");
/// assert_eq!(EventId::from(17_u64).as_str(), "17");
/// assert!(matches!(EventId::new("17\ndata: forged"), Err(FieldError::LineFeed { at: 2, .. })));
/// # Ok::<_, FieldError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct EventId(Cow<'static, str>);

/// A value for the `event` field: any text without CR and LF, so that it cannot end its line.
///
/// An empty type, and `message`, are what a client dispatches when an event has no type.
///
/// Source: [WHATWG HTML, 9.2.6](https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation).
///
/// # Examples
///
/// ```
/// use longwave_sse::{EventType, FieldError};
///
/// const PRICE: EventType = EventType::from_static("price");
///
/// assert_eq!(PRICE.as_str(), "price");
/// assert!(matches!(EventType::new("price\r"), Err(FieldError::CarriageReturn { at: 5, .. })));
/// # Ok::<_, FieldError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct EventType(Cow<'static, str>);

/// Why a text cannot be the value of a field: it holds a character that would end the line or void it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum FieldError {
    /// A carriage return, which ends a line.
    #[non_exhaustive]
    CarriageReturn {
        /// Where it stands, in bytes from the start of the text.
        at: usize,
    },
    /// A line feed, which ends a line.
    #[non_exhaustive]
    LineFeed {
        /// Where it stands, in bytes from the start of the text.
        at: usize,
    },
    /// A NUL in an id, which makes clients ignore the whole field.
    #[non_exhaustive]
    Nul {
        /// Where it stands, in bytes from the start of the text.
        at: usize,
    },
}

impl EventId {
    /// Takes a text as an id.
    ///
    /// # Errors
    ///
    /// [`FieldError`] with the position of the first CR, LF or NUL.
    #[inline]
    pub fn new(id: impl Into<String>) -> Result<Self, FieldError> {
        let id = id.into();
        match position(id.as_bytes(), |byte| matches!(byte, b'\r' | b'\n' | 0)) {
            None => Ok(Self(Cow::Owned(id))),
            Some(at) => Err(FieldError::of(id.as_bytes()[at], at)),
        }
    }

    /// Takes a constant as an id.
    ///
    /// # Panics
    ///
    /// If the text holds CR, LF or NUL; in a `const` that is a compile error.
    #[must_use]
    pub const fn from_static(id: &'static str) -> Self {
        assert!(is_free_of(id, b"\r\n\0"), "an event id holds CR, LF or NUL");
        Self(Cow::Borrowed(id))
    }

    /// Takes a text that the decoder has already found to hold none of the forbidden characters.
    pub(crate) fn from_valid(id: String) -> Self {
        debug_assert!(is_free_of(&id, b"\r\n\0"));
        Self(Cow::Owned(id))
    }
}

impl EventType {
    /// Takes a text as an event type.
    ///
    /// # Errors
    ///
    /// [`FieldError`] with the position of the first CR or LF.
    #[inline]
    pub fn new(event_type: impl Into<String>) -> Result<Self, FieldError> {
        let event_type = event_type.into();
        match position(event_type.as_bytes(), |byte| matches!(byte, b'\r' | b'\n')) {
            None => Ok(Self(Cow::Owned(event_type))),
            Some(at) => Err(FieldError::of(event_type.as_bytes()[at], at)),
        }
    }

    /// Takes a constant as an event type.
    ///
    /// # Panics
    ///
    /// If the text holds CR or LF; in a `const` that is a compile error.
    #[must_use]
    pub const fn from_static(event_type: &'static str) -> Self {
        assert!(is_free_of(event_type, b"\r\n"), "an event type holds CR or LF");
        Self(Cow::Borrowed(event_type))
    }

    /// Takes a text that the decoder has already found to hold none of the forbidden characters.
    pub(crate) fn from_valid(event_type: String) -> Self {
        debug_assert!(is_free_of(&event_type, b"\r\n"));
        Self(Cow::Owned(event_type))
    }
}

/// What both kinds of values have in common.
macro_rules! field_value {
    ($name:ident) => {
        impl $name {
            /// The text as it goes over the wire.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = FieldError;

            fn from_str(text: &str) -> Result<Self, FieldError> {
                Self::new(text)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = FieldError;

            fn try_from(text: &str) -> Result<Self, FieldError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = FieldError;

            fn try_from(text: String) -> Result<Self, FieldError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> String {
                value.0.into_owned()
            }
        }
    };
}

field_value!(EventId);
field_value!(EventType);

impl From<u64> for EventId {
    fn from(id: u64) -> Self {
        Self(Cow::Owned(id.to_string()))
    }
}

impl From<u32> for EventId {
    fn from(id: u32) -> Self {
        Self::from(u64::from(id))
    }
}

impl FieldError {
    const fn of(byte: u8, at: usize) -> Self {
        match byte {
            b'\r' => Self::CarriageReturn { at },
            b'\n' => Self::LineFeed { at },
            _ => Self::Nul { at },
        }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CarriageReturn { at } => write!(f, "carriage return at byte {at} of a field value"),
            Self::LineFeed { at } => write!(f, "line feed at byte {at} of a field value"),
            Self::Nul { at } => write!(f, "NUL at byte {at} of an event id"),
        }
    }
}

impl Error for FieldError {}

/// The values are short, mostly shorter than what setting up a vector search would cost.
#[inline]
fn position(value: &[u8], forbidden: impl Fn(u8) -> bool) -> Option<usize> {
    value.iter().position(|&byte| forbidden(byte))
}

const fn is_free_of(text: &str, forbidden: &[u8]) -> bool {
    let bytes = text.as_bytes();
    let mut i = 0;
    while i < bytes.len() {
        let mut j = 0;
        while j < forbidden.len() {
            if bytes[i] == forbidden[j] {
                return false;
            }
            j += 1;
        }
        i += 1;
    }
    true
}
