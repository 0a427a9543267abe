//! Finding line ends: CR, LF, and CRLF as one.

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
        let (cr, lf) = if let Some(block) = rest.first_chunk() {
            find(block)
        } else {
            let mut block = [0; BLOCK];
            block[..rest.len()].copy_from_slice(rest);
            find(&block)
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
    let (lanes, _) = block.as_chunks::<16>();
    let (mut cr, mut lf) = (0, 0);
    for (i, &lane) in lanes.iter().enumerate() {
        let lane = u8x16::new(lane);
        let bits = |byte| u64::from(lane.cmp_eq(u8x16::splat(byte)).move_mask().cast_unsigned()) << (16 * i);
        cr |= bits(b'\r');
        lf |= bits(b'\n');
    }
    (cr, lf)
}

/// The lines of a text; CRLF, CR and LF each end one, and what follows the last of them is a line too.
#[inline]
pub(crate) fn lines(text: &str) -> Lines<'_> {
    Lines { text: text.as_bytes(), start: Some(0), ends: None }
}

pub(crate) struct Lines<'a> {
    text: &'a [u8],
    start: Option<usize>,
    /// Made at the first line end: most texts have none, and one search is the fastest way to know.
    ends: Option<LineEnds>,
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let start = self.start?;
        let end = match &mut self.ends {
            Some(ends) => ends.next(self.text),
            None => memchr2(b'\r', b'\n', self.text).and_then(|first| {
                let mut ends = LineEnds::starting_at(first);
                let first = ends.next(self.text);
                self.ends = Some(ends);
                first
            }),
        };
        self.start = end.map(|end| after(self.text, end));
        Some(&self.text[start..end.unwrap_or(self.text.len())])
    }
}

/// Where the line begins that follows the line end at `end`.
#[inline]
pub(crate) fn after(chunk: &[u8], end: usize) -> usize {
    match chunk[end..] {
        [b'\r', b'\n', ..] => end + 2,
        _ => end + 1,
    }
}

/// How many bytes are compared at once.
const BLOCK: usize = 64;
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
    fn blocks_find_what_a_loop_finds() {
        // Every pattern of line ends over the seam of two blocks, and every gap up to where it searches.
        for seed in 0..4_u32.pow(6) {
            let mut chunk = alloc::vec![b'x'; 140];
            for i in 0..6 {
                chunk[61 + i as usize] = b"\r\nx\0"[(seed >> (2 * i) & 3) as usize];
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
