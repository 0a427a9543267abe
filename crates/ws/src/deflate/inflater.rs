use alloc::vec::Vec;
use core::fmt;

use zlib_rs::InflateFlush;

use super::{
    Agreed, InflateError, InflateLimits, Pool, Status, TAIL,
    decompressor::{Decompressor, grow},
};

/// Decompresses the messages of one connection ([RFC 7692 §7.2.2]).
///
/// Costs nothing before the first message, and from then on what the [table](super#memory) says. Between two
/// messages [`park`](Self::park) leaves only the window of it. After an error each further call returns the same.
///
/// Of earlier messages a message can refer to the window that was agreed, not to more. Within a message a peer that
/// oversteps a window below 15 bits goes unnoticed.
///
/// [RFC 7692 §7.2.2]: https://www.rfc-editor.org/rfc/rfc7692#section-7.2.2
///
/// # Examples
///
/// ```
/// use longwave_ws::deflate::{Inflater, Settings, Status};
///
/// let (agreed, _) = Settings::new().negotiate([("permessage-deflate", [])]).expect("the offer is acceptable");
/// let mut inflater = Inflater::new(&agreed);
///
/// let mut message = Vec::new();
/// for mut fragment in [&[0xf2, 0x48, 0xcd][..], &[0xc9, 0xc9, 0x07, 0x00]] {
///     while inflater.decompress(&mut fragment, &mut message, 4096)? == Status::More {
///         // Here a caller may look at what there is so far.
///     }
/// }
/// while inflater.finish(&mut message, 4096)? == Status::More {}
/// assert_eq!(message, b"Hello");
/// # Ok::<_, longwave_ws::deflate::InflateError>(())
/// ```
pub struct Inflater {
    takeover: bool,
    limits: InflateLimits,
    decompressor: Decompressor,
    /// At the start of a message, or behind a final block: there is no block that would have to end.
    at_start: bool,
    /// There may be output that did not fit.
    pending: bool,
    compressed: usize,
    uncompressed: usize,
    final_blocks: u32,
    failed: Option<InflateError>,
}

impl Inflater {
    /// Makes the decompressor of a connection, for what the peer has agreed to send, with the default limits.
    #[must_use]
    pub fn new(agreed: &Agreed) -> Self {
        Self {
            takeover: agreed.peer.takeover,
            limits: InflateLimits::new(),
            decompressor: Decompressor::new(agreed.peer.window_bits),
            at_start: true,
            pending: false,
            compressed: 0,
            uncompressed: 0,
            final_blocks: 0,
            failed: None,
        }
    }

    /// Sets the limits of each message.
    #[must_use]
    pub fn limits(mut self, limits: InflateLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Takes contexts from this pool, and gives them back there.
    #[must_use]
    pub fn pool(mut self, pool: Pool) -> Self {
        self.decompressor.pool = Some(pool);
        self
    }

    /// Decompresses the next piece of a message.
    ///
    /// - `input`: the next bytes of the payload, cut anywhere; what was taken is cut off its front.
    /// - `out`: is appended to; also when an error is returned, with what came before it.
    /// - `max`: the most bytes that this call appends, at least 1.
    /// - Returns [`Status::More`] when `max` bytes were appended and there may be more of them. Then call again
    ///   with what is left of `input`, even if that is nothing.
    ///
    /// Memory grows with what is decompressed, and never beyond the limit and one byte.
    ///
    /// # Errors
    ///
    /// [`InflateError::Corrupt`] at the first byte that cannot be; [`InflateError::TooLarge`] at the first byte
    /// over the limit, with as many as are allowed in `out`; [`InflateError::Ratio`];
    /// [`InflateError::TooManyFinalBlocks`].
    pub fn decompress(
        &mut self,
        input: &mut &[u8],
        out: &mut Vec<u8>,
        max: usize,
    ) -> Result<Status, InflateError> {
        let end = out.len().saturating_add(max);
        self.guard(|this| {
            while this.pending || !input.is_empty() {
                if out.len() >= end {
                    return Ok(Status::More);
                }
                this.step(input, out, end - out.len())?;
            }
            Ok(Status::Done)
        })
    }

    /// Ends a message, after all of its payload was taken.
    ///
    /// - `out`, `max`: as for [`decompress`](Self::decompress), whose output comes first if any was left.
    /// - Returns [`Status::Done`] when the message is complete; the next piece begins the next message.
    ///
    /// A message without a byte of payload is taken for an empty one, and one that ends with a final block for a
    /// complete one, though its sender ought to have appended an empty block (§7.2.3.4).
    ///
    /// # Errors
    ///
    /// [`InflateError::Truncated`] if the message is not at the end of a block when `00 00 FF FF` has been
    /// appended (§7.2.2), or if that was more than the end of an empty block (§7.2.1). Otherwise as for
    /// `decompress`.
    pub fn finish(&mut self, out: &mut Vec<u8>, max: usize) -> Result<Status, InflateError> {
        if self.decompress(&mut &[][..], out, max)? == Status::More {
            return Ok(Status::More);
        }
        self.guard(|this| {
            if !this.at_start {
                this.end_block()?;
            }
            this.end();
            Ok(Status::Done)
        })
    }

    /// Gives the context away until the next message: to the pool, or else to the allocator.
    ///
    /// With context takeover the window stays, and putting it back costs the next message a copy of it. For a
    /// connection that has gone idle. In the middle of a message nothing happens.
    pub fn park(&mut self) {
        if self.compressed == 0 {
            self.decompressor.give_back();
        }
    }

    fn guard<T>(
        &mut self,
        run: impl FnOnce(&mut Self) -> Result<T, InflateError>,
    ) -> Result<T, InflateError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        run(self).inspect_err(|error| self.failed = Some(*error))
    }

