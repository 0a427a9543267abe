mod audience_keys;
mod derived;
mod error;
mod key_id;
#[cfg(feature = "tower")]
mod random;
mod ring;
mod secret;

pub(crate) use self::audience_keys::AudienceKeys;
#[cfg(feature = "tower")]
pub use self::error::NoRandomness;
pub use self::{
    error::{InvalidKey, KeyRingError, SetupError},
    key_id::KeyId,
    ring::KeyRing,
    secret::SecretKey,
};
