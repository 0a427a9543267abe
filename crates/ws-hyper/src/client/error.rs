use std::{error, fmt};

use http::Response;

use super::{HandshakeError, RequestError};

/// Why no WebSocket could be opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// No connection could be made, says the connector.
    Connect(Box<dyn error::Error + Send + Sync>),
    /// The server has agreed to compress in a way that was not offered.
    #[cfg(feature = "deflate")]
    Deflate(longwave_ws::deflate::NegotiationError),
    /// The response does not open a WebSocket, though it says so.
    Handshake(HandshakeError),
    /// The connection has failed, or what came over it is not HTTP.
    Hyper(hyper::Error),
    /// The server does not take WebSockets over HTTP/2, or does not say so in time
    /// ([RFC 8441 §3](https://www.rfc-editor.org/rfc/rfc8441#section-3)).
    NoExtendedConnect,
    /// The server has answered otherwise: by a redirect, a demand for a login, a refusal.
    Refused(Box<Response<()>>),
    /// No request can be made of the URI and the options.
    Request(RequestError),
}

impl Error {
    /// What the server has answered instead of opening a WebSocket.
    #[must_use]
    pub fn response(&self) -> Option<&Response<()>> {
        match self {
            Self::Refused(response) => Some(response),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(_) => f.write_str("no connection could be made"),
            #[cfg(feature = "deflate")]
            Self::Deflate(_) => f.write_str("the server has agreed to a compression that was not offered"),
            Self::Handshake(_) => f.write_str("the response does not open a WebSocket"),
            Self::Hyper(_) => f.write_str("the connection has failed"),
            Self::NoExtendedConnect => f.write_str("the server takes no WebSockets over HTTP/2"),
            Self::Refused(response) => write!(f, "the server has answered {}", response.status()),
            Self::Request(_) => f.write_str("no request can be made"),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Connect(error) => Some(&**error),
            #[cfg(feature = "deflate")]
            Self::Deflate(error) => Some(error),
            Self::Handshake(error) => Some(error),
            Self::Hyper(error) => Some(error),
            Self::Request(error) => Some(error),
            Self::NoExtendedConnect | Self::Refused(_) => None,
        }
    }
}

impl From<RequestError> for Error {
    fn from(error: RequestError) -> Self {
        Self::Request(error)
    }
}

impl From<HandshakeError> for Error {
    fn from(error: HandshakeError) -> Self {
        Self::Handshake(error)
    }
}

impl From<hyper::Error> for Error {
    fn from(error: hyper::Error) -> Self {
        Self::Hyper(error)
    }
}
