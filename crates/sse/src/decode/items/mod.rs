mod lines;

use alloc::vec::Vec;
use core::{fmt, mem, time::Duration};

use super::{
    DecodeError, Decoder, Discarded, EventRef, Item, Stream,
    block::{Block, Data, RETAINED},
    item::MESSAGE,
    text::{Text, push_lossy},
};
use crate::scan::{self, BOM, LineEnds};

/// The items of one chunk, made by [`Decoder::feed`].
///
/// An item borrows from the chunk or from the decoder, so it has to be dropped before the next one is taken;
/// [`Item::into_owned`] keeps it.
#[must_use = "a chunk is decoded only as its items are taken"]
pub struct Items<'d, 'i> {
    decoder: &'d mut Decoder,
    chunk: &'i [u8],
    /// Where the first line begins that has not been taken.
    position: usize,
    ends: LineEnds,
    text: Text<'i>,
    /// The block's data, while it is one line that lies in the chunk.
    data: Option<&'i str>,
    /// The block's type, while it lies in the chunk.
    event_type: Option<&'i str>,
    /// The length in bytes up to which a line of data is within all limits, if it is the only one.
    unlimited: usize,
    /// Whether comments are handed out.
    comments: bool,
    finished: bool,
}

/// What a line has brought forth, before it is lent out.
#[derive(Clone, Copy)]
enum Found<'i> {
    Event { data: Option<&'i str>, stored: Data, event_type: Option<&'i str>, has_type: bool },
    Cursor,
    Retry(Duration),
    Comment,
    Discarded(Discarded),
}

impl<'d, 'i> Items<'d, 'i> {
    #[inline]
    pub(super) fn new(decoder: &'d mut Decoder, chunk: &'i [u8]) -> Self {
        let mut position = 0;
        let stream = &mut decoder.stream;
        if stream.line_len > 0 && stream.absorb(chunk, decoder.limits.line, decoder.comments) {
            return Self::at(decoder, chunk, chunk.len(), true);
        }
        if stream.bom < BOM.len() {
            position = stream.take_bom(chunk);
        }
        if stream.after_cr && !chunk.is_empty() {
            stream.after_cr = false;
            position = usize::from(chunk[0] == b'\n');
        }
        if stream.failed.is_some() {
            position = chunk.len();
        }
        Self::at(decoder, chunk, position, false)
    }

    #[inline]
    fn at(decoder: &'d mut Decoder, chunk: &'i [u8], position: usize, finished: bool) -> Self {
        let (unlimited, comments) = (decoder.limits.single_line(), decoder.comments);
        Self {
            ends: LineEnds::in_line(position, decoder.stream.line_len),
            decoder,
            chunk,
            position,
            text: Text::new(chunk),
            data: None,
            event_type: None,
            unlimited,
            comments,
            finished,
        }
    }

