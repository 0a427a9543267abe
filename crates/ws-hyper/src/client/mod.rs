//! The client's side of the opening handshake: from a connection to a socket.
//!
//! - [`http1`] upgrades a connection of HTTP/1.1 ([RFC 6455 §4.1]): anything that tokio reads and writes.
//! - [`Http2`] is a connection of HTTP/2 for many WebSockets ([RFC 8441]).
//! - [`connect`] has its connections made by a connector, as HTTP clients have.
//!
//! Nothing here waits for ever because of its own doing, but a server may take its time: put a timeout around. Neither
//! are redirects followed, nor logins tried: [`Error::Refused`] has the response that asks for them.
//!
//! [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
//! [RFC 8441]: https://www.rfc-editor.org/rfc/rfc8441

mod agreement;
mod arrival;
mod connect;
mod error;
mod http1;
mod http2;
mod options;

pub use longwave_ws::handshake::client::{HandshakeError, RequestError};

pub use self::{
    connect::connect,
    error::Error,
    http1::http1,
    http2::Http2,
    options::{HttpVersion, Options},
};
