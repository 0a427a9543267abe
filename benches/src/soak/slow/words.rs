//! What is said to subscribers: a line of text, which is the data of an event or a message.

use bytes::Bytes;
use longwave_backpressure::outbox::{Delivery, Weigh};
use longwave_sse::{Event, EventType};
use longwave_ws_hyper::Utf8Bytes;
use std::sync::Arc;

/// Bytes of an item.
pub const SIZE: usize = 256;
/// How many keys there are, of which only the latest counts.
pub const KEYS: u64 = 64;

/// What is published, encoded once for all.
#[derive(Debug)]
pub struct Item {
    /// Where it stands among all that is published, or in the past.
    pub number: u64,
    pub event: Bytes,
    pub text: Utf8Bytes,
}

impl Item {
    /// An item that says when it was published, in nanoseconds of the machine's time.
    pub fn live(number: u64, time: u64) -> Self {
        Item::new(number, format!("{LIVE} {number:010} {time:020} "))
    }

    pub fn past(number: u64) -> Self {
        Item::new(number, format!("{PAST} {number:010} "))
    }

    fn new(number: u64, mut text: String) -> Self {
        text.extend(std::iter::repeat_n('x', SIZE - text.len()));
        Item { number, event: Event::new().data(&text).encode(), text: text.into() }
    }
}

impl Weigh for Item {
    fn weight(&self) -> usize {
        SIZE
    }
}

/// A delivery, ready to be sent.
pub struct Line {
    pub event: Bytes,
    pub text: Utf8Bytes,
    /// Nothing comes after it.
    pub is_last: bool,
}

impl Line {
    pub fn of(delivery: Delivery<Arc<Item>>) -> Self {
        match delivery {
            Delivery::Item(item) => {
                Line { event: item.event.clone(), text: item.text.clone(), is_last: false }
            }
            Delivery::Lagged { dropped, .. } => Line::about(LAG, dropped),
            Delivery::Conflated { replaced, .. } => Line::about(CONFLATED, replaced),
            Delivery::Ended { dropped, .. } => Line { is_last: true, ..Line::about(GAP, dropped) },
            _ => unreachable!("a delivery of a kind that nobody has heard of"),
        }
    }

    fn about(name: &'static str, count: u64) -> Self {
        let event = Event::new().event_type(EventType::from_static(name)).data(count.to_string());
        Line { event: event.encode(), text: format!("{name} {count}").into(), is_last: false }
    }
}

/// What a subscriber hears.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Word {
    Live {
        number: u64,
        time: u64,
    },
    Past {
        number: u64,
    },
    /// So many are missing here.
    Lag(u64),
    /// The next item has replaced so many.
    Conflated(u64),
    /// It is over, and so many are missing.
    Gap(u64),
}

impl Word {
    /// Reads a block of an event stream, without the blank line; [`None`] if it is a comment.
    pub fn of_block(block: &[u8]) -> Option<Self> {
        let block = std::str::from_utf8(block).expect("text");
        if block.starts_with(':') {
            return None;
        }
        Some(match block.strip_prefix("event: ") {
            Some(named) => Word::read(named.split_once("\ndata: ").expect("data")),
            None => Word::of_text(block.strip_prefix("data: ").expect("data")),
        })
    }

    /// Reads a message.
    pub fn of_text(text: &str) -> Self {
        Word::read(text.split_once(' ').expect("a word and more"))
    }

    fn read((name, rest): (&str, &str)) -> Self {
        let mut numbers = rest.split(' ').map_while(|n| n.parse::<u64>().ok());
        let mut next = || numbers.next().unwrap_or_else(|| panic!("no number in {name} {rest}"));
        match name {
            LIVE | PAST => assert_eq!(name.len() + 1 + rest.len(), SIZE, "an item that is not whole"),
            _ => {}
        }
        match name {
            LIVE => Word::Live { number: next(), time: next() },
            PAST => Word::Past { number: next() },
            LAG => Word::Lag(next()),
            CONFLATED => Word::Conflated(next()),
            GAP => Word::Gap(next()),
            _ => panic!("{name} {rest} was never said"),
        }
    }
}

const LIVE: &str = "live";
const PAST: &str = "past";
const LAG: &str = "lag";
const CONFLATED: &str = "conflated";
const GAP: &str = "gap";
