use std::{error, fmt, io};

use longwave_ws::{CloseCode, SendError, Violation};

/// Why a WebSocket has come to an end that was not agreed on, or why something cannot be sent.
///
/// That both sides have closed the connection is none of these: it is a message.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The peer has broken a rule; it was told which by a close frame.
    Violation(Violation),
    /// The connection has gone without a close frame from the peer.
    Dropped,
    /// The peer has not answered a close frame in time.
    CloseTimedOut,
    /// The peer has shown no sign of life, though it was asked for one.
    Unresponsive,
    /// The peer has not taken anything for too long.
    Stalled,
    /// The connection below has failed.
    Io(io::Error),
    /// It is a mistake to send this now.
    Send(SendError),
    /// Much more waits to be sent than should, as nobody has waited until it was.
    Full {
        /// How many bytes wait.
        buffered: usize,
    },
}

impl Error {
    /// The code that the peer was told, if it has broken a rule.
    #[must_use]
    pub fn close_code(&self) -> Option<CloseCode> {
        match self {
            Self::Violation(violation) => Some(violation.close_code()),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Violation(_) => f.write_str("the peer has broken a rule"),
            Self::Dropped => f.write_str("the connection has gone without a close frame"),
            Self::CloseTimedOut => f.write_str("the peer has not answered a close frame in time"),
            Self::Unresponsive => f.write_str("the peer shows no sign of life"),
            Self::Stalled => f.write_str("the peer takes nothing of what is sent"),
            Self::Io(_) => f.write_str("the connection has failed"),
            Self::Send(error) => error.fmt(f),
            Self::Full { buffered } => write!(f, "{buffered} bytes wait to be sent already"),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Violation(violation) => Some(violation),
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}

impl From<SendError> for Error {
    fn from(error: SendError) -> Self {
        Self::Send(error)
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
