use core::{error::Error, fmt};

use http::{HeaderName, StatusCode};

use crate::handshake::ExtensionsError;

/// Why no request can be made.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum RequestError {
    /// The URI has no host, or one that cannot be sent.
    Host,
    /// An extra field is one that the handshake, or the HTTP connection, makes itself.
    #[non_exhaustive]
    Reserved {
        /// The name of the field.
        name: HeaderName,
    },
    /// The scheme is not `ws`, `wss`, `http` or `https`.
    Scheme,
    /// The URI has a user name, which is not for the host to see: send it as `Authorization`.
    UserInfo,
}

/// Why a response does not open the WebSocket; the connection must not be used any further.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum HandshakeError {
    /// `Sec-WebSocket-Accept` is missing, repeated, or not the answer to the key.
    Accept,
    /// `Connection` does not list `upgrade`.
    Connection,
    /// The server agrees to an extension that was not offered.
    ExtensionNotOffered,
    /// The extensions cannot be read.
    Extensions(ExtensionsError),
    /// The server has selected a subprotocol that was not offered, or more than one.
    Protocol,
    /// The status is not the one of success: a redirect, a demand for a login, a refusal, for the caller to
    /// deal with.
    #[non_exhaustive]
    Status {
        /// The status.
        status: StatusCode,
    },
    /// `Upgrade` is missing, repeated, or not `websocket`.
    Upgrade,
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host => f.write_str("URI has no valid host"),
            Self::Reserved { name } => write!(f, "field {name} is reserved"),
            Self::Scheme => f.write_str("scheme of the URI is not ws or wss"),
            Self::UserInfo => f.write_str("URI has user information"),
        }
    }
}

impl Error for RequestError {}

impl fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Accept => f.write_str("response does not answer the key"),
            Self::Connection => f.write_str("response's Connection does not list upgrade"),
            Self::ExtensionNotOffered => f.write_str("response agrees to an extension not offered"),
            Self::Extensions(_) => f.write_str("response's extensions cannot be read"),
            Self::Protocol => f.write_str("response selects a subprotocol not offered"),
            Self::Status { status } => write!(f, "response has status {status}"),
            Self::Upgrade => f.write_str("response's Upgrade is not websocket"),
        }
    }
}

impl Error for HandshakeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Extensions(error) => Some(error),
            _ => None,
        }
    }
}
