//! From bytes to text: each byte is validated once, in windows that stay in the first-level cache.

use alloc::string::String;
use core::ops::Range;

/// A chunk of a stream, and a window of it that is known to be UTF-8.
#[derive(Debug)]
pub(super) struct Text<'i> {
    chunk: &'i [u8],
    window: &'i str,
    /// Where the window starts in the chunk.
    start: usize,
    /// Where the window ends, or where one ended that turned out not to be UTF-8.
    end: usize,
}

impl<'i> Text<'i> {
    pub(super) fn new(chunk: &'i [u8]) -> Self {
        Self { chunk, window: "", start: 0, end: 0 }
    }

    /// The text of a value, or `None` if it is not UTF-8; ranges come in order.
    #[inline]
    pub(super) fn get(&mut self, range: Range<usize>) -> Option<&'i str> {
        if range.end > self.end {
            self.advance(&range);
        }
        match self.window.get(range.start.wrapping_sub(self.start)..range.end.wrapping_sub(self.start)) {
            Some(text) => Some(text),
            None => simdutf8::basic::from_utf8(&self.chunk[range]).ok(),
        }
    }

    /// Moves the window on so that it holds the range, and more where that is cheaper than one by one.
    fn advance(&mut self, range: &Range<usize>) {
        let end = self.chunk.len().min(range.end.max(range.start + WINDOW));
        let bytes = &self.chunk[range.start..end];
        let bytes = &bytes[..bytes.len() - cut_character(bytes)];
        self.start = range.start;
        self.end = end;
        self.window = simdutf8::basic::from_utf8(bytes).unwrap_or_default();
    }
}

/// Appends bytes as text, with U+FFFD for each maximal subpart of an ill-formed sequence.
pub(super) fn push_lossy(text: &mut String, bytes: &[u8]) {
    if let Ok(valid) = simdutf8::basic::from_utf8(bytes) {
        text.push_str(valid);
        return;
    }
    for part in bytes.utf8_chunks() {
        text.push_str(part.valid());
        if !part.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
}

/// How many bytes at the end begin a character that goes on behind it; at most 3.
pub(super) fn cut_character(bytes: &[u8]) -> usize {
    let tail = &bytes[bytes.len().saturating_sub(3)..];
    for (missing, &byte) in (1..).zip(tail.iter().rev()) {
        match byte {
            0x80..=0xBF => {}
            0xC0..=0xDF if missing < 2 => return missing,
            0xE0..=0xEF if missing < 3 => return missing,
            0xF0..=0xFF if missing < 4 => return missing,
            _ => return 0,
        }
    }
    0
}

/// Large enough for the vector kernel, small enough for the cache.
const WINDOW: usize = 8 << 10;
