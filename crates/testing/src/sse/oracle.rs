//! A literal interpreter of the event stream format, for whole streams.
//!
//! It follows WHATWG HTML §9.2.6, "Interpreting an event stream", one sentence at a time, over all
//! the bytes of a stream at once: it decodes, then splits into lines, then processes the lines. It
//! knows no limits and no chunks, which is what makes it obvious.
//!
//! <https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation>

use std::{mem, time::Duration};

use longwave_sse::OwnedItem;

use super::utf8;

/// One thing that an event stream says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum OracleItem {
    /// A block with data, at its blank line.
    Event {
        /// The type, `message` if the block named none.
        event_type: String,
        /// The lines of data, joined by a line feed.
        data: String,
        /// The last event ID string at the time of the dispatch.
        last_event_id: String,
    },
    /// A block without data that had a valid `id`, at its blank line.
    Cursor(String),
    /// A `retry` line that was all digits, at the end of that line.
    Retry(Duration),
    /// The text of a comment line, without one leading space.
    Comment(String),
}

impl PartialEq<OwnedItem> for OracleItem {
    fn eq(&self, other: &OwnedItem) -> bool {
        match (self, other) {
            (Self::Event { event_type, data, last_event_id }, OwnedItem::Event(event)) => {
                event.event_type() == event_type
                    && event.data() == data
                    && event.last_event_id() == last_event_id
            }
            (Self::Cursor(id), OwnedItem::Cursor(other)) => other == id,
            (Self::Retry(delay), OwnedItem::Retry(other)) => other == delay,
            (Self::Comment(text), OwnedItem::Comment(other)) => other == text,
            _ => false,
        }
    }
}

/// What a whole stream says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Interpretation {
    /// Everything the stream says, in stream order.
    pub items: Vec<OracleItem>,
    /// The last event ID string when the stream ended.
    pub last_event_id: String,
}

/// Interprets a stream that ended after `stream`, of a client that has never connected before.
#[must_use]
pub fn interpret(stream: &[u8]) -> Interpretation {
    interpret_seeded(stream, "")
}

/// Interprets a stream that ended after `stream`.
///
/// - `seed`: the last event ID string from the connection before.
#[must_use]
pub fn interpret_seeded(stream: &[u8], seed: &str) -> Interpretation {
    let mut interpreter = Interpreter {
        data_buffer: String::new(),
        event_type_buffer: String::new(),
        last_event_id_buffer: seed.to_owned(),
        last_event_id: seed.to_owned(),
        block_has_id: false,
        items: Vec::new(),
    };
    for line in lines(&code_points(stream)) {
        interpreter.line(line);
    }
    // "Once the end of the file is reached, any pending data must be discarded."
    Interpretation { items: interpreter.items, last_event_id: interpreter.last_event_id }
}

/// "UTF-8 decode", which strips one byte order mark.
fn code_points(stream: &[u8]) -> Vec<char> {
    let mut code_points = utf8::decode(stream);
    if code_points.first() == Some(&'\u{FEFF}') {
        code_points.remove(0);
    }
    code_points
}

/// The lines that have ended; what stands after the last line end is no line.
fn lines(code_points: &[char]) -> Vec<&[char]> {
    let mut lines = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while at < code_points.len() {
        let end = match (code_points[at], code_points.get(at + 1)) {
            ('\r', Some('\n')) => 2,
            ('\r' | '\n', _) => 1,
            _ => 0,
        };
        if end == 0 {
            at += 1;
        } else {
            lines.push(&code_points[start..at]);
            at += end;
            start = at;
        }
    }
    lines
}

/// The buffers of §9.2.6, and what came out so far.
struct Interpreter {
    data_buffer: String,
    event_type_buffer: String,
    last_event_id_buffer: String,
    last_event_id: String,
    block_has_id: bool,
    items: Vec<OracleItem>,
}

impl Interpreter {
    fn line(&mut self, line: &[char]) {
        if line.is_empty() {
            self.dispatch();
            return;
        }
        if line[0] == ':' {
            self.items.push(OracleItem::Comment(value(&line[1..])));
            return;
        }
        match line.iter().position(|&c| c == ':') {
            Some(colon) => self.field(&text(&line[..colon]), value(&line[colon + 1..])),
            None => self.field(&text(line), String::new()),
        }
    }

    /// Processes the field.
    fn field(&mut self, name: &str, value: String) {
        match name {
            "event" => self.event_type_buffer = value,
            "data" => {
                self.data_buffer.push_str(&value);
                self.data_buffer.push('\n');
            }
            "id" if !value.contains('\0') => {
                self.last_event_id_buffer = value;
                self.block_has_id = true;
            }
            // An empty value consists of nothing but digits, and is no number: left alone.
            "retry" if !value.is_empty() && value.chars().all(|c| c.is_ascii_digit()) => {
                self.items.push(OracleItem::Retry(Duration::from_millis(base_ten(&value))));
            }
            _ => {}
        }
    }

    /// Dispatches the event.
    fn dispatch(&mut self) {
        self.last_event_id.clone_from(&self.last_event_id_buffer);
        let had_id = mem::take(&mut self.block_has_id);
        if self.data_buffer.is_empty() {
            self.event_type_buffer.clear();
            if had_id {
                self.items.push(OracleItem::Cursor(self.last_event_id.clone()));
            }
            return;
        }
        let mut data = mem::take(&mut self.data_buffer);
        if data.ends_with('\n') {
            data.pop();
        }
        let mut event_type = mem::take(&mut self.event_type_buffer);
        if event_type.is_empty() {
            "message".clone_into(&mut event_type);
        }
        self.items.push(OracleItem::Event { event_type, data, last_event_id: self.last_event_id.clone() });
    }
}

/// What stands after a colon, without one leading space.
fn value(after_colon: &[char]) -> String {
    text(after_colon.strip_prefix(&[' ']).unwrap_or(after_colon))
}

fn text(code_points: &[char]) -> String {
    code_points.iter().collect()
}

/// Reads digits; a number too large is the largest there is.
fn base_ten(digits: &str) -> u64 {
    digits
        .bytes()
        .fold(0, |number: u64, digit| number.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
}
