#[cfg(feature = "deflate")]
use std::sync::{Arc, Mutex, PoisonError};

use alloc::vec::Vec;
use bytes::Bytes;

use super::Message;
#[cfg(feature = "deflate")]
use crate::deflate::{PreparedKind, compress_once};
use crate::{FrameEncoder, FrameHeader, OpCode, Reserved, Utf8Bytes};

/// A message that goes to many peers: its frame is made once, and compressed once for each kind of peer that there
/// is among them; cheap to clone.
///
/// # Examples
///
/// ```
/// use longwave_ws::{Connection, Limits, Message, Prepared};
///
/// let news = Prepared::new(&Message::text("to everyone")).expect("a message of data");
/// for _ in 0..3 {
///     let mut server = Connection::server(Limits::default());
///     server.send_prepared(&news)?;
///     assert_eq!(server.transmit().take_all(), b"\x81\x0bto everyone");
/// }
/// # Ok::<_, longwave_ws::SendError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Prepared {
    opcode: OpCode,
    payload: Bytes,
    frame: Bytes,
    /// The frames for peers that take compressed messages; few, mostly one.
    #[cfg(feature = "deflate")]
    compressed: Arc<Mutex<Vec<(PreparedKind, Bytes)>>>,
}

impl Prepared {
    /// Prepares a message; `None` if it is about the connection, and no text or bytes.
    #[must_use]
    pub fn new(message: &Message) -> Option<Self> {
        match message {
            Message::Text(text) => Some(Self::text(text.clone())),
            Message::Binary(bytes) => Some(Self::binary(bytes.clone())),
            Message::Ping(_) | Message::Pong(_) | Message::Close(_) => None,
        }
    }

    /// Prepares a message of text.
    #[must_use]
    pub fn text(text: impl Into<Utf8Bytes>) -> Self {
        Self::data(OpCode::Text, text.into().into_bytes())
    }

    /// Prepares a message of bytes.
    #[must_use]
    pub fn binary(bytes: impl Into<Bytes>) -> Self {
        Self::data(OpCode::Binary, bytes.into())
    }

    /// The payload: the text or the bytes, not compressed.
    #[must_use]
    pub const fn payload(&self) -> &Bytes {
        &self.payload
    }

    fn data(opcode: OpCode, payload: Bytes) -> Self {
        Self {
            opcode,
            frame: frame(opcode, Reserved::NONE, &payload),
            payload,
            #[cfg(feature = "deflate")]
            compressed: Arc::default(),
        }
    }

    pub(crate) const fn opcode(&self) -> OpCode {
        self.opcode
    }

    /// The frame as a server sends it.
    pub(crate) const fn frame(&self) -> &Bytes {
        &self.frame
    }

    /// The frame as a server sends it to peers of this kind.
    #[cfg(feature = "deflate")]
    pub(crate) fn compressed(&self, kind: PreparedKind) -> Bytes {
        let mut compressed = self.compressed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, frame)) = compressed.iter().find(|(known, _)| *known == kind) {
            return frame.clone();
        }
        let frame = frame(self.opcode, Reserved::RSV1, &compress_once(kind, &self.payload));
        compressed.push((kind, frame.clone()));
        frame
    }
}

fn frame(opcode: OpCode, reserved: Reserved, payload: &[u8]) -> Bytes {
    let header = FrameHeader::new(opcode, payload.len() as u64).with_reserved(reserved);
    let mut frame = Vec::with_capacity(header.encode().as_slice().len() + payload.len());
    FrameEncoder.encode(&header, payload, &mut frame);
    frame.into()
}
