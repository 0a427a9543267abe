use std::fmt;

use sha2::{Digest, Sha256};

/// The number of a ticket, 16 random bytes.
///
/// Neither it nor its hash is enough to make a ticket of. It is shown as its [`Fingerprint`] all the same.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct TicketId([u8; 16]);

impl TicketId {
    /// Takes 16 bytes from a cryptographically secure source, such as the system's.
    ///
    /// # Examples
    ///
    /// ```
    /// use longwave_ticket::TicketId;
    ///
    /// // Not like this: at random.
    /// let id = TicketId::from_bytes([7; 16]);
    /// assert_eq!(format!("{id:?}"), format!("TicketId({})", id.fingerprint()));
    /// ```
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Returns the SHA-256 of the bytes: what a store should use as its key, so that a copy of the store holds no ids.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }

    /// Returns what a log may say of it.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let [a, b, c, d, ..] = self.digest();
        Fingerprint(u32::from_be_bytes([a, b, c, d]))
    }
}

impl fmt::Debug for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TicketId({})", self.fingerprint())
    }
}

/// Names a ticket in logs, where it is minted and where it is redeemed, without telling it: the first four bytes of
/// its id's SHA-256, in hexadecimal.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Fingerprint(u32);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
