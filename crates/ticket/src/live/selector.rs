use std::fmt;

use super::{SessionId, live_session::Live};
use crate::{Claims, UnixMillis};

/// Which sessions are meant.
///
/// What is shown of it for debugging names nobody: the name of a login may be all it takes to be it.
#[derive(Clone, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Selector {
    /// All of one subject.
    Subject(String),
    /// All that one login has opened: [`Claims::session`].
    Session(String),
    /// This one.
    SessionId(SessionId),
    /// What was opened with the ticket of this id.
    Ticket([u8; 16]),
    /// All whose ticket, or the last one they were refreshed with, was issued before.
    IssuedBefore(UnixMillis),
    /// All there are.
    All,
}

impl Selector {
    pub(super) fn matches<T: Claims>(&self, live: &Live<T>) -> bool {
        match self {
            Self::Subject(subject) => live.claims.subject() == subject,
            Self::Session(session) => live.claims.session() == Some(session),
            Self::SessionId(id) => live.id == *id,
            Self::Ticket(ticket) => live.ticket == *ticket,
            Self::IssuedBefore(before) => live.issued() < *before,
            Self::All => true,
        }
    }
}

impl fmt::Debug for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Subject(_) => f.write_str("Subject(..)"),
            Self::Session(_) => f.write_str("Session(..)"),
            Self::SessionId(id) => f.debug_tuple("SessionId").field(id).finish(),
            Self::Ticket(_) => f.write_str("Ticket(..)"),
            Self::IssuedBefore(before) => f.debug_tuple("IssuedBefore").field(before).finish(),
            Self::All => f.write_str("All"),
        }
    }
}

/// How a session that is revoked is closed: whether its client may come back.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Close {
    /// The login was taken back: 4403 "revoked", and the client does not come back by itself.
    Revoked,
    /// What the login may do has changed: 4401 "expired", and the client comes back with a new ticket.
    Renew,
}

/// A revocation, as one node tells it to the others.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Revocation {
    selector: Selector,
    close: Close,
    before: UnixMillis,
}

impl Revocation {
    /// Makes a revocation of what was issued before a point in time.
    ///
    /// However late it arrives, and however often, it means nothing that was issued after that.
    #[must_use]
    pub const fn new(selector: Selector, close: Close, before: UnixMillis) -> Self {
        Self { selector, close, before }
    }

    /// Which sessions and tickets are meant.
    #[must_use]
    pub const fn selector(&self) -> &Selector {
        &self.selector
    }

    /// How they are closed.
    #[must_use]
    pub const fn close(&self) -> Close {
        self.close
    }

    /// Nothing is meant that was issued then or later.
    #[must_use]
    pub const fn before(&self) -> UnixMillis {
        self.before
    }
}

impl fmt::Display for Revocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.selector {
            Selector::Subject(_) => "of a subject",
            Selector::Session(_) => "of a login",
            Selector::SessionId(_) => "of a session",
            Selector::Ticket(_) => "of a ticket",
            Selector::IssuedBefore(_) => "of what is old",
            Selector::All => "of all",
        };
        write!(f, "revocation {what}")
    }
}
