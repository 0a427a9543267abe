use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use super::{InvalidKey, derived::Derived};
use crate::{Audience, KeyId, base64url};

/// A secret of 32 random bytes, from which the keys of all audiences are derived.
///
/// It is never shown, and its memory is overwritten when it is dropped.
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
// In a box, so that moving it leaves no copies behind.
pub struct SecretKey(Box<[u8; 32]>);

impl SecretKey {
    /// Takes 32 bytes from a cryptographically secure source, or a file that was written from one.
    ///
    /// # Errors
    ///
    /// [`InvalidKey`] if all bytes are the same: a key that was never filled in.
    pub fn from_bytes(mut bytes: [u8; 32]) -> Result<Self, InvalidKey> {
        let key = Self(Box::new(bytes));
        bytes.zeroize();
        if key.0.iter().all(|byte| *byte == key.0[0]) { Err(InvalidKey) } else { Ok(key) }
    }

    /// Reads 43 characters of base64url without padding.
    ///
    /// # Errors
    ///
    /// [`InvalidKey`] for anything else, and if all bytes are the same.
    pub fn from_base64(text: &str) -> Result<Self, InvalidKey> {
        let mut bytes = Zeroizing::new([0; 32]);
        base64url::decode(text.as_bytes(), &mut *bytes).ok_or(InvalidKey)?;
        Self::from_bytes(*bytes)
    }

    /// Lets `fill` fill the 32 bytes, from a cryptographically secure source.
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
        let mut bytes = Zeroizing::new([0; 32]);
        fill(&mut bytes);
        Self::from_bytes(*bytes)
    }

    /// Returns how tickets for an audience name this key.
    #[must_use]
    pub fn key_id(&self, audience: &Audience) -> KeyId {
        Derived::new(self, audience).id()
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.0.ct_eq(&*other.0).into()
    }
}

impl Drop for SecretKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(****)")
    }
}
