//! Event streams to parse, and how they arrive.

use super::{Event, Events};
use crate::data::Rng;
use bytes::Bytes;
use std::{convert::Infallible, time::Instant};

/// An event stream, and what parsing it must yield.
pub struct Corpus {
    pub name: &'static str,
    pub bytes: Bytes,
    pub lines: usize,
    pub events: Vec<Event>,
    /// What a cost is divided by: events, or comments where there are none.
    pub blocks: usize,
}

impl Corpus {
    /// Small events: what chats, tickers and logs send.
    pub fn short() -> Vec<Corpus> {
        ["tokens", "tokens CRLF", "llm 250 B", "tiny 9 B", "id+event+data"].map(Corpus::new).into()
    }

    /// Large events, and what keeps a connection open.
    pub fn long() -> Vec<Corpus> {
        ["20 lines", "multi-line 16K", "40 KiB line", "heartbeats", "comments only"].map(Corpus::new).into()
    }

    pub fn all() -> Vec<Corpus> {
        Corpus::short().into_iter().chain(Corpus::long()).collect()
    }

    pub fn new(name: &'static str) -> Self {
        let mut rng = Rng::new(7);
        let count = match name {
            "tiny 9 B" => 16384,
            "id+event+data" => 8192,
            "llm 250 B" => 2048,
            "20 lines" => 512,
            "multi-line 16K" => 64,
            "40 KiB line" => 16,
            _ => 4096,
        };
        let eol = if name.ends_with("CRLF") { "\r\n" } else { "\n" };
        let mut stream = Stream::default();
        for i in 0..count {
            match name {
                "comments only" => stream.comment(),
                "heartbeats" if i % 2 == 0 => {
                    stream.comment();
                    stream.event(event(&mut rng, name, i), eol);
                }
                _ => stream.event(event(&mut rng, name, i), eol),
            }
        }
        let blocks = if stream.events.is_empty() { count } else { stream.events.len() };
        let lines = stream.text.matches('\n').count();
        Corpus { name, lines, bytes: stream.text.into(), events: stream.events, blocks }
    }

    /// One event whose data is a single line of `size` bytes.
    pub fn one_line(name: &'static str, size: usize) -> Self {
        let data = String::from_utf8(Rng::new(7).text(size)).unwrap();
        let mut stream = Stream::default();
        stream.event(Event { event: None, id: None, data }, "\n");
        Corpus { name, lines: 2, bytes: stream.text.into(), events: stream.events, blocks: 1 }
    }

    /// Bytes as they come from an encoder, of unknown content.
    pub fn encoded(bytes: Bytes) -> Self {
        Corpus { name: "encoded", bytes, lines: 0, events: Vec::new(), blocks: 0 }
    }

    /// The tally a correct parser arrives at.
    pub fn expect(&self, full: bool) -> Events {
        tally(&self.events, full)
    }
}

/// The tally of these events.
pub fn tally(events: &[Event], full: bool) -> Events {
    let mut tally = Events::new(full);
    for e in events {
        tally.add(e.event.as_deref().unwrap_or(""), &e.data, e.id.as_deref().unwrap_or(""));
    }
    tally
}

/// An event stream under construction.
#[derive(Default)]
struct Stream {
    text: String,
    events: Vec<Event>,
}

impl Stream {
    fn comment(&mut self) {
        self.text.push_str(": keep-alive\n\n");
    }

    fn event(&mut self, event: Event, eol: &str) {
        let text = &mut self.text;
        let mut field = |name: &str, value: &str| text.extend([name, ": ", value, eol]);
        if let Some(kind) = &event.event {
            field("event", kind);
        }
        if let Some(id) = &event.id {
            field("id", id);
        }
        if event.event.as_deref() == Some("snapshot") {
            field("retry", "3000");
        }
        event.data.split('\n').for_each(|line| field("data", line));
        text.push_str(eol);
        self.events.push(event);
    }
}

fn event(rng: &mut Rng, corpus: &str, i: usize) -> Event {
    let mut text = |size| String::from_utf8(rng.text(size)).unwrap();
    let mut lines = |count, size| (0..count).map(|_| text(size)).collect::<Vec<_>>().join("\n");
    let (event, id, data) = match corpus {
        "tiny 9 B" => (None, None, (i % 10).to_string()),
        "llm 250 B" => (None, None, lines(1, 242)),
        "id+event+data" => (Some("tick"), Some(i), format!(r#"{{"price":{}}}"#, i * 7919 % 100_000)),
        "20 lines" => (None, None, lines(20, 40)),
        "multi-line 16K" => (Some("snapshot"), Some(i), lines(128, 127)),
        "40 KiB line" => (None, None, lines(1, 40 << 10)),
        "4 KiB line" => (None, None, lines(1, 4 << 10)),
        _ => (None, None, token(rng, i)),
    };
    Event { event: event.map(String::from), id: id.map(|id| id.to_string()), data }
}

/// One token of an LLM answer, as the chat completion APIs stream them: about 120 bytes of JSON.
fn token(rng: &mut Rng, i: usize) -> String {
    let word = String::from_utf8(rng.text(4)).unwrap();
    format!(
        r#"{{"id":"cmpl-{:08x}","object":"chunk","index":{i:05},"choices":[{{"delta":{{"content":"{word}"}},"finish_reason":null}}]}}"#,
        rng.next() as u32
    )
}

/// A byte stream in chunks, as refcounted slices: what an HTTP client hands out.
#[derive(Clone)]
pub struct Chunks {
    rest: Bytes,
    size: usize,
    deadline: Option<Instant>,
}

impl Chunks {
    pub fn new(corpus: &Corpus, size: usize) -> Self {
        Chunks { rest: corpus.bytes.clone(), size, deadline: None }
    }

    /// Ends early at the deadline, for parsers that may take far too long.
    pub fn until(self, deadline: Instant) -> Self {
        Chunks { deadline: Some(deadline), ..self }
    }

    pub fn into_stream(self) -> futures::stream::Iter<impl Iterator<Item = Result<Bytes, Infallible>>> {
        futures::stream::iter(self.map(Ok))
    }
}

impl Iterator for Chunks {
    type Item = Bytes;

    #[inline]
    fn next(&mut self) -> Option<Bytes> {
        if self.deadline.is_some_and(|deadline| Instant::now() > deadline) {
            return None;
        }
        let n = self.size.min(self.rest.len());
        (n > 0).then(|| self.rest.split_to(n))
    }
}
