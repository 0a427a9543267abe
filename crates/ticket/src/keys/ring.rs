use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
    time::Duration,
};

use super::{InvalidKey, KeyRingError, SecretKey, derived::Derived};
use crate::{Audience, KeyId, UnixMillis, time::Latest};

/// The keys of a service: one signs, the others still verify, until a date.
///
/// Clones are handles of the same ring, and changes count at once wherever it is in use, without a ticket being
/// refused that should not be.
///
/// # A clock that is set back
///
/// A ring also keeps the latest time that it was ever given, here or by whoever mints and redeems with it, so that
/// no ticket comes back. Whatever is earlier counts as that time: for a ring, time stands still until the
/// clock has come there again. After one reading that was an hour ahead, for an hour
///
/// - tickets are dated by that reading, and none expires: one of 30 s may be good for an hour;
/// - those that nobody redeems count against their subject, up to its [limit](crate::Issuer::limit);
/// - other nodes refuse what is minted here as from the future.
///
/// A ring knows no other clock than its callers', so it is theirs to be steady. `UnixMillis::now` of the feature `tower` is,
/// and the layers go by it: it goes on at half the pace meanwhile.
///
/// Nodes that share keys are rotated in two steps, so that none is asked to verify what it does not know yet: first
/// [`accept`](Self::accept) the new key on each, then [`rotate`](Self::rotate).
///
/// # Examples
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use longwave_ticket::{KeyRing, SecretKey};
///
/// let ring = KeyRing::new(SecretKey::from_base64("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA")?);
///
/// // Outstanding tickets have a minute to come in.
/// let new = SecretKey::from_base64("IB8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgE")?;
/// ring.rotate(new, Duration::from_secs(60), SystemTime::now().into())?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct KeyRing {
    shared: Arc<Shared>,
    ephemeral: bool,
}

struct Shared {
    state: RwLock<State>,
    latest: Arc<Latest>,
}

/// The keys, and the audiences they are derived for.
struct State {
    active: Master,
    others: Vec<(Master, UnixMillis)>,
    audiences: Vec<Audience>,
}

struct Master {
    secret: SecretKey,
    /// One for each audience.
    derived: Vec<Derived>,
}

impl Master {
    fn new(secret: SecretKey, audiences: &[Audience]) -> Self {
        let derived = audiences.iter().map(|audience| Derived::new(&secret, audience)).collect();
        Self { secret, derived }
    }

    /// Whether it is another key that has the same name.
    fn collides(&self, other: &Self) -> bool {
        let same_id = |(mine, theirs): (&Derived, &Derived)| mine.id() == theirs.id();
        !self.secret.is_same(&other.secret) && self.derived.iter().zip(&other.derived).any(same_id)
    }
}

impl KeyRing {
    /// Makes a ring whose key is kept, or shared with other nodes.
    #[must_use]
    pub fn new(active: SecretKey) -> Self {
        let state = State { active: Master::new(active, &[]), others: Vec::new(), audiences: Vec::new() };
        let shared = Shared { state: RwLock::new(state), latest: Arc::default() };
        Self { shared: Arc::new(shared), ephemeral: false }
    }

    /// Makes a ring whose key exists here alone and is gone with the process, and its tickets with it.
    ///
    /// It is what a store in memory needs: no other process can then take a ticket again. `fill` fills the key from a
    /// cryptographically secure source. Other keys it takes only if they were [generated](SecretKey::generate), too.
    ///
    /// # Errors
    ///
    /// [`InvalidKey`] if all bytes of the key are the same, as they are when `fill` leaves them alone.
    pub fn ephemeral(fill: impl FnOnce(&mut [u8; 32])) -> Result<Self, InvalidKey> {
        Ok(Self { ephemeral: true, ..Self::new(SecretKey::generate(fill)?) })
    }

    /// Whether the keys are gone with the process.
    #[must_use]
    pub const fn is_ephemeral(&self) -> bool {
        self.ephemeral
    }

    /// Adds a key that only verifies, up to a moment.
    ///
    /// One that does so already gets a new date, later or earlier. Keys whose time is over are forgotten.
    ///
    /// # Errors
    ///
    /// [`KeyRingError::Active`] if it is the key that signs, [`KeyRingError::Collision`] if it cannot be told from another
    /// one in a ticket, [`KeyRingError::Kept`] if it may be in another process and the ring is ephemeral. The ring is then
    /// as it was.
    pub fn accept(&self, key: SecretKey, until: UnixMillis) -> Result<(), KeyRingError> {
        let mut state = self.write();
        let key = self.admit(key, &state)?;
        let now = self.latest(UnixMillis::EPOCH);
        state.others.retain(|(other, until)| *until >= now && !other.secret.is_same(&key.secret));
        state.others.push((key, until));
        Ok(())
    }

