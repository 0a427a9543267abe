use std::{error::Error, fmt};

use http::HeaderValue;

use crate::{InvalidTicket, RedeemError, StoreError, http::Refusal, live::Refused};

/// Why somebody is not let in: a [`Refusal`], which the client is told, and a reason, which it is not.
///
/// The reason is a short name for the label of a metric: an [`Observer`](longwave_core::Observer) is told it.
///
/// # Examples
///
/// ```
/// use longwave_ticket::http::{Denial, Refusal};
///
/// let denial = Denial::new(Refusal::InvalidTicket).because("jwt_expired");
/// assert_eq!((denial.refusal(), denial.reason()), (Refusal::InvalidTicket, "jwt_expired"));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Denial {
    refusal: Refusal,
    reason: &'static str,
    pub(in crate::http) cookies: Vec<HeaderValue>,
}

impl Denial {
    /// Refuses, for the reason that goes without saying.
    pub const fn new(refusal: Refusal) -> Self {
        let reason = match refusal {
            Refusal::Ambiguous => "ambiguous",
            Refusal::CredentialsRequired => "missing",
            Refusal::Forbidden => "forbidden",
            Refusal::Host => "host",
            Refusal::Internal => "error",
            Refusal::InvalidHost => "invalid_host",
            Refusal::InvalidTicket => "invalid",
            Refusal::Leak => "leak",
            Refusal::MediaType => "media_type",
            Refusal::Method => "method",
            Refusal::MissingSubprotocol => "subprotocol",
            Refusal::Origin => "origin",
            Refusal::TooMany => "limited",
            Refusal::Unavailable => "unavailable",
            Refusal::UpgradeRequired => "upgrade_required",
        };
        Self { refusal, reason, cookies: Vec::new() }
    }

    /// Sets the reason.
    pub fn because(self, reason: &'static str) -> Self {
        Self { reason, ..self }
    }

    /// Adds a `Set-Cookie` to the answer, which is [sensitive](HeaderValue::set_sensitive) from here on.
    pub fn set_cookie(mut self, mut cookie: HeaderValue) -> Self {
        cookie.set_sensitive(true);
        self.cookies.push(cookie);
        self
    }

    /// What the client is told.
    #[must_use]
    pub const fn refusal(&self) -> Refusal {
        self.refusal
    }

    /// What it is not told.
    #[must_use]
    pub const fn reason(&self) -> &'static str {
        self.reason
    }
}

impl From<Refusal> for Denial {
    fn from(refusal: Refusal) -> Self {
        Self::new(refusal)
    }
}

impl From<InvalidTicket> for Denial {
    fn from(invalid: InvalidTicket) -> Self {
        Self::new(Refusal::InvalidTicket).because(invalid.why().name())
    }
}

impl From<RedeemError> for Denial {
    fn from(error: RedeemError) -> Self {
        match error {
            RedeemError::Invalid(invalid) => invalid.into(),
            RedeemError::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for Denial {
    fn from(error: StoreError) -> Self {
        Self::new(Refusal::Unavailable).because(match error {
            StoreError::Unavailable => "store_unavailable",
            StoreError::Timeout => "store_timeout",
            StoreError::Full => "store_full",
        })
    }
}

impl From<Refused> for Denial {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Expired => Self::new(Refusal::InvalidTicket).because("expired"),
            Refused::Revoked => Self::new(Refusal::InvalidTicket).because("revoked"),
            Refused::TooMany => Self::new(Refusal::TooMany),
        }
    }
}

/// What the client is told.
impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.refusal, f)
    }
}

impl Error for Denial {}
