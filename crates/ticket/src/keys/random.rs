use zeroize::Zeroizing;

use super::{KeyRing, NoRandomness};
use crate::random::{Random, System};

impl KeyRing {
    /// Makes an [ephemeral](Self::ephemeral) ring with a key from the system's source of randomness.
    ///
    /// # Errors
    ///
    /// [`NoRandomness`] if the system has none.
    ///
    /// # Examples
    ///
    /// ```
    /// use longwave_ticket::{Audience, Issuer, KeyRing, MemoryStore};
    /// # use longwave_ticket::{Claims, ClaimsError};
    /// # struct User;
    /// # impl Claims for User {
    /// #     fn subject(&self) -> &str { "ann" }
    /// #     fn encode(&self) -> Result<Vec<u8>, ClaimsError> { unreachable!() }
    /// #     fn decode(_: &[u8]) -> Result<Self, ClaimsError> { unreachable!() }
    /// # }
    ///
    /// let keys = KeyRing::random()?;
    /// assert!(keys.is_ephemeral());
    /// let issuer = Issuer::<User, _>::new(&Audience::new("events")?, &keys, MemoryStore::new())?;
    /// # drop(issuer);
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn random() -> Result<Self, NoRandomness> {
        let mut bytes = Zeroizing::new([0; 32]);
        System.fill(&mut *bytes).ok_or(NoRandomness)?;
        Self::ephemeral(|key| *key = *bytes).map_err(|_| NoRandomness)
    }
}