    /// Takes the next item off the chunk; `None` when the chunk is used up.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] when the stream crosses a limit or, if that is asked for, is not UTF-8. Everything
    /// before it has been handed out; from then on the decoder gives the same error for each chunk.
    #[inline]
    pub fn next_item(&mut self) -> Option<Result<Item<'_>, DecodeError>> {
        if self.finished {
            return None;
        }
        while let Some(end) = self.ends.next(self.chunk) {
            let line = self.position..end;
            self.position = scan::after(self.chunk, end);
            let Stream { line_len: 0, block: Block { open, .. }, .. } = self.decoder.stream else {
                match self.carried_line(line) {
                    Ok(Some(found)) => return Some(Ok(self.lend(found))),
                    Ok(None) => continue,
                    Err(error) => return Some(Err(self.fail(error))),
                }
            };
            let bytes = &self.chunk[line.clone()];
            // The usual lines: a blank one, an event that is one line of data, more data, a heartbeat.
            let found = match bytes.first() {
                None if open => self.blank_line(end),
                None => None,
                Some(b'd') if !open && let Some(data) = self.whole_event(line.clone()) => {
                    let last_event_id = &self.decoder.last_event_id;
                    return Some(Ok(Item::Event(EventRef { event_type: "", data, last_event_id })));
                }
                Some(b'd') if open && self.further_data(line.clone()) => continue,
                Some(b':') if !self.comments => None,
                Some(b':') => match self.whole_comment(line) {
                    Some(text) => return Some(Ok(Item::Comment(text))),
                    None => Some(Found::Comment),
                },
                Some(_) => match self.whole_line(line) {
                    Ok(found) => found,
                    Err(error) => return Some(Err(self.fail(error))),
                },
            };
            if let Some(found) = found {
                return Some(Ok(self.lend(found)));
            }
        }
        self.end_of_chunk().err().map(|error| Err(self.fail(error)))
    }

    /// The bytes of the chunk that have not been decoded yet, for whoever stops early.
    ///
    /// Decoding looks up to 8 KiB ahead, and does so again after each stop: take all items of a chunk where the
    /// cost of each matters.
    ///
    /// # Examples
    ///
    /// ```
    /// use longwave_sse::Decoder;
    ///
    /// let mut decoder = Decoder::new();
    /// let mut items = decoder.feed(b"data: 1\n\ndata: 2\n\n");
    /// assert!(items.next_item().is_some());
    /// let remainder = items.remainder();
    /// drop(items);
    /// assert_eq!(remainder, b"data: 2\n\n");
    /// assert!(decoder.feed(remainder).next_item().is_some());
    /// ```
    #[must_use]
    pub fn remainder(&self) -> &'i [u8] {
        &self.chunk[self.position..]
    }

    /// The last event ID as of the items had so far; see [`Decoder::last_event_id`].
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        &self.decoder.last_event_id
    }

    /// Keeps what is left of the chunk for the next one.
    fn end_of_chunk(&mut self) -> Result<(), DecodeError> {
        self.finished = true;
        if let Some(error) = self.decoder.stream.failed {
            return Err(error);
        }
        self.carry(self.position..self.chunk.len())?;
        self.position = self.chunk.len();
        self.save();
        Ok(())
    }

    #[cold]
    fn fail(&mut self, error: DecodeError) -> DecodeError {
        self.finished = true;
        self.decoder.stream.failed = Some(error);
        error
    }

    #[inline]
    fn lend(&mut self, found: Found<'i>) -> Item<'_> {
        let block = &mut self.decoder.stream.block;
        let last_event_id = &self.decoder.last_event_id;
        match found {
            Found::Event { data, stored, event_type, has_type } => Item::Event(EventRef {
                event_type: match event_type.unwrap_or(if has_type { &block.event_type } else { "" }) {
                    MESSAGE => "",
                    event_type => event_type,
                },
                data: match (data, stored) {
                    (Some(data), _) => data,
                    (None, Data::Held(value)) => {
                        let held = &block.held[value..];
                        simdutf8::basic::from_utf8(held).unwrap_or_else(|_| {
                            block.text.clear();
                            push_lossy(&mut block.text, held);
                            &block.text
                        })
                    }
                    (None, _) => &block.text,
                },
                last_event_id,
            }),
            Found::Cursor => Item::Cursor(last_event_id),
            Found::Retry(delay) => Item::Retry(delay),
            Found::Comment => Item::Comment(&block.comment),
            Found::Discarded(discarded) => Item::Discarded(discarded),
        }
    }

    /// Ends the block, as the standard's "dispatch the event".
    #[inline]
    fn blank_line(&mut self, at: usize) -> Option<Found<'i>> {
        let Decoder { stream, last_event_id, .. } = &mut *self.decoder;
        let block = &mut stream.block;
        let (data, event_type) = (self.data.take(), self.event_type.take());
        let found = if let Some(limit) = block.skipping.take() {
            let bytes = stream.offset + at as u64 - block.start;
            Some(Found::Discarded(Discarded { limit, bytes }))
        } else {
            if block.has_id {
                mem::swap(last_event_id, &mut block.id);
            }
            if block.data_lines > 0 {
                Some(Found::Event { data, stored: block.data, event_type, has_type: block.has_type })
            } else {
                block.has_id.then_some(Found::Cursor)
            }
        };
        block.reset();
        block.open = false;
        found
    }

    /// Moves what is borrowed from the chunk into the decoder, which stands at `position` from now on.
    fn save(&mut self) {
        let stream = &mut self.decoder.stream;
        if let Some(data) = self.data.take() {
            stream.block.push_data(data.as_bytes(), Some(data));
        }
        if let Some(event_type) = self.event_type.take() {
            stream.block.set_event_type(event_type.as_bytes());
        }
        stream.offset += self.position as u64;
        if let Some(&last) = self.chunk.last() {
            stream.after_cr = self.position == self.chunk.len() && last == b'\r';
        }
        stream.block.trim();
        if stream.line.is_empty() && stream.line.capacity() > RETAINED {
            stream.line = Vec::new();
        }
    }
}

impl fmt::Debug for Items<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").field("remainder", &self.remainder().len()).finish_non_exhaustive()
    }
}

impl Drop for Items<'_, '_> {
    fn drop(&mut self) {
        if !self.finished {
            self.save();
        }
    }
}
