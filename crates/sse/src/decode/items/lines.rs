//! What becomes of each line: the usual ones by short ways of their own, all others by one general way.

use alloc::vec::Vec;
use core::{mem, ops::Range};

use super::{Found, Items};
use crate::{
    decode::{
        DecodeError, Decoder, Limit, Overflow, Utf8Policy,
        block::Data,
        field::{Field, digits},
        text::cut_character,
    },
    scan,
};

impl<'i> Items<'_, 'i> {
    /// Takes a block that is nothing but one line of data, and lies in the chunk: most events are like this.
    #[inline]
    pub(super) fn whole_event(&mut self, line: Range<usize>) -> Option<&'i str> {
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
    pub(super) fn further_data(&mut self, line: Range<usize>) -> bool {
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
    pub(super) fn whole_line(&mut self, line: Range<usize>) -> Result<Option<Found<'i>>, DecodeError> {
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
    pub(super) fn carried_line(&mut self, last: Range<usize>) -> Result<Option<Found<'i>>, DecodeError> {
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
    pub(super) fn whole_comment(&mut self, line: Range<usize>) -> Option<&'i str> {
        let value = line.start + if self.chunk[line.clone()].get(1) == Some(&b' ') { 2 } else { 1 };
        let comment = kept(&self.chunk[value..line.end], self.decoder.limits.comment);
        let text = self.text.get(value..value + comment.len());
        if text.is_none() {
            self.decoder.stream.block.set_comment(comment);
        }
        text
    }

    /// Adds a piece to the unfinished line: all of a field, of a comment only what is kept of it.
    pub(super) fn carry(&mut self, piece: Range<usize>) -> Result<(), DecodeError> {
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
