use alloc::{string::String, vec::Vec};
use core::mem;

use super::{error::Limit, text::push_lossy};

/// What has come of the current block in earlier chunks.
#[derive(Clone, Default)]
pub(super) struct Block {
    /// A line other than a comment has begun since the last blank line.
    pub(super) open: bool,
    /// Where the first such line begins, counted in bytes from the start of the stream.
    pub(super) start: u64,
    pub(super) data: Data,
    /// The data, where it is [`Data::Text`].
    pub(super) text: String,
    /// The line, where the data is [`Data::Held`].
    pub(super) held: Vec<u8>,
    pub(super) event_type: String,
    pub(super) has_type: bool,
    pub(super) id: String,
    pub(super) has_id: bool,
    pub(super) data_lines: usize,
    /// What counts for [`Limit::Event`].
    pub(super) size: usize,
    /// The limit that the block has crossed: the rest of it is skipped.
    pub(super) skipping: Option<Limit>,
    /// The text of the comment that is handed out.
    pub(super) comment: String,
}

/// Where the data of a block is kept.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Data {
    /// There is none, or it still lies in the chunk.
    #[default]
    None,
    /// One line, as it came in, in `held` from this byte on: not yet validated, and not copied again.
    Held(usize),
    /// In `text`.
    Text,
}

impl Block {
    /// Takes over a line with data that came in pieces, without copying it if it is the first.
    pub(super) fn hold_data(&mut self, line: &mut Vec<u8>, value: usize) {
        if self.data == Data::None {
            mem::swap(&mut self.held, line);
            self.data = Data::Held(value);
        } else {
            self.text_to_append().push('\n');
            push_lossy(&mut self.text, &line[value..]);
        }
        line.clear();
    }

    /// Hands out the held line's buffer again once its event is gone, since it is still in the cache.
    #[inline]
    pub(super) fn lend_buffer(&mut self, line: &mut Vec<u8>) {
        if self.held.capacity() > line.capacity() && !matches!(self.data, Data::Held(_)) {
            mem::swap(&mut self.held, line);
            line.clear();
        }
    }

    /// Appends a further line of data.
    #[inline]
    pub(super) fn push_data(&mut self, value: &[u8], valid: Option<&str>) {
        let first = self.data == Data::None;
        let text = self.text_to_append();
        text.reserve(value.len() + 1);
        if !first {
            text.push('\n');
        }
        match valid {
            Some(value) => text.push_str(value),
            None => push_lossy(text, value),
        }
    }

    /// Makes sure that what there is of data is in `text`.
    #[inline]
    fn text_to_append(&mut self) -> &mut String {
        if self.data != Data::Text {
            self.text.clear();
            if let Data::Held(value) = self.data {
                push_lossy(&mut self.text, &self.held[value..]);
            }
            self.data = Data::Text;
        }
        &mut self.text
    }

    #[inline]
    pub(super) fn set_event_type(&mut self, value: &[u8]) {
        self.has_type = true;
        self.event_type.clear();
        push_lossy(&mut self.event_type, value);
    }

    #[cold]
    pub(super) fn set_comment(&mut self, text: &[u8]) {
        self.comment.clear();
        push_lossy(&mut self.comment, text);
    }

    #[inline]
    pub(super) fn set_id(&mut self, value: &[u8], valid: Option<&str>) {
        self.has_id = true;
        self.id.clear();
        match valid {
            Some(value) => self.id.push_str(value),
            None => push_lossy(&mut self.id, value),
        }
    }

    /// Begins the block with a line at `start`, if it has not begun.
    #[inline]
    pub(super) fn open_at(&mut self, start: u64) {
        if !self.open {
            self.open = true;
            self.start = start;
        }
    }

    /// Forgets the block's fields, but not where it began; the buffers are kept.
    #[inline]
    pub(super) fn reset(&mut self) {
        self.data = Data::None;
        self.has_type = false;
        self.has_id = false;
        self.data_lines = 0;
        self.size = 0;
    }

    /// Gives back what large events have left behind.
    pub(super) fn trim(&mut self) {
        if self.data == Data::None {
            if self.text.capacity() > RETAINED {
                self.text = String::new();
            }
            if self.held.capacity() > RETAINED {
                self.held = Vec::new();
            }
        }
        if self.comment.capacity() > RETAINED {
            self.comment = String::new();
        }
        if !self.has_type && self.event_type.capacity() > RETAINED {
            self.event_type = String::new();
        }
        if !self.has_id && self.id.capacity() > RETAINED {
            self.id = String::new();
        }
    }
}

/// How much memory in bytes each buffer may keep between events.
pub(super) const RETAINED: usize = 64 << 10;
