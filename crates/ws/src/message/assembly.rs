use alloc::vec::Vec;
use core::mem;

use bytes::Bytes;

use super::{Message, MessageRef};
use crate::{
    OpCode, Rule,
    scan::{Key, TextBuffer, Utf8Error, Validator, mask_append},
};

/// A message that is not all there yet: it came in several reads, or in several frames.
#[derive(Debug)]
pub(crate) struct Assembly {
    payload: Payload,
    /// How many bytes of payload have come or are announced, as they come.
    pub(super) wire: u64,
    pub(super) compressed: Compressed,
    pub(super) opcode: OpCode,
    /// How many frames it came in so far.
    pub(super) frames: u32,
}

/// Whether a message is to be inflated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Compressed {
    No,
    Yes,
}

#[derive(Debug)]
enum Payload {
    Text(TextBuffer),
    Binary(Vec<u8>),
    /// It is handed out part by part, and kept no longer than that.
    Passing(Passing),
}

#[derive(Debug, Default)]
struct Passing {
    /// What was inflated and not handed out yet.
    spilled: Vec<u8>,
    /// Of a text.
    validator: Option<Validator>,
    /// A part of it was handed out.
    begun: bool,
}

impl Assembly {
    /// Begins the next message, with the memory of this one if that is not far too much.
    ///
    /// - `len`: how long the first frame claims to be.
    pub(super) fn begin(&mut self, opcode: OpCode, compressed: Compressed, len: u64) {
        let mut room = match mem::take(&mut self.payload) {
            Payload::Text(text) => text.into_bytes(),
            Payload::Binary(bytes) => bytes,
            Payload::Passing(passing) => passing.spilled,
        };
        if (room.capacity() / AHEAD) as u64 > len {
            room = Vec::new();
        }
        room.clear();
        let payload = match opcode {
            OpCode::Text => Payload::Text(TextBuffer::reusing(room)),
            _ => Payload::Binary(room),
        };
        *self = Self { payload, wire: 0, compressed, opcode, frames: 0 };
    }

    /// Hands out a message part by part, and gives what of it was put together before.
    pub(super) fn pass_on(&mut self) -> Result<Vec<u8>, Utf8Error> {
        let (spilled, validator) = match mem::take(&mut self.payload) {
            Payload::Text(text) => (text.into_bytes(), Some(Validator::default())),
            Payload::Binary(bytes) => (bytes, None),
            Payload::Passing(passing) => (passing.spilled, passing.validator),
        };
        let mut passing = Passing { spilled: Vec::new(), validator, begun: !spilled.is_empty() };
        passing.validate(&spilled)?;
        self.payload = Payload::Passing(passing);
        Ok(spilled)
    }

    /// Puts a message together after all, of which no part was handed out.
    pub(super) fn keep(&mut self) {
        if let Payload::Passing(Passing { begun: false, .. }) = &self.payload {
            self.payload = match self.opcode {
                OpCode::Text => Payload::Text(TextBuffer::reusing(Vec::new())),
                _ => Payload::Binary(Vec::new()),
            };
        }
    }

    /// Notes that a part is handed out.
    pub(super) const fn begin_passing(&mut self) {
        if let Payload::Passing(passing) = &mut self.payload {
            passing.begun = true;
        }
    }

    pub(super) const fn is_passing(&self) -> bool {
        matches!(self.payload, Payload::Passing(_))
    }

    /// Takes note of a part that is handed out.
    pub(super) fn passed(&mut self, part: &[u8]) -> Result<(), Utf8Error> {
        if let Payload::Passing(passing) = &mut self.payload { passing.validate(part) } else { Ok(()) }
    }

    /// What was inflated and not handed out yet.
    pub(super) fn spilled(&mut self) -> Vec<u8> {
        if let Payload::Passing(passing) = &mut self.payload {
            mem::take(&mut passing.spilled)
        } else {
            Vec::new()
        }
    }

