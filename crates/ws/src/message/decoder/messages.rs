use alloc::vec::Vec;

use bytes::Bytes;

use super::{
    MessageDecoder,
    find::{Found, Wanted, find_whole},
};
use crate::{
    Message, MessagePart, MessageRef, OpCode, Rule, Violation,
    frame::Input,
    scan::{mask, mask_append, unmask_text, unmask_text_to_owned},
};

/// What comes out of a [`MessageDecoder`]; made by [`MessageDecoder::feed`].
#[derive(Debug)]
#[must_use = "messages are lost that are not taken out"]
pub struct Messages<'d, 'i> {
    pub(super) decoder: &'d mut MessageDecoder,
    pub(super) input: Input<'i>,
}

impl Messages<'_, '_> {
    /// The next message, where it lies; `None` if all of the input has been taken in.
    ///
    /// # Errors
    ///
    /// What the peer has done wrong. There is nothing after it.
    #[inline]
    pub fn next_message(&mut self) -> Option<Result<MessageRef<'_>, Violation>> {
        self.next_message_at().map(|(_, message)| message)
    }

    /// The same, and where a frame about the connection has begun.
    #[inline]
    pub(crate) fn next_message_at(&mut self) -> Option<(u64, Result<MessageRef<'_>, Violation>)> {
        let Some((opcode, key, payload)) = self.decoder.plain(&mut self.input) else {
            return self.any_message_at();
        };
        let at = self.decoder.control_at;
        if opcode == OpCode::Binary {
            let _seen = mask(payload, key);
            return Some((at, Ok(MessageRef::Binary(payload))));
        }
        let len = payload.len();
        Some((
            at,
            match unmask_text(payload, key) {
                Ok(text) => Ok(MessageRef::Text(text)),
                Err(error) => Err(self.decoder.not_utf8(error, len)),
            },
        ))
    }

    fn any_message_at(&mut self) -> Option<(u64, Result<MessageRef<'_>, Violation>)> {
        let decoder = &mut *self.decoder;
        let found = match find_whole(decoder, &mut self.input)? {
            Ok(found) => found,
            Err(violation) => return Some((violation.at(), Err(violation))),
        };
        let message = match found {
            Found::Whole { opcode: OpCode::Text, payload, key } => {
                let len = payload.len();
                unmask_text(payload, key).map(MessageRef::Text).map_err(|error| decoder.not_utf8(error, len))
            }
            Found::Whole { payload, key, .. } => {
                let _seen = mask(payload, key);
                Ok(MessageRef::Binary(payload))
            }
            Found::Control { opcode, at } => match decoder.control.as_message(opcode) {
                Ok(message) => Ok(message),
                Err(rule) => {
                    // As `fail` does, for which too much is lent here.
                    decoder.failed = true;
                    (decoder.message, decoder.lent) = (None, None);
                    Err(Violation::new(rule, at))
                }
            },
            // Passed over already.
            Found::Part { .. } => return None,
            Found::Assembled(message) if message.is_complete() => Ok(decoder.lent.insert(message).lend()),
            Found::Assembled(_) => Err(decoder.fail(Rule::NotUtf8, decoder.at)),
        };
        Some((decoder.control_at, message))
    }

    /// The next message, as one that can be kept; `None` if all of the input has been taken in.
    ///
    /// It has its own memory, of its own size, and does not hold on to what was read into.
    ///
    /// # Errors
    ///
    /// As [`next_message`](Self::next_message).
    #[inline]
    pub fn next_owned(&mut self) -> Option<Result<Message, Violation>> {
        let Some((opcode, key, payload)) = self.decoder.plain(&mut self.input) else {
            return self.any_owned();
        };
        if opcode == OpCode::Binary {
            let mut bytes = Vec::with_capacity(payload.len());
            let _seen = mask_append(&mut bytes, payload, key);
            return Some(Ok(Message::Binary(Bytes::from(bytes))));
        }
        Some(match unmask_text_to_owned(payload, key) {
            Ok(text) => Ok(Message::Text(text)),
            Err(error) => Err(self.decoder.not_utf8(error, payload.len())),
        })
    }

    fn any_owned(&mut self) -> Option<Result<Message, Violation>> {
        let decoder = &mut *self.decoder;
        let found = match find_whole(decoder, &mut self.input)? {
            Ok(found) => found,
            Err(violation) => return Some(Err(violation)),
        };
        Some(match found {
            Found::Whole { opcode: OpCode::Text, payload, key } => {
                let text = unmask_text_to_owned(payload, key);
                text.map(Message::Text).map_err(|error| decoder.not_utf8(error, payload.len()))
            }
            Found::Whole { payload, key, .. } => {
                let mut bytes = Vec::with_capacity(payload.len());
                let _seen = mask_append(&mut bytes, payload, key);
                Ok(Message::Binary(Bytes::from(bytes)))
            }
            Found::Control { opcode, at } => match decoder.control.as_message(opcode) {
                Ok(message) => Ok(message.to_message()),
                Err(rule) => Err(decoder.fail(rule, at)),
            },
            // Passed over already.
            Found::Part { .. } => return None,
            Found::Assembled(message) => decoder.whole(*message),
        })
    }

    /// The next part of a message, where it lies; `None` if all of the input has been taken in.
    ///
    /// Nothing is put together: a large message passes without being kept. What was kept of a message before it was
    /// wanted in parts comes first; and if after a part a whole message is [asked for](Self::next_message), the rest of
    /// that one is passed over.
    ///
    /// # Errors
    ///
    /// As [`next_message`](Self::next_message). A text is checked as its parts come; a part may end in the middle of
    /// a character, the message may not.
    ///
    /// # Examples
    ///
    /// ```
    /// use longwave_ws::{Limits, MessageDecoder, MessagePart, OpCode, Role};
    ///
    /// let mut decoder = MessageDecoder::new(Role::Client, Limits::default());
    /// let mut input = *b"\x01\x03one\x80\x06";
    /// let mut messages = decoder.feed(&mut input);
    /// let part = MessagePart::Data { opcode: OpCode::Text, data: b"one", last: false };
    /// assert_eq!(messages.next_part(), Some(Ok(part)));
    /// assert_eq!(messages.next_part(), None);
    /// ```
    pub fn next_part(&mut self) -> Option<Result<MessagePart<'_>, Violation>> {
        self.next_part_at().map(|(_, part)| part)
    }

    /// The same, and where a frame about the connection has begun.
    pub(crate) fn next_part_at(&mut self) -> Option<(u64, Result<MessagePart<'_>, Violation>)> {
        let decoder = &mut *self.decoder;
        let found = match decoder.find(&mut self.input, Wanted::InParts)? {
            Ok(found) => found,
            Err(violation) => return Some((violation.at(), Err(violation))),
        };
        let part = match found {
            Found::Whole { opcode, payload, key } => {
                let begun = decoder.at - payload.len() as u64;
                let checked = if opcode == OpCode::Text {
                    unmask_text(payload, key).err()
                } else {
                    let _seen = mask(payload, key);
                    None
                };
                match checked {
                    Some(error) => Err(decoder.fail(Rule::NotUtf8, begun + error.at() as u64)),
                    None => Ok(MessagePart::Data { opcode, data: payload, last: true }),
                }
            }
            Found::Part { opcode, data, last } => {
                Ok(MessagePart::Data { opcode, data: data.unwrap_or(&decoder.lent_part), last })
            }
            Found::Control { opcode, at } => match decoder.control.as_message(opcode) {
                Ok(message) => Ok(MessagePart::Control(message)),
                Err(rule) => {
                    // As `fail` does, for which too much is lent here.
                    decoder.failed = true;
                    (decoder.message, decoder.lent) = (None, None);
                    Err(Violation::new(rule, at))
                }
            },
            Found::Assembled(message) if message.is_complete() => {
                let opcode = message.opcode;
                let data = decoder.lent.insert(message).data();
                Ok(MessagePart::Data { opcode, data, last: true })
            }
            Found::Assembled(_) => Err(decoder.fail(Rule::NotUtf8, decoder.at)),
        };
        Some((decoder.control_at, part))
    }

    /// Where in the input the frame about the connection has begun that came last.
    #[must_use]
    pub const fn control_at(&self) -> u64 {
        self.decoder.control_at
    }

    /// How many bytes of the input have not been looked at yet.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.input.len()
    }
}
