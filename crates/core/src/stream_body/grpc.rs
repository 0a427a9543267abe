use bytes::Buf;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::{Cause, EndReason};

/// Follows the length-prefixed messages of a gRPC body, to know where one ends.
///
/// A message is a byte of flags, four of length (big endian), and the payload.
#[derive(Debug, Default)]
pub(super) struct Messages {
    /// How much of the prefix has come, and the length as far as it is known.
    prefix: u8,
    length: u32,
    /// How much of the payload is still to come.
    missing: u32,
}

impl Messages {
    pub(super) fn push(&mut self, mut data: &[u8]) {
        while let Some(&first) = data.first() {
            if self.missing > 0 {
                let len = data.len().min(self.missing as usize);
                self.missing -= len as u32;
                data.advance(len);
                continue;
            }
            // The flags do not matter, and fall out at the top.
            self.length = self.length << 8 | u32::from(first);
            self.prefix += 1;
            data.advance(1);
            if self.prefix == PREFIX {
                (self.missing, self.prefix, self.length) = (self.length, 0, 0);
            }
        }
    }

    pub(super) const fn is_between(&self) -> bool {
        self.prefix == 0 && self.missing == 0
    }
}

/// The trailers of a call that the server has ended.
pub(super) fn trailers(reason: &EndReason) -> HeaderMap {
    let status = match reason.cause() {
        Cause::Revoked => "7",
        Cause::Expired => "16",
        // Which clients may retry.
        _ => "14",
    };
    let mut trailers = HeaderMap::new();
    trailers.insert(GRPC_STATUS, HeaderValue::from_static(status));
    let message = reason.text().bytes().map(|byte| match byte {
        b'%' | 0..0x20 | 0x7F.. => format!("%{byte:02X}"),
        _ => char::from(byte).to_string(),
    });
    if let Ok(message) = HeaderValue::try_from(message.collect::<String>()) {
        trailers.insert(GRPC_MESSAGE, message);
    }
    trailers
}

const PREFIX: u8 = 5;
const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
