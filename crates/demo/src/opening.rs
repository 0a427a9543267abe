//! The first words of a connection: when to come back, where the client is, and how it got there.

use std::time::Duration;

use http::Version;
use longwave_sse::{Event, EventType};
use serde::Serialize;

use crate::feed::Config;
use crate::ring::{Batch, Outcome, Seen};

/// What is known of a connection when it opens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opening<'a> {
    pub(crate) seen: Seen<'a>,
    pub(crate) batch: &'a Batch,
    pub(crate) retry: Duration,
    pub(crate) version: Version,
    pub(crate) generation: u64,
}

/// The payload of `hello`, the first event of every connection.
#[derive(Debug, Serialize)]
struct Hello<'a> {
    outcome: &'static str,
    /// What the client sent as `Last-Event-ID`.
    last_event_id: Option<&'a str>,
    /// How many events of the history follow.
    replayed: u64,
    /// How many events are lost; `null` if nobody can know.
    missed: Option<u64>,
    protocol: &'static str,
    /// Which deploy serves the connection.
    generation: u64,
    retry_ms: u64,
    history: usize,
    every_ms: u64,
}

impl Opening<'_> {
    /// The block that goes out with the head, and the `hello` after it.
    ///
    /// Both carry the cursor, so that even a client is resumable that is cut before its first event. The
    /// block without data would do, but Firefox takes an ID only from an event that it dispatches. After a
    /// gap the cursor moves with the `gap` event instead: a client which never gets to see that asks again.
    pub(crate) fn events(&self, config: &Config) -> (Event, Event) {
        let first = Event::new().retry(self.retry);
        let hello = Event::new()
            .event_type(EventType::from_static("hello"))
            .json(&self.hello(config))
            .expect("text and numbers always serialize");
        let cursor = &self.batch.cursor;
        match self.batch.outcome {
            Outcome::Gap { .. } => (first, hello),
            Outcome::Fresh | Outcome::Resumed(_) => (first.id(cursor.clone()), hello.id(cursor.clone())),
        }
    }

    fn hello(&self, config: &Config) -> Hello<'_> {
        let (outcome, replayed, missed) = match self.batch.outcome {
            Outcome::Fresh => ("fresh", 0, Some(0)),
            Outcome::Resumed(replayed) => ("resumed", replayed, Some(0)),
            Outcome::Gap { missed, kept } => ("gap", kept, missed),
        };
        Hello {
            outcome,
            last_event_id: match self.seen {
                Seen::Id(id) => Some(id),
                Seen::Nothing | Seen::Unreadable => None,
            },
            replayed,
            missed,
            protocol: match self.version {
                Version::HTTP_2 => "HTTP/2",
                _ => "HTTP/1.1",
            },
            generation: self.generation,
            retry_ms: self.retry.as_millis() as u64,
            history: config.history.get(),
            every_ms: config.every.as_millis() as u64,
        }
    }
}
