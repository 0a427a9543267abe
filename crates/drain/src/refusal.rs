//! What new streams get while a server drains.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version, header};
use longwave_core::{EndReason, Reconnect, StreamKind};
use longwave_sse::random_retry;

use crate::jitter::random;

/// Whether a request is sent elsewhere.
///
/// One that posts something is not, even if it would take an event stream for an answer: to end that at once
/// would look as if what was posted had been dealt with.
pub(crate) fn is_refused(asked: StreamKind, method: &Method) -> bool {
    match asked {
        StreamKind::EventStream => *method == Method::GET,
        StreamKind::Grpc | StreamKind::WebSocket => true,
        _ => false,
    }
}

pub(crate) fn refuse(asked: StreamKind, version: Version, reason: &EndReason) -> Response<Bytes> {
    let mut response = match asked {
        // A browser's `EventSource` comes back after nothing else.
        StreamKind::EventStream => longwave_sse::response(reason.farewell(random()).encode()),
        kind => unavailable(kind, reason),
    };
    close(version, response.headers_mut());
    response
}

/// Asks the client not to use the connection again, which would lead it to the same server.
pub(crate) fn close(version: Version, headers: &mut HeaderMap) {
    if version <= Version::HTTP_11 {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
}

fn unavailable(kind: StreamKind, reason: &EndReason) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    let headers = response.headers_mut();
    if let Reconnect::After(range) = reason.reconnection() {
        let seconds = random_retry(range.clone(), random()).as_millis().div_ceil(1000);
        headers.insert(header::RETRY_AFTER, HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX)));
    }
    if kind == StreamKind::Grpc {
        // Clients that look at the status make the same of it: 14, unavailable.
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert("grpc-status", HeaderValue::from_static("14"));
        headers.insert("grpc-message", HeaderValue::from_static("server restarts"));
    }
    response
}
