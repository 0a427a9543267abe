use crate::{
    Fingerprint, MintError, StoreError,
    http::{Denial, Refusal},
};

/// What became of a request for a ticket, for counters and logs.
#[derive(Debug)]
#[non_exhaustive]
pub enum MintOutcome {
    /// There is a ticket, which goes by this name in logs, here and where it is redeemed.
    Minted(Fingerprint),
    /// The request was not let in, whoever it is from: its method, its page, its content or its cookies.
    Refused(Refusal),
    /// The application has denied it.
    Denied(Denial),
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
            Self::Denied(denial) => denial.refusal(),
            Self::Failed(MintError::TooMany) => Refusal::TooMany,
            Self::Failed(MintError::Store(_)) | Self::NoRandomness => Refusal::Unavailable,
            // The login has ended between the two.
            Self::Failed(MintError::Lapsed) => Refusal::CredentialsRequired,
            Self::Failed(_) => Refusal::Internal,
        })
    }

    /// Returns the word for a counter's label: `ok`, or why not, which is the application's own word where that has
    /// [denied](Self::Denied) it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Minted(_) => "ok",
            Self::Refused(Refusal::Ambiguous) => "ambiguous",
            Self::Refused(Refusal::MediaType) => "media_type",
            Self::Refused(Refusal::Method) => "method",
            Self::Refused(Refusal::Origin) => "origin",
            Self::Refused(_) => "refused",
            Self::Denied(denial) => denial.reason(),
            Self::Failed(MintError::TooMany) => "limited",
            Self::Failed(MintError::Store(StoreError::Full)) => "store_full",
            Self::Failed(MintError::Store(_)) => "store_error",
            Self::Failed(MintError::Lapsed) => "lapsed",
            Self::Failed(_) => "error",
            Self::NoRandomness => "no_randomness",
        }
    }
}
