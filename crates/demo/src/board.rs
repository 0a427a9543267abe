//! How the demo stands: what is open, what has ended and why, which generation serves.

use std::collections::VecDeque;
use std::fmt;
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use longwave_drain::{Drain, DrainReport};
use serde::Serialize;

use crate::counters::{Counters, Counts, head};
use crate::streams::{Gone, Open, Streams};

/// What all parts of the demo write on, and the page reads. Clones are of the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Board {
    pub(crate) counters: Counters,
    pub(crate) streams: Streams,
    generations: Arc<Mutex<VecDeque<Generation>>>,
}

/// The payload of `stats`, and the answer of `/stats`.
#[derive(Debug, Serialize)]
pub(crate) struct Stats {
    #[serde(flatten)]
    counts: Counts,
    /// Connections whose reader has stopped reading, right now.
    stalled: usize,
    /// The newest last; it takes all new streams.
    generations: Vec<Standing>,
    /// The streams of whoever asks, if it has said who it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    yours: Option<Yours>,
}

#[derive(Debug, Serialize)]
struct Yours {
    open: Vec<Open>,
    gone: Vec<Gone>,
}

#[derive(Debug)]
struct Generation {
    number: u64,
    drain: Drain,
    report: Option<DrainReport>,
}

#[derive(Debug, Serialize)]
struct Standing {
    number: u64,
    open: usize,
    draining: bool,
    report: Option<Report>,
}

#[derive(Debug, Serialize)]
struct Report {
    ended: usize,
    gone: usize,
    left_over: usize,
}

impl Board {
    pub(crate) fn stats(&self, client: Option<&str>) -> Stats {
        Stats {
            counts: self.counters.counts(),
            stalled: self.streams.stalled(),
            generations: self.lock().iter().map(Generation::standing).collect(),
            yours: client.map(|client| {
                let (open, gone) = self.streams.of(client);
                Yours { open, gone }
            }),
        }
    }

    /// The exposition format of Prometheus.
    pub(crate) fn metrics(&self) -> String {
        let mut out = String::new();
        self.expose(&mut out).expect("text can be written to text");
        out
    }

    fn expose(&self, out: &mut String) -> fmt::Result {
        self.counters.expose(out)?;
        head(out, "demo_stalled_connections", "gauge")?;
        writeln!(out, "demo_stalled_connections {}", self.streams.stalled())?;
        head(out, "demo_generation", "gauge")?;
        writeln!(out, "demo_generation {}", self.lock().back().map_or(0, |newest| newest.number))
    }

    /// Notes that this generation serves from now on.
    pub(crate) fn began(&self, number: u64, drain: &Drain) {
        let mut generations = self.lock();
        if generations.len() == REMEMBERED {
            generations.pop_front();
        }
        generations.push_back(Generation { number, drain: drain.clone(), report: None });
    }

    /// Notes how the drain of a generation went.
    pub(crate) fn drained(&self, number: u64, report: DrainReport) {
        if let Some(generation) = self.lock().iter_mut().find(|generation| generation.number == number) {
            generation.report = Some(report);
        }
    }

    /// Whether a generation is being drained.
    pub(crate) fn is_deploying(&self) -> bool {
        self.lock().iter().any(|generation| generation.drain.is_draining() && generation.report.is_none())
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Generation>> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generation {
    fn standing(&self) -> Standing {
        Standing {
            number: self.number,
            open: self.drain.open(),
            draining: self.drain.is_draining(),
            report: self.report.map(|DrainReport { ended, gone, left_over, .. }| Report {
                ended,
                gone,
                left_over,
            }),
        }
    }
}

/// So many generations are shown.
const REMEMBERED: usize = 3;
