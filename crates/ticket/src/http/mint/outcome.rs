use std::{error::Error, fmt};

use crate::{Fingerprint, MintError, StoreError, http::Refusal};

/// Why the application has a ticket minted for nobody.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Denied {
    /// This one is not logged in (401).
    LoginRequired,
    /// This one may not (403).
    Forbidden,
    /// This one asks too often (429).
    TooMany,
    /// Whoever knows does not answer (503).
    Unavailable,
}

/// What became of a request for a ticket, for counters and logs.
#[derive(Debug)]
#[non_exhaustive]
pub enum MintOutcome {
    /// There is a ticket, which goes by this name in logs, here and where it is redeemed.
    Minted(Fingerprint),
    /// The request was not let in, whoever it is from: its method, its page, its content or its cookies.
    Refused(Refusal),
    /// The application has denied it.
    Denied(Denied),
    /// It was granted, and not minted.
    Failed(MintError),
    /// The system has no randomness.
    NoRandomness,
}

impl MintOutcome {
    /// What the client is told; `None` if it is told a ticket.
    #[must_use]
    pub const fn refusal(&self) -> Option<Refusal> {
        Some(match self {
            Self::Minted(_) => return None,
            Self::Refused(refusal) => *refusal,
            Self::Denied(denied) => denied.refusal(),
            Self::Failed(MintError::TooMany) => Refusal::TooMany,
            Self::Failed(MintError::Store(_)) | Self::NoRandomness => Refusal::Unavailable,
            // The login has ended between the two.
            Self::Failed(MintError::Lapsed) => Refusal::CredentialsRequired,
            Self::Failed(_) => Refusal::Internal,
        })
    }

    /// Returns the word for a counter's label: `ok`, or why not.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Minted(_) => "ok",
            Self::Refused(Refusal::Ambiguous) => "ambiguous",
            Self::Refused(Refusal::MediaType) => "media_type",
            Self::Refused(Refusal::Method) => "method",
            Self::Refused(Refusal::Origin) => "origin",
            Self::Refused(_) => "refused",
            Self::Denied(_) => "denied",
            Self::Failed(MintError::TooMany) => "limited",
            Self::Failed(MintError::Store(StoreError::Full)) => "store_full",
            Self::Failed(MintError::Store(_)) => "store_error",
            Self::Failed(MintError::Lapsed) => "lapsed",
            Self::Failed(_) => "error",
            Self::NoRandomness => "no_randomness",
        }
    }
}

impl Denied {
    /// What the client is told.
    #[must_use]
    pub const fn refusal(self) -> Refusal {
        match self {
            Self::LoginRequired => Refusal::CredentialsRequired,
            Self::Forbidden => Refusal::Forbidden,
            Self::TooMany => Refusal::TooMany,
            Self::Unavailable => Refusal::Unavailable,
        }
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LoginRequired => "not logged in",
            Self::Forbidden => "not allowed to have a ticket",
            Self::TooMany => "asks for tickets too often",
            Self::Unavailable => "nobody can tell who it is",
        })
    }
}

impl Error for Denied {}
