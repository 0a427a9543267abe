//! What the clients report.

use super::{
    super::latencies::Latencies,
    words::{KEYS, Word},
};
use serde::{Deserialize, Serialize};

#[derive(Default, Deserialize, Serialize)]
pub struct Report {
    /// By subscriber.
    pub heard: Vec<Heard>,
    pub events: Latencies,
    pub messages: Latencies,
    /// What the clients' process has had of a core.
    pub cpu: f64,
}

/// What one subscriber has heard.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Heard {
    pub live: u64,
    pub past: u64,
    pub lag: u64,
    pub conflated: u64,
    pub gap: u64,
    /// Items that were not what had to come next, by what was said to be missing.
    pub wrong: u64,
    pub over: Over,
    /// With keys: the sum of the latest number of each, counted from one.
    pub latest: u64,
    /// The number that comes next if nothing is missing.
    #[serde(skip)]
    next: u64,
    /// With keys: the latest number of each, counted from one.
    #[serde(skip)]
    keys: Vec<u64>,
}

/// How a subscription is over.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub enum Over {
    /// It is not, or the connection was cut.
    #[default]
    Cut,
    /// All that was published is there or was said to be missing.
    Finished,
    /// It was ended for being slow.
    Ended,
}

impl Heard {
    /// Makes room for keys, of each of which only the latest counts.
    pub fn by_key(mut self) -> Self {
        self.keys = vec![0; KEYS as usize];
        self
    }

    pub fn hear(&mut self, word: Word) {
        match word {
            Word::Past { number } => {
                self.wrong += u64::from(number != self.past);
                self.past += 1;
            }
            Word::Lag(count) => {
                self.lag += count;
                self.next += count;
            }
            Word::Conflated(count) => self.conflated += count,
            Word::Gap(count) => self.gap += count,
            Word::Live { number, .. } => {
                self.live += 1;
                if let Some(latest) = self.keys.get_mut((number % KEYS) as usize) {
                    self.wrong += u64::from(number < *latest);
                    self.latest = self.latest - *latest + number + 1;
                    *latest = number + 1;
                } else {
                    self.wrong += u64::from(number != self.next);
                    self.next = number + 1;
                }
            }
        }
    }

    /// Notes the end of the stream, that it brought with the right code or without one.
    pub fn end(&mut self, code: Option<u16>) {
        let is_ended = self.gap > 0;
        let right = if is_ended { 1013 } else { 1000 };
        self.wrong += u64::from(code.is_some_and(|code| code != right));
        self.over = if is_ended { Over::Ended } else { Over::Finished };
    }

    /// How many items were said to be missing.
    pub fn told(&self) -> u64 {
        self.lag + self.gap
    }
}
