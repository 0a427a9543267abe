use std::{error::Error, fmt};

/// A ticket that is refused.
///
/// It says the same whatever the reason: who tries tickets out learns nothing. [`why`](Self::why) is for counters and
/// logs alone.
///
/// # Examples
///
/// ```
/// use longwave_ticket::{Ticket, Why};
///
/// let refused = Ticket::parse("lwt1_").unwrap_err();
/// assert_eq!(refused.to_string(), "invalid ticket");
/// assert_eq!(refused.why(), Why::Malformed);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InvalidTicket {
    why: Why,
}

impl InvalidTicket {
    pub(crate) const fn new(why: Why) -> Self {
        Self { why }
    }

    /// Returns the reason, which is not for the one who has sent the ticket.
    #[must_use]
    pub const fn why(self) -> Why {
        self.why
    }
}

impl From<Why> for InvalidTicket {
    fn from(why: Why) -> Self {
        Self::new(why)
    }
}

impl fmt::Display for InvalidTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid ticket")
    }
}

impl Error for InvalidTicket {}

/// Why a ticket was refused, in the order in which it is found out.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Why {
    /// It is no ticket, or none of a version and with features that are known.
    Malformed,
    /// It was signed by a key that is not in the ring, or for another audience.
    UnknownKey,
    /// Its signature is not right: it was made up.
    BadMac,
    /// It holds its claims itself, where only tickets are taken whose claims are in the store.
    Mode,
    /// It is for something else, such as a resumption.
    Purpose,
    /// It was made for a longer time than is allowed, or for none.
    Lifetime,
    /// It comes from the future.
    Future,
    /// It has expired, or what it grants has.
    Expired,
    /// It is bound to another scope, origin, browser or network.
    Binding,
    /// Its claims cannot be read.
    Claims,
    /// It was redeemed or taken back before, or the store has lost it.
    Replayed,
    /// What it was minted for was revoked in the meantime.
    Revoked,
}

impl Why {
    /// Returns the word for a counter's label.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::UnknownKey => "unknown_key",
            Self::BadMac => "bad_mac",
            Self::Mode => "mode",
            Self::Purpose => "purpose",
            Self::Lifetime => "lifetime",
            Self::Future => "future",
            Self::Expired => "expired",
            Self::Binding => "binding",
            Self::Claims => "claims",
            Self::Replayed => "replayed",
            Self::Revoked => "revoked",
        }
    }
}
