use alloc::vec::Vec;
use core::{fmt, mem};

use zlib_rs::DeflateFlush;

use super::{Agreed, Pool, PreparedKind, TAIL, compressor::Compressor};

/// Compresses the messages of one connection ([RFC 7692 §7.2.1]).
///
/// Costs nothing before the first message, and from then on what the [table](super#memory) says. Between two
/// messages [`park`](Self::park) leaves only the window of it.
///
/// [RFC 7692 §7.2.1]: https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1
///
/// # Examples
///
/// ```
/// use longwave_ws::deflate::{Deflater, Flush, Settings};
///
/// let (agreed, _) = Settings::new().negotiate([("permessage-deflate", [])]).expect("the offer is acceptable");
/// let mut deflater = Deflater::new(&agreed);
///
/// let mut payload = Vec::new();
/// deflater.compress(b"Hello", &mut payload, Flush::Message);
/// assert_eq!(payload, [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
///
/// // The same once more refers to the first.
/// payload.clear();
/// deflater.compress(b"Hello", &mut payload, Flush::Message);
/// assert_eq!(payload, [0xf2, 0x00, 0x11, 0x00, 0x00]);
/// ```
pub struct Deflater {
    takeover: bool,
    stage: Stage,
    compressor: Compressor,
}

/// How much of what it was given a [`Deflater`] puts out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Flush {
    /// What it likes: best for the ratio, and right for all but the last piece of a message.
    None,
    /// Everything, so that the peer can read it as a fragment while the message goes on.
    Fragment,
    /// Everything, and the message ends.
    Message,
}

/// Where it stands in a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    /// Before its first byte.
    Start,
    /// The context has bytes that it was not asked for yet.
    Unflushed,
    /// All bytes so far are out.
    Flushed,
}

impl Deflater {
    /// Makes the compressor of a connection, for what this side has agreed to send.
    #[must_use]
    pub fn new(agreed: &Agreed) -> Self {
        Self::with(agreed.prepared_kind(), agreed.own.takeover)
    }

    /// Takes contexts from this pool, and gives them back there.
    #[must_use]
    pub fn pool(mut self, pool: Pool) -> Self {
        self.compressor.pool = Some(pool);
        self
    }

    /// Compresses the next piece of a message.
    ///
    /// - `input`: the piece, of any length. A message without a byte becomes the one byte `00` (§7.2.3.6).
    /// - `out`: is appended to.
    /// - `flush`: [`Flush::Message`] with the last piece, or after it with nothing.
    ///
    /// What is appended, from the first piece to the last, is the payload of a message with RSV1 set on its
    /// first frame; it may be cut into frames anywhere. Messages that are sent uncompressed are not shown to it.
    pub fn compress(&mut self, input: &[u8], out: &mut Vec<u8>, flush: Flush) {
        if !input.is_empty() {
            if mem::replace(&mut self.stage, Stage::Unflushed) == Stage::Start {
                self.compressor.prime();
            }
            if self.takeover {
                self.compressor.remember(input);
            }
        }
        if self.stage == Stage::Unflushed {
            let flush = if flush == Flush::None { DeflateFlush::NoFlush } else { DeflateFlush::SyncFlush };
            self.compressor.run(input, out, flush);
        }
        if flush == Flush::Message {
            match self.stage {
                Stage::Unflushed => {
                    debug_assert!(out.ends_with(&TAIL), "a flush ends with an empty block");
                    out.truncate(out.len() - TAIL.len());
                }
                // The header of an empty block of its own.
                Stage::Start | Stage::Flushed => out.push(0x00),
            }
            self.end();
        } else if flush == Flush::Fragment && self.stage == Stage::Unflushed {
            self.stage = Stage::Flushed;
        }
    }

    /// Takes note of a message that was compressed elsewhere and sent on this connection, between two others.
    ///
    /// The peer has that message in its window, so that the next one may refer to it, and must not refer to
    /// earlier ones at the distance they had before. So the compressor is made anew from what the peer has, when
    /// the next message begins (about 5 µs). Without context takeover there is nothing to do.
    ///
    /// Not for a message that was sent uncompressed: those are not in the window.
    ///
    /// - `message`: its bytes, uncompressed.
    ///
    /// # Examples
    ///
    /// ```
    /// use longwave_ws::deflate::{Deflater, Flush, Settings, compress_once};
    ///
    /// let (agreed, _) =
    ///     Settings::new().negotiate([("permessage-deflate", [])]).expect("the offer is acceptable");
    /// let mut deflater = Deflater::new(&agreed);
    ///
    /// let to_everyone = compress_once(agreed.prepared_kind(), b"Hello");
    /// deflater.absorb(b"Hello");
    ///
    /// let mut payload = Vec::new();
    /// deflater.compress(b"Hello", &mut payload, Flush::Message);
    /// assert!(payload.len() < to_everyone.len());
    /// ```
    pub fn absorb(&mut self, message: &[u8]) {
        if self.takeover && !message.is_empty() {
            self.compressor.remember(message);
            self.compressor.outdate();
        }
    }

    /// Gives the context away until the next message: to the pool, or else to the allocator.
    ///
    /// With context takeover the window stays, and the next message costs about 5 µs more. For a connection
    /// that has gone idle. In the middle of a message nothing happens.
    ///
    /// # Examples
    ///
    /// ```
    /// use longwave_ws::deflate::{Deflater, Flush, Settings};
    ///
    /// let (agreed, _) =
    ///     Settings::new().negotiate([("permessage-deflate", [])]).expect("the offer is acceptable");
    /// let mut deflater = Deflater::new(&agreed);
    /// deflater.compress(b"Hello", &mut Vec::new(), Flush::Message);
    /// deflater.park();
    ///
    /// let mut payload = Vec::new();
    /// deflater.compress(b"Hello", &mut payload, Flush::Message);
    /// assert_eq!(payload, [0xf2, 0x00, 0x11, 0x00, 0x00]);
    /// ```
    pub fn park(&mut self) {
        if self.stage == Stage::Start {
            self.compressor.give_back();
        }
    }

    pub(super) fn without_context(kind: PreparedKind) -> Self {
        Self::with(kind, false)
    }

    pub(super) fn into_message(mut self, message: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        self.compress(message, &mut out, Flush::Message);
        out
    }

    const fn with(kind: PreparedKind, takeover: bool) -> Self {
        Self { takeover, stage: Stage::Start, compressor: Compressor::new(kind) }
    }

    fn end(&mut self) {
        self.stage = Stage::Start;
        if !self.takeover {
            self.compressor.outdate();
            if self.compressor.pool.is_some() {
                self.compressor.give_back();
            }
        }
    }
}

impl fmt::Debug for Deflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deflater")
            .field("kind", &self.compressor.kind)
            .field("takeover", &self.takeover)
            .field("stage", &self.stage)
            .field("parked", &self.compressor.is_parked())
            .finish()
    }
}
