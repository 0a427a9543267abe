use std::{error::Error, fmt};

/// A store that cannot tell: the ticket is then not taken, and the answer is a 503.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be reached, or has failed.
    Unavailable,
    /// It has not answered in time.
    Timeout,
    /// It has no place, and evicts nothing that has not expired.
    Full,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unavailable => "ticket store is unavailable",
            Self::Timeout => "ticket store has not answered in time",
            Self::Full => "ticket store is full",
        })
    }
}

impl Error for StoreError {}
