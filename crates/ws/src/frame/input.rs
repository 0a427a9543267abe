use core::mem;

use super::{FrameHeader, header::MAX};
use crate::{OpCode, Role, Rule, scan::Key};

/// What is left of what was fed.
#[derive(Debug)]
pub(crate) struct Input<'i> {
    rest: &'i mut [u8],
}

/// Reads headers, the beginning of which may have come before.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct HeaderReader {
    bytes: [u8; MAX],
    len: u8,
}

impl<'i> Input<'i> {
    #[inline]
    pub(crate) const fn new(rest: &'i mut [u8]) -> Self {
        Self { rest }
    }

    #[inline]
    pub(crate) const fn len(&self) -> usize {
        self.rest.len()
    }

    #[inline]
    pub(crate) fn take(&mut self, len: usize) -> &'i mut [u8] {
        let (taken, rest) = mem::take(&mut self.rest).split_at_mut(len);
        self.rest = rest;
        taken
    }

    /// Takes a message of at most so many bytes that is in one frame, which is all there; and tells how long its
    /// header is. If there is none, nothing is taken.
    #[inline]
    pub(crate) fn take_plain(
        &mut self,
        role: Role,
        max: usize,
    ) -> Option<(OpCode, Key, usize, &'i mut [u8])> {
        let (opcode, key, head, len) = FrameHeader::decode_plain(self.rest, role)?;
        if len > max || self.rest.len() - head < len {
            return None;
        }
        let payload = &mut self.take(head + len)[head..];
        Some((opcode, key, head, payload))
    }

    /// Takes as much as there is of so many bytes.
    #[inline]
    pub(crate) fn take_up_to(&mut self, len: u64) -> &'i mut [u8] {
        let len = usize::try_from(len).map_or(self.len(), |len| len.min(self.len()));
        self.take(len)
    }
}

impl HeaderReader {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; MAX], len: 0 }
    }

    /// Takes the next header; `None` if it is not all there.
    ///
    /// # Errors
    ///
    /// As [`FrameHeader::decode`]. Nothing is taken then.
    #[inline]
    pub(crate) fn read(&mut self, input: &mut Input<'_>) -> Result<Option<FrameHeader>, Rule> {
        if self.len == 0
            && let Some((header, len)) = FrameHeader::decode(input.rest)?
        {
            input.take(len);
            return Ok(Some(header));
        }
        self.collect(input)
    }

    /// The beginning has come before, or only the beginning has come.
    #[cold]
    fn collect(&mut self, input: &mut Input<'_>) -> Result<Option<FrameHeader>, Rule> {
        let before = usize::from(self.len);
        let more = input.len().min(MAX - before);
        self.bytes[before..before + more].copy_from_slice(&input.rest[..more]);
        let decoded = FrameHeader::decode(&self.bytes[..before + more])?;
        Ok(match decoded {
            None => {
                input.take(more);
                self.len += more as u8;
                None
            }
            Some((header, len)) => {
                input.take(len - before);
                self.len = 0;
                Some(header)
            }
        })
    }

    /// How many bytes of a header are there that is not complete.
    pub(crate) fn collected(&self) -> u64 {
        self.len.into()
    }

    /// Whether no header is half there.
    pub(crate) const fn is_between(&self) -> bool {
        self.len == 0
    }
}
