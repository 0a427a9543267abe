use alloc::vec::Vec;

use http::{
    HeaderMap, Response, StatusCode,
    header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_PROTOCOL, UPGRADE},
};

use super::{HandshakeError, Options};
use crate::handshake::{
    Extension, PROTOCOL, Subprotocol, key, parse_extensions,
    tokens::{self, Lines},
};

/// What client and server have agreed on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Established {
    protocol: Option<Subprotocol>,
    extensions: Vec<Extension>,
}

impl Established {
    /// The subprotocol, one of those offered; a server that knows none of them selects none.
    #[must_use]
    pub const fn protocol(&self) -> Option<&Subprotocol> {
        self.protocol.as_ref()
    }

    /// The extensions, each by its name one of those offered.
    ///
    /// Their parameters, and that none comes twice, are for the implementation of the extension to check,
    /// which fails the connection where it does not agree.
    #[must_use]
    pub fn extensions(&self) -> &[Extension] {
        &self.extensions
    }
}

/// Judges the response to an upgrade.
///
/// - `nonce`, `options`: those of the request.
///
/// Source: [RFC 6455 §4.1](https://www.rfc-editor.org/rfc/rfc6455#section-4.1), the second list.
///
/// # Errors
///
/// [`HandshakeError`] if the response does not open the WebSocket;
/// [`Status`](HandshakeError::Status) if it does not even say so.
///
/// # Examples
///
/// ```
/// use http::Response;
/// use longwave_ws::handshake::client::{HandshakeError, Options, validate};
///
/// let response = Response::builder()
///     .status(101)
///     .header("upgrade", "websocket")
///     .header("connection", "Upgrade")
///     .header("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
///     .body(())?;
/// assert!(validate(&response, *b"the sample nonce", &Options::new()).is_ok());
/// assert_eq!(validate(&response, [0; 16], &Options::new()), Err(HandshakeError::Accept));
/// # Ok::<_, http::Error>(())
/// ```
pub fn validate<B>(
    response: &Response<B>,
    nonce: [u8; 16],
    options: &Options,
) -> Result<Established, HandshakeError> {
    let (status, headers) = (response.status(), response.headers());
    if status != StatusCode::SWITCHING_PROTOCOLS {
        return Err(HandshakeError::Status { status });
    }
    match Lines::of(headers, &UPGRADE) {
        Lines::One(protocol) if protocol.eq_ignore_ascii_case(PROTOCOL.as_bytes()) => {}
        _ => return Err(HandshakeError::Upgrade),
    }
    if !tokens::has_member(headers, &CONNECTION, "upgrade") {
        return Err(HandshakeError::Connection);
    }
    match Lines::of(headers, &SEC_WEBSOCKET_ACCEPT) {
        Lines::One(accept) if accept == key::accept_key(key::encode_nonce(nonce)) => {}
        _ => return Err(HandshakeError::Accept),
    }
    agreed(headers, options)
}

/// Judges the response to an extended CONNECT.
///
/// - `options`: those of the request.
///
/// Source: [RFC 8441 §5](https://www.rfc-editor.org/rfc/rfc8441#section-5).
///
/// # Errors
///
/// [`HandshakeError`] if the response does not open the WebSocket;
/// [`Status`](HandshakeError::Status) if it is not a success.
///
/// # Examples
///
/// ```
/// use http::Response;
/// use longwave_ws::handshake::client::{Options, validate_connect};
///
/// let established = validate_connect(&Response::new(()), &Options::new())?;
/// assert_eq!(established.protocol(), None);
/// # Ok::<_, longwave_ws::handshake::client::HandshakeError>(())
/// ```
pub fn validate_connect<B>(response: &Response<B>, options: &Options) -> Result<Established, HandshakeError> {
    match response.status() {
        status if status.is_success() => agreed(response.headers(), options),
        status => Err(HandshakeError::Status { status }),
    }
}

/// Checks that the server has taken nothing that was not offered.
fn agreed(headers: &HeaderMap, options: &Options) -> Result<Established, HandshakeError> {
    let protocol = match Lines::of(headers, &SEC_WEBSOCKET_PROTOCOL) {
        Lines::None => None,
        Lines::One(name) => {
            let offered = options.protocols.iter().find(|offered| offered.as_str().as_bytes() == name);
            Some(offered.ok_or(HandshakeError::Protocol)?.clone())
        }
        Lines::Many => return Err(HandshakeError::Protocol),
    };
    let extensions = parse_extensions(headers).map_err(HandshakeError::Extensions)?;
    if !Extension::all_offered(&extensions, &options.extensions) {
        return Err(HandshakeError::ExtensionNotOffered);
    }
    Ok(Established { protocol, extensions })
}
