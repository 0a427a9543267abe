use alloc::string::String;
use core::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::{
    field::{EventId, EventType},
    scan::{self, LineEnds},
};

/// One event to send, or another block of an event stream: a cursor, a reconnection time, a comment.
///
/// It is built from parts that cannot forge anything: a type and an id are validated where they are made
/// ([`EventType`], [`EventId`]), and CRLF, CR and LF in data and comments each become one line break.
/// So building and encoding never fail and never panic.
///
/// | built as | client |
/// |---|---|
/// | `data` | dispatches an event, also when the data is empty |
/// | `id` alone | moves its last event ID and dispatches nothing: a cursor (Firefox ignores it: see below) |
/// | `retry` alone | changes its reconnection time |
/// | `comment` alone | ignores it: a heartbeat |
/// | nothing | ignores the one blank line |
///
/// Firefox (153) takes over the id of an event that it dispatches, and not that of a cursor, against the
/// standard. Where its users have to be able to resume from the very start, give the id to an event with data.
///
/// Source: [WHATWG HTML, 9.2.5](https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use longwave_sse::{Event, EventId, EventType};
///
/// const PRICE: EventType = EventType::from_static("price");
///
/// let event = Event::new().event_type(PRICE).id(EventId::from(3_u64)).data("42.10");
/// assert_eq!(event.encode(), "event: price\nid: 3\ndata: 42.10\n\n");
///
/// let opening = Event::new().id(EventId::new("epoch-0")?).retry(Duration::from_millis(2_750));
/// assert_eq!(opening.encode(), "id: epoch-0\nretry: 2750\n\n");
/// # Ok::<_, longwave_sse::FieldError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[must_use]
pub struct Event {
    comment: Option<String>,
    kind: Option<EventType>,
    id: Option<EventId>,
    retry: Option<Duration>,
    data: Option<String>,
}

impl Event {
    /// Makes an event without any part.
    pub const fn new() -> Self {
        Self { comment: None, kind: None, id: None, retry: None, data: None }
    }

    /// Sets the type, which a client uses to choose the listener; without it that is `message`.
    #[inline]
    pub fn event_type(mut self, event_type: EventType) -> Self {
        self.kind = Some(event_type);
        self
    }

    /// Sets the id, which a client sends back as `Last-Event-ID` when it reconnects.
    #[inline]
    pub fn id(mut self, id: EventId) -> Self {
        self.id = Some(id);
        self
    }

    /// Sets the client's reconnection time, in whole milliseconds (a fraction is cut off).
    ///
    /// Browsers wait exactly this long and know no jitter, so give each connection its own; with the
    /// feature `body`, `random_retry` makes one from a random number.
    #[inline]
    pub fn retry(mut self, delay: Duration) -> Self {
        self.retry = Some(delay);
        self
    }

    /// Appends data: the first call sets it, each further call starts a new line.
    ///
    /// CRLF, CR and LF each are one line break, which the client reads as LF.
    ///
    /// # Examples
    ///
    /// ```
    /// use longwave_sse::Event;
    ///
    /// let event = Event::new().data("one\r\ntwo").data("three");
    /// assert_eq!(event.encode(), "data: one\ndata: two\ndata: three\n\n");
    /// ```
    #[inline]
    pub fn data(mut self, data: impl Into<String>) -> Self {
        append_line(&mut self.data, data.into());
        self
    }

    /// Appends a value as JSON, as [`data`](Self::data) does with text.
    ///
    /// # Errors
    ///
    /// Whatever [`serde_json::to_string`] fails with: a `Serialize` implementation that fails, or a map
    /// with keys that are not strings.
    ///
    /// # Examples
    ///
    /// ```
    /// use longwave_sse::Event;
    ///
    /// assert_eq!(Event::new().json(&[1, 2])?.encode(), "data: [1,2]\n\n");
    /// # Ok::<_, serde_json::Error>(())
    /// ```
    #[cfg(feature = "serde_json")]
    pub fn json<T: serde::Serialize + ?Sized>(self, value: &T) -> Result<Self, serde_json::Error> {
        Ok(self.data(serde_json::to_string(value)?))
    }

