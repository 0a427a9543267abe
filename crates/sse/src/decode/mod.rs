//! Reading an event stream: bytes into lines ([`Items`]), lines into blocks ([`block`]), blocks into items.

mod block;
mod error;
mod field;
mod item;
mod items;
#[cfg(any(feature = "body", feature = "tokio-util"))]
mod owned;
mod text;

use alloc::{string::String, vec::Vec};
use core::fmt;

use self::block::Block;
#[cfg(any(feature = "body", feature = "tokio-util"))]
pub(crate) use self::owned::OwnedItems;
pub use self::{
    error::{DecodeError, Discarded, Limit, Limits, Overflow, Utf8Policy},
    item::{EventRef, Item, OwnedEvent, OwnedItem},
    items::Items,
};
use crate::{
    EventId,
    scan::{self, BOM},
};

/// Decodes an event stream, chunk by chunk, to the letter of the standard.
///
/// How the stream is cut into chunks never changes what comes out, and the time spent is linear in the
/// bytes fed. An event is complete at the first byte of the line end of its blank line. What
/// has not ended in a blank line when the stream ends is not an event, so there is nothing to flush.
///
/// The last event ID outlives a connection: keep the decoder and [`restart`](Self::restart) it, or
/// [`seed`](Self::seed) a new one.
///
/// # Examples
///
/// ```
/// use longwave_sse::{Decoder, Item};
///
/// let mut decoder = Decoder::new().with_comments();
/// let mut seen = Vec::new();
/// for chunk in ["id: 1\ndata: fir", "st\n\n: ping\n", "\ndata: second\n\n"] {
///     let mut items = decoder.feed(chunk.as_bytes());
///     while let Some(item) = items.next_item() {
///         match item? {
///             Item::Event(event) => seen.push(event.data().to_owned()),
///             Item::Comment(text) => assert_eq!(text, "ping"),
///             _ => {}
///         }
///     }
/// }
/// assert_eq!(seen, ["first", "second"]);
/// assert_eq!(decoder.last_event_id(), "1");
/// # Ok::<_, longwave_sse::DecodeError>(())
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct Decoder {
    limits: Limits,
    overflow: Overflow,
    utf8: Utf8Policy,
    comments: bool,
    last_event_id: String,
    stream: Stream,
}

/// Where the decoder stands in the stream of one connection.
#[derive(Clone, Default)]
struct Stream {
    /// How many bytes have been taken.
    offset: u64,
    /// How much of a byte order mark has been seen, or all of it once that is settled.
    bom: usize,
    /// The last byte was a CR: an LF that follows belongs to it.
    after_cr: bool,
    /// What has come of an unfinished line: all of a field, the part of a comment that is kept, nothing in a
    /// block that is being skipped.
    line: Vec<u8>,
    /// How long the unfinished line is so far, whatever of it is held.
    line_len: u64,
    block: Block,
    failed: Option<DecodeError>,
}

impl Decoder {
    /// Makes a decoder with the default [`Limits`], which fails on overflow, replaces what is not UTF-8, and
    /// ignores comments.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the limits.
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Sets what happens to a block that crosses a limit.
    pub fn overflow(self, overflow: Overflow) -> Self {
        Self { overflow, ..self }
    }

    /// Sets what happens to bytes that are not UTF-8.
    pub fn utf8(self, utf8: Utf8Policy) -> Self {
        Self { utf8, ..self }
    }

    /// Hands out comments too, as [`Item::Comment`]: they are how a peer shows that it is still there.
    ///
    /// Without it a comment is ignored, as the standard asks, and costs next to nothing.
    pub fn with_comments(self) -> Self {
        Self { comments: true, ..self }
    }

    /// Sets the last event ID, to the one that the previous connection ended with.
    ///
    /// # Examples
    ///
    /// ```
    /// use longwave_sse::{Decoder, EventId, Item};
    ///
    /// let mut decoder = Decoder::new().seed(EventId::new("41")?);
    /// let mut items = decoder.feed(b"data: without an id of its own\n\n");
    /// let Some(Ok(Item::Event(event))) = items.next_item() else { unreachable!() };
    /// assert_eq!(event.last_event_id(), "41");
    /// # Ok::<_, longwave_sse::FieldError>(())
    /// ```
    pub fn seed(self, last_event_id: EventId) -> Self {
        Self { last_event_id: last_event_id.into(), ..self }
    }

    /// Takes the next bytes of the stream; the items in it are then had one by one.
    ///
    /// - `chunk`: bytes from the peer, in order, of any length.
    /// - Dropping the [`Items`] early leaves the decoder just behind the last item that was had; go on with
    ///   [`Items::remainder`].
    ///
    /// Source: [WHATWG HTML, 9.2.5 and 9.2.6](https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream).
    #[inline]
    pub fn feed<'d, 'i>(&'d mut self, chunk: &'i [u8]) -> Items<'d, 'i> {
        Items::new(self, chunk)
    }

    /// The last event ID: that of the newest block that has ended and had one. Send it as `Last-Event-ID`
    /// when reconnecting, if it is not empty.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    #[cfg(any(feature = "body", feature = "tokio-util"))]
    fn resume_from(&mut self, last_event_id: String) {
        self.last_event_id = last_event_id;
    }

    /// Begins a new connection: forgets everything but the settings and the last event ID.
    pub fn restart(&mut self) {
        self.stream = Stream::default();
    }
}

/// Without what has been received, which does not belong into logs.
impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("limits", &self.limits)
            .field("overflow", &self.overflow)
            .field("utf8", &self.utf8)
            .field("comments", &self.comments)
            .field("offset", &self.stream.offset)
            .field("failed", &self.stream.failed)
            .finish_non_exhaustive()
    }
}

impl Stream {
    /// Takes a small chunk in the middle of a line in the shortest way, if nothing else is in it.
    #[inline]
    fn absorb(&mut self, chunk: &[u8], max_line: usize, comments: bool) -> bool {
        if self.failed.is_some() || !scan::is_short_and_within_line(chunk) {
            return false;
        }
        let held = self.line.len();
        if self.line.first() == Some(&b':') {
            if comments {
                return false;
            }
        } else if held as u64 == self.line_len && held + chunk.len() <= max_line {
            self.line.extend_from_slice(chunk);
        } else {
            return false;
        }
        self.line_len += chunk.len() as u64;
        self.offset += chunk.len() as u64;
        true
    }

    /// Takes the byte order mark that may begin the stream off the chunk, and tells how long it was in there.
    fn take_bom(&mut self, chunk: &[u8]) -> usize {
        for (taken, &byte) in chunk.iter().enumerate() {
            if byte != BOM[self.bom] {
                // What looked like one belongs to the first line.
                if self.bom > 0 {
                    self.line.extend_from_slice(&BOM[..self.bom]);
                    self.line_len = self.bom as u64;
                    self.block.open_at(0);
                }
                self.bom = BOM.len();
                return taken;
            }
            self.bom += 1;
            if self.bom == BOM.len() {
                return taken + 1;
            }
        }
        chunk.len()
    }
}
