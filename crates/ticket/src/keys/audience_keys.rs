use super::{KeyRing, KeyRingError, SetupError, derived::Derived};
use crate::{
    Audience, Ticket, TicketStore, UnixMillis, Why,
    envelope::{self, Envelope, Header},
};

/// The keys of a ring for one audience.
#[derive(Clone, Debug)]
pub(crate) struct AudienceKeys {
    ring: KeyRing,
    place: usize,
}

impl AudienceKeys {
    /// For tickets that are redeemed in this kind of store.
    pub(crate) fn new<S: TicketStore>(ring: &KeyRing, audience: &Audience) -> Result<Self, SetupError> {
        if !S::SHARED && !ring.is_ephemeral() {
            return Err(SetupError::KeysOutliveStore);
        }
        let place = ring.register(audience).map_err(|_: KeyRingError| SetupError::Collision)?;
        Ok(Self { ring: ring.clone(), place })
    }

    pub(crate) fn latest(&self, now: UnixMillis) -> UnixMillis {
        self.ring.latest(now)
    }

    #[cfg(feature = "tower")]
    pub(crate) const fn ring(&self) -> &KeyRing {
        &self.ring
    }

    /// Signs with the key that signs, whose name goes into the header.
    pub(crate) fn seal(&self, header: Header, claims: &[u8]) -> Ticket {
        self.ring.with_active(self.place, |key| {
            envelope::seal(Header { key: key.id(), ..header }, claims, |bytes| key.sign(bytes))
        })
    }

    pub(crate) fn check(&self, envelope: &Envelope<'_>, now: UnixMillis) -> Result<(), Why> {
        let genuine = |key: &Derived| key.is_genuine(envelope.signed, envelope.tag);
        match self.ring.with(self.place, envelope.header.key, now, genuine) {
            Some(true) => Ok(()),
            Some(false) => Err(Why::BadMac),
            None => Err(Why::UnknownKey),
        }
    }
}
