use bytes::{Bytes, BytesMut};

use crate::Event;

/// What an [`EventBody`](crate::EventBody) can send: events, and bytes that are encoded events already.
pub trait Encode {
    /// Encodes it into bytes of its own.
    fn into_bytes(self) -> Bytes;

    /// Appends it to what is already to be sent.
    fn append_to(self, frame: &mut BytesMut);

    /// The bytes, if it is encoded already: where there are many of them they are not copied.
    fn encoded(&self) -> Option<&Bytes> {
        None
    }
}

impl Encode for Event {
    fn into_bytes(self) -> Bytes {
        self.encode()
    }

    fn append_to(self, frame: &mut BytesMut) {
        self.encode_into(frame);
    }
}

/// Encoded once, sent to many: see [`Event::encode`]. The bytes have to be whole blocks.
impl Encode for Bytes {
    fn into_bytes(self) -> Bytes {
        self
    }

    fn append_to(self, frame: &mut BytesMut) {
        frame.extend_from_slice(&self);
    }

    fn encoded(&self) -> Option<&Bytes> {
        Some(self)
    }
}
