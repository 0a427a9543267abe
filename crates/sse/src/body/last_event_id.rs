use core::{error::Error, fmt};
use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue, Uri};

use crate::{EventId, FieldError};

/// Where a client wants to go on: the last event ID that it has sent with its request.
///
/// It is the client's word: check that it is an id of yours before you use it.
///
/// Source: [WHATWG HTML, 9.2.4](https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header).
///
/// # Examples
///
/// ```
/// use http::Request;
/// use longwave_sse::LastEventId;
///
/// let reconnect = Request::get("/feed").header("last-event-id", "17").body(())?;
/// let id = LastEventId::of(reconnect.headers(), reconnect.uri())?;
/// assert_eq!(id.as_ref().map(LastEventId::as_str), Some("17"));
///
/// let first = Request::get("/feed?lastEventId=16").body(())?;
/// let id = LastEventId::of(first.headers(), first.uri())?;
/// assert_eq!(id.as_ref().map(LastEventId::as_str), Some("16"));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct LastEventId(EventId);

/// What is wrong with a last event ID that a client has sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum LastEventIdError {
    /// It holds a character that no id can hold.
    Field(FieldError),
    /// It is not UTF-8.
    NotUtf8,
    /// It is too long.
    #[non_exhaustive]
    TooLong {
        /// Its length in bytes.
        len: usize,
        /// The most that is accepted, in bytes.
        max: usize,
    },
}

impl LastEventId {
    /// The most bytes that are accepted.
    pub const MAX_LEN: usize = 4 << 10;

    /// Reads the last event ID of a request: from the field `Last-Event-ID`, or else from the parameter
    /// `lastEventId` or `last_event_id` of the query.
    ///
    /// A native `EventSource` can send no field with its first connection, which is what the query is for;
    /// when it reconnects by itself it sends both, and the field is the newer one. `None` is a client without
    /// an id, and one that says it has none: an empty value.
    ///
    /// # Errors
    ///
    /// [`LastEventIdError`] if it is longer than [`MAX_LEN`](Self::MAX_LEN), not UTF-8, or no valid id.
    pub fn of(headers: &HeaderMap, uri: &Uri) -> Result<Option<Self>, LastEventIdError> {
        if let Some(value) = headers.get(LAST_EVENT_ID) {
            let text = match value.as_bytes() {
                bytes if bytes.len() > Self::MAX_LEN => return Err(too_long(bytes.len())),
                bytes => simdutf8::basic::from_utf8(bytes).map_err(|_| LastEventIdError::NotUtf8)?,
            };
            return Self::new(Cow::Borrowed(text));
        }
        let parameters = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        match { parameters }.find(|(name, _)| name == "lastEventId" || name == "last_event_id") {
            Some((_, value)) => Self::new(value),
            None => Ok(None),
        }
    }

    /// The id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The id by value.
    #[must_use]
    pub fn into_id(self) -> EventId {
        self.0
    }

    fn new(text: Cow<'_, str>) -> Result<Option<Self>, LastEventIdError> {
        match text.len() {
            0 => Ok(None),
            len if len > Self::MAX_LEN => Err(too_long(len)),
            _ => EventId::new(text).map(|id| Some(Self(id))).map_err(LastEventIdError::Field),
        }
    }
}

impl From<LastEventId> for EventId {
    fn from(last: LastEventId) -> Self {
        last.0
    }
}

const fn too_long(len: usize) -> LastEventIdError {
    LastEventIdError::TooLong { len, max: LastEventId::MAX_LEN }
}

/// The value for a client to send as `Last-Event-ID`: the id as UTF-8, or `None` if it is empty or holds a
/// control character other than tab, which an id may and a header field may not.
///
/// Spaces at either end do not survive HTTP.
///
/// Source: [WHATWG HTML, 9.2.4](https://html.spec.whatwg.org/multipage/server-sent-events.html#the-last-event-id-header).
///
/// # Examples
///
/// ```
/// use longwave_sse::last_event_id_header;
///
/// assert_eq!(last_event_id_header("17").unwrap(), "17");
/// assert_eq!(last_event_id_header(""), None);
/// assert_eq!(last_event_id_header("\u{1}"), None);
/// ```
#[must_use]
pub fn last_event_id_header(last_event_id: &str) -> Option<HeaderValue> {
    if last_event_id.is_empty() { None } else { HeaderValue::from_str(last_event_id).ok() }
}

impl fmt::Display for LastEventIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(_) => f.write_str("last event ID is no valid id"),
            Self::NotUtf8 => f.write_str("last event ID is not UTF-8"),
            Self::TooLong { len, max } => write!(f, "last event ID has {len} bytes, more than {max}"),
        }
    }
}

impl Error for LastEventIdError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Field(error) => Some(error),
            _ => None,
        }
    }
}

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
