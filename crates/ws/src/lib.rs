//! WebSocket (RFC 6455) and permessage-deflate (RFC 7692) without I/O.
//!
//! - [`Connection`] is one end of a connection without the connection: put in what was read, take out messages and
//!   what is to be written. Most want this.
//! - [`MessageDecoder`] makes messages of what comes; [`FrameDecoder`], [`FrameHeader`] and [`FrameEncoder`] are the
//!   layer below, for proxies and tools.
//! - [`Limits`] bound what a peer may ask for; a [`Violation`] says what it has done wrong, where, and what to close
//!   the connection with.
//! - The module `handshake` (feature `handshake`) opens connections over HTTP/1.1 and HTTP/2, `deflate` (feature
//!   `deflate`) agrees on compression, `codec` (feature `tokio-util`) fits into a `Framed`.
//!
//! Nothing in here reads a socket, a clock or a random source; and nothing is lost of what came before an error.

#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(docsrs, feature(doc_cfg))]

/// The examples of the README, so that they stay true.
#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../README.md")]
struct Readme;

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod close;
#[cfg(feature = "tokio-util")]
pub mod codec;
mod connection;
#[cfg(feature = "deflate")]
pub mod deflate;
mod frame;
#[cfg(feature = "handshake")]
pub mod handshake;
mod limits;
mod message;
mod opcode;
mod role;
mod violation;

use longwave_scan as scan;
pub use longwave_scan::Utf8Bytes;

pub use self::{
    close::{CloseCode, CloseFrame},
    connection::{Connection, End, Events, Last, SendError, Sender, Transmit, Transport},
    frame::{FrameDecoder, FrameEncoder, FrameHeader, FramePart, FrameParts, HeaderBytes, Reserved},
    limits::Limits,
    message::{Message, MessageDecoder, MessagePart, MessageRef, Messages, Prepared},
    opcode::OpCode,
    role::Role,
    violation::{Rule, Violation},
};
