use std::io;

use longwave_core::EndReason;
use tungstenite::{Bytes, Error, Message, protocol::CloseFrame};

use super::HeartbeatMessage;

/// After the end, sending fails with [`Error::Io`].
impl HeartbeatMessage for Message {
    type Error = Error;

    fn ping(nonce: [u8; 8]) -> Self {
        Self::Ping(Bytes::copy_from_slice(&nonce))
    }

    fn pong(&self) -> Option<&[u8]> {
        if let Self::Pong(payload) = self { Some(payload) } else { None }
    }

    fn close(code: u16, reason: &str) -> Option<Self> {
        Some(Self::Close(Some(CloseFrame { code: code.into(), reason: reason.into() })))
    }

    fn ended(reason: EndReason) -> Self::Error {
        Error::Io(io::Error::new(io::ErrorKind::ConnectionAborted, reason.to_string()))
    }
}
