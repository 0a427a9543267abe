//! The server's side of the opening handshake: from hyper's request to a socket.
//!
//! [`upgrade()`] does all of it; [`Handshake`] does it in two steps, for a handler that chooses the subprotocol by what
//! else it knows. Both ways to open a WebSocket are the same to the handler: the upgrade of HTTP/1.1
//! ([RFC 6455 §4.2]) and the extended CONNECT of HTTP/2 ([RFC 8441 §5]). For the latter a server has to say that it
//! takes it, by `enable_connect_protocol` of hyper's builder, and a router has to let `CONNECT` through.
//!
//! [RFC 6455 §4.2]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2
//! [RFC 8441 §5]: https://www.rfc-editor.org/rfc/rfc8441#section-5

mod handshake;
mod options;
mod rejection;
mod upgrading;

pub use longwave_ws::handshake::server::NotOffered;

pub use self::{
    handshake::{Handshake, upgrade},
    options::Options,
    rejection::Rejection,
    upgrading::Upgrading,
};
