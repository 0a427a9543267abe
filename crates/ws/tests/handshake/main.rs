//! The opening handshake: what each side must make, must take, and must refuse.
#![cfg(feature = "handshake")]
#![allow(clippy::unwrap_used)]

mod client_refuses;
mod lists;
mod origin;
mod properties;
mod round_trip;
mod server_accepts;
mod server_refuses;

use http::{HeaderName, HeaderValue, Request, Response, Version};
use longwave_ws::handshake::{
    Extension, Rejection, Subprotocol, client,
    server::{self, Accepted},
};

/// The request of RFC 6455 §1.2, with the key whose answer §1.3 computes.
fn upgrade() -> Request<()> {
    let request = Request::get("/chat")
        .header("host", "server.example.com")
        .header("upgrade", "websocket")
        .header("connection", "Upgrade")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("origin", "http://server.example.com")
        .header("sec-websocket-protocol", "chat, superchat")
        .header("sec-websocket-version", "13");
    request.body(()).unwrap()
}

/// The request of RFC 8441 §5.1.
fn connect() -> Request<()> {
    let request = Request::connect("https://server.example.com/chat")
        .version(Version::HTTP_2)
        .header("sec-websocket-protocol", "chat, superchat")
        .header("sec-websocket-extensions", "permessage-deflate")
        .header("sec-websocket-version", "13")
        .header("origin", "https://server.example.com");
    request.body(()).unwrap()
}

/// The response of RFC 6455 §1.3.
fn switching() -> Response<()> {
    let response = Response::builder()
        .status(101)
        .header("upgrade", "websocket")
        .header("connection", "Upgrade")
        .header("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        .header("sec-websocket-protocol", "chat");
    response.body(()).unwrap()
}

/// The nonce behind the key of RFC 6455 §1.3.
const NONCE: [u8; 16] = *b"the sample nonce";

/// What the client of RFC 6455 §1.2 asks for, with two extensions.
fn asks() -> client::Options {
    client::Options::new()
        .protocol(Subprotocol::from_static("chat"))
        .protocol(Subprotocol::from_static("superchat"))
        .extensions(["permessage-deflate", "foo"].map(|name| Extension::new(name).unwrap()))
}

fn accept(request: &Request<()>) -> Result<Accepted, Rejection> {
    server::accept(request, Some("websocket"), &server::Options::new())
}

/// A head whose fields a test changes.
trait Edit: Sized {
    fn add(self, name: &'static str, value: &[u8]) -> Self;
    fn remove(self, name: &str) -> Self;

    fn set(self, name: &'static str, value: &[u8]) -> Self {
        self.remove(name).add(name, value)
    }
}

macro_rules! edit {
    ($head:ty) => {
        impl Edit for $head {
            fn add(mut self, name: &'static str, value: &[u8]) -> Self {
                let value = HeaderValue::from_bytes(value).unwrap();
                self.headers_mut().append(HeaderName::from_static(name), value);
                self
            }

            fn remove(mut self, name: &str) -> Self {
                self.headers_mut().remove(name);
                self
            }
        }
    };
}

edit!(Request<()>);
edit!(Response<()>);
