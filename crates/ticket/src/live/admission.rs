use std::{error::Error, fmt};

use crate::{Redeemed, UnixMillis};

/// What a ticket says of the stream it opens, or goes on with.
///
/// There is nothing in it that would open another stream.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use longwave_ticket::{UnixMillis, live::Admission};
///
/// # struct User;
/// let now = UnixMillis::from(SystemTime::now());
/// let admission = Admission::new(User, [7; 16], now).deadline(now.plus(Duration::from_secs(900)));
/// # let _ = admission;
/// ```
#[derive(Clone)]
#[must_use]
pub struct Admission<T> {
    pub(super) claims: T,
    pub(super) ticket: [u8; 16],
    pub(super) issued: UnixMillis,
    pub(super) deadline: Option<UnixMillis>,
}

impl<T> Admission<T> {
    /// Takes what a ticket says.
    ///
    /// - `ticket`: its id, not the ticket itself.
    /// - `issued`: when it was issued, which decides whether a revocation meant it.
    pub const fn new(claims: T, ticket: [u8; 16], issued: UnixMillis) -> Self {
        Self { claims, ticket, issued, deadline: None }
    }

    /// Sets when the login that the ticket was issued for lapses; without, only the
    /// [`max_age`](super::SessionsBuilder::max_age) ends the stream.
    pub fn deadline(mut self, deadline: UnixMillis) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Who it lets in.
    #[must_use]
    pub const fn claims(&self) -> &T {
        &self.claims
    }

    /// Sets the id of the ticket, to that of another one whose stream this goes on with.
    pub(crate) fn of_ticket(self, ticket: [u8; 16]) -> Self {
        Self { ticket, ..self }
    }
}

impl<T> From<Redeemed<T>> for Admission<T> {
    fn from(redeemed: Redeemed<T>) -> Self {
        let (id, issued) = (redeemed.id(), redeemed.issued());
        let grant = redeemed.into_grant();
        let deadline = grant.deadline();
        Self { deadline, ..Self::new(grant.into_claims(), *id.as_bytes(), issued) }
    }
}

/// The claims and the ticket are nobody's business.
impl<T> fmt::Debug for Admission<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admission")
            .field("issued", &self.issued)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

/// Why no session comes of a ticket.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Refused {
    /// The login has lapsed, though the ticket has not: to be answered as an invalid ticket (401).
    Expired,
    /// It was revoked after the ticket was issued, or cannot be told from one that was, as it is dated in the future: to be answered as an invalid ticket (401).
    Revoked,
    /// The subject has as many sessions as it may (429).
    TooMany,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Expired => "login has expired",
            Self::Revoked => "ticket was revoked",
            Self::TooMany => "too many live sessions of one subject",
        })
    }
}

impl Error for Refused {}