    /// Whether no character of a text is half there.
    pub(super) fn is_complete(&self) -> bool {
        match &self.payload {
            Payload::Passing(passing) => passing.validator.is_none_or(|validator| validator.is_complete()),
            Payload::Text(text) => text.as_text().is_ok(),
            Payload::Binary(_) => true,
        }
    }

    pub(super) fn len(&self) -> usize {
        match &self.payload {
            Payload::Passing(passing) => passing.spilled.len(),
            Payload::Text(text) => text.len(),
            Payload::Binary(bytes) => bytes.len(),
        }
    }

    /// Appends a piece and takes its mask off.
    ///
    /// - `missing`: how many bytes the frame claims to have besides.
    pub(crate) fn append(&mut self, piece: &[u8], key: Key, missing: u64) -> Result<(), Utf8Error> {
        self.make_room(piece.len(), missing);
        match &mut self.payload {
            Payload::Text(text) => text.append(piece, key),
            Payload::Passing(passing) => {
                let before = passing.spilled.len();
                let _seen = mask_append(&mut passing.spilled, piece, key);
                match &mut passing.validator {
                    Some(validator) => validator.push(&passing.spilled[before..]),
                    None => Ok(()),
                }
            }
            Payload::Binary(bytes) => {
                let _seen = mask_append(bytes, piece, key);
                Ok(())
            }
        }
    }

    /// Makes room for a piece, and for more that is expected: as much as was claimed, if that is no more than
    /// what has come justifies.
    fn make_room(&mut self, piece: usize, missing: u64) {
        let (len, capacity) = match &self.payload {
            Payload::Text(text) => (text.len(), text.capacity()),
            Payload::Binary(bytes) => (bytes.len(), bytes.capacity()),
            Payload::Passing(_) => return,
        };
        let there = len + piece;
        if there <= capacity {
            return;
        }
        let ahead = usize::try_from(missing).unwrap_or(usize::MAX).min(there.saturating_mul(AHEAD - 1));
        // Many small fragments are not to lead to as many copies.
        let room = (piece + ahead).max(if self.frames > 1 { len } else { 0 });
        match &mut self.payload {
            Payload::Text(text) => text.reserve_exact(room),
            Payload::Binary(bytes) => bytes.reserve_exact(room),
            Payload::Passing(_) => {}
        }
    }

    /// Lends what is [complete](Self::is_complete).
    pub(super) fn lend(&self) -> MessageRef<'_> {
        match &self.payload {
            Payload::Text(text) => MessageRef::Text(text.as_text().unwrap_or_default()),
            Payload::Binary(bytes) => MessageRef::Binary(bytes),
            Payload::Passing(passing) => MessageRef::Binary(&passing.spilled),
        }
    }

    pub(super) fn data(&self) -> &[u8] {
        match self.lend() {
            MessageRef::Text(text) => text.as_bytes(),
            MessageRef::Binary(bytes) => bytes,
            _ => &[],
        }
    }

    /// Makes a message of it; a text may still lack the end of its last character.
    pub(super) fn into_message(self) -> Result<Message, Rule> {
        Ok(match self.payload {
            Payload::Text(text) => Message::Text(text.into_text().map_err(|_| Rule::NotUtf8)?),
            Payload::Binary(bytes) => Message::Binary(Bytes::from(bytes)),
            Payload::Passing(passing) => Message::Binary(Bytes::from(passing.spilled)),
        })
    }
}

impl Default for Assembly {
    fn default() -> Self {
        let payload = Payload::default();
        Self { payload, wire: 0, compressed: Compressed::No, opcode: OpCode::Binary, frames: 0 }
    }
}

impl Default for Payload {
    fn default() -> Self {
        Self::Binary(Vec::new())
    }
}

impl Passing {
    fn validate(&mut self, part: &[u8]) -> Result<(), Utf8Error> {
        self.validator.as_mut().map_or(Ok(()), |validator| validator.push(part))
    }
}

/// To how many times what has come there may be room. It saves copies, and a peer has to send a quarter of what
/// it wants to be kept for it.
const AHEAD: usize = 4;
