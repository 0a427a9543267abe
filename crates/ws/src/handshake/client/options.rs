use alloc::{string::ToString as _, vec::Vec};
use core::fmt;

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        CONNECTION, CONTENT_LENGTH, HOST, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS,
        SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, TE, TRAILER, TRANSFER_ENCODING,
        UPGRADE,
    },
};

use super::RequestError;
use crate::handshake::{Extension, Origin, Subprotocol, format_extensions, tokens};

/// What a client asks for: the same for the request and for judging the response.
///
/// # Examples
///
/// ```
/// use http::{HeaderValue, header::AUTHORIZATION};
/// use longwave_ws::handshake::{Extension, Subprotocol, client::Options};
///
/// let options = Options::new()
///     .protocol(Subprotocol::from_static("chat.v2"))
///     .protocol(Subprotocol::from_static("chat.v1"))
///     .extensions(Extension::parse_list("permessage-deflate; client_max_window_bits")?)
///     .header(AUTHORIZATION, HeaderValue::from_static("Bearer of-news"));
/// # Ok::<_, longwave_ws::handshake::ExtensionsError>(())
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct Options {
    pub(super) protocols: Vec<Subprotocol>,
    pub(super) extensions: Vec<Extension>,
    origin: Option<Origin>,
    headers: HeaderMap,
}

impl Options {
    /// Makes options that ask for nothing but a WebSocket.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a subprotocol to those that are offered, the preferred one first; one that is already there is
    /// not offered twice.
    pub fn protocol(mut self, protocol: Subprotocol) -> Self {
        if !self.protocols.contains(&protocol) {
            self.protocols.push(protocol);
        }
        self
    }

    /// Appends extensions to those that are offered, the preferred one first; the same one may be offered
    /// again with other parameters.
    pub fn extensions(mut self, extensions: impl IntoIterator<Item = Extension>) -> Self {
        self.extensions.extend(extensions);
        self
    }

    /// Sets the `Origin`, which only a client that acts for a web page sends.
    pub fn origin(mut self, origin: Origin) -> Self {
        self.origin = Some(origin);
        self
    }

    /// Appends any other field, such as `Authorization` or `Cookie`.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// Writes all that both kinds of request have in common.
    pub(super) fn write(&self, headers: &mut HeaderMap) -> Result<(), RequestError> {
        if let Some(name) = self.headers.keys().find(|name| is_reserved(name)) {
            return Err(RequestError::Reserved { name: name.clone() });
        }
        if let Some(protocols) = tokens::join(&self.protocols) {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, protocols);
        }
        if let Some(extensions) = format_extensions(&self.extensions) {
            headers.insert(SEC_WEBSOCKET_EXTENSIONS, extensions);
        }
        if let Some(origin) = &self.origin {
            headers.insert(ORIGIN, tokens::value(origin.to_string().as_bytes()));
        }
        headers.extend(self.headers.iter().map(|(name, value)| (name.clone(), value.clone())));
        Ok(())
    }
}

impl fmt::Debug for Options {
    /// Shows only the names of extra fields, as their values open doors.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("protocols", &self.protocols)
            .field("extensions", &self.extensions)
            .field("origin", &self.origin)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .finish()
    }
}

/// What the handshake writes itself, and what is about the connection or a body (RFC 9113 §8.2.2).
fn is_reserved(name: &HeaderName) -> bool {
    const RESERVED: [HeaderName; 13] = [
        CONNECTION,
        CONTENT_LENGTH,
        HOST,
        ORIGIN,
        SEC_WEBSOCKET_ACCEPT,
        SEC_WEBSOCKET_EXTENSIONS,
        SEC_WEBSOCKET_KEY,
        SEC_WEBSOCKET_PROTOCOL,
        SEC_WEBSOCKET_VERSION,
        TE,
        TRAILER,
        TRANSFER_ENCODING,
        UPGRADE,
    ];
    RESERVED.contains(name) || matches!(name.as_str(), "http2-settings" | "keep-alive" | "proxy-connection")
}
