use alloc::vec::Vec;

use super::Deflater;

/// The peers that take one and the same compressed message: those with at least this window.
///
/// A key to keep what was compressed under, one for each kind of peer.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[must_use]
pub struct PreparedKind {
    pub(super) window_bits: u8,
    pub(super) level: u8,
    pub(super) mem_level: u8,
}

impl PreparedKind {
    /// The base-2 logarithm of the window's size in bytes, 8 to 15.
    #[must_use]
    pub const fn window_bits(self) -> u8 {
        self.window_bits
    }
}

/// Compresses a whole message without context, to be sent to any number of peers.
///
/// - `kind`: from [`Agreed::prepared_kind`](super::Agreed::prepared_kind); the message may go to each peer that
///   [`accepts`](super::Agreed::accepts) it.
/// - Returns the payload of a message with RSV1 set.
///
/// Each connection that it is sent on has to [`absorb`](Deflater::absorb) the message.
///
/// # Examples
///
/// ```
/// use longwave_ws::deflate::{Deflater, Settings, compress_once};
///
/// let (agreed, _) = Settings::new().negotiate([("permessage-deflate", [])]).expect("the offer is acceptable");
/// let mut deflater = Deflater::new(&agreed);
///
/// let message = b"Hello";
/// let payload = compress_once(agreed.prepared_kind(), message);
/// assert_eq!(payload, [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
///
/// assert!(agreed.accepts(agreed.prepared_kind()));
/// deflater.absorb(message);
/// ```
#[must_use]
pub fn compress_once(kind: PreparedKind, message: &[u8]) -> Vec<u8> {
    Deflater::without_context(kind).into_message(message)
}
