use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version, header};

/// Which kind of long-lived stream a request asks for, or a response is.
///
/// # Examples
///
/// ```
/// use http::Request;
/// use longwave_core::StreamKind;
///
/// let request = Request::get("/feed").header("accept", "text/event-stream").body(())?;
/// assert_eq!(StreamKind::of_request(&request), StreamKind::EventStream);
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum StreamKind {
    /// An event stream (`text/event-stream`).
    EventStream,
    /// A gRPC call, whose body ends in trailers.
    Grpc,
    /// Neither: an ordinary request or response, or one of which nothing is known.
    Other,
    /// A WebSocket, over an upgrade of HTTP/1.1 (RFC 6455) or an extended CONNECT of HTTP/2 (RFC 8441).
    WebSocket,
}

impl StreamKind {
    /// A short name, for metrics and logs.
    ///
    /// # Examples
    ///
    /// ```
    /// use longwave_core::StreamKind;
    ///
    /// assert_eq!(StreamKind::EventStream.name(), "sse");
    /// ```
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::EventStream => "sse",
            Self::Grpc => "grpc",
            Self::Other => "other",
            Self::WebSocket => "websocket",
        }
    }

    /// What a request asks for, by its method and head.
    pub fn of_request<B>(request: &Request<B>) -> Self {
        let headers = request.headers();
        let websocket = match *request.method() {
            // The pseudo-header `:protocol` is not in the head; RFC 8441 demands the version along with it.
            Method::CONNECT => {
                request.version() == Version::HTTP_2 && headers.contains_key(header::SEC_WEBSOCKET_VERSION)
            }
            Method::GET => {
                lists(headers, &header::UPGRADE, "websocket")
                    && lists(headers, &header::CONNECTION, "upgrade")
            }
            _ => false,
        };
        if websocket {
            Self::WebSocket
        } else if lists(headers, &header::ACCEPT, EVENT_STREAM) {
            Self::EventStream
        } else if *request.method() == Method::POST && essence(headers).is_some_and(is_grpc) {
            Self::Grpc
        } else {
            Self::Other
        }
    }

    /// What a response is, by its status and head.
    ///
    /// An encoded body (`Content-Encoding`) is [`Other`](Self::Other): nothing can be put into it, and nothing
    /// read from it. A WebSocket over HTTP/2 cannot be told from its response; ask the request.
    pub fn of_response<B>(response: &Response<B>) -> Self {
        let headers = response.headers();
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Self::WebSocket;
        }
        let kind = match essence(headers) {
            Some(essence) if essence.eq_ignore_ascii_case(EVENT_STREAM.as_bytes()) => Self::EventStream,
            Some(essence) if is_grpc(essence) => Self::Grpc,
            _ => return Self::Other,
        };
        let encodings = headers.get_all(header::CONTENT_ENCODING);
        let plain = |encoding: &HeaderValue| encoding.as_bytes().eq_ignore_ascii_case(b"identity");
        if encodings.iter().all(plain) { kind } else { Self::Other }
    }
}

/// Whether a field that is a list has this element, parameters aside.
fn lists(headers: &HeaderMap, name: &HeaderName, element: &str) -> bool {
    let elements =
        headers.get_all(name).into_iter().flat_map(|value| value.as_bytes().split(|&byte| byte == b','));
    { elements }.any(|listed| without_parameters(listed).eq_ignore_ascii_case(element.as_bytes()))
}

fn essence(headers: &HeaderMap) -> Option<&[u8]> {
    headers.get(header::CONTENT_TYPE).map(|value| without_parameters(value.as_bytes()))
}

fn without_parameters(value: &[u8]) -> &[u8] {
    value.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii()
}

/// gRPC proper; gRPC-Web has its trailers in the body, which cannot be put there from outside.
fn is_grpc(essence: &[u8]) -> bool {
    matches!(essence.strip_prefix(b"application/grpc"), Some([] | [b'+', ..]))
}

const EVENT_STREAM: &str = "text/event-stream";

#[cfg(test)]
mod tests {
    use http::request::Builder;

    use super::*;

    fn kind(request: Builder) -> StreamKind {
        StreamKind::of_request(&request.body(()).expect("a valid request"))
    }

    #[test]
    fn a_websocket_over_http1_has_both_fields() {
        let get = || Request::get("/").header("upgrade", "h2c, WebSocket");
        assert_eq!(kind(get().header("connection", "keep-alive, Upgrade")), StreamKind::WebSocket);
        assert_eq!(kind(get()), StreamKind::Other);
        assert_eq!(
            kind(Request::post("/").header("upgrade", "websocket").header("connection", "upgrade")),
            StreamKind::Other
        );
    }

    #[test]
    fn a_websocket_over_http2_is_a_connect_with_a_version() {
        let connect = || Request::builder().method("CONNECT").uri("/chat").version(Version::HTTP_2);
        assert_eq!(kind(connect().header("sec-websocket-version", "13")), StreamKind::WebSocket);
        assert_eq!(kind(connect()), StreamKind::Other);
    }

    #[test]
    fn a_request_for_an_event_stream_says_so() {
        let get = |accept| kind(Request::get("/").header("accept", accept));
        assert_eq!(get("text/event-stream"), StreamKind::EventStream);
        assert_eq!(get("application/json, Text/Event-Stream;q=0.5"), StreamKind::EventStream);
        assert_eq!(get("*/*"), StreamKind::Other);
    }

    #[test]
    fn a_response_is_what_its_type_says_unless_it_is_encoded() {
        let kind = |content_type, encoding| {
            let response = Response::builder().header("content-type", content_type);
            let response = response.header("content-encoding", encoding).body(()).expect("a valid response");
            StreamKind::of_response(&response)
        };
        assert_eq!(kind("text/event-stream; charset=utf-8", "identity"), StreamKind::EventStream);
        assert_eq!(kind("text/event-stream", "gzip"), StreamKind::Other);
        assert_eq!(kind("application/grpc", "identity"), StreamKind::Grpc);
        assert_eq!(kind("application/grpc+proto", "identity"), StreamKind::Grpc);
        assert_eq!(kind("application/grpc-web", "identity"), StreamKind::Other);
        assert_eq!(kind("text/html", "identity"), StreamKind::Other);
    }
}
