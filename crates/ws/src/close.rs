use alloc::string::ToString;
use core::{fmt, str};

use crate::{Utf8Bytes, Violation, violation::Rule};

/// Why a connection is closed: a number that may be sent (RFC 6455, section 7.4).
///
/// The numbers that only stand for something locally (1005, 1006, 1015), those that are reserved and those nobody
/// has defined cannot be made, nor be received.
///
/// # Examples
///
/// ```
/// use longwave_ws::CloseCode;
///
/// assert_eq!(CloseCode::new(4008).map(CloseCode::get), Some(4008));
/// assert_eq!(CloseCode::new(1006), None);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CloseCode(u16);

/// What a close frame says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CloseFrame {
    code: CloseCode,
    reason: Utf8Bytes,
}

impl CloseCode {
    /// The purpose is fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// The server goes down, or the page was left.
    pub const GOING_AWAY: Self = Self(1001);
    /// The peer has broken the protocol.
    pub const PROTOCOL_ERROR: Self = Self(1002);
    /// A kind of data that cannot be dealt with.
    pub const UNSUPPORTED_DATA: Self = Self(1003);
    /// Data that are not what they should be, such as text that is no UTF-8.
    pub const INVALID_DATA: Self = Self(1007);
    /// Against the rules of this end.
    pub const POLICY_VIOLATION: Self = Self(1008);
    /// A message that is too big.
    pub const MESSAGE_TOO_BIG: Self = Self(1009);
    /// The client wants an extension that the server has not.
    pub const MANDATORY_EXTENSION: Self = Self(1010);
    /// Something unexpected at the server.
    pub const INTERNAL_ERROR: Self = Self(1011);
    /// The server is restarted: come back a little later.
    pub const SERVICE_RESTART: Self = Self(1012);
    /// The server has too much to do: come back a good deal later.
    pub const TRY_AGAIN_LATER: Self = Self(1013);
    /// The server behind the server has failed.
    pub const BAD_GATEWAY: Self = Self(1014);

    /// Makes a code, if it is one that may be sent.
    #[must_use]
    pub const fn new(code: u16) -> Option<Self> {
        match code {
            1000..=1003 | 1007..=1014 | 3000..=4999 => Some(Self(code)),
            _ => None,
        }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl CloseFrame {
    /// Makes one without a reason.
    #[must_use]
    pub const fn new(code: CloseCode) -> Self {
        Self { code, reason: Utf8Bytes::from_static("") }
    }

    /// Sets the reason, which is cut to the 123 bytes that a close frame has room for.
    #[must_use]
    pub fn with_reason(self, reason: impl Into<Utf8Bytes>) -> Self {
        let reason = reason.into();
        let fits = |&end: &usize| reason.is_char_boundary(end);
        let end = (0..=reason.len().min(MAX_REASON)).rev().find(fits).unwrap_or(0);
        let reason = if end == reason.len() { reason } else { reason[..end].into() };
        Self { reason, ..self }
    }

    /// The code.
    #[must_use]
    pub const fn code(&self) -> CloseCode {
        self.code
    }

    /// The reason, for logs and not for people.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Reads the payload of a close frame that is known to be no longer than 125 bytes; `None` if it is empty.
    pub(crate) fn decode(payload: &[u8]) -> Result<Option<Self>, Rule> {
        let (code, reason) = match payload {
            [] => return Ok(None),
            [_] => return Err(Rule::CloseBodyOfOneByte),
            [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason),
        };
        let code = CloseCode::new(code).ok_or(Rule::CloseCode(code))?;
        let reason = str::from_utf8(reason).map_err(|_| Rule::CloseReasonNotUtf8)?;
        Ok(Some(Self { code, reason: reason.into() }))
    }

    /// The payload of a close frame, and how long it is.
    pub(crate) fn encode(&self) -> ([u8; 125], usize) {
        let mut payload = [0; 125];
        payload[..2].copy_from_slice(&self.code.0.to_be_bytes());
        let len = 2 + self.reason.len();
        payload[2..len].copy_from_slice(self.reason.as_bytes());
        (payload, len)
    }
}

impl From<CloseCode> for u16 {
    fn from(code: CloseCode) -> Self {
        code.get()
    }
}

impl From<CloseCode> for CloseFrame {
    fn from(code: CloseCode) -> Self {
        Self::new(code)
    }
}

impl From<&Violation> for CloseFrame {
    fn from(violation: &Violation) -> Self {
        Self::new(violation.close_code()).with_reason(violation.rule().to_string())
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for CloseFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.reason.is_empty() { self.code.fmt(f) } else { write!(f, "{} ({})", self.code, self.reason()) }
    }
}

/// What is left of the 125 bytes of a control frame.
const MAX_REASON: usize = 123;
