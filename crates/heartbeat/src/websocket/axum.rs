use std::io;

use axum::{
    body::Bytes,
    extract::ws::{CloseFrame, Message},
};
use longwave_core::EndReason;

use super::HeartbeatMessage;

/// After the end, sending fails with an [`io::Error`] inside of axum's.
impl HeartbeatMessage for Message {
    type Error = axum::Error;

    fn ping(nonce: [u8; 8]) -> Self {
        Self::Ping(Bytes::copy_from_slice(&nonce))
    }

    fn pong(&self) -> Option<&[u8]> {
        if let Self::Pong(payload) = self { Some(payload) } else { None }
    }

    fn close(code: u16, reason: &str) -> Option<Self> {
        Some(Self::Close(Some(CloseFrame { code, reason: reason.into() })))
    }

    fn ended(reason: EndReason) -> Self::Error {
        axum::Error::new(io::Error::new(io::ErrorKind::ConnectionAborted, reason.to_string()))
    }
}
