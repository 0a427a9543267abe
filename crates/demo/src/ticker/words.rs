//! What is published, and what a reader is told, as JSON.

use bytes::Bytes;
use longwave_backpressure::outbox::{End, Forms, Stats, Weigh};
use longwave_sse::Event;
use longwave_ws_hyper::{Message, Prepared};
use serde::{Deserialize, Serialize};

/// What is published.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Tick {
    /// All prices, by symbol, in cents; for who has just come.
    All(Vec<u32>),
    Change {
        symbol: usize,
        price: u32,
    },
}

/// What a reader says, over a WebSocket.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Says {
    /// How many changes a second it takes from now on; as many as there are if it does not say.
    pub(super) rate: Option<u32>,
}

/// What a reader is told: an object with one key, which says what it is.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Told<'a> {
    /// The first word.
    Reader(Greeting),
    Prices(&'a [u32]),
    /// A symbol and its price.
    Change(usize, u32),
    /// So many changes are missing here.
    Lagged(u64),
    /// The next change has replaced so many.
    Conflated(u64),
    /// The outbox has ended, and so does the stream.
    Ended {
        reason: &'static str,
        dropped: u64,
    },
    Stats(Standing),
    /// What it said was not understood, and why.
    Refused(&'static str),
}

#[derive(Debug, Serialize)]
pub(super) struct Greeting {
    pub(super) policy: &'static str,
    /// How many changes may wait.
    pub(super) limit: usize,
    /// How long to stay away after the end of the stream: a time from this range, of the reader's own choice.
    pub(super) come_back_ms: [u64; 2],
}

/// How it stands with the outbox of a reader.
#[derive(Debug, Serialize)]
pub(super) struct Standing {
    waiting: usize,
    bytes: usize,
    oldest_ms: Option<u64>,
    delivered: u64,
    dropped: u64,
    conflated: u64,
}

/// What is next for a reader.
#[derive(Debug)]
pub(crate) enum Next {
    /// It is encoded once for all readers of a kind.
    Tick(Forms<Tick>),
    Word(Told<'static>),
}

impl Tick {
    pub(super) const fn symbol(&self) -> Option<usize> {
        match self {
            Self::All(_) => None,
            Self::Change { symbol, .. } => Some(*symbol),
        }
    }

    fn told(&self) -> Told<'_> {
        match self {
            Self::All(prices) => Told::Prices(prices),
            &Self::Change { symbol, price } => Told::Change(symbol, price),
        }
    }
}

/// About what it takes on the wire.
impl Weigh for Tick {
    fn weight(&self) -> usize {
        match self {
            Self::All(prices) => 20 + 6 * prices.len(),
            Self::Change { .. } => 32,
        }
    }
}

impl Told<'_> {
    pub(super) fn message(&self) -> Message {
        Message::json(self).expect("text and numbers always serialize")
    }

    fn prepare(&self) -> Prepared {
        Prepared::new(&self.message()).expect("it is text")
    }

    fn event(&self) -> Event {
        Event::new().json(self).expect("text and numbers always serialize")
    }

    pub(super) const fn ended(reason: End, dropped: u64) -> Self {
        Self::Ended { reason: reason.name(), dropped }
    }
}

impl Next {
    /// As a frame of a WebSocket.
    pub(super) fn message(&self) -> Prepared {
        match self {
            Self::Tick(tick) => tick.message(|tick| tick.told().prepare()),
            Self::Word(word) => word.prepare(),
        }
    }

    /// As an event.
    pub(crate) fn event(&self) -> Bytes {
        match self {
            Self::Tick(tick) => tick.event(|tick| tick.told().event()),
            Self::Word(word) => word.event().encode(),
        }
    }
}

impl From<Stats> for Standing {
    fn from(Stats { waiting, waiting_bytes, oldest, delivered, dropped, conflated, .. }: Stats) -> Self {
        let oldest_ms = oldest.map(|oldest| oldest.as_millis() as u64);
        Self { waiting, bytes: waiting_bytes, oldest_ms, delivered, dropped, conflated }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_has_one_key_over_both_transports() {
        for (told, json) in [
            (Told::Prices(&[100, 2500]), r#"{"prices":[100,2500]}"#),
            (Told::Change(7, 2501), r#"{"change":[7,2501]}"#),
            (Told::Lagged(3), r#"{"lagged":3}"#),
            (Told::Conflated(2), r#"{"conflated":2}"#),
            (Told::ended(End::Overflow, 256), r#"{"ended":{"reason":"overflow","dropped":256}}"#),
        ] {
            assert_eq!(told.message(), Message::text(json));
            assert_eq!(told.event().encode(), format!("data: {json}\n\n"));
        }
    }
}
