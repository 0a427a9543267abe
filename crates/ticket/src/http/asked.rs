use http::{HeaderMap, HeaderName, Method, Version, header, request::Parts};
use longwave_core::StreamKind;

use super::Refusal;

/// What a request asks for, as far as it matters to whether it may spend a ticket and how it is refused.
///
/// # Examples
///
/// ```
/// use http::Request;
/// use longwave_ticket::http::Asked;
///
/// let (parts, ()) = Request::get("/feed").header("accept", "text/event-stream").body(())?.into_parts();
/// assert!(Asked::of(&parts).admit().is_ok());
/// let (parts, ()) = Request::head("/feed").body(())?.into_parts();
/// assert!(Asked::of(&parts).admit().is_err());
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Asked {
    shape: Shape,
    /// An upgrade of HTTP/1.1, of whatever to whatever.
    upgrade: bool,
    http1: bool,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Shape {
    EventStream,
    /// An upgrade, but not to a WebSocket and nothing else; or a `GET` that asks for no stream at all.
    Get,
    Grpc,
    OtherMethod,
    Tunnel,
    WebSocket,
}

impl Asked {
    /// Looks at the head of a request.
    #[must_use]
    pub fn of(parts: &Parts) -> Self {
        let headers = &parts.headers;
        let http1 = parts.version <= Version::HTTP_11;
        let upgrade = http1 && headers.contains_key(header::UPGRADE);
        let shape = match parts.method {
            Method::CONNECT if is_extended(parts) => Shape::WebSocket,
            Method::CONNECT => Shape::Tunnel,
            Method::GET if upgrade && upgrades_to_websocket(headers) => Shape::WebSocket,
            // Whatever it is an upgrade to, it would be no event stream.
            Method::GET if upgrade => Shape::Get,
            Method::GET if lists(headers, &header::ACCEPT, "text/event-stream") => Shape::EventStream,
            Method::GET => Shape::Get,
            Method::POST if is_grpc(headers) => Shape::Grpc,
            _ => Shape::OtherMethod,
        };
        Self { shape, upgrade, http1 }
    }

    /// A WebSocket was asked for, by the way that there is in this version.
    pub(super) fn websocket(version: Version) -> Self {
        let http1 = version <= Version::HTTP_11;
        Self { shape: Shape::WebSocket, upgrade: http1, http1 }
    }

    /// Whether such a request may spend a ticket, which is spent only once.
    ///
    /// Only a WebSocket or a `GET` for an event stream may, so that no prefetch, link scanner or preflight does. One
    /// with an `Upgrade` to anything but a WebSocket alone is neither.
    ///
    /// Over HTTP/2, an extended `CONNECT` with a `Sec-WebSocket-Version` is taken for a WebSocket. Its `:protocol` is not
    /// in the head of a request: a server that takes others, such as `connect-udp`, has to let only `websocket` come here.
    ///
    /// # Errors
    ///
    /// [`Refusal::Method`] for another method, and for a `CONNECT` that opens no WebSocket;
    /// [`Refusal::UpgradeRequired`] for any other `GET`.
    pub const fn admit(self) -> Result<(), Refusal> {
        match self.shape {
            Shape::EventStream | Shape::WebSocket => Ok(()),
            Shape::Get => Err(Refusal::UpgradeRequired),
            Shape::Grpc | Shape::OtherMethod | Shape::Tunnel => Err(Refusal::Method),
        }
    }

    /// Which kind of stream.
    #[must_use]
    pub const fn kind(self) -> StreamKind {
        match self.shape {
            Shape::EventStream => StreamKind::EventStream,
            Shape::WebSocket => StreamKind::WebSocket,
            Shape::Grpc => StreamKind::Grpc,
            Shape::Get | Shape::OtherMethod | Shape::Tunnel => StreamKind::Other,
        }
    }

    /// Whether somebody further in may take it for a stream, who is perhaps less strict.
    pub(super) const fn may_open_a_stream(self) -> bool {
        self.upgrade || !matches!(self.shape, Shape::Get | Shape::Grpc | Shape::OtherMethod)
    }

    pub(super) const fn is_http1(self) -> bool {
        self.http1
    }

    pub(super) const fn is_upgrade(self) -> bool {
        self.upgrade
    }
}

/// Whether a `CONNECT` is an extended one (RFC 8441, section 4), for a WebSocket.
///
/// The pseudo-field `:protocol` is not in the head, but in an extension of hyper's. An ordinary `CONNECT` has neither
/// scheme nor path, and clients of other protocols have no reason to send this version along with it.
fn is_extended(parts: &Parts) -> bool {
    parts.version >= Version::HTTP_2
        && parts.uri.scheme().is_some()
        && parts.headers.contains_key(header::SEC_WEBSOCKET_VERSION)
}

/// Whether it is a WebSocket that is asked for, and nothing else that a proxy could have agreed to instead.
fn upgrades_to_websocket(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(header::UPGRADE).iter();
    let only = lines.next().filter(|_| lines.next().is_none());
    only.is_some_and(|line| line.as_bytes().eq_ignore_ascii_case(b"websocket"))
        && lists(headers, &header::CONNECTION, "upgrade")
}

/// Whether it is a call of gRPC: its type of content is one that a page can only send to another site if it is let to.
fn is_grpc(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(line), None) = (lines.next(), lines.next()) else { return false };
    let essence = line.as_bytes().split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
    matches!(essence.strip_prefix(b"application/grpc"), Some([] | [b'+', ..]))
}

/// Whether a field that is a list has this element, parameters aside.
pub(super) fn lists(headers: &HeaderMap, name: &HeaderName, element: &str) -> bool {
    let lines = headers.get_all(name).into_iter();
    let mut elements = lines.flat_map(|line| line.as_bytes().split(|&byte| byte == b','));
    elements.any(|listed| {
        let listed = listed.split(|&byte| byte == b';').next().unwrap_or_default();
        listed.trim_ascii().eq_ignore_ascii_case(element.as_bytes())
    })
}
