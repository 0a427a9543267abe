use alloc::vec::Vec;

/// The last bytes of a stream, as many as its LZ77 window reaches back.
///
/// It is what turns any compressor or decompressor into the one of this connection again, so that those can
/// be given away between two messages, and so that a final block in the middle of a connection costs nothing.
#[derive(Clone, Debug)]
pub(super) struct History {
    /// Grows up to `max`, a ring from then on.
    bytes: Vec<u8>,
    /// Where the oldest byte is, once the ring is full.
    oldest: usize,
    max: usize,
}

impl History {
    pub(super) const fn new(window_bits: u8) -> Self {
        Self { bytes: Vec::new(), oldest: 0, max: 1 << window_bits }
    }

    pub(super) fn push(&mut self, data: &[u8]) {
        let data = &data[data.len().saturating_sub(self.max)..];
        if data.len() == self.max {
            self.bytes.clear();
            self.oldest = 0;
        }
        let (appended, mut rest) = data.split_at(data.len().min(self.max - self.bytes.len()));
        let len = self.bytes.len() + appended.len();
        if len > self.bytes.capacity() {
            // By doubling, but never beyond the window.
            self.bytes.reserve_exact(len.next_power_of_two().min(self.max) - self.bytes.len());
        }
        self.bytes.extend_from_slice(appended);
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(self.max - self.oldest));
            self.bytes[self.oldest..][..now.len()].copy_from_slice(now);
            self.oldest = (self.oldest + now.len()) % self.max;
            rest = later;
        }
    }

    /// The bytes in order, in two parts.
    pub(super) fn parts(&self) -> [&[u8]; 2] {
        let (newer, older) = self.bytes.split_at(self.oldest);
        [older, newer]
    }

    /// Whether a decompressor with the largest window there is may remember more.
    pub(super) const fn is_outrun(&self) -> bool {
        self.max < 1 << 15 && self.bytes.len() == self.max
    }

    /// Forgets everything, and gives the memory back.
    pub(super) fn clear(&mut self) {
        self.bytes = Vec::new();
        self.oldest = 0;
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_end_of_what_was_pushed(
            pieces in vec(prop_oneof![vec(any::<u8>(), 0..20), vec(any::<u8>(), 0..700)], 0..20),
        ) {
            let mut history = History::new(8);
            let mut all = Vec::new();
            for piece in &pieces {
                history.push(piece);
                all.extend_from_slice(piece);
                prop_assert_eq!(&history.parts().concat()[..], &all[all.len().saturating_sub(256)..]);
                prop_assert!(history.bytes.capacity() <= 256);
            }
        }
    }
}
