use super::*;
use memchr::{memchr, memchr_iter};

/// A lower bound, not a library: borrowed data where an event has one line that lies within a chunk, one
/// reused buffer otherwise, simdutf8 once per chunk, lines that end in LF or CRLF only, and no limits.
pub struct Floor;

#[derive(Default)]
struct Parser {
    line: Vec<u8>,
    kind: Vec<u8>,
    id: Vec<u8>,
    data: Vec<u8>,
    lines: usize,
    /// Whether some part of `data` is not known to be UTF-8.
    doubt: bool,
}

fn text(bytes: &[u8], doubt: bool) -> &str {
    if doubt {
        return simdutf8::basic::from_utf8(bytes).expect("the stream is valid UTF-8");
    }
    // SAFETY: the bytes are whole lines of a chunk that is valid UTF-8.
    unsafe { std::str::from_utf8_unchecked(bytes) }
}

/// The value of a `field:` prefix, without the one space that may precede it.
#[inline]
fn value<'a>(line: &'a [u8], field: &[u8]) -> Option<&'a [u8]> {
    let value = line.strip_prefix(field)?;
    Some(value.strip_prefix(b" ").unwrap_or(value))
}

impl Parser {
    /// Takes one line; `last` tells that a blank line follows it at once, `doubt` that it may not be UTF-8.
    #[inline]
    fn take(&mut self, line: &[u8], last: bool, doubt: bool, events: &mut Events) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if let Some(data) = value(line, b"data:") {
            if last && self.lines == 0 && self.kind.is_empty() {
                // The blank line that follows finds nothing to dispatch.
                return events.add("", text(data, doubt), text(&self.id, true));
            }
            if self.lines > 0 {
                self.data.push(b'\n');
            }
            self.data.extend_from_slice(data);
            self.lines += 1;
            self.doubt |= doubt;
        } else if line.is_empty() {
            if self.lines > 0 {
                events.add(text(&self.kind, true), text(&self.data, self.doubt), text(&self.id, true));
                self.data.clear();
                (self.lines, self.doubt) = (0, false);
            }
            self.kind.clear();
        } else if let Some(kind) = value(line, b"event:") {
            self.kind.clear();
            self.kind.extend_from_slice(kind);
        } else if let Some(id) = value(line, b"id:").filter(|id| memchr(0, id).is_none()) {
            self.id.clear();
            self.id.extend_from_slice(id);
        }
    }
}

impl SseParser for Floor {
    fn name(&self) -> &'static str {
        "floor"
    }

    fn is_reference(&self) -> bool {
        true
    }

    fn parse(&self, chunks: Chunks, events: &mut Events) {
        let mut parser = Parser::default();
        for chunk in chunks {
            // A chunk that splits a character fails here; then every line is looked at by itself.
            let doubt = chunk.len() < 64 || simdutf8::basic::from_utf8(&chunk).is_err();
            let mut start = 0;
            for end in memchr_iter(b'\n', &chunk) {
                let line = &chunk[start..end];
                start = end + 1;
                let last = matches!(chunk.get(start), Some(b'\n' | b'\r'));
                if parser.line.is_empty() {
                    parser.take(line, last, doubt, events);
                } else {
                    let mut whole = std::mem::take(&mut parser.line);
                    whole.extend_from_slice(line);
                    parser.take(&whole, last, true, events);
                    whole.clear();
                    parser.line = whole;
                }
            }
            parser.line.extend_from_slice(&chunk[start..]);
        }
    }
}

impl SseEncoder for Floor {
    fn name(&self) -> &'static str {
        "floor"
    }

    fn is_reference(&self) -> bool {
        true
    }

    fn encode(&self, events: Vec<Event>, sink: &mut Sink) {
        let mut out = Vec::new();
        for Event { event, id, data } in events {
            out.clear();
            let mut line = |field: &[u8], value: &[u8]| {
                out.extend_from_slice(field);
                out.extend_from_slice(value);
                out.push(b'\n');
            };
            if let Some(event) = event {
                line(b"event: ", event.as_bytes());
            }
            if let Some(id) = id {
                line(b"id: ", id.as_bytes());
            }
            let mut start = 0;
            for end in memchr_iter(b'\n', data.as_bytes()).chain([data.len()]) {
                line(b"data: ", &data.as_bytes()[start..end]);
                start = end + 1;
            }
            out.push(b'\n');
            sink.push(&out);
        }
    }

    /// Nothing is less work than the clones of one `Bytes`, which have a row of their own.
    fn fans_out(&self) -> bool {
        false
    }
}
