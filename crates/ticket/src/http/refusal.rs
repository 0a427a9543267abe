use std::{
    collections::hash_map::RandomState, error::Error, fmt, hash::BuildHasher, ops::RangeInclusive,
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use longwave_core::StreamKind;
use longwave_sse::{Event, EventType, random_retry, response};

use super::Asked;

/// Why a request is not let in, as far as the client is told.
///
/// | refusal | status | code |
/// |---|---|---|
/// | [`CredentialsRequired`](Self::CredentialsRequired) | 401 | `credentials_required` |
/// | [`InvalidTicket`](Self::InvalidTicket) | 401 | `invalid_ticket` |
/// | [`Ambiguous`](Self::Ambiguous) | 400 | `ambiguous_credentials` |
/// | [`MissingSubprotocol`](Self::MissingSubprotocol) | 400 | `missing_subprotocol` |
/// | [`InvalidHost`](Self::InvalidHost) | 400 | `invalid_host` |
/// | [`Origin`](Self::Origin), [`Host`](Self::Host) | 403 | `origin_not_allowed` |
/// | [`Forbidden`](Self::Forbidden) | 403 | `forbidden` |
/// | [`Method`](Self::Method) | 405 | `method_not_allowed` |
/// | [`UpgradeRequired`](Self::UpgradeRequired) | 426, on HTTP/2 400 | `upgrade_required` |
/// | [`TooMany`](Self::TooMany) | 429 | `too_many_connections` |
/// | [`MediaType`](Self::MediaType) | 415 | `json_required` |
/// | [`Internal`](Self::Internal), [`Leak`](Self::Leak) | 500 | `internal_error` |
/// | [`Unavailable`](Self::Unavailable) | 503 | `unavailable` |
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Refusal {
    /// There is more than one credential.
    Ambiguous,
    /// There is no credential, but there has to be.
    CredentialsRequired,
    /// The application does not let this one in.
    Forbidden,
    /// The host is none of those that are served.
    Host,
    /// What is granted cannot be made a ticket of.
    Internal,
    /// There is no host, more than one, or two that differ.
    InvalidHost,
    /// The ticket is malformed, forged, expired, spent, revoked, or for something else. Which of these it is, the
    /// client is not told.
    InvalidTicket,
    /// The response would have repeated a ticket.
    Leak,
    /// What is sent to get a ticket is not said to be JSON.
    MediaType,
    /// The method cannot open a stream, or get a ticket.
    Method,
    /// There is no subprotocol besides the one that is a ticket.
    MissingSubprotocol,
    /// The page is none of those that are let in.
    Origin,
    /// This one has too many streams open, or mints too many tickets.
    TooMany,
    /// What tickets are kept in does not answer, or is full.
    Unavailable,
    /// A stream has to be asked for.
    UpgradeRequired,
}

/// What an `EventSource` is answered that is not let in.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum EventStreamRefusals {
    /// The status. A browser's `EventSource` never comes back by itself after one, and does not tell which it was.
    #[default]
    Status,
    /// A stream that ends: `200`, a `retry:`, and an event `longwave-auth` with `{"code":"…","retry":…}`. The page
    /// learns the reason, and has to close the `EventSource` where `retry` is false. Monitors take it for success.
    Soft,
}

/// How requests are refused that are not let in.
///
/// Answers have a status, a fixed text (`application/problem+json`) and nothing of what the client has sent. They
/// are not to be stored, and lead no `Referer` on. After a refused upgrade the HTTP/1.1 connection is closed, so that
/// a proxy that has thought otherwise cannot send anything through it.
///
/// # Examples
///
/// ```
/// use http::Request;
/// use longwave_ticket::http::{Asked, Refusal, Refusals};
///
/// let (parts, ()) = Request::get("/feed").header("accept", "text/event-stream").body(())?.into_parts();
/// let response = Refusals::new().realm("app.example.com").answer(Refusal::InvalidTicket, Asked::of(&parts));
/// assert_eq!(response.status(), 401);
/// assert_eq!(
///     response.headers()["www-authenticate"],
///     r#"Ticket realm="app.example.com", error="invalid_ticket""#
/// );
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Refusals {
    required: HeaderValue,
    invalid: HeaderValue,
    event_streams: EventStreamRefusals,
    retry_after: RangeInclusive<Duration>,
}