    /// One call of the decompressor, for at most `max` bytes.
    fn step(&mut self, input: &mut &[u8], out: &mut Vec<u8>, max: usize) -> Result<(), InflateError> {
        // One byte over the limit, to see whether there is one.
        let left = (self.limits.message - self.uncompressed).saturating_add(1);
        let room = (input.len().saturating_mul(4).saturating_add(self.uncompressed))
            .clamp(MIN_ROOM, MAX_ROOM)
            .min(max)
            .min(left);
        let len = out.len();
        grow(out, room, left);
        let progress = self.decompressor.run(input, &mut out[len..], InflateFlush::NoFlush);
        let produced = progress.produced.min(left - 1);
        out.truncate(len + produced);
        *input = &input[progress.consumed..];
        self.compressed += progress.consumed;
        self.uncompressed += produced;
        self.at_start = false;
        self.pending = progress.produced == room;
        if progress.produced == left {
            return Err(InflateError::TooLarge { max: self.limits.message });
        }
        if !self.limits.allow_ratio(self.compressed, self.uncompressed) {
            return Err(InflateError::Ratio { max: self.limits.ratio });
        }
        match progress.ended {
            Ok(true) => self.end_stream(),
            Ok(false) if progress.consumed > 0 || progress.produced > 0 || input.is_empty() => Ok(()),
            Ok(false) | Err(_) => Err(InflateError::Corrupt),
        }
    }

    /// Behind a final block the next one begins a stream, with the window that there is (§7.2.3.4).
    fn end_stream(&mut self) -> Result<(), InflateError> {
        (self.at_start, self.pending) = (true, false);
        // Each costs a window to be put back, for as little as two bytes.
        self.final_blocks += 1;
        if self.final_blocks > MAX_FINAL_BLOCKS {
            return Err(InflateError::TooManyFinalBlocks { max: MAX_FINAL_BLOCKS });
        }
        Ok(())
    }

    /// "Append 4 octets of 0x00 0x00 0xff 0xff to the tail end of the payload of the message" (§7.2.2).
    ///
    /// They are the end of an empty block without compression, so nothing comes of them, and the decompressor,
    /// which is asked to stop between blocks, does not take the byte behind them.
    fn end_block(&mut self) -> Result<(), InflateError> {
        let mut rest: &[u8] = &[TAIL[0], TAIL[1], TAIL[2], TAIL[3], 0];
        while rest.len() > 1 {
            let progress = self.decompressor.run(rest, &mut [0], InflateFlush::Block);
            if progress.ended.is_err() || progress.consumed == 0 || progress.produced > 0 {
                return Err(InflateError::Truncated);
            }
            rest = &rest[progress.consumed..];
        }
        if rest.is_empty() { Err(InflateError::Truncated) } else { Ok(()) }
    }

    fn end(&mut self) {
        self.at_start = true;
        (self.compressed, self.uncompressed, self.final_blocks) = (0, 0, 0);
        if self.takeover {
            self.decompressor.keep_window();
            return;
        }
        self.decompressor.forget();
        if self.decompressor.pool.is_some() {
            self.decompressor.give_back();
        }
    }
}

impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflater")
            .field("takeover", &self.takeover)
            .field("limits", &self.limits)
            .field("parked", &self.decompressor.is_parked())
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

/// The room made for output at a time, in bytes.
const MIN_ROOM: usize = 256;
const MAX_ROOM: usize = 16 << 10;

/// How many streams a message may consist of.
const MAX_FINAL_BLOCKS: u32 = 1024;
