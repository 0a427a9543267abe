use std::{fmt, time::Duration};

use sha2::{Digest, Sha256};

use crate::Audience;

/// What a store keeps of a ticket.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    claims: &'a [u8],
    subject: SubjectHash,
    ttl: Duration,
    bound: Bound,
}

/// How many records of one subject a store keeps, the new one included.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Bound {
    /// If there are as many, the new one is refused: [`Put::OverLimit`].
    Refuse(u32),
    /// If there are as many, those that expire first make place; with 0, the new one is refused.
    Replace(u32),
}

impl<'a> Record<'a> {
    /// Makes a record of encoded claims that is to be kept for a time.
    #[must_use]
    pub const fn new(claims: &'a [u8], subject: SubjectHash, ttl: Duration) -> Self {
        Self { claims, subject, ttl, bound: Bound::Refuse(u32::MAX) }
    }

    /// Sets how many records of the subject there may be; any number unless set.
    #[must_use]
    pub const fn bounded(self, bound: Bound) -> Self {
        Self { bound, ..self }
    }

    /// Returns the encoded claims, of up to 1 KiB.
    #[must_use]
    pub const fn claims(&self) -> &'a [u8] {
        self.claims
    }

    /// Returns whom it is about.
    #[must_use]
    pub const fn subject(&self) -> SubjectHash {
        self.subject
    }

    /// Returns how long it is to be kept.
    #[must_use]
    pub const fn ttl(&self) -> Duration {
        self.ttl
    }

    /// Returns how many records of the subject there may be.
    #[must_use]
    pub const fn bound(&self) -> Bound {
        self.bound
    }
}

// Not derived, as claims are nobody's business.
impl fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("claims", &format_args!("{} bytes", self.claims.len()))
            .field("ttl", &self.ttl)
            .field("bound", &self.bound)
            .finish_non_exhaustive()
    }
}

/// What has become of a record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Put {
    /// It is kept.
    Stored,
    /// The subject has as many tickets outstanding as it may.
    OverLimit,
    /// There is one with this id already: the ids are not random.
    Duplicate,
}

/// Whether a ticket was spent before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Burnt {
    /// It was not, and is now.
    Now,
    /// It was.
    Before,
}

/// A subject of one audience as a store knows it: not by name.
///
/// Tickets that resume are counted apart from all others, so a subject has one more of these for them.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct SubjectHash([u8; 16]);

impl SubjectHash {
    /// Hashes a [subject](crate::Claims::subject).
    #[must_use]
    pub fn of(audience: &Audience, subject: &str) -> Self {
        Self::tagged(0, audience, subject)
    }

    /// Hashes a subject for what [resumes](crate::Purpose::Resume).
    #[must_use]
    pub fn resuming(audience: &Audience, subject: &str) -> Self {
        Self::tagged(1, audience, subject)
    }

    fn tagged(tag: u8, audience: &Audience, subject: &str) -> Self {
        let name = audience.as_str();
        // Up to 255 bytes.
        let len = u8::try_from(name.len()).unwrap_or(u8::MAX);
        let hash = Sha256::new_with_prefix(DOMAIN).chain_update([tag, len]).chain_update(name);
        let digest = hash.chain_update(subject).finalize();
        Self(digest.first_chunk().copied().unwrap_or_default())
    }

    /// Returns the bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

const DOMAIN: &[u8] = b"longwave-subject-v1";
