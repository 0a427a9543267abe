use core::{error::Error, fmt};

/// A parameter of the extension ([RFC 7692 §7.1](https://www.rfc-editor.org/rfc/rfc7692#section-7.1)).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Parameter {
    /// `server_no_context_takeover` (§7.1.1.1).
    ServerNoContextTakeover,
    /// `client_no_context_takeover` (§7.1.1.2).
    ClientNoContextTakeover,
    /// `server_max_window_bits` (§7.1.2.1).
    ServerMaxWindowBits,
    /// `client_max_window_bits` (§7.1.2.2).
    ClientMaxWindowBits,
}

/// What is wrong with a server's response; the client has to fail the connection.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum NegotiationError {
    /// A parameter is there twice.
    Duplicate(Parameter),
    /// A value is not among those that are allowed, or is there or missing where it must not be.
    InvalidValue(Parameter),
    /// What had to be agreed to is not there.
    Missing(Parameter),
    /// The server answers what was not asked.
    NotOffered(Parameter),
    /// The window is larger than was offered.
    #[non_exhaustive]
    TooLarge {
        /// Which window.
        parameter: Parameter,
        /// What the server answers.
        bits: u8,
        /// What was offered.
        max: u8,
    },
    /// A parameter is not defined for the extension.
    UnknownParameter,
}

/// What is wrong with a compressed message; the connection cannot be read further.
///
/// How the input is cut into pieces changes neither the error nor the output before it, but for
/// [`Ratio`](Self::Ratio), which is looked at after each piece.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum InflateError {
    /// The bytes are no DEFLATE stream ([RFC 1951](https://www.rfc-editor.org/rfc/rfc1951)).
    Corrupt,
    /// The message ends in the middle of a block, or not where one without compression begins.
    Truncated,
    /// The message is larger than it may be.
    #[non_exhaustive]
    TooLarge {
        /// The limit in bytes, uncompressed.
        max: usize,
    },
    /// The message grows more than it may.
    #[non_exhaustive]
    Ratio {
        /// The limit: bytes uncompressed for a byte compressed.
        max: u32,
    },
    /// The message ends its stream too often.
    #[non_exhaustive]
    TooManyFinalBlocks {
        /// The limit: blocks with `BFINAL` in one message.
        max: u32,
    },
}

impl Parameter {
    const ALL: [Self; 4] = [
        Self::ServerNoContextTakeover,
        Self::ClientNoContextTakeover,
        Self::ServerMaxWindowBits,
        Self::ClientMaxWindowBits,
    ];

    pub(super) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|parameter| parameter.as_str() == name)
    }

    /// Its name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ServerNoContextTakeover => "server_no_context_takeover",
            Self::ClientNoContextTakeover => "client_no_context_takeover",
            Self::ServerMaxWindowBits => "server_max_window_bits",
            Self::ClientMaxWindowBits => "client_max_window_bits",
        }
    }
}

impl InflateError {
    /// The code to close the connection with
    /// ([RFC 6455 §7.4.1](https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1)): 1007 for bytes that are no
    /// message, 1009 for one that is too large, 1008 for one that is made to cost.
    #[must_use]
    pub const fn close_code(self) -> u16 {
        match self {
            Self::Corrupt | Self::Truncated => 1007,
            Self::TooLarge { .. } => 1009,
            Self::Ratio { .. } | Self::TooManyFinalBlocks { .. } => 1008,
        }
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for NegotiationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate(parameter) => write!(f, "{parameter} is there twice"),
            Self::InvalidValue(parameter) => write!(f, "{parameter} has an invalid value"),
            Self::Missing(parameter) => write!(f, "{parameter} is missing"),
            Self::NotOffered(parameter) => write!(f, "{parameter} was not offered"),
            Self::TooLarge { parameter, bits, max } => write!(f, "{parameter} is {bits}, more than {max}"),
            Self::UnknownParameter => f.write_str("unknown parameter of permessage-deflate"),
        }
    }
}

impl Error for NegotiationError {}

impl fmt::Display for InflateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Corrupt => f.write_str("compressed message is no DEFLATE stream"),
            Self::Truncated => f.write_str("compressed message ends in the middle of a block"),
            Self::TooLarge { max } => write!(f, "message has more than {max} bytes uncompressed"),
            Self::Ratio { max } => write!(f, "message grows to more than {max} times its size"),
            Self::TooManyFinalBlocks { max } => write!(f, "message has more than {max} final blocks"),
        }
    }
}

impl Error for InflateError {}
