//! The SSE participants and the tally of events.

use crate::{bench::REFERENCE, io::Sink};
use bytes::Bytes;
use std::convert::Infallible;

pub use corpus::{Chunks, Corpus, tally};
pub use floor::Floor;

mod actix_web_lab;
mod async_sse;
mod axum;
mod corpus;
mod eventsource_client;
mod eventsource_stream;
mod floor;
mod longwave;
mod poem;
mod russe;
mod salvo;
mod sse_codec;
mod sse_core;
mod sse_parse;
mod sse_stream;
mod sseer;
mod warp;

/// Every SSE parser. To add one, implement [`SseParser`] in a file of its own and list it here.
pub fn parsers() -> Vec<&'static dyn SseParser> {
    vec![
        &eventsource_stream::EventsourceStream,
        &sse_stream::SseStream,
        &sseer::Sseer,
        &sse_core::SseCore,
        &sse_parse::SseParse,
        &russe::Russe,
        &eventsource_client::EventsourceClient,
        &sse_codec::SseCodec,
        &async_sse::AsyncSse,
        &longwave::Borrowed,
        &longwave::Owned,
        &Floor,
    ]
}

/// Every SSE encoder. To add one, implement [`SseEncoder`] in a file of its own and list it here.
pub fn encoders() -> Vec<&'static dyn SseEncoder> {
    vec![
        &axum::Axum,
        &actix_web_lab::ActixWebLab,
        &sse_stream::SseStream,
        &warp::Warp,
        &poem::Poem,
        &salvo::Salvo,
        &sse_codec::SseCodec,
        &longwave::Buffer,
        &longwave::Body,
        &Floor,
    ]
}

/// One parser of event streams. Each uses its fastest documented API, with default settings but for a limit
/// that the largest corpus crosses.
pub trait SseParser: Sync {
    fn name(&self) -> &'static str;

    /// Own lower bounds are references, not peers.
    fn is_reference(&self) -> bool {
        false
    }

    /// Parses the stream delivered as `chunks` and reports every event that carries data, in order.
    fn parse(&self, chunks: Chunks, events: &mut Events);

    fn label(&self) -> String {
        label(self.name(), self.is_reference())
    }
}

/// One way to make response bodies out of events.
pub trait SseEncoder: Sync {
    fn name(&self) -> &'static str;

    /// Own lower bounds are references, not peers.
    fn is_reference(&self) -> bool {
        false
    }

    /// Turns the events into body bytes the way a server response does, one write per body frame.
    fn encode(&self, events: Vec<Event>, sink: &mut Sink);

    /// Whether [`fan_out`](Self::fan_out) means something of its own here.
    fn fans_out(&self) -> bool {
        true
    }

    /// Sends one event to many subscribers, each of which has a body of its own: one write for each. As long
    /// as nothing better is offered, every subscriber's body is given the event and encodes it anew.
    fn fan_out(&self, event: &Event, subscribers: usize, sink: &mut Sink) {
        self.encode(vec![event.clone(); subscribers], sink);
    }

    fn label(&self) -> String {
        label(self.name(), self.is_reference())
    }
}

fn label(name: &str, reference: bool) -> String {
    if reference { format!("{name}{REFERENCE}") } else { name.into() }
}

/// An event to encode: what an application has in hand.
#[derive(Clone)]
pub struct Event {
    pub event: Option<String>,
    pub id: Option<String>,
    pub data: String,
}

/// Tallies events. The quick tally touches both ends of the data, the full one every byte of type, data and id.
#[derive(Clone, Default, Debug, PartialEq, Eq)]
pub struct Events {
    pub count: u64,
    pub data_bytes: u64,
    mix: u64,
    full: bool,
}

impl Events {
    pub fn new(full: bool) -> Self {
        Events { full, ..Events::default() }
    }

    /// `kind` and `id` may be empty where the stream has none.
    #[inline]
    pub fn add(&mut self, kind: &str, data: &str, id: &str) {
        self.count += 1;
        self.data_bytes += data.len() as u64;
        if self.full {
            let kind = if kind.is_empty() { "message" } else { kind };
            for byte in kind.bytes().chain([0]).chain(data.bytes()).chain([0]).chain(id.bytes()) {
                self.mix = (self.mix ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
            }
        } else if let (Some(first), Some(last)) = (data.as_bytes().first(), data.as_bytes().last()) {
            self.mix = self.mix.rotate_left(5) ^ (u64::from(*first) << 8 | u64::from(*last));
        }
    }
}
