/// What a frame is (RFC 6455, section 5.2).
///
/// There is no value for the reserved ones: a frame with one is never made, and refused when it comes.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[repr(u8)]
pub enum OpCode {
    /// More of the message that was begun.
    Continuation = 0,
    /// A message of text, or its beginning.
    Text = 1,
    /// A message of bytes, or its beginning.
    Binary = 2,
    /// The end of the connection.
    Close = 8,
    /// To be answered by a pong.
    Ping = 9,
    /// The answer to a ping.
    Pong = 10,
}

impl OpCode {
    pub(crate) const fn new(bits: u8) -> Option<Self> {
        Some(match bits {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return None,
        })
    }

    /// Whether it is about the connection, and no part of a message.
    #[must_use]
    #[inline]
    pub const fn is_control(self) -> bool {
        self as u8 >= 8
    }
}
