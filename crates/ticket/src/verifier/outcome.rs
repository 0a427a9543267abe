use std::{error::Error, fmt};

use crate::{
    Context, Grant, InvalidTicket, KeyId, Purpose, Scope, StoreError, TicketId, UnixMillis, Why,
    envelope::{Envelope, Flags, Header},
};

/// A ticket that is genuine, in time and where it belongs; whether it was spent before is not known yet.
#[must_use = "a ticket that was verified is not spent until it is consumed"]
pub struct Verified {
    header: Header,
    scope: Option<Scope>,
    inline: Option<Box<[u8]>>,
}

impl Verified {
    pub(super) fn new(envelope: &Envelope<'_>, context: &Context) -> Self {
        let flags = envelope.header.flags;
        let scope = context.bound_to().scope_label().filter(|_| flags.contains(Flags::SCOPE)).cloned();
        let inline = (!flags.contains(Flags::REF)).then(|| envelope.claims.into());
        Self { header: envelope.header, scope, inline }
    }

    /// Returns the number of the ticket.
    #[must_use]
    pub const fn id(&self) -> TicketId {
        self.header.id
    }

    /// Returns what it is good for.
    #[must_use]
    pub const fn purpose(&self) -> Purpose {
        self.header.purpose
    }

    /// Returns the key that has signed it.
    #[must_use]
    pub const fn key_id(&self) -> KeyId {
        self.header.key
    }

    /// Returns when it was minted.
    #[must_use]
    pub const fn issued(&self) -> UnixMillis {
        UnixMillis::new(self.header.issued)
    }

    /// Returns when it expires.
    #[must_use]
    pub const fn expires(&self) -> UnixMillis {
        // 48 bits and 32 of them.
        UnixMillis::new(self.header.issued + self.header.ttl as u64)
    }

    /// Returns when what it grants lapses; `None` if it does not say.
    #[must_use]
    pub const fn deadline(&self) -> Option<UnixMillis> {
        match self.header.deadline {
            0 => None,
            deadline => Some(UnixMillis::new(deadline)),
        }
    }

    pub(super) const fn header(&self) -> &Header {
        &self.header
    }

    /// The claims, if the ticket holds them itself.
    #[cfg(feature = "tower")]
    pub(crate) fn inline(&self) -> Option<&[u8]> {
        self.inline.as_deref()
    }

    pub(super) fn take_inline(&mut self) -> Option<Box<[u8]>> {
        self.inline.take()
    }

    fn describe<'f, 'a, 'b>(&self, f: &'f mut fmt::DebugStruct<'a, 'b>) -> &'f mut fmt::DebugStruct<'a, 'b> {
        f.field("id", &self.id())
            .field("purpose", &self.purpose())
            .field("key", &self.key_id())
            .field("issued", &self.issued())
            .field("expires", &self.expires())
            .field("deadline", &self.deadline())
    }

    pub(super) fn redeemed<T>(self, claims: T) -> Redeemed<T> {
        let grant = Grant::from_parts(claims, self.deadline(), self.scope.clone());
        Redeemed { grant, verified: self }
    }
}

// Not derived, as claims and what a ticket is bound to are nobody's business.
impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.describe(&mut f.debug_struct("Verified")).finish_non_exhaustive()
    }
}

/// A ticket that was redeemed, and what it grants.
pub struct Redeemed<T> {
    grant: Grant<T>,
    verified: Verified,
}

impl<T> Redeemed<T> {
    /// Returns what it grants.
    #[must_use]
    pub const fn grant(&self) -> &Grant<T> {
        &self.grant
    }

    /// Returns what it grants, alone.
    #[must_use]
    pub fn into_grant(self) -> Grant<T> {
        self.grant
    }

    /// Returns the number of the ticket.
    #[must_use]
    pub const fn id(&self) -> TicketId {
        self.verified.id()
    }

    /// Returns what it was good for.
    #[must_use]
    pub const fn purpose(&self) -> Purpose {
        self.verified.purpose()
    }

    /// Returns the key that has signed it.
    #[must_use]
    pub const fn key_id(&self) -> KeyId {
        self.verified.key_id()
    }

    /// Returns when it was minted, by the clock of the node that has.
    #[must_use]
    pub const fn issued(&self) -> UnixMillis {
        self.verified.issued()
    }
}

// Claims are printed by whoever asks for them.
impl<T> fmt::Debug for Redeemed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.verified.describe(&mut f.debug_struct("Redeemed")).finish_non_exhaustive()
    }
}

/// A ticket that was not redeemed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RedeemError {
    /// It is refused: a 401.
    Invalid(InvalidTicket),
    /// The store cannot tell: a 503, and never a reason to let someone in.
    Store(StoreError),
}

impl fmt::Display for RedeemError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(invalid) => fmt::Display::fmt(invalid, f),
            Self::Store(_) => f.write_str("ticket cannot be redeemed now"),
        }
    }
}

impl Error for RedeemError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Invalid(_) => None,
            Self::Store(source) => Some(source),
        }
    }
}

impl From<InvalidTicket> for RedeemError {
    fn from(invalid: InvalidTicket) -> Self {
        Self::Invalid(invalid)
    }
}

impl From<Why> for RedeemError {
    fn from(why: Why) -> Self {
        Self::Invalid(why.into())
    }
}

impl From<StoreError> for RedeemError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