    /// Appends a comment, which clients ignore: the first call sets it, each further call starts a new line.
    ///
    /// # Examples
    ///
    /// ```
    /// use longwave_sse::Event;
    ///
    /// assert_eq!(Event::new().comment("still here").encode(), ": still here\n\n");
    /// ```
    #[inline]
    pub fn comment(mut self, comment: impl Into<String>) -> Self {
        append_line(&mut self.comment, comment.into());
        self
    }

    /// The exact number of bytes that [`encode`](Self::encode) makes.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        let lines =
            |text: &Option<String>, separator| text.as_ref().map_or(0, |text| lines_len(separator, text));
        let line = |len: Option<usize>, name: &[u8]| len.map_or(0, |len| name.len() + len + 1);
        lines(&self.comment, COMMENT)
            + line(self.kind.as_ref().map(|value| value.as_str().len()), EVENT)
            + line(self.id.as_ref().map(|value| value.as_str().len()), ID)
            + line(self.retry.map(|delay| Digits::new(millis(delay)).as_bytes().len()), RETRY)
            + lines(&self.data, DATA)
            + 1
    }

    /// Appends the event to a buffer, in one pass over the data.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use longwave_sse::Event;
    ///
    /// let mut frame = BytesMut::new();
    /// for data in ["a", "b"] {
    ///     Event::new().data(data).encode_into(&mut frame);
    /// }
    /// assert_eq!(frame, "data: a\n\ndata: b\n\n");
    /// ```
    #[inline]
    pub fn encode_into(&self, dst: &mut BytesMut) {
        if let Some(comment) = &self.comment {
            put_lines(dst, COMMENT, comment, b"\n");
        }
        if let Some(event_type) = &self.kind {
            put_line(dst, EVENT, event_type.as_str().as_bytes());
        }
        if let Some(id) = &self.id {
            put_line(dst, ID, id.as_str().as_bytes());
        }
        if let Some(delay) = self.retry {
            put_line(dst, RETRY, Digits::new(millis(delay)).as_bytes());
        }
        match &self.data {
            Some(data) => put_lines(dst, DATA, data, b"\n\n"),
            None => dst.extend_from_slice(b"\n"),
        }
    }

    /// Encodes the event once, into a buffer of exactly its size; clone the result for each subscriber.
    ///
    /// # Examples
    ///
    /// ```
    /// use longwave_sse::Event;
    ///
    /// let shared = Event::new().data("to all").encode();
    /// let subscribers = [shared.clone(), shared];
    /// assert_eq!(subscribers[0], "data: to all\n\n");
    /// ```
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut wire = BytesMut::with_capacity(self.encoded_len());
        self.encode_into(&mut wire);
        wire.freeze()
    }
}

/// Joins a further text to one that may be there, by a line break of its own.
#[inline]
fn append_line(text: &mut Option<String>, line: String) {
    match text {
        None => *text = Some(line),
        Some(text) => {
            // A CR at the end must not become one line break together with the LF, so it gets its own.
            if text.ends_with('\r') {
                text.push('\n');
            }
            text.push('\n');
            text.push_str(&line);
        }
    }
}

#[inline]
fn put_line(dst: &mut BytesMut, name: &[u8], value: &[u8]) {
    dst.reserve(name.len() + value.len() + 1);
    dst.extend_from_slice(name);
    dst.extend_from_slice(value);
    dst.extend_from_slice(b"\n");
}

/// Writes each line of a text with the name of its field in front of it, and `end` behind the last.
#[inline]
fn put_lines(dst: &mut BytesMut, separator: &[u8], text: &str, end: &[u8]) {
    let text = text.as_bytes();
    dst.reserve(separator.len() + text.len() + end.len());
    dst.extend_from_slice(&separator[1..]);
    // Most texts are one line, and one search is the fastest way to know.
    match scan::first_line_end(text) {
        None => dst.extend_from_slice(text),
        Some(first) => put_several(dst, separator, text, first),
    }
    dst.extend_from_slice(end);
}

