use core::{error::Error, fmt};

/// Why something cannot be sent: a mistake on this side, and none of the peer's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SendError {
    /// A close frame was sent or has come, after which nothing may be sent.
    Closing,
    /// A message was begun in fragments, and is to be completed first.
    MessageBegun,
    /// A control frame has room for 125 bytes only.
    ControlTooLong {
        /// How long it would be.
        len: usize,
    },
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closing => f.write_str("the connection is closing"),
            Self::MessageBegun => f.write_str("a message was begun and is not complete"),
            Self::ControlTooLong { len } => write!(f, "a control frame of {len} bytes, 125 are allowed"),
        }
    }
}

impl Error for SendError {}
