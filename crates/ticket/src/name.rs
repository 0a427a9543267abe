use std::{error::Error, fmt, sync::Arc};

/// Whom a ticket is for: the service, by a name of its own.
///
/// Each audience has keys of its own, which are derived from the ring's. A ticket for another one is therefore
/// refused like one that was made up, and no check can be forgotten. 1 to 255 bytes, none of them a control character.
///
/// # Examples
///
/// ```
/// use longwave_ticket::Audience;
///
/// let audience = Audience::new("https://app.example.com|events")?;
/// assert_eq!(audience.as_str(), "https://app.example.com|events");
/// assert!(Audience::new("").is_err());
/// # Ok::<_, longwave_ticket::InvalidName>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Audience(Arc<str>);

impl Audience {
    /// Takes a name.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] if it is empty, longer than 255 bytes, or has control characters.
    pub fn new(name: &str) -> Result<Self, InvalidName> {
        checked(name).map(Self)
    }

    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a ticket opens: a label that the service has for it, such as `events` or `room:42`.
///
/// It is a label and not a path, of which there are several spellings. 1 to 255 bytes, none of them a control
/// character.
///
/// # Examples
///
/// ```
/// use longwave_ticket::Scope;
///
/// assert_eq!(Scope::new("room:42")?.as_str(), "room:42");
/// # Ok::<_, longwave_ticket::InvalidName>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Scope(Arc<str>);

impl Scope {
    /// Takes a label.
    ///
    /// # Errors
    ///
    /// [`InvalidName`] if it is empty, longer than 255 bytes, or has control characters.
    pub fn new(label: &str) -> Result<Self, InvalidName> {
        checked(label).map(Self)
    }

    /// Returns the label.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn checked(name: &str) -> Result<Arc<str>, InvalidName> {
    let fits = !name.is_empty() && name.len() <= MAX_LEN && !name.chars().any(char::is_control);
    if fits { Ok(name.into()) } else { Err(InvalidName) }
}

/// Bytes of a name.
const MAX_LEN: usize = 255;

/// A name that is empty, longer than 255 bytes, or has control characters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct InvalidName;

impl fmt::Display for InvalidName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("name is empty, too long or has control characters")
    }
}

impl Error for InvalidName {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_printable() {
        let longest = "x".repeat(255);
        for (name, fits) in [("a", true), ("räume/1 |", true), (&longest, true), ("", false), ("a\nb", false)]
        {
            assert_eq!((Audience::new(name).is_ok(), Scope::new(name).is_ok()), (fits, fits), "{name:?}");
        }
        assert_eq!(Scope::new(&"x".repeat(256)), Err(InvalidName));
    }
}
