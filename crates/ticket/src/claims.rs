use std::{error::Error, fmt};

use crate::{Scope, UnixMillis};

/// Who someone is and what they may do: what the application wants to know of a stream once it is open.
///
/// Encoded claims take up to 1 KiB. With the feature `serde_json`, the functions of `json` encode and decode whatever
/// serde can.
///
/// # Examples
///
/// ```
/// use longwave_ticket::{Claims, ClaimsError};
///
/// struct User(u64, String);
///
/// impl Claims for User {
///     fn subject(&self) -> &str {
///         &self.1
///     }
///
///     fn encode(&self) -> Result<Vec<u8>, ClaimsError> {
///         Ok([&self.0.to_be_bytes(), self.1.as_bytes()].concat())
///     }
///
///     fn decode(bytes: &[u8]) -> Result<Self, ClaimsError> {
///         let (number, name) = bytes.split_first_chunk().ok_or(ClaimsError::unreadable())?;
///         let name = String::from_utf8(name.to_vec()).map_err(ClaimsError::new)?;
///         Ok(User(u64::from_be_bytes(*number), name))
///     }
/// }
/// ```
pub trait Claims: Sized + Send + Sync + 'static {
    /// Returns whom it is about: what the number of outstanding tickets is bounded by, and what is revoked.
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

/// What a ticket grants: claims, until when, and for what.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use longwave_ticket::{Grant, Scope, UnixMillis};
///
/// let logged_in_until = UnixMillis::from(SystemTime::now()).plus(Duration::from_secs(3600));
/// let grant = Grant::new("ada").until(logged_in_until).within(Scope::new("events")?);
/// assert_eq!(grant.deadline(), Some(logged_in_until));
/// # Ok::<_, longwave_ticket::InvalidName>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Grant<T> {
    claims: T,
    deadline: Option<UnixMillis>,
    scope: Option<Scope>,
}

impl<T> Grant<T> {
    /// Grants claims without end, for anything.
    #[must_use]
    pub const fn new(claims: T) -> Self {
        Self { claims, deadline: None, scope: None }
    }

    /// Sets when what is granted lapses: the stream that was opened has to end then, unless it is refreshed.
    #[must_use]
    pub fn until(self, deadline: UnixMillis) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    /// Sets the one thing that it is granted for.
    #[must_use]
    pub fn within(self, scope: Scope) -> Self {
        Self { scope: Some(scope), ..self }
    }

    /// Returns the claims.
    #[must_use]
    pub const fn claims(&self) -> &T {
        &self.claims
    }

    /// Returns when it lapses.
    #[must_use]
    pub const fn deadline(&self) -> Option<UnixMillis> {
        self.deadline
    }

    /// Returns the one thing that it is granted for.
    #[must_use]
    pub const fn scope(&self) -> Option<&Scope> {
        self.scope.as_ref()
    }

    /// Returns the claims alone.
    #[must_use]
    pub fn into_claims(self) -> T {
        self.claims
    }

    pub(crate) const fn from_parts(claims: T, deadline: Option<UnixMillis>, scope: Option<Scope>) -> Self {
        Self { claims, deadline, scope }
    }
}
