use alloc::{borrow::Cow, string::String, vec::Vec};
use core::{error::Error, fmt};

use http::{HeaderMap, header::SEC_WEBSOCKET_PROTOCOL};

use super::tokens::{self, NotToken};

/// The name of a subprotocol: a token, compared with respect to case.
///
/// Source: [RFC 6455 §1.9](https://www.rfc-editor.org/rfc/rfc6455#section-1.9).
///
/// # Examples
///
/// ```
/// use longwave_ws::handshake::Subprotocol;
///
/// const CHAT: Subprotocol = Subprotocol::from_static("chat.v2");
/// assert_eq!(Subprotocol::new("chat.v2".to_owned())?, CHAT);
/// assert!(Subprotocol::new("chat v2").is_err());
/// # Ok::<_, longwave_ws::handshake::NotToken>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Subprotocol(Cow<'static, str>);

/// What is wrong with the subprotocols that a client offers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SubprotocolsError {
    /// One is offered twice.
    Duplicate,
    /// One is not a token, or the field is there without any.
    Malformed,
    /// There are too many.
    #[non_exhaustive]
    TooMany {
        /// The most that are accepted.
        max: usize,
    },
}

impl Subprotocol {
    /// The most subprotocols that are accepted in one offer.
    pub const MAX_OFFERED: usize = 32;

    /// Makes a subprotocol from its name.
    ///
    /// # Errors
    ///
    /// [`NotToken`] if the name is empty, or holds anything but visible ASCII without separators.
    pub fn new(name: impl Into<Cow<'static, str>>) -> Result<Self, NotToken> {
        let name = name.into();
        if tokens::is_token(name.as_bytes()) { Ok(Self(name)) } else { Err(NotToken) }
    }

    /// Makes a subprotocol from a literal, at compile time where it is a constant.
    ///
    /// # Panics
    ///
    /// If the name is not a token.
    #[must_use]
    pub const fn from_static(name: &'static str) -> Self {
        assert!(tokens::is_token(name.as_bytes()), "a subprotocol is a token");
        Self(Cow::Borrowed(name))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Subprotocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads the subprotocols that a client offers, in its order of preference, from all lines of
/// `Sec-WebSocket-Protocol`.
///
/// Source: [RFC 6455 §4.1](https://www.rfc-editor.org/rfc/rfc6455#section-4.1), item 10.
///
/// # Errors
///
/// [`SubprotocolsError`] if one is not a token or is offered twice, if the field is there without any, or if
/// there are more than [`Subprotocol::MAX_OFFERED`].
///
/// # Examples
///
/// ```
/// use http::{HeaderMap, header::SEC_WEBSOCKET_PROTOCOL};
/// use longwave_ws::handshake::{Subprotocol, parse_subprotocols};
///
/// let mut headers = HeaderMap::new();
/// headers.append(SEC_WEBSOCKET_PROTOCOL, "chat, superchat".parse()?);
/// headers.append(SEC_WEBSOCKET_PROTOCOL, "chat.v2".parse()?);
/// let offered = parse_subprotocols(&headers)?;
/// assert_eq!(offered.iter().map(Subprotocol::as_str).collect::<Vec<_>>(), ["chat", "superchat", "chat.v2"]);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub fn parse_subprotocols(headers: &HeaderMap) -> Result<Vec<Subprotocol>, SubprotocolsError> {
    let mut offered = Vec::new();
    for member in tokens::members(headers, &SEC_WEBSOCKET_PROTOCOL) {
        if offered.len() == Subprotocol::MAX_OFFERED {
            return Err(SubprotocolsError::TooMany { max: Subprotocol::MAX_OFFERED });
        }
        let name: String = tokens::token(member).map_err(|NotToken| SubprotocolsError::Malformed)?;
        offered.push(Subprotocol(Cow::Owned(name)));
    }
    if offered.is_empty() && headers.contains_key(SEC_WEBSOCKET_PROTOCOL) {
        return Err(SubprotocolsError::Malformed);
    }
    let mut sorted: Vec<&Subprotocol> = offered.iter().collect();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(SubprotocolsError::Duplicate);
    }
    Ok(offered)
}

impl fmt::Display for SubprotocolsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate => f.write_str("subprotocol offered twice"),
            Self::Malformed => f.write_str("subprotocols malformed"),
            Self::TooMany { max } => write!(f, "more than {max} subprotocols offered"),
        }
    }
}

impl Error for SubprotocolsError {}
