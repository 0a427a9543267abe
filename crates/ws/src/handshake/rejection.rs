use core::{error::Error, fmt};

use http::{
    HeaderValue, Response, StatusCode,
    header::{ALLOW, CONNECTION, SEC_WEBSOCKET_VERSION, UPGRADE},
};

use super::{ExtensionsError, Opening, PROTOCOL, SubprotocolsError, VERSION};

/// A server's refusal of an opening handshake, which makes the response that says so.
///
/// Source: [RFC 6455 §4.2.2](https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2).
///
/// # Examples
///
/// ```
/// use http::Request;
/// use longwave_ws::handshake::{Reason, server};
///
/// let request = Request::post("/room").body(())?;
/// let rejection = server::accept(&request, None, &server::Options::new()).unwrap_err();
/// assert_eq!(rejection.reason(), Reason::Method);
/// let response = rejection.response();
/// assert_eq!(response.status(), 405);
/// assert_eq!(response.headers()["allow"], "GET");
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Rejection {
    reason: Reason,
    opening: Opening,
}

/// Why a server refuses an opening handshake; match on this, not on the text.
///
/// | status | reason |
/// |---|---|
/// | 403 | [`Origin`](Self::Origin) |
/// | 405 | [`Method`](Self::Method) |
/// | 426 | on HTTP/1.1 [`Connection`](Self::Connection), [`Upgrade`](Self::Upgrade), [`Version`](Self::Version) |
/// | 501 | [`Protocol`](Self::Protocol) |
/// | 505 | [`HttpVersion`](Self::HttpVersion) |
/// | 400 | all others, and [`Version`](Self::Version) on HTTP/2, where a 426 cannot be |
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// The request has a body.
    Body,
    /// `Connection` does not list `upgrade`, so that a proxy would not have passed it on.
    Connection,
    /// The extensions offered cannot be read.
    Extensions(ExtensionsError),
    /// The host is missing, repeated, or malformed.
    Host,
    /// The request is older than HTTP/1.1.
    HttpVersion,
    /// `Sec-WebSocket-Key` is missing, repeated, or not base64 of 16 bytes.
    Key,
    /// The method is not `GET`, or not `CONNECT` on HTTP/2.
    Method,
    /// Pages from this `Origin` are not let in.
    Origin,
    /// There is more than one `Origin`.
    OriginRepeated,
    /// A `CONNECT` is for another protocol, or for none.
    Protocol,
    /// The subprotocols offered cannot be read.
    Subprotocols(SubprotocolsError),
    /// `Upgrade` does not list `websocket`: a plain request.
    Upgrade,
    /// `Sec-WebSocket-Version` is not 13, or is repeated.
    Version,
    /// `Sec-WebSocket-Version` is missing.
    VersionMissing,
}

impl Rejection {
    pub(super) const fn new(reason: Reason, opening: Opening) -> Self {
        Self { reason, opening }
    }

    /// Why the handshake is refused.
    #[must_use]
    pub const fn reason(self) -> Reason {
        self.reason
    }

    /// The status of the response.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match (self.reason, self.opening) {
            (Reason::HttpVersion, _) => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            (Reason::Method, _) => StatusCode::METHOD_NOT_ALLOWED,
            (Reason::Origin, _) => StatusCode::FORBIDDEN,
            (Reason::Protocol, _) => StatusCode::NOT_IMPLEMENTED,
            // A 426 "MUST" have `Upgrade` (RFC 9110 §15.5.22), which HTTP/2 forbids (RFC 9113 §8.2.2).
            (Reason::Connection | Reason::Upgrade | Reason::Version, Opening::Upgrade) => {
                StatusCode::UPGRADE_REQUIRED
            }
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// Makes the head of the response; the body is for the caller to put in, by [`Response::map`].
    ///
    /// It says which method is allowed (405), which protocol to upgrade to (426), and which version of it
    /// there is (426, or 400 for the want of a version). On HTTP/1.1 it ends the connection, as the client
    /// may take what it sends next for WebSocket.
    #[must_use]
    pub fn response(self) -> Response<()> {
        let mut response = Response::new(());
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        if self.opening == Opening::Upgrade {
            let options = match self.status() {
                StatusCode::UPGRADE_REQUIRED => {
                    headers.insert(UPGRADE, HeaderValue::from_static(PROTOCOL));
                    "upgrade, close"
                }
                _ => "close",
            };
            headers.insert(CONNECTION, HeaderValue::from_static(options));
        }
        match self.reason {
            Reason::Connection | Reason::Upgrade | Reason::Version | Reason::VersionMissing => {
                headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSION));
            }
            Reason::Method => {
                let method = match self.opening {
                    Opening::Upgrade => "GET",
                    Opening::ExtendedConnect => "CONNECT",
                };
                headers.insert(ALLOW, HeaderValue::from_static(method));
            }
            _ => {}
        }
        response
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.reason {
            Reason::Body => "handshake has a body",
            Reason::Connection => "Connection does not list upgrade",
            Reason::Extensions(_) => "extensions cannot be read",
            Reason::Host => "host missing, repeated or malformed",
            Reason::HttpVersion => "handshake is older than HTTP/1.1",
            Reason::Key => "key missing, repeated or malformed",
            Reason::Method => "method opens no WebSocket",
            Reason::Origin => "origin not allowed",
            Reason::OriginRepeated => "origin repeated",
            Reason::Protocol => "protocol is not websocket",
            Reason::Subprotocols(_) => "subprotocols cannot be read",
            Reason::Upgrade => "Upgrade does not list websocket",
            Reason::Version => "version is not 13",
            Reason::VersionMissing => "version missing",
        })
    }
}

impl Error for Rejection {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.reason {
            Reason::Extensions(error) => Some(error),
            Reason::Subprotocols(error) => Some(error),
            _ => None,
        }
    }
}
