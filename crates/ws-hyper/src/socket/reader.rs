use std::mem;

use bytes::Bytes;
use longwave_ws::{Message, MessageDecoder, MessagePart, Messages, OpCode, Violation};

use super::scratch;

/// What takes messages out of what was read.
#[derive(Debug)]
pub(super) struct Reader {
    decoder: MessageDecoder,
    /// What was read behind the message that was handed out last.
    rest: Vec<u8>,
    taken: usize,
}

/// What was taken out.
#[derive(Debug)]
pub(super) enum Taken<M> {
    /// Something for the application.
    Data(M),
    /// A frame about the connection, and where it has begun.
    Control(Message, u64),
    Wrong(Violation),
}

/// A part of a message that is not put together.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Part {
    /// What the message is: [`OpCode::Text`] or [`OpCode::Binary`]. A part of a text may end within a character.
    pub opcode: OpCode,
    /// What there is of it, at most 64 KiB.
    pub data: Bytes,
    /// Whether that was all.
    pub last: bool,
}

/// What an application wants to be handed: messages, or parts of them.
pub(super) trait Wanted: Sized {
    fn take(messages: &mut Messages<'_, '_>) -> Option<Taken<Self>>;
}

impl Reader {
    pub(super) fn new(decoder: MessageDecoder, read_ahead: Bytes) -> Self {
        Self { decoder, rest: read_ahead.into(), taken: 0 }
    }

    /// Whether something was read that was not handed out.
    pub(super) const fn has_more(&self) -> bool {
        self.taken < self.rest.len()
    }

    /// Takes the next out of what is left.
    #[inline]
    pub(super) fn take<M: Wanted>(&mut self) -> Option<Taken<M>> {
        if !self.has_more() {
            return None;
        }
        let len = self.rest.len();
        let mut messages = self.decoder.feed(&mut self.rest[self.taken..]);
        let taken = M::take(&mut messages);
        self.taken = len - messages.remaining();
        if !self.has_more() {
            self.clear();
        }
        taken
    }

    /// Takes the first out of what was just read, and keeps what is behind it: in memory of its own size or, if it
    /// fills a good part of the buffer, by keeping that until it is taken out.
    ///
    /// - `buffer`: of which so many bytes were read.
    pub(super) fn take_from<M: Wanted>(&mut self, buffer: &mut Vec<u8>, len: usize) -> Option<Taken<M>> {
        let mut messages = self.decoder.feed(&mut buffer[..len]);
        let taken = M::take(&mut messages);
        let remaining = messages.remaining();
        if remaining > buffer.len() / 4 {
            self.rest = mem::take(buffer);
            self.rest.truncate(len);
            self.taken = len - remaining;
        } else if remaining > 0 {
            (self.rest, self.taken) = (buffer[len - remaining..len].to_vec(), 0);
        }
        taken
    }

    /// Forgets what was read.
    pub(super) fn clear(&mut self) {
        scratch::give_back(mem::take(&mut self.rest));
        self.taken = 0;
    }

    pub(super) fn shrink_buffers(&mut self) {
        self.decoder.shrink_buffers();
    }

    pub(super) fn shrink(&mut self) {
        self.decoder.shrink();
    }

    pub(super) fn into_unread(mut self) -> Bytes {
        self.rest.drain(..self.taken);
        self.rest.into()
    }
}

impl Wanted for Message {
    #[inline]
    fn take(messages: &mut Messages<'_, '_>) -> Option<Taken<Self>> {
        Some(match messages.next_owned()? {
            Ok(message @ (Self::Text(_) | Self::Binary(_))) => Taken::Data(message),
            Ok(control) => Taken::Control(control, messages.control_at()),
            Err(violation) => Taken::Wrong(violation),
        })
    }
}

impl Wanted for Part {
    fn take(messages: &mut Messages<'_, '_>) -> Option<Taken<Self>> {
        let control = match messages.next_part()? {
            Ok(MessagePart::Data { opcode, data, last }) => {
                return Some(Taken::Data(Self { opcode, data: Bytes::copy_from_slice(data), last }));
            }
            Ok(MessagePart::Control(control)) => control.to_message(),
            Err(violation) => return Some(Taken::Wrong(violation)),
        };
        Some(Taken::Control(control, messages.control_at()))
    }
}
