//! The server's side of the opening handshake.
use alloc::vec::Vec;

use http::{Request, Version};

use super::{Opening, OriginPolicy, Rejection, Subprotocol};

mod accepted;
mod check;

pub use self::accepted::{Accepted, NotOffered};

/// What a server supports and whom it lets in.
///
/// # Examples
///
/// ```
/// use longwave_ws::handshake::{Subprotocol, server::Options};
///
/// let options = Options::new()
///     .protocol(Subprotocol::from_static("graphql-transport-ws"))
///     .protocol(Subprotocol::from_static("graphql-ws"));
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[must_use]
pub struct Options {
    protocols: Vec<Subprotocol>,
    origins: OriginPolicy,
}

impl Options {
    /// Makes options without subprotocols, which let in pages from the server's own host only.
    pub const fn new() -> Self {
        Self { protocols: Vec::new(), origins: OriginPolicy::same_host() }
    }

    /// Appends a subprotocol to those that are supported, the best one first.
    ///
    /// The first that the client offers is selected; a handler that wants to choose by what else the request
    /// says does so by [`Accepted::select_protocol`].
    pub fn protocol(mut self, protocol: Subprotocol) -> Self {
        self.protocols.push(protocol);
        self
    }

    /// Sets from which web pages WebSockets may be opened.
    pub fn origins(mut self, origins: OriginPolicy) -> Self {
        self.origins = origins;
        self
    }
}

/// Judges a request to open a WebSocket.
///
/// The way to open it goes with the version of the request: an upgrade on HTTP/1.1, an extended CONNECT on
/// HTTP/2 and above. On success the response is still to be made, by [`Accepted::response`], after the choice
/// of a subprotocol and of extensions.
///
/// - `protocol`: the pseudo-field `:protocol`, which the types of [`http`] have no place for (hyper has it
///   as `hyper::ext::Protocol` in the request's extensions); not looked at on HTTP/1.1.
///
/// Source: [RFC 6455 §4.2.1], [RFC 8441 §5].
///
/// # Errors
///
/// [`Rejection`] if the request is not a correct handshake, or comes from a web page that the options do not
/// let in.
///
/// # Examples
///
/// ```
/// use http::Request;
/// use longwave_ws::handshake::server;
///
/// let request = Request::get("/chat")
///     .header("host", "server.example.com")
///     .header("upgrade", "websocket")
///     .header("connection", "keep-alive, Upgrade")
///     .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
///     .header("sec-websocket-version", "13")
///     .header("origin", "https://server.example.com")
///     .body(())?;
/// let response = match server::accept(&request, None, &server::Options::new()) {
///     Ok(accepted) => accepted.response(),
///     Err(rejection) => rejection.response(),
/// };
/// assert_eq!(response.status(), 101);
/// assert_eq!(response.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// # Ok::<_, http::Error>(())
/// ```
///
/// [RFC 6455 §4.2.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
/// [RFC 8441 §5]: https://www.rfc-editor.org/rfc/rfc8441#section-5
pub fn accept<B>(
    request: &Request<B>,
    protocol: Option<&str>,
    options: &Options,
) -> Result<Accepted, Rejection> {
    let (opening, accepted) = if request.version() < Version::HTTP_2 {
        (Opening::Upgrade, check::upgrade(request, options))
    } else {
        (Opening::ExtendedConnect, check::connect(request, protocol, options))
    };
    accepted.map_err(|reason| Rejection::new(reason, opening))
}
