use bytes::Bytes;

use crate::{CloseFrame, OpCode, Utf8Bytes};

/// A message, or a frame about the connection; cheap to clone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Message {
    /// Text, which is UTF-8.
    Text(Utf8Bytes),
    /// Bytes.
    Binary(Bytes),
    /// To be answered by a pong with the same payload, of at most 125 bytes.
    Ping(Bytes),
    /// The answer to a ping.
    Pong(Bytes),
    /// The end, with a reason or without.
    Close(Option<CloseFrame>),
}

/// A message that is still in the buffer it was received into.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MessageRef<'a> {
    /// Text.
    Text(&'a str),
    /// Bytes.
    Binary(&'a [u8]),
    /// To be answered by a pong with the same payload.
    Ping(&'a [u8]),
    /// The answer to a ping.
    Pong(&'a [u8]),
    /// The end, with a reason or without.
    Close(Option<CloseFrame>),
}

/// A part of a message that is not put together.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MessagePart<'a> {
    /// More of a message.
    Data {
        /// What it is: [`OpCode::Text`] or [`OpCode::Binary`].
        opcode: OpCode,
        /// What there is of it.
        data: &'a [u8],
        /// Whether that was all.
        last: bool,
    },
    /// A ping, a pong or a close frame, which may come between the parts of a message.
    Control(MessageRef<'a>),
}

impl Message {
    /// Makes a message of text.
    pub fn text(text: impl Into<Utf8Bytes>) -> Self {
        Self::Text(text.into())
    }

    /// Makes a message of bytes.
    pub fn binary(bytes: impl Into<Bytes>) -> Self {
        Self::Binary(bytes.into())
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Lends it.
    #[must_use]
    pub fn as_message(&self) -> MessageRef<'_> {
        match self {
            Self::Text(text) => MessageRef::Text(text),
            Self::Binary(bytes) => MessageRef::Binary(bytes),
            Self::Ping(bytes) => MessageRef::Ping(bytes),
            Self::Pong(bytes) => MessageRef::Pong(bytes),
            Self::Close(frame) => MessageRef::Close(frame.clone()),
        }
    }

    /// The payload: the text or the bytes; of a close message, nothing.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) | Self::Ping(bytes) | Self::Pong(bytes) => bytes,
            Self::Close(_) => &[],
        }
    }

    /// Makes a message of text that is JSON.
    ///
    /// # Errors
    ///
    /// Those of the value's `Serialize`.
    #[cfg(feature = "serde_json")]
    pub fn json(value: &impl serde::Serialize) -> Result<Self, serde_json::Error> {
        serde_json::to_string(value).map(Self::text)
    }

    /// Reads the payload as JSON.
    ///
    /// # Errors
    ///
    /// If it is none, or not of this type.
    #[cfg(feature = "serde_json")]
    pub fn from_json<'a, T: serde::Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        match self {
            Self::Text(text) => serde_json::from_str(text),
            other => serde_json::from_slice(other.payload()),
        }
    }
}

impl MessageRef<'_> {
    /// Copies it out of the buffer.
    #[must_use]
    pub fn to_message(&self) -> Message {
        match self {
            Self::Text(text) => Message::Text((*text).into()),
            Self::Binary(bytes) => Message::Binary(Bytes::copy_from_slice(bytes)),
            Self::Ping(bytes) => Message::Ping(Bytes::copy_from_slice(bytes)),
            Self::Pong(bytes) => Message::Pong(Bytes::copy_from_slice(bytes)),
            Self::Close(frame) => Message::Close(frame.clone()),
        }
    }
}

impl From<Utf8Bytes> for Message {
    fn from(text: Utf8Bytes) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<alloc::string::String> for Message {
    fn from(text: alloc::string::String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Bytes> for Message {
    fn from(bytes: Bytes) -> Self {
        Self::Binary(bytes)
    }
}

impl From<alloc::vec::Vec<u8>> for Message {
    fn from(bytes: alloc::vec::Vec<u8>) -> Self {
        Self::Binary(bytes.into())
    }
}
