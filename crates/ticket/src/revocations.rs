use crate::UnixMillis;

/// What has been revoked between the minting of a ticket and its redemption.
///
/// Asked at each redemption, so it should answer from memory.
pub trait Revocations: Clone + Send + Sync + 'static {
    /// Returns the moment up to which, and including which, all tickets of a subject, or of one of its sessions, count
    /// as revoked; `None` if there is none.
    ///
    /// Tickets are dated by the clock of the node that has minted them.
    fn revoked_before(&self, subject: &str, session: Option<&str>) -> Option<UnixMillis>;

    /// Learns by which keys the tickets are minted that it is asked about; told by a verifier that is to ask it.
    ///
    /// A ring that was once given too late a time dates its tickets by that, and so does
    /// [`Sessions`](crate::live::Sessions) its revocations then. Others have no use for it.
    #[cfg(feature = "tower")]
    fn watch(&self, keys: &crate::KeyRing) {
        let _ = keys;
    }
}

/// Nothing is ever revoked between minting and redemption.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoRevocations;

impl Revocations for NoRevocations {
    fn revoked_before(&self, _: &str, _: Option<&str>) -> Option<UnixMillis> {
        None
    }
}