#[inline(never)]
fn put_several(dst: &mut BytesMut, separator: &[u8], text: &[u8], first: usize) {
    let (mut ends, mut start) = (LineEnds::starting_at(first), 0);
    while let Some(end) = ends.next(text) {
        dst.extend_from_slice(&text[start..end]);
        dst.extend_from_slice(separator);
        start = scan::after(text, end);
    }
    dst.extend_from_slice(&text[start..]);
}

/// How many bytes [`put_lines`] writes, with one behind the last line.
fn lines_len(separator: &[u8], text: &str) -> usize {
    let text = text.as_bytes();
    let (mut ends, mut len) = (LineEnds::starting_at(0), separator.len() + text.len());
    while let Some(end) = ends.next(text) {
        len += separator.len();
        len -= scan::after(text, end) - end;
    }
    len
}

fn millis(delay: Duration) -> u64 {
    u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)
}

/// The decimal digits of a number.
struct Digits {
    digits: [u8; 20],
    start: usize,
}

impl Digits {
    fn new(mut number: u64) -> Self {
        let (mut digits, mut start) = ([0; 20], 20);
        loop {
            start -= 1;
            digits[start] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                return Self { digits, start };
            }
        }
    }

    fn as_bytes(&self) -> &[u8] {
        &self.digits[self.start..]
    }
}

/// Between lines, and without the line feed in front of the first.
const COMMENT: &[u8] = b"\n: ";
/// Between lines, and without the line feed in front of the first.
const DATA: &[u8] = b"\ndata: ";
const EVENT: &[u8] = b"event: ";
const ID: &[u8] = b"id: ";
const RETRY: &[u8] = b"retry: ";

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn every_part_has_its_line() {
        let event = Event::new()
            .data("d")
            .retry(Duration::from_micros(1_999))
            .id(EventId::from_static("i"))
            .event_type(EventType::from_static("t"))
            .comment("c");
        assert_eq!(event.encode(), ": c\nevent: t\nid: i\nretry: 1\ndata: d\n\n");
    }

    #[test]
    fn each_kind_of_line_break_is_one() {
        for (data, wire) in [
            ("", "data: \n\n"),
            ("a\nb", "data: a\ndata: b\n\n"),
            ("a\rb", "data: a\ndata: b\n\n"),
            ("a\r\nb", "data: a\ndata: b\n\n"),
            ("a\n\rb", "data: a\ndata: \ndata: b\n\n"),
            ("a\n", "data: a\ndata: \n\n"),
            ("\r\n", "data: \ndata: \n\n"),
            (" a\u{2028}b\u{85}", "data:  a\u{2028}b\u{85}\n\n"),
        ] {
            assert_eq!(Event::new().data(data).encode(), wire, "{data:?}");
        }
    }

    #[test]
    fn calls_append_lines_whatever_they_end_in() {
        let wire = |first: &str, second: &str| Event::new().data(first).data(second).encode();
        assert_eq!(wire("a", "b"), "data: a\ndata: b\n\n");
        assert_eq!(wire("a\r", "b"), "data: a\ndata: \ndata: b\n\n");
        assert_eq!(wire("\r\r", ""), "data: \ndata: \ndata: \ndata: \n\n");
        assert_eq!(wire("a\r", "\nb"), "data: a\ndata: \ndata: \ndata: b\n\n");
        assert_eq!(wire("", ""), "data: \ndata: \n\n");
    }

    #[test]
    fn nothing_but_a_blank_line_without_parts() {
        assert_eq!(Event::new().encode(), "\n");
    }

    #[test]
    fn encoded_len_is_exact() {
        for retry in [0, 9, 10, u64::MAX] {
            let event = Event::new().data("a\r\nb\r").comment("\n").retry(Duration::from_millis(retry));
            assert_eq!(event.encoded_len(), event.encode().len());
        }
        let long = Event::new().retry(Duration::MAX);
        assert_eq!(long.encode(), format!("retry: {}\n\n", u64::MAX));
    }
}
