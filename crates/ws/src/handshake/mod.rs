//! The opening handshake, as pure functions over the types of the crate [`http`].
//!
//! - [`server::accept`] judges a request and makes the response; [`Rejection`] is the refusal, down to its
//!   status and fields.
//! - [`client::request`] and [`client::connect`] make a request; [`client::validate`] and
//!   [`client::validate_connect`] judge the response.
//!
//! Both ways to open a WebSocket are spoken: the upgrade of HTTP/1.1 ([RFC 6455 §4]) and the extended
//! CONNECT of HTTP/2 and HTTP/3 ([RFC 8441 §5], [RFC 9220 §3]). Bodies are never looked at, and nothing here
//! reads a clock, a random source or a socket: the client's nonce is an argument.
//!
//! Work and memory are linear in the size of the head, which the HTTP implementation bounds; lists that are
//! kept are cut by [`Subprotocol::MAX_OFFERED`], [`Extension::MAX_OFFERED`] and [`Extension::MAX_PARAMS`].
//!
//! # Examples
//!
//! A whole handshake, without a connection in between:
//!
//! ```
//! use longwave_ws::handshake::{Subprotocol, client, server};
//!
//! let chat = Subprotocol::from_static("chat");
//! let nonce = [7; 16]; // From a random source, another for each handshake.
//! let asks = client::Options::new().protocol(chat.clone());
//! let request = client::request(&"ws://example.com/room".parse()?, nonce, &asks)?;
//!
//! let supports = server::Options::new().protocol(chat);
//! let accepted = server::accept(&request, None, &supports)?;
//! let response = accepted.response();
//!
//! let established = client::validate(&response, nonce, &asks)?;
//! assert_eq!(established.protocol().map(Subprotocol::as_str), Some("chat"));
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! [RFC 6455 §4]: https://www.rfc-editor.org/rfc/rfc6455#section-4
//! [RFC 8441 §5]: https://www.rfc-editor.org/rfc/rfc8441#section-5
//! [RFC 9220 §3]: https://www.rfc-editor.org/rfc/rfc9220#section-3
pub mod client;
mod extensions;
mod key;
mod origin;
mod rejection;
pub mod server;
mod subprotocol;
mod tokens;

pub use self::{
    extensions::{Extension, ExtensionsError, format_extensions, parse_extensions},
    key::accept_key,
    origin::{Origin, OriginError, OriginPolicy},
    rejection::{Reason, Rejection},
    subprotocol::{Subprotocol, SubprotocolsError, parse_subprotocols},
    tokens::NotToken,
};

/// How a WebSocket is opened over HTTP.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Opening {
    /// By a `GET` with `Upgrade: websocket`, answered by `101`: HTTP/1.1.
    Upgrade,
    /// By a `CONNECT` with `:protocol` `websocket`, answered by `200`: HTTP/2 and HTTP/3.
    ExtendedConnect,
}

/// The name of the protocol: in `Upgrade`, and as `:protocol` of an extended CONNECT.
pub const PROTOCOL: &str = "websocket";

/// The only version of the protocol there is ([RFC 6455 §4.1], item 9).
///
/// [RFC 6455 §4.1]: https://www.rfc-editor.org/rfc/rfc6455#section-4.1
const VERSION: &str = "13";
