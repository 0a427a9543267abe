use std::{error::Error, fmt};

/// Who someone is and what they may do: what the application wants to know of a stream once it is open.
///
/// # Examples
///
/// ```
/// use longwave_ticket::{Claims, ClaimsError};
///
/// struct User(String);
///
/// impl Claims for User {
///     fn subject(&self) -> &str {
///         &self.0
///     }
///
///     fn encode(&self) -> Result<Vec<u8>, ClaimsError> {
///         Ok(self.0.clone().into_bytes())
///     }
///
///     fn decode(bytes: &[u8]) -> Result<Self, ClaimsError> {
///         String::from_utf8(bytes.to_vec()).map(User).map_err(ClaimsError::new)
///     }
/// }
/// ```
pub trait Claims: Sized + Send + Sync + 'static {
    /// Returns whom it is about: what is counted, and revoked, together.
    fn subject(&self) -> &str;

    /// Returns the login session that it comes from, if that can be ended by itself.
    fn session(&self) -> Option<&str> {
        None
    }

    /// Writes the claims, in up to 1 KiB.
    ///
    /// # Errors
    ///
    /// [`ClaimsError`] if they cannot be written.
    fn encode(&self) -> Result<Vec<u8>, ClaimsError>;

    /// Reads what [`encode`](Self::encode) has written, perhaps in an older version of the application.
    ///
    /// # Errors
    ///
    /// [`ClaimsError`] if these are no claims; the ticket is then refused.
    fn decode(bytes: &[u8]) -> Result<Self, ClaimsError>;
}

/// Claims that cannot be written, or read.
#[derive(Debug)]
pub struct ClaimsError {
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl ClaimsError {
    /// Wraps what went wrong.
    #[must_use]
    pub fn new(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()) }
    }

    /// Says no more than that there are no claims in there.
    #[must_use]
    pub const fn unreadable() -> Self {
        Self { source: None }
    }
}

impl fmt::Display for ClaimsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("claims can be neither read nor written")
    }
}

impl Error for ClaimsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|err| err as _)
    }
}
