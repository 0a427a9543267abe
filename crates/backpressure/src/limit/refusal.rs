use std::{
    collections::hash_map::RandomState, fmt::Display, hash::BuildHasher, ops::RangeInclusive, time::Duration,
};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use longwave_core::StreamKind;
use longwave_sse::{Event, random_retry, response};

use super::slots::Full;

/// Who is refused, by what it asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Asker {
    /// An `EventSource`, which understands nothing but `200` and gives up at anything else.
    EventSource,
    /// A gRPC client, which looks for its own status.
    Grpc,
    Other,
}

impl Asker {
    pub(super) fn of<B>(request: &Request<B>, kind: StreamKind) -> Self {
        match kind {
            // An EventSource only ever sends GET; whoever asks by POST reads the status itself.
            StreamKind::EventStream if request.method() == Method::GET => Self::EventSource,
            StreamKind::Grpc => Self::Grpc,
            _ => Self::Other,
        }
    }
}

/// How those are answered for whom there is no slot.
#[derive(Clone, Debug)]
pub(super) struct Refusals {
    pub(super) retry_after: RangeInclusive<Duration>,
    pub(super) event_streams: EventStreams,
}

/// What a refused event stream is told.
#[derive(Clone, Copy, Debug)]
pub(super) enum EventStreams {
    ComeBack,
    StayAway,
}

impl Refusals {
    pub(super) fn answer(&self, asker: Asker, full: Full) -> Response<Bytes> {
        let delay = random_retry(self.retry_after.clone(), random());
        let mut response = match (asker, self.event_streams) {
            (Asker::EventSource, EventStreams::ComeBack) => return come_back(delay),
            (Asker::EventSource, EventStreams::StayAway) => stay_away(),
            (Asker::Grpc, _) => grpc(full),
            (Asker::Other, _) => plain(delay, full),
        };
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

impl Default for Refusals {
    fn default() -> Self {
        let retry_after = Duration::from_secs(5)..=Duration::from_secs(30);
        Self { retry_after, event_streams: EventStreams::ComeBack }
    }
}

fn come_back(delay: Duration) -> Response<Bytes> {
    response(Event::new().retry(delay).encode())
}

fn stay_away() -> Response<Bytes> {
    with_status(StatusCode::NO_CONTENT, Bytes::new())
}

/// The status is all there is, in the head (what gRPC calls trailers only).
fn grpc(full: Full) -> Response<Bytes> {
    let status = match full {
        Full::Key => RESOURCE_EXHAUSTED,
        Full::Total => UNAVAILABLE,
    };
    let mut response = Response::new(Bytes::new());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(GRPC_STATUS, HeaderValue::from_static(status));
    headers.insert(GRPC_MESSAGE, HeaderValue::from_static(text(full)));
    response
}

fn plain(delay: Duration, full: Full) -> Response<Bytes> {
    let status = match full {
        Full::Key => StatusCode::TOO_MANY_REQUESTS,
        Full::Total => StatusCode::SERVICE_UNAVAILABLE,
    };
    let mut response = with_status(status, Bytes::from_static(text(full).as_bytes()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    // Whole seconds (RFC 9110, section 10.2.3), and not sooner than meant.
    headers.insert(header::RETRY_AFTER, seconds(delay.as_millis().div_ceil(1000)));
    response
}

fn with_status(status: StatusCode, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

fn seconds(seconds: impl Display) -> HeaderValue {
    HeaderValue::try_from(seconds.to_string()).expect("digits are a valid value")
}

const fn text(full: Full) -> &'static str {
    match full {
        Full::Key => "this client has too many streams open",
        Full::Total => "too many streams are open",
    }
}

/// Random bits for jitter: the standard library's keys, which an attacker who guesses them gains nothing by.
fn random() -> u64 {
    RandomState::new().hash_one(())
}

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const RESOURCE_EXHAUSTED: &str = "8";
const UNAVAILABLE: &str = "14";
