use std::time::Duration;

use sha2::{Digest, Sha256};

/// What a store keeps of a ticket.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    claims: &'a [u8],
    subject: SubjectHash,
    ttl: Duration,
    limit: Option<u32>,
}

impl<'a> Record<'a> {
    /// Makes a record of encoded claims that is to be kept for a time.
    #[must_use]
    pub const fn new(claims: &'a [u8], subject: SubjectHash, ttl: Duration) -> Self {
        Self { claims, subject, ttl, limit: None }
    }

    /// Sets how many records with a limit the subject may have, this one included. One without a limit does not count.
    #[must_use]
    pub const fn limit(self, limit: u32) -> Self {
        Self { limit: Some(limit), ..self }
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

    /// Returns how many records with a limit the subject may have; `None` if this one does not count.
    #[must_use]
    pub const fn greatest_number(&self) -> Option<u32> {
        self.limit
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

/// A subject as a store knows it: not by name.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct SubjectHash([u8; 16]);

impl SubjectHash {
    /// Hashes a [subject](crate::Claims::subject).
    #[must_use]
    pub fn of(subject: &str) -> Self {
        let digest = Sha256::new_with_prefix(DOMAIN).chain_update(subject).finalize();
        Self(digest.first_chunk().copied().unwrap_or_default())
    }

    /// Returns the bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

const DOMAIN: &[u8] = b"longwave-subject-v1";
