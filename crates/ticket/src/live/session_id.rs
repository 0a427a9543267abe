use std::{error::Error, fmt, str::FromStr};

/// The name of one live session, of which no other process has one like it.
///
/// It is no credential: it only says which session is meant. Written as 32 hexadecimal digits.
///
/// # Examples
///
/// ```
/// use longwave_ticket::live::SessionId;
///
/// let id: SessionId = "000000000000002a0000000000000001".parse()?;
/// assert_eq!(id.to_string(), "000000000000002a0000000000000001");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct SessionId {
    /// The key of the subject, by which the session is found.
    pub(super) subject: u64,
    pub(super) number: u64,
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:016x}", self.subject, self.number)
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({self})")
    }
}

impl FromStr for SessionId {
    type Err = ParseSessionIdError;

    fn from_str(text: &str) -> Result<Self, ParseSessionIdError> {
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(ParseSessionIdError(()));
        }
        let half = |digits| u64::from_str_radix(digits, 16).map_err(|_| ParseSessionIdError(()));
        Ok(Self { subject: half(&text[..16])?, number: half(&text[16..])? })
    }
}

/// A text is not the id of a session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ParseSessionIdError(());

impl fmt::Display for ParseSessionIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("session id is not of 32 hexadecimal digits")
    }
}

impl Error for ParseSessionIdError {}
