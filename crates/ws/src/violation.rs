use core::{error::Error, fmt};

use crate::CloseCode;

/// What the peer has done against the protocol or against a limit, and where.
///
/// The connection has failed by it: nothing that comes after is looked at, and all that came before was valid.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Violation {
    rule: Rule,
    at: u64,
}

/// What a [`Violation`] is against.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Rule {
    /// A bit is set that no extension was agreed on for (RFC 6455, section 5.2).
    ReservedBits,
    /// A kind of frame that is not defined (section 5.2).
    ReservedOpCode(u8),
    /// A client has sent a frame without a mask (section 5.1).
    Unmasked,
    /// A server has sent a frame with a mask (section 5.1).
    Masked,
    /// A length takes more bytes than it has to (section 5.2).
    LengthNotMinimal,
    /// A length has its highest bit set (section 5.2).
    LengthNegative,
    /// A control frame is only part of one (section 5.5).
    ControlFragmented,
    /// A control frame is longer than 125 bytes (section 5.5).
    ControlTooLong,
    /// A continuation of nothing (section 5.4).
    NothingToContinue,
    /// A message begins before the last has ended (section 5.4).
    MessageInterrupted,
    /// A text is no UTF-8 (section 8.1).
    NotUtf8,
    /// The body of a close frame is one byte long (section 5.5.1).
    CloseBodyOfOneByte,
    /// A close code that must not be sent (section 7.4).
    CloseCode(u16),
    /// The reason of a close frame is no UTF-8 (section 5.5.1).
    CloseReasonNotUtf8,
    /// A frame is longer than allowed.
    FrameTooLong {
        /// How long it says it is.
        len: u64,
        /// How long it may be.
        limit: usize,
    },
    /// A message is longer than allowed.
    MessageTooLong {
        /// How long it may be.
        limit: usize,
    },
    /// A message comes in more pieces than allowed.
    TooManyFragments {
        /// How many there may be.
        limit: u32,
    },
    /// More pings, pongs and close frames have come within a second than allowed.
    TooManyControlFrames {
        /// How many there may be.
        limit: u32,
    },
    /// A compressed message does not inflate (RFC 7692, section 7.2.2).
    NotDeflate,
    /// A compressed message ends its stream more often than it may.
    TooManyFinalBlocks {
        /// How often it may.
        limit: u32,
    },
    /// A compressed message grows out of all proportion.
    InflateRatio {
        /// To how many times its size it may grow.
        limit: u32,
    },
}

impl Violation {
    pub(crate) const fn new(rule: Rule, at: u64) -> Self {
        Self { rule, at }
    }

    /// What it is against.
    #[must_use]
    pub const fn rule(&self) -> Rule {
        self.rule
    }

    /// At which byte it was noticed, counted from the beginning of the connection.
    ///
    /// For a frame it is its first, for a text the one that is impossible, or the one after its end if that comes within
    /// a character; within a compressed message, the first byte of the frame.
    #[must_use]
    pub const fn at(&self) -> u64 {
        self.at
    }

    /// What to close the connection with (RFC 6455, section 7.1.7).
    #[must_use]
    pub const fn close_code(&self) -> CloseCode {
        match self.rule {
            Rule::NotUtf8 | Rule::CloseReasonNotUtf8 | Rule::NotDeflate => CloseCode::INVALID_DATA,
            Rule::FrameTooLong { .. } | Rule::MessageTooLong { .. } => CloseCode::MESSAGE_TOO_BIG,
            Rule::TooManyFragments { .. }
            | Rule::TooManyControlFrames { .. }
            | Rule::InflateRatio { .. }
            | Rule::TooManyFinalBlocks { .. } => CloseCode::POLICY_VIOLATION,
            _ => CloseCode::PROTOCOL_ERROR,
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.rule, self.at)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ReservedBits => f.write_str("a reserved bit is set"),
            Self::ReservedOpCode(code) => write!(f, "reserved opcode {code}"),
            Self::Unmasked => f.write_str("a frame of a client without a mask"),
            Self::Masked => f.write_str("a frame of a server with a mask"),
            Self::LengthNotMinimal => f.write_str("a length in more bytes than it needs"),
            Self::LengthNegative => f.write_str("a length of 2^63 or more"),
            Self::ControlFragmented => f.write_str("a fragmented control frame"),
            Self::ControlTooLong => f.write_str("a control frame of more than 125 bytes"),
            Self::NothingToContinue => f.write_str("a continuation of nothing"),
            Self::MessageInterrupted => f.write_str("a message within a message"),
            Self::NotUtf8 => f.write_str("text that is no UTF-8"),
            Self::CloseBodyOfOneByte => f.write_str("a close frame of one byte"),
            Self::CloseCode(code) => write!(f, "close code {code}, which must not be sent"),
            Self::CloseReasonNotUtf8 => f.write_str("a close reason that is no UTF-8"),
            Self::FrameTooLong { len, limit } => write!(f, "a frame of {len} bytes, {limit} are allowed"),
            Self::MessageTooLong { limit } => write!(f, "a message of more than {limit} bytes"),
            Self::TooManyFragments { limit } => write!(f, "a message in more than {limit} fragments"),
            Self::TooManyControlFrames { limit } => write!(f, "more than {limit} control frames in a second"),
            Self::NotDeflate => f.write_str("a compressed message that does not inflate"),
            Self::TooManyFinalBlocks { limit } => {
                write!(f, "a compressed message with over {limit} final blocks")
            }
            Self::InflateRatio { limit } => {
                write!(f, "a message that inflates to over {limit} times its size")
            }
        }
    }
}

impl Error for Violation {}
