mod audience_keys;
mod derived;
mod error;
mod key_id;
mod ring;
mod secret;

pub(crate) use self::audience_keys::AudienceKeys;
pub use self::{
    error::{InvalidKey, KeyRingError, SetupError},
    key_id::KeyId,
    ring::KeyRing,
    secret::SecretKey,
};
