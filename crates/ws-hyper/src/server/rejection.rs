use std::{error, fmt};

use http::{HeaderValue, Response, StatusCode, header::CONTENT_TYPE};
use longwave_ws::handshake::{self, Reason};

/// Why no WebSocket comes of a request, which makes the response that says so.
///
/// # Examples
///
/// ```
/// use longwave_ws_hyper::{server::Options, upgrade};
///
/// let mut request = http::Request::post("/chat").body(())?;
/// let rejection = upgrade::<_, String>(&mut request, &Options::new()).unwrap_err();
/// let response = rejection.response::<String>();
/// assert_eq!(response.status(), 405);
/// assert_eq!(response.headers()["allow"], "GET");
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Rejection {
    /// The request is not a correct handshake, or comes from a web page that is not let in.
    Handshake(handshake::Rejection),
    /// The server cannot give the connection away: it is not hyper, something has taken the upgrade already, or the
    /// request was built anew on its way. It is the mistake of whoever runs the server.
    NotUpgradable,
}

impl Rejection {
    /// The status of the response.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Handshake(rejection) => rejection.status(),
            Self::NotUpgradable => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Makes the response: the status, the fields that go with it, and a text that says which field is wrong.
    ///
    /// It says which method is allowed (405), which protocol to upgrade to and which version of it there is (426). On
    /// HTTP/1.1 it ends the connection, as the client may take what it sends next for WebSocket.
    ///
    /// Source: [RFC 6455 §4.2.2], [RFC 6455 §4.4], [RFC 9110 §15.5.22].
    ///
    /// [RFC 6455 §4.2.2]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
    /// [RFC 6455 §4.4]: https://www.rfc-editor.org/rfc/rfc6455#section-4.4
    /// [RFC 9110 §15.5.22]: https://www.rfc-editor.org/rfc/rfc9110#section-15.5.22
    #[must_use]
    pub fn response<R: From<String>>(&self) -> Response<R> {
        let mut response = match self {
            Self::Handshake(rejection) => rejection.response(),
            Self::NotUpgradable => {
                let mut response = Response::new(());
                *response.status_mut() = self.status();
                response
            }
        };
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, plain);
        response.map(|()| R::from(format!("{self}\n")))
    }

    /// A short name, for a label of a metric.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Handshake(rejection) => match rejection.reason() {
                Reason::Origin | Reason::OriginRepeated => "origin",
                Reason::Version | Reason::VersionMissing => "version",
                _ => "handshake",
            },
            Self::NotUpgradable => "not_upgradable",
        }
    }
}

impl From<handshake::Rejection> for Rejection {
    fn from(rejection: handshake::Rejection) -> Self {
        Self::Handshake(rejection)
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Handshake(rejection) = self else {
            return f.write_str("the connection cannot be upgraded by this server");
        };
        f.write_str(match rejection.reason() {
            Reason::Body => "a handshake has no body: Content-Length or Transfer-Encoding says otherwise",
            Reason::Connection => "Connection does not list upgrade",
            Reason::Extensions(error) => return write!(f, "Sec-WebSocket-Extensions: {error}"),
            Reason::Host => "Host is missing, repeated or malformed",
            Reason::HttpVersion => "a WebSocket needs HTTP/1.1 at least",
            Reason::Key => "Sec-WebSocket-Key is missing, repeated or not base64 of 16 bytes",
            Reason::Method => "a WebSocket is opened by GET on HTTP/1.1 and by CONNECT on HTTP/2",
            Reason::Origin => "Origin is not allowed",
            Reason::OriginRepeated => "Origin is repeated",
            Reason::Protocol => ":protocol is not websocket",
            Reason::Subprotocols(error) => return write!(f, "Sec-WebSocket-Protocol: {error}"),
            Reason::Upgrade => "Upgrade does not list websocket",
            Reason::Version => "Sec-WebSocket-Version is not 13",
            Reason::VersionMissing => "Sec-WebSocket-Version is missing",
            _ => return fmt::Display::fmt(rejection, f),
        })
    }
}

impl error::Error for Rejection {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Handshake(rejection) => error::Error::source(rejection),
            Self::NotUpgradable => None,
        }
    }
}
