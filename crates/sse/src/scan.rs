//! Finding line ends: CR, LF, and CRLF as one.

use core::array;

use memchr::memchr2;
use wide::u8x16;

/// The line ends of a chunk, in order, each by the position of its first byte.
///
/// It compares 64 bytes at once and then walks the bits of what it found, which for short lines costs a
/// third of a search per line. The caller hands in the same chunk each time.
#[derive(Debug)]
pub(crate) struct LineEnds {
    /// Where the block of 64 bytes starts that `mask` belongs to.
    block: usize,
    /// The line ends of the block that are still to come.
    mask: u64,
    /// Whether the block ended in a CR.
    after_cr: bool,
    /// How many blocks in a row had none.
    empty: u8,
}

impl LineEnds {
    #[inline]
    pub(crate) fn starting_at(position: usize) -> Self {
        Self { block: position.wrapping_sub(BLOCK), mask: 0, after_cr: false, empty: 0 }
    }

    /// The same in the middle of a line of which `behind` bytes have gone before.
    #[inline]
    pub(crate) fn in_line(position: usize, behind: u64) -> Self {
        let empty = if behind < (BLOCK as u64) * u64::from(LONG_LINE) { 0 } else { LONG_LINE };
        Self { empty, ..Self::starting_at(position) }
    }

    #[inline]
    pub(crate) fn next(&mut self, chunk: &[u8]) -> Option<usize> {
        while self.mask == 0 {
            self.advance(chunk)?;
        }
        let end = self.block.wrapping_add(self.mask.trailing_zeros() as usize);
        self.mask &= self.mask - 1;
        Some(end)
    }

    #[inline]
    fn advance(&mut self, chunk: &[u8]) -> Option<()> {
        self.block = self.block.wrapping_add(BLOCK);
        if self.empty == LONG_LINE {
            self.empty = 0;
            self.block += memchr2(b'\r', b'\n', chunk.get(self.block..)?)?;
        }
        let rest = chunk.get(self.block..).filter(|rest| !rest.is_empty())?;
        let (cr, lf) = match rest.first_chunk() {
            Some(block) => find(block),
            None => find_short(rest),
        };
        let second = lf & (cr << 1 | u64::from(self.after_cr));
        self.after_cr = cr >> (BLOCK - 1) == 1;
        self.mask = (cr | lf) & !second;
        self.empty = if self.mask == 0 { self.empty + 1 } else { 0 };
        Some(())
    }
}

/// Where CR and where LF stand in a block, as bits.
#[inline]
fn find(block: &[u8; BLOCK]) -> (u64, u64) {
    let (lanes, _) = block.as_chunks();
    let lanes: [u8x16; BLOCK / LANE] = array::from_fn(|i| u8x16::new(lanes[i]));
    let bits = |lanes: &[u8x16; BLOCK / LANE]| {
        lanes.iter().rev().fold(0, |bits, lane| bits << LANE | u64::from(lane.move_mask().cast_unsigned()))
    };
    let lf = bits(&lanes.map(|lane| lane.cmp_eq(u8x16::splat(b'\n'))));
    let cr = lanes.map(|lane| lane.cmp_eq(u8x16::splat(b'\r')));
    // Most streams have no CR at all, which one look tells.
    let any = cr.iter().fold(u8x16::ZERO, |any, &lane| any | lane);
    (if any.move_mask() == 0 { 0 } else { bits(&cr) }, lf)
}

/// Where CR and where LF stand in less than a block.
#[inline]
fn find_short(bytes: &[u8]) -> (u64, u64) {
    let (lanes, rest) = bytes.as_chunks();
    let (mut cr, mut lf) = (0, 0);
    for (i, &lane) in lanes.iter().enumerate() {
        let found = find_in_lane(lane);
        cr |= found.0 << (LANE * i);
        lf |= found.1 << (LANE * i);
    }
    if !rest.is_empty() {
        let found = find_in_lane(pad(rest));
        cr |= found.0 << (bytes.len() - rest.len());
        lf |= found.1 << (bytes.len() - rest.len());
    }
    (cr, lf)
}

#[inline]
fn find_in_lane(lane: [u8; LANE]) -> (u64, u64) {
    let lane = u8x16::new(lane);
    let bits = |byte| u64::from(lane.cmp_eq(u8x16::splat(byte)).move_mask().cast_unsigned());
    (bits(b'\r'), bits(b'\n'))
}

/// Where the first line end is, as `memchr2` finds it, without the cost of calling it for short texts.
#[inline]
pub(crate) fn first_line_end(bytes: &[u8]) -> Option<usize> {
    if is_short_and_within_line(bytes) { None } else { memchr2(b'\r', b'\n', bytes) }
}