impl Refusals {
    /// Refuses by status, for the realm `longwave`; those who may come back are told to in 1 to 10 s.
    pub fn new() -> Self {
        Self {
            required: HeaderValue::from_static(r#"Ticket realm="longwave""#),
            invalid: HeaderValue::from_static(r#"Ticket realm="longwave", error="invalid_ticket""#),
            event_streams: EventStreamRefusals::Status,
            retry_after: Duration::from_secs(1)..=Duration::from_secs(10),
        }
    }

    /// Sets the realm in `WWW-Authenticate` ([RFC 9110 §11.5]).
    ///
    /// # Panics
    ///
    /// If the realm has other characters than visible ASCII ones and spaces, or a `"` or `\`.
    ///
    /// [RFC 9110 §11.5]: https://www.rfc-editor.org/rfc/rfc9110#section-11.5
    pub fn realm(self, realm: &str) -> Self {
        let plain = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
        assert!(realm.bytes().all(plain), "a realm is visible ASCII without quotes");
        let challenge = |more| HeaderValue::try_from(format!("Ticket realm=\"{realm}\"{more}"));
        let valid = "visible ASCII is a valid value";
        let required = challenge("").expect(valid);
        Self { required, invalid: challenge(r#", error="invalid_ticket""#).expect(valid), ..self }
    }

    /// Sets what event streams are answered; with a status if not set.
    pub fn event_streams(self, event_streams: EventStreamRefusals) -> Self {
        Self { event_streams, ..self }
    }

    /// Sets when those may come back who may; each is told another time from the range.
    pub fn retry_after(self, retry_after: RangeInclusive<Duration>) -> Self {
        Self { retry_after, ..self }
    }

    /// Makes the response for a request that was refused.
    pub fn answer(&self, refusal: Refusal, asked: Asked) -> Response<Bytes> {
        if asked.kind() == StreamKind::EventStream && self.event_streams == EventStreamRefusals::Soft {
            return self.softly(refusal);
        }
        let status = match refusal.status() {
            // It "MUST" have `Upgrade` (RFC 9110 §15.5.22), which HTTP/2 forbids (RFC 9113 §8.2.2).
            StatusCode::UPGRADE_REQUIRED if !asked.is_http1() => StatusCode::BAD_REQUEST,
            status => status,
        };
        let mut response = Response::new(problem(status, refusal.code()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match refusal {
            Refusal::CredentialsRequired => {
                headers.insert(header::WWW_AUTHENTICATE, self.required.clone());
            }
            Refusal::InvalidTicket => {
                headers.insert(header::WWW_AUTHENTICATE, self.invalid.clone());
            }
            Refusal::Method => {
                headers.insert(header::ALLOW, HeaderValue::from_static("GET"));
            }
            Refusal::UpgradeRequired if asked.is_http1() => {
                headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
                headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            }
            Refusal::TooMany | Refusal::Unavailable => {
                // Whole seconds (RFC 9110, section 10.2.3), and not sooner than meant.
                let seconds = self.delay().as_millis().div_ceil(1000);
                let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
                headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            _ => {}
        }
        let options = if status == StatusCode::UPGRADE_REQUIRED { "upgrade, close" } else { "close" };
        if asked.is_upgrade() || status == StatusCode::UPGRADE_REQUIRED {
            headers.insert(header::CONNECTION, HeaderValue::from_static(options));
        }
        finish(response)
    }

    fn softly(&self, refusal: Refusal) -> Response<Bytes> {
        let retry = matches!(refusal, Refusal::TooMany | Refusal::Unavailable);
        let data = format!(r#"{{"code":"{}","retry":{retry}}}"#, refusal.code());
        let event = Event::new().retry(self.delay()).event_type(REFUSED).data(data);
        finish(response(event.encode()))
    }

    fn delay(&self) -> Duration {
        random_retry(self.retry_after.clone(), RandomState::new().hash_one(()))
    }
}

impl Default for Refusals {
    fn default() -> Self {
        Self::new()
    }
}

impl Refusal {
    /// The status of the answer.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Ambiguous | Self::InvalidHost | Self::MissingSubprotocol => StatusCode::BAD_REQUEST,
            Self::CredentialsRequired | Self::InvalidTicket => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::Host | Self::Origin => StatusCode::FORBIDDEN,
            Self::Internal | Self::Leak => StatusCode::INTERNAL_SERVER_ERROR,
            Self::MediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::UpgradeRequired => StatusCode::UPGRADE_REQUIRED,
        }
    }

    /// The code in the body of the answer, for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ambiguous => "ambiguous_credentials",
            Self::CredentialsRequired => "credentials_required",
            Self::Forbidden => "forbidden",
            Self::Host | Self::Origin => "origin_not_allowed",
            Self::InvalidHost => "invalid_host",
            Self::InvalidTicket => "invalid_ticket",
            Self::Internal | Self::Leak => "internal_error",
            Self::MediaType => "json_required",
            Self::Method => "method_not_allowed",
            Self::MissingSubprotocol => "missing_subprotocol",
            Self::TooMany => "too_many_connections",
            Self::Unavailable => "unavailable",
            Self::UpgradeRequired => "upgrade_required",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Error for Refusal {}

/// The body of an answer (RFC 9457).
fn problem(status: StatusCode, code: &str) -> Bytes {
    let title = status.canonical_reason().unwrap_or_default();
    Bytes::from(format!(r#"{{"title":"{title}","status":{},"code":"{code}"}}"#, status.as_u16()))
}

fn finish(mut response: Response<Bytes>) -> Response<Bytes> {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

/// The type of the event that refuses softly.
const REFUSED: EventType = EventType::from_static("longwave-auth");