    /// Signs with another key from now on; the one before still verifies for the grace.
    ///
    /// A grace of a minute is enough for tickets that connect. Tickets that resume live longer, and are
    /// refused once their key is gone. The new key may be one that only [verifies](Self::accept) so far. Keys whose
    /// time is over are forgotten.
    ///
    /// # Errors
    ///
    /// [`KeyRingError::Active`] if it is the key that signs already, [`KeyRingError::Collision`] if it cannot be told
    /// from another one in a ticket, [`KeyRingError::Kept`] if it may be in another process and the ring is ephemeral. The
    /// ring is then as it was.
    pub fn rotate(&self, new: SecretKey, grace: Duration, now: UnixMillis) -> Result<(), KeyRingError> {
        let now = self.latest(now);
        let mut state = self.write();
        let new = self.admit(new, &state)?;
        state.others.retain(|(other, until)| *until >= now && !other.secret.is_same(&new.secret));
        let before = std::mem::replace(&mut state.active, new);
        if !grace.is_zero() {
            state.others.push((before, now.plus(grace)));
        }
        Ok(())
    }

    /// Takes a key out at once, and with it all tickets that it has signed, for all audiences.
    ///
    /// # Errors
    ///
    /// [`KeyRingError::Unknown`] if no key has this id for an audience in use; [`KeyRingError::Active`] if it signs:
    /// [`rotate`](Self::rotate) without a grace instead.
    pub fn distrust(&self, key: KeyId) -> Result<(), KeyRingError> {
        let mut state = self.write();
        let is_meant = |master: &Master| master.derived.iter().any(|derived| derived.id() == key);
        if is_meant(&state.active) {
            return Err(KeyRingError::Active);
        }
        let before = state.others.len();
        state.others.retain(|(other, _)| !is_meant(other));
        if state.others.len() == before { Err(KeyRingError::Unknown) } else { Ok(()) }
    }

    /// A key that does not sign and can be told from those that are here.
    fn admit(&self, key: SecretKey, state: &State) -> Result<Master, KeyRingError> {
        if self.ephemeral && key.is_kept() {
            return Err(KeyRingError::Kept);
        }
        let key = Master::new(key, &state.audiences);
        if state.active.secret.is_same(&key.secret) {
            return Err(KeyRingError::Active);
        }
        if state.masters().any(|other| other.collides(&key)) {
            return Err(KeyRingError::Collision);
        }
        Ok(key)
    }

    /// The place of an audience in what is derived.
    pub(super) fn register(&self, audience: &Audience) -> Result<usize, KeyRingError> {
        let mut state = self.write();
        if let Some(place) = state.audiences.iter().position(|known| known == audience) {
            return Ok(place);
        }
        let derived: Vec<_> = state.masters().map(|master| Derived::new(&master.secret, audience)).collect();
        let mut ids = derived.iter().map(Derived::id);
        while let Some(id) = ids.next() {
            if ids.clone().any(|other| other == id) {
                return Err(KeyRingError::Collision);
            }
        }
        for (master, derived) in state.masters_mut().zip(derived) {
            master.derived.push(derived);
        }
        state.audiences.push(audience.clone());
        Ok(state.audiences.len() - 1)
    }

    /// Asks the key that signs for the audience in this place.
    pub(super) fn with_active<R>(&self, place: usize, then: impl FnOnce(&Derived) -> R) -> R {
        then(self.read().active.derived.get(place).expect("each key is derived for each audience"))
    }

    /// Asks the key of this name; `None` if there is none, or its time is over.
    pub(super) fn with<R>(
        &self,
        place: usize,
        key: KeyId,
        now: UnixMillis,
        then: impl FnOnce(&Derived) -> R,
    ) -> Option<R> {
        let state = self.read();
        let others = state.others.iter().filter(|(_, until)| *until >= now).map(|(other, _)| other);
        let mut derived =
            [&state.active].into_iter().chain(others).filter_map(|master| master.derived.get(place));
        derived.find(|derived| derived.id() == key).map(then)
    }

    pub(super) fn latest(&self, now: UnixMillis) -> UnixMillis {
        self.shared.latest.of(now)
    }

    /// What tickets are dated by.
    #[cfg(feature = "tower")]
    pub(crate) fn clock(&self) -> &Arc<Latest> {
        &self.shared.latest
    }

    // Each change is made at once, so nothing is half done when a thread has panicked.

    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.shared.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.shared.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn masters(&self) -> impl Iterator<Item = &Master> {
        [&self.active].into_iter().chain(self.others.iter().map(|(other, _)| other))
    }

    fn masters_mut(&mut self) -> impl Iterator<Item = &mut Master> {
        [&mut self.active].into_iter().chain(self.others.iter_mut().map(|(other, _)| other))
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.read();
        f.debug_struct("KeyRing")
            .field("active", &state.active.derived)
            .field("others", &state.others.len())
            .field("ephemeral", &self.ephemeral)
            .finish_non_exhaustive()
    }
}
