use alloc::vec::Vec;
use core::{fmt, mem, ops::Range, time::Duration};

use super::{
    DecodeError, Decoder, Discarded, EventRef, Item, Limit, Overflow, Stream, Utf8Policy,
    block::{Block, Data, RETAINED},
    field::{Field, digits},
    item::MESSAGE,
    text::{Text, cut_character, push_lossy},
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

    /// Takes a block that is nothing but one line of data, and lies in the chunk: most events are like this.
    #[inline]
    fn whole_event(&mut self, line: Range<usize>) -> Option<&'i str> {
        let value = line.start + data_value(&self.chunk[line.clone()])?;
        if !matches!(self.chunk.get(self.position), Some(b'\r' | b'\n')) || line.len() > self.unlimited {
            return None;
        }
        let data = self.text.get(value..line.end)?;
        let blank = self.ends.next(self.chunk)?;
        self.position = scan::after(self.chunk, blank);
        Some(data)
    }

    /// Takes a further line of data in the chunk, if there is nothing more to it.
    #[inline]
    fn further_data(&mut self, line: Range<usize>) -> bool {
        let Decoder { limits, stream, .. } = &mut *self.decoder;
        let block = &mut stream.block;
        let Some(value) = data_value(&self.chunk[line.clone()]) else { return false };
        let size = block.size + line.len() - value + 1;
        let admitted = block.data == Data::Text
            && line.len() <= limits.line
            && size <= limits.event
            && block.data_lines < limits.data_lines;
        if !admitted {
            return false;
        }
        let Some(text) = self.text.get(line.start + value..line.end) else { return false };
        block.size = size;
        block.data_lines += 1;
        block.text.reserve(text.len() + 1);
        block.text.push('\n');
        block.text.push_str(text);
        true
    }

    /// Takes a line that lies in the chunk.
    #[inline]
    fn whole_line(&mut self, line: Range<usize>) -> Result<Option<Found<'i>>, DecodeError> {
        let bytes = &self.chunk[line.clone()];
        let (field, value) = Field::split(bytes);
        let start = self.decoder.stream.offset + line.start as u64;
        self.decoder.stream.block.open_at(start);
        if !self.admit(field, bytes.len(), &bytes[value..], start)? {
            return Ok(None);
        }
        let value = line.start + value..line.end;
        let block = &mut self.decoder.stream.block;
        match field {
            Field::Data => {
                let text = self.text.get(value.clone());
                if text.is_some() && block.data_lines == 1 {
                    self.data = text;
                } else {
                    if let Some(first) = self.data.take() {
                        block.push_data(first.as_bytes(), Some(first));
                    }
                    block.push_data(&self.chunk[value], text);
                }
            }
            Field::EventType => {
                self.event_type = self.text.get(value.clone());
                if self.event_type.is_none() {
                    block.set_event_type(&self.chunk[value]);
                }
            }
            Field::Id => block.set_id(&self.chunk[value.clone()], self.text.get(value)),
            Field::Retry => return Ok(digits(&self.chunk[value]).map(Found::Retry)),
            Field::Comment | Field::Unknown => {}
        }
        Ok(None)
    }

    /// Takes a line that came in pieces, of which this is the last.
    fn carried_line(&mut self, last: Range<usize>) -> Result<Option<Found<'i>>, DecodeError> {
        if !self.comments && self.decoder.stream.line.first() == Some(&b':') {
            self.decoder.stream.line.clear();
            self.decoder.stream.line_len = 0;
            return Ok(None);
        }
        let start = self.decoder.stream.offset + last.start as u64 - self.decoder.stream.line_len;
        self.carry(last)?;
        let stream = &mut self.decoder.stream;
        let mut line = mem::take(&mut stream.line);
        let len = usize::try_from(mem::take(&mut stream.line_len)).unwrap_or(usize::MAX);
        let found = self.assembled_line(&mut line, len, start);
        line.clear();
        self.decoder.stream.line = line;
        found
    }

    fn assembled_line(
        &mut self,
        line: &mut Vec<u8>,
        len: usize,
        start: u64,
    ) -> Result<Option<Found<'i>>, DecodeError> {
        let (field, value) = Field::split(line);
        if field == Field::Comment {
            let comment = kept(&line[value..], self.decoder.limits.comment);
            self.decoder.stream.block.set_comment(comment);
            return Ok(Some(Found::Comment));
        }
        if !self.admit(field, len, &line[value..], start)? {
            return Ok(None);
        }
        let block = &mut self.decoder.stream.block;
        match field {
            Field::Data => block.hold_data(line, value),
            Field::EventType => block.set_event_type(&line[value..]),
            Field::Id => block.set_id(&line[value..], None),
            Field::Retry => return Ok(digits(&line[value..]).map(Found::Retry)),
            Field::Comment | Field::Unknown => {}
        }
        Ok(None)
    }

    /// Decides on a line that is not a comment: whether it counts, and whether it is too much.
    #[inline]
    fn admit(&mut self, field: Field, len: usize, value: &[u8], start: u64) -> Result<bool, DecodeError> {
        let Decoder { limits, utf8, stream, .. } = &mut *self.decoder;
        let block = &mut stream.block;
        if block.skipping.is_some() {
            return Ok(false);
        }
        if len > limits.line {
            let at = start + limits.line as u64;
            return self.overflow(Limit::Line, at).map(|()| false);
        }
        match field {
            Field::Data => {
                block.data_lines += 1;
                block.size += value.len() + 1;
                if block.data_lines > limits.data_lines {
                    return self.overflow(Limit::DataLines, start).map(|()| false);
                }
            }
            Field::EventType => block.size += value.len(),
            Field::Id => {
                if memchr::memchr(0, value).is_some() {
                    return Ok(false);
                }
                block.size += value.len();
                if value.len() > limits.id {
                    return self.overflow(Limit::Id, start).map(|()| false);
                }
            }
            Field::Retry | Field::Comment | Field::Unknown => return Ok(true),
        }
        if block.size > limits.event {
            return self.overflow(Limit::Event, start).map(|()| false);
        }
        if *utf8 == Utf8Policy::Strict
            && let Err(error) = core::str::from_utf8(value)
        {
            let before = len - value.len() + error.valid_up_to();
            return Err(DecodeError::InvalidUtf8 { at: start + before as u64 });
        }
        Ok(true)
    }

    #[cold]
    fn overflow(&mut self, limit: Limit, at: u64) -> Result<(), DecodeError> {
        match self.decoder.overflow {
            Overflow::Fail => Err(DecodeError::TooLong { limit, max: self.decoder.limits.max(limit), at }),
            Overflow::Skip => {
                let block = &mut self.decoder.stream.block;
                block.reset();
                block.skipping = Some(limit);
                (self.data, self.event_type) = (None, None);
                Ok(())
            }
        }
    }

    /// Takes a comment that lies in the chunk; `None` if it is not UTF-8, and then it is in the block.
    #[inline]
    fn whole_comment(&mut self, line: Range<usize>) -> Option<&'i str> {
        let value = line.start + if self.chunk[line.clone()].get(1) == Some(&b' ') { 2 } else { 1 };
        let comment = kept(&self.chunk[value..line.end], self.decoder.limits.comment);
        let text = self.text.get(value..value + comment.len());
        if text.is_none() {
            self.decoder.stream.block.set_comment(comment);
        }
        text
    }

    /// Adds a piece to the unfinished line: all of a field, of a comment only what is kept of it.
    fn carry(&mut self, piece: Range<usize>) -> Result<(), DecodeError> {
        if piece.is_empty() {
            return Ok(());
        }
        let Decoder { limits, stream, .. } = &mut *self.decoder;
        let start = stream.offset + piece.start as u64 - stream.line_len;
        let piece = &self.chunk[piece];
        // Of a field that is skipped nothing is held, so that only the first piece can make it a comment.
        let comment = match stream.line.first() {
            Some(&first) => first == b':',
            None => stream.line_len == 0 && piece[0] == b':',
        };
        if stream.line_len == 0 {
            stream.block.lend_buffer(&mut stream.line);
        }
        stream.line_len += piece.len() as u64;
        if !comment {
            stream.block.open_at(start);
        }
        if comment {
            // The colon and a space come before what is kept, and a byte behind it tells that there is more.
            let keep = if self.comments { limits.comment.saturating_add(3) } else { 1 };
            let room = keep.saturating_sub(stream.line.len());
            stream.line.extend_from_slice(&piece[..room.min(piece.len())]);
        } else if stream.block.skipping.is_none() {
            if stream.line_len > limits.line as u64 {
                stream.line.clear();
                return self.overflow(Limit::Line, start + self.decoder.limits.line as u64);
            }
            stream.line.extend_from_slice(piece);
        }
        Ok(())
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

/// Where the value of a line begins that is data, and has one.
#[inline]
fn data_value(line: &[u8]) -> Option<usize> {
    match line {
        [b'd', b'a', b't', b'a', b':', b' ', ..] => Some(6),
        [b'd', b'a', b't', b'a', b':', ..] => Some(5),
        _ => None,
    }
}

/// As much of a comment as is to be kept, without half a character at the end.
#[inline]
fn kept(comment: &[u8], max: usize) -> &[u8] {
    if comment.len() <= max {
        return comment;
    }
    let comment = &comment[..max];
    &comment[..comment.len() - cut_character(comment)]
}