/// Whether these are few bytes, and no line end among them.
#[inline]
pub(crate) fn is_short_and_within_line(bytes: &[u8]) -> bool {
    let (lanes, _) = bytes.as_chunks();
    if lanes.len() > SHORT {
        return false;
    }
    // The last lane overlaps the one before, so that there is no rest.
    let last = match bytes.last_chunk() {
        Some(&last) => last,
        None => pad(bytes),
    };
    let ends = |lane| {
        let lane = u8x16::new(lane);
        lane.cmp_eq(u8x16::splat(b'\r')) | lane.cmp_eq(u8x16::splat(b'\n'))
    };
    lanes.iter().fold(ends(last), |any, &lane| any | ends(lane)).move_mask() == 0
}

/// Fills up less than a lane with zeros, by two loads that overlap rather than by a copy of unknown length.
#[inline]
fn pad(bytes: &[u8]) -> [u8; LANE] {
    let shift = |bits: usize| 8 * (bits - bytes.len()) as u32;
    let lane = if let (Some(&first), Some(&last)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        let last = u64::from_le_bytes(last).checked_shr(shift(16)).unwrap_or(0);
        u128::from(u64::from_le_bytes(first)) | u128::from(last) << 64
    } else if let (Some(&first), Some(&last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let last = u32::from_le_bytes(last).checked_shr(shift(8)).unwrap_or(0);
        u128::from(u32::from_le_bytes(first)) | u128::from(last) << 32
    } else {
        bytes.iter().rev().fold(0, |lane, &byte| lane << 8 | u128::from(byte))
    };
    lane.to_le_bytes()
}

/// Where the line begins that follows the line end at `end`.
#[inline]
pub(crate) fn after(chunk: &[u8], end: usize) -> usize {
    match chunk[end..] {
        [b'\r', b'\n', ..] => end + 2,
        _ => end + 1,
    }
}

/// U+FEFF, which may precede a stream once.
pub(crate) const BOM: [u8; 3] = [0xEF, 0xBB, 0xBF];
/// How many bytes are compared at once.
const BLOCK: usize = 64;
/// How many of them one vector holds.
const LANE: usize = 16;
/// Up to how many vectors looking at each is faster than a call.
const SHORT: usize = 10;
/// After how many blocks without a line end a search for the next one is the faster way.
const LONG_LINE: u8 = 4;

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    fn slow(chunk: &[u8], start: usize) -> Vec<usize> {
        let ends = (start..chunk.len()).filter(|&i| match chunk[i] {
            b'\r' => true,
            b'\n' => i == start || chunk[i - 1] != b'\r',
            _ => false,
        });
        ends.collect()
    }

    fn fast(chunk: &[u8], start: usize) -> Vec<usize> {
        let mut ends = LineEnds::starting_at(start);
        core::iter::from_fn(|| ends.next(chunk)).collect()
    }

    #[test]
    fn short_lanes_are_padded_with_zeros() {
        let bytes: [u8; LANE] = core::array::from_fn(|i| i as u8 + 1);
        for len in 0..LANE {
            let mut padded = [0; LANE];
            padded[..len].copy_from_slice(&bytes[..len]);
            assert_eq!(pad(&bytes[..len]), padded, "{len}");
        }
    }

    #[test]
    fn a_line_end_in_a_short_text_is_seen_wherever_it_is() {
        for len in 0..300 {
            let mut text = alloc::vec![b'x'; len];
            assert_eq!(first_line_end(&text), None);
            for i in 0..len {
                text[i] = if i % 2 == 0 { b'\r' } else { b'\n' };
                assert_eq!(first_line_end(&text), Some(i));
                assert!(!is_short_and_within_line(&text));
                text[i] = b'\x0B';
            }
        }
    }

    #[test]
    fn blocks_find_what_a_loop_finds() {
        // Every pattern of line ends over the seam of two blocks, and every gap up to where it searches.
        for seed in 0..4_usize.pow(6) {
            let mut chunk = alloc::vec![b'x'; 140];
            for i in 0..6 {
                chunk[61 + i] = b"\r\nx\0"[seed >> (2 * i) & 3];
            }
            for start in [0, 1, 63, 64] {
                assert_eq!(fast(&chunk, start), slow(&chunk, start), "{seed} from {start}");
            }
        }
        for gap in 0..700 {
            let mut chunk = alloc::vec![b'x'; gap];
            chunk.extend_from_slice(b"\r\n\n\ry\n");
            assert_eq!(fast(&chunk, 0), slow(&chunk, 0), "after {gap}");
            assert!(fast(&chunk[..gap], 0).is_empty(), "after {gap}");
        }
    }
}
