use alloc::boxed::Box;

use super::MessageRef;
use crate::{
    CloseFrame, OpCode, Rule,
    scan::{Key, mask},
};

/// The payload of the control frame that has come last.
#[derive(Debug)]
pub(super) struct Control {
    /// There from the first one until there was none for a while.
    bytes: Option<Box<[u8; MAX]>>,
    len: u8,
}

impl Control {
    pub(super) const fn new() -> Self {
        Self { bytes: None, len: 0 }
    }

    pub(super) const fn begin(&mut self) {
        self.len = 0;
    }

    /// Appends a piece, which the header has promised to be short enough, and takes its mask off.
    pub(super) fn append(&mut self, piece: &[u8], key: Key) {
        let before = usize::from(self.len);
        let bytes = self.bytes.get_or_insert_with(|| Box::new([0; MAX]));
        let place = &mut bytes[before..before + piece.len()];
        place.copy_from_slice(piece);
        let _seen = mask(place, key);
        self.len += piece.len() as u8;
    }

    pub(super) fn as_message(&self, opcode: OpCode) -> Result<MessageRef<'_>, Rule> {
        let payload = self.bytes.as_ref().map_or(&[][..], |bytes| &bytes[..usize::from(self.len)]);
        Ok(match opcode {
            OpCode::Ping => MessageRef::Ping(payload),
            OpCode::Pong => MessageRef::Pong(payload),
            _ => MessageRef::Close(CloseFrame::decode(payload)?),
        })
    }
}

/// How long the payload of a control frame may be (RFC 6455, section 5.5).
const MAX: usize = 125;
