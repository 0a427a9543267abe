use alloc::vec::Vec;

use super::{FrameHeader, header::ROOM};
use crate::scan::mask_append;

/// Puts frames together: for proxies and tools.
///
/// It writes what it is told to; that the frames make up messages is the caller's affair.
#[derive(Clone, Copy, Debug, Default)]
pub struct FrameEncoder;

impl FrameEncoder {
    /// Appends a frame to `out`: the header, and the payload, masked by the header's key if it has one.
    ///
    /// # Panics
    ///
    /// If the payload is not as long as the header says.
    ///
    /// # Examples
    ///
    /// ```
    /// use longwave_ws::{FrameEncoder, FrameHeader, OpCode};
    ///
    /// let mut out = Vec::new();
    /// FrameEncoder.encode(&FrameHeader::new(OpCode::Ping, 2), b"hi", &mut out);
    /// assert_eq!(out, b"\x89\x02hi");
    /// ```
    #[inline]
    pub fn encode(&self, header: &FrameHeader, payload: &[u8], out: &mut Vec<u8>) {
        assert_eq!(header.payload_len(), payload.len() as u64, "a payload as long as its header says");
        let _len = append(header, payload, out);
    }
}

/// Appends a frame, and tells how long it is.
#[expect(clippy::inline_always, reason = "without calls, small frames take a fifth less time")]
#[inline(always)]
pub(crate) fn append(header: &FrameHeader, payload: &[u8], out: &mut Vec<u8>) -> usize {
    let before = out.len();
    out.reserve(ROOM + payload.len());
    header.encode_to(out);
    if header.key().is_some() {
        let _seen = mask_append(out, payload, header.mask());
    } else {
        out.extend_from_slice(payload);
    }
    out.len() - before
}
