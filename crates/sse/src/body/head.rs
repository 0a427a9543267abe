use core::{error::Error, fmt, ops::RangeInclusive, time::Duration};

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};

/// Makes the response that carries an event stream: `200` with the head that gets it through proxies.
///
/// | field | why |
/// |---|---|
/// | `Content-Type: text/event-stream` | any other makes an `EventSource` give up for good |
/// | `Cache-Control: no-store, no-transform` | no cache keeps or replays it, no proxy compresses it again |
/// | `X-Accel-Buffering: no` | nginx passes it on as it comes |
///
/// Source: [WHATWG HTML, 9.2.5](https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream).
///
/// # Examples
///
/// ```
/// use longwave_sse::response;
///
/// let response = response("data: at last\n\n".to_owned());
/// assert_eq!(response.status(), 200);
/// assert_eq!(response.headers()["x-accel-buffering"], "no");
/// ```
#[must_use]
pub fn response<B>(body: B) -> Response<B> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// Picks a reconnection time from a range, by a random number that the caller has drawn.
///
/// Browsers wait exactly as long as they were told and know no jitter, so clients that were told the same
/// come back in the same instant.
///
/// - `range`: the times to choose from, to the millisecond; one that is empty gives its start.
/// - `random`: any 64 random bits; for a good spread all of them should be random.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use longwave_sse::random_retry;
///
/// let range = Duration::from_secs(2)..=Duration::from_secs(6);
/// assert_eq!(random_retry(range.clone(), 0), Duration::from_secs(2));
/// assert_eq!(random_retry(range.clone(), u64::MAX / 2), Duration::from_secs(4));
/// assert_eq!(random_retry(range, u64::MAX), Duration::from_secs(6));
/// ```
#[must_use]
pub fn random_retry(range: RangeInclusive<Duration>, random: u64) -> Duration {
    let span = range.end().saturating_sub(*range.start()).as_millis();
    // The span is below 2^64 * 1000 ms; what does not fit is cut to what a `u64` of milliseconds can say.
    let span = u64::try_from(span).unwrap_or(u64::MAX);
    let offset = (u128::from(random) * (u128::from(span) + 1)) >> 64;
    range.start().saturating_add(Duration::from_millis(offset as u64))
}

/// Why a response is not an event stream; a client must not try again by itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    /// The `Content-Type` is missing, or not `text/event-stream`.
    ContentType,
    /// The status is not 200.
    #[non_exhaustive]
    Status {
        /// The status; 204 asks the client not to come back.
        status: StatusCode,
    },
}

impl Refusal {
    /// Checks the head of a response, for clients whose response is not an `http::Response`.
    ///
    /// Parameters of the content type are ignored, `charset` included: an event stream is always UTF-8.
    ///
    /// Source: [WHATWG HTML, 9.2.3](https://html.spec.whatwg.org/multipage/server-sent-events.html#sse-processing-model).
    ///
    /// # Errors
    ///
    /// The refusal, if the response is not an event stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
    /// use longwave_sse::Refusal;
    ///
    /// let mut headers = HeaderMap::new();
    /// assert_eq!(Refusal::check(StatusCode::OK, &headers), Err(Refusal::ContentType));
    /// headers.insert(CONTENT_TYPE, "Text/Event-Stream; charset=utf-8".parse()?);
    /// assert_eq!(Refusal::check(StatusCode::OK, &headers), Ok(()));
    /// # Ok::<_, http::header::InvalidHeaderValue>(())
    /// ```
    pub fn check(status: StatusCode, headers: &HeaderMap) -> Result<(), Self> {
        if status != StatusCode::OK {
            return Err(Self::Status { status });
        }
        let essence = headers.get(header::CONTENT_TYPE).map(|value| {
            let value = value.as_bytes();
            let end = value.iter().position(|&byte| byte == b';').unwrap_or(value.len());
            value[..end].trim_ascii()
        });
        match essence {
            Some(essence) if essence.eq_ignore_ascii_case(EVENT_STREAM.as_bytes()) => Ok(()),
            _ => Err(Self::ContentType),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ContentType => f.write_str("response is not text/event-stream"),
            Self::Status { status } => write!(f, "response has status {status}"),
        }
    }
}

impl Error for Refusal {}

/// A response that is not an event stream, for the caller to look into: its body often says what is wrong.
pub struct NotEventStream<B> {
    pub(super) refusal: Refusal,
    pub(super) response: Response<B>,
}

impl<B> NotEventStream<B> {
    /// Why it is not an event stream.
    #[must_use]
    pub const fn refusal(&self) -> Refusal {
        self.refusal
    }

    /// The response, with its body unread.
    #[must_use]
    pub fn into_response(self) -> Response<B> {
        self.response
    }
}

impl<B> fmt::Debug for NotEventStream<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NotEventStream").field("refusal", &self.refusal).finish_non_exhaustive()
    }
}

impl<B> fmt::Display for NotEventStream<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.refusal.fmt(f)
    }
}

impl<B> Error for NotEventStream<B> {}

const EVENT_STREAM: &str = "text/event-stream";
