#![cfg_attr(docsrs, feature(doc_cfg))]
//! WebSockets on hyper, over HTTP/1.1 and HTTP/2, as a server and as a client.

mod config;
mod error;
mod socket;
mod upgraded;

#[cfg(feature = "deflate")]
pub use longwave_ws::deflate;
pub use longwave_ws::{
    CloseCode, CloseFrame, Last, Limits, Message, OpCode, Prepared, Rule, SendError, Utf8Bytes, Violation,
    handshake,
};

pub use self::{
    config::Config,
    error::Error,
    socket::{Part, ReadHalf, Sending, WebSocket, WriteHalf},
    upgraded::Upgraded,
};
