use std::{error::Error, fmt};

/// Bytes that are no key: too many, too few, no base64url, or all the same.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct InvalidKey;

impl fmt::Display for InvalidKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no key of 32 random bytes")
    }
}

impl Error for InvalidKey {}

/// The system has no randomness to make a key of.
#[cfg(feature = "tower")]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct NoRandomness;

#[cfg(feature = "tower")]
impl fmt::Display for NoRandomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("system has no randomness")
    }
}

#[cfg(feature = "tower")]
impl Error for NoRandomness {}

/// A change to a key ring that was not made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum KeyRingError {
    /// Another key in the ring has the same [`KeyId`](crate::KeyId).
    Collision,
    /// No key in the ring has this [`KeyId`](crate::KeyId), for any audience in use.
    Unknown,
    /// The key signs; another one has to take its place first.
    Active,
    /// The ring is [ephemeral](crate::KeyRing::ephemeral), and the key was not [generated](crate::SecretKey::generate)
    /// here: another process may have it, and take the same tickets.
    Kept,
}

impl fmt::Display for KeyRingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Collision => "another key has the same id",
            Self::Unknown => "no key has this id",
            Self::Active => "key is in use for signing",
            Self::Kept => "key was not made for this process alone",
        })
    }
}

impl Error for KeyRingError {}

/// An issuer or a verifier that cannot be made.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SetupError {
    /// Two keys of the ring have the same [`KeyId`](crate::KeyId) for this audience.
    Collision,
    /// The keys are kept, or other nodes have them, but what was redeemed is known to this process alone.
    ///
    /// Another process would take the same ticket again. Take a [`KeyRing::ephemeral`](crate::KeyRing::ephemeral), a
    /// store that is shared, or, if there is only this one node, a [`SingleNode`](crate::SingleNode).
    KeysOutliveStore,
}

impl fmt::Display for SetupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Collision => "two keys have the same id for this audience",
            Self::KeysOutliveStore => "keys are kept longer, or known to more nodes, than what was redeemed",
        })
    }
}

impl Error for SetupError {}
