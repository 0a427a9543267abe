use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::{InvalidKey, derived::Derived};
use crate::{Audience, KeyId, base64url};

/// A secret of 32 random bytes, from which the keys of all audiences are derived.
///
/// It is never shown, and its memory is overwritten when it is dropped. One that was [generated](Self::generate) is
/// nowhere else, and so it can be in a ring that is [ephemeral](crate::KeyRing::ephemeral).
///
/// # Examples
///
/// ```
/// use longwave_ticket::SecretKey;
///
/// // `openssl rand -base64 32 | tr '+/' '-_' | tr -d =`
/// let key = SecretKey::from_base64("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA")?;
/// assert_eq!(format!("{key:?}"), "SecretKey(****)");
/// assert!(SecretKey::from_bytes([0; 32]).is_err());
/// # Ok::<_, longwave_ticket::InvalidKey>(())
/// ```
pub struct SecretKey {
    // In a box, so that moving it leaves no copies behind.
    bytes: Box<[u8; 32]>,
    origin: Origin,
}

/// Where a key comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Origin {
    /// From here alone.
    Generated,
    /// From where it is kept, and may be had again.
    Kept,
}

impl SecretKey {
    /// Takes 32 bytes from a cryptographically secure source, or a file that was written from one.
    ///
    /// # Errors
    ///
    /// [`InvalidKey`] if all bytes are the same: a key that was never filled in.
    pub fn from_bytes(mut bytes: [u8; 32]) -> Result<Self, InvalidKey> {
        let key = Self { bytes: Box::new(bytes), origin: Origin::Kept };
        bytes.zeroize();
        key.checked()
    }

    /// Reads 43 characters of base64url without padding.
    ///
    /// # Errors
    ///
    /// [`InvalidKey`] for anything else, and if all bytes are the same.
    pub fn from_base64(text: &str) -> Result<Self, InvalidKey> {
        let mut key = Self { bytes: Box::new([0; 32]), origin: Origin::Kept };
        base64url::decode(text.as_bytes(), &mut *key.bytes).ok_or(InvalidKey)?;
        key.checked()
    }

    /// Lets `fill` fill the 32 bytes, from a cryptographically secure source, and keep no copy.
    ///
    /// # Errors
    ///
    /// [`InvalidKey`] if all bytes are the same, as they are when `fill` leaves them alone.
    ///
    /// # Examples
    ///
    /// ```
    /// # mod getrandom { pub fn fill(key: &mut [u8]) -> Result<(), ()> { key[0] = 1; Ok(()) } }
    /// use longwave_ticket::SecretKey;
    ///
    /// let key = SecretKey::generate(|bytes| getrandom::fill(bytes).expect("the system has randomness"))?;
    /// # drop(key);
    /// # Ok::<_, longwave_ticket::InvalidKey>(())
    /// ```
    pub fn generate(fill: impl FnOnce(&mut [u8; 32])) -> Result<Self, InvalidKey> {
        let mut key = Self { bytes: Box::new([0; 32]), origin: Origin::Generated };
        fill(&mut key.bytes);
        key.checked()
    }

    fn checked(self) -> Result<Self, InvalidKey> {
        if self.bytes.iter().all(|byte| *byte == self.bytes[0]) { Err(InvalidKey) } else { Ok(self) }
    }

    /// Returns how tickets for an audience name this key.
    #[must_use]
    pub fn key_id(&self, audience: &Audience) -> KeyId {
        Derived::new(self, audience).id()
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.bytes.ct_eq(&*other.bytes).into()
    }

    /// Whether it may be had again once it is gone here.
    pub(crate) fn is_kept(&self) -> bool {
        self.origin == Origin::Kept
    }
}

impl Drop for SecretKey {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(****)")
    }
}
