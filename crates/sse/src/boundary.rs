use memchr::memrchr2;

use crate::scan::BOM;

/// Follows an event stream without decoding it, and says whether something may be slipped in.
///
/// It looks at chunks from their end, so that of a chunk which ends in a blank line it looks at two bytes,
/// whatever its size.
///
/// Source: [WHATWG HTML, 9.2.5](https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream).
///
/// # Examples
///
/// ```
/// use longwave_sse::{Boundary, Position};
///
/// let mut boundary = Boundary::new();
/// assert_eq!(boundary.position(), Position::BetweenEvents);
/// boundary.push(b"data: 1\nda");
/// assert_eq!(boundary.position(), Position::InLine);
/// boundary.push(b"ta: 2\n");
/// assert_eq!(boundary.position(), Position::BetweenLines);
/// boundary.push(b"\n");
/// assert_eq!(boundary.position(), Position::BetweenEvents);
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Boundary {
    /// The line that is not finished.
    line: Line,
    /// A line other than a comment has ended since the last blank one.
    open: bool,
    /// How much of a byte order mark has been seen, or all of it once that is settled.
    bom: u8,
}

/// Where an event stream stands after the bytes so far.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Position {
    /// At the start of a line, with no field pending: whole events and blank lines may be slipped in.
    ///
    /// At the very start of a stream a byte order mark may still follow, which counts only in front of
    /// everything else.
    BetweenEvents,
    /// At the start of a line in the middle of a block: comment lines and `retry` lines may be slipped in, a
    /// blank line may not.
    BetweenLines,
    /// In the middle of a line, or of its line end: nothing may be slipped in.
    InLine,
}

/// What there is of the current line.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Line {
    #[default]
    Empty,
    /// Nothing, but an LF would still belong to the line before.
    AfterCr,
    Comment,
    Field,
}

impl Boundary {
    /// Makes one for the start of a stream.
    #[must_use]
    pub const fn new() -> Self {
        Self { line: Line::Empty, open: false, bom: 0 }
    }

    /// Takes the next bytes of the stream, of any length.
    #[inline]
    pub fn push(&mut self, mut chunk: &[u8]) {
        while usize::from(self.bom) < BOM.len() {
            let Some((&first, rest)) = chunk.split_first() else { return };
            if first == BOM[usize::from(self.bom)] {
                self.bom += 1;
                self.line = if usize::from(self.bom) == BOM.len() { Line::Empty } else { Line::Field };
                chunk = rest;
            } else {
                self.bom = BOM.len() as u8;
            }
        }
        if self.line == Line::AfterCr && !chunk.is_empty() {
            self.line = Line::Empty;
            chunk = chunk.strip_prefix(b"\n").unwrap_or(chunk);
        }
        let Some(end) = memrchr2(b'\r', b'\n', chunk) else {
            self.begin_line(chunk);
            return;
        };
        self.open = self.is_open_after(&chunk[..end], chunk[end]);
        self.line = if chunk[end] == b'\r' { Line::AfterCr } else { Line::Empty };
        if end + 1 < chunk.len() {
            self.line = Line::Empty;
            self.begin_line(&chunk[end + 1..]);
        }
    }

    /// Where the stream stands now.
    #[must_use]
    pub const fn position(&self) -> Position {
        match (self.line, self.open) {
            // An LF that may still come after the CR would be one more blank line, which changes nothing.
            (Line::Empty | Line::AfterCr, false) => Position::BetweenEvents,
            (Line::Empty, true) => Position::BetweenLines,
            _ => Position::InLine,
        }
    }

    fn begin_line(&mut self, piece: &[u8]) {
        if let (Line::Empty, Some(&first)) = (self.line, piece.first()) {
            self.line = if first == b':' { Line::Comment } else { Line::Field };
        }
    }

    /// Whether a block is open after `lines` and one more line end, looking back as far as it takes.
    #[inline]
    fn is_open_after(self, mut lines: &[u8], mut line_end: u8) -> bool {
        loop {
            if line_end == b'\n' {
                lines = lines.strip_suffix(b"\r").unwrap_or(lines);
            }
            let before = memrchr2(b'\r', b'\n', lines);
            let line = &lines[before.map_or(0, |end| end + 1)..];
            // What the first line of the chunk is has been begun before it.
            let kind = match (before, self.line, line.first()) {
                (None, Line::Comment, _) => Line::Comment,
                (None, Line::Field, _) => Line::Field,
                (_, _, None) => Line::Empty,
                (_, _, Some(b':')) => Line::Comment,
                (_, _, Some(_)) => Line::Field,
            };
            match (kind, before) {
                (Line::Field, _) => return true,
                (Line::Comment, None) => return self.open,
                (Line::Comment, Some(end)) => (line_end, lines) = (lines[end], &lines[..end]),
                _ => return false,
            }
        }
    }
}
