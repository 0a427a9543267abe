//! What has become of streams, counted: for the page, and for Prometheus.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use longwave_core::{Cause, Closed, EndReason, Lost, Observer, Opened, Refused, StreamKind};
use serde::Serialize;

/// Counts by the names that the documentation of [`Observer`] proposes. Clones count together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counters {
    tallies: Arc<Mutex<Tallies>>,
}

/// A kind of stream, or why something ended, by its short name.
type Name = &'static str;

#[derive(Debug, Default)]
struct Tallies {
    opened: BTreeMap<Name, u64>,
    closed: BTreeMap<End, Ended>,
    refused: BTreeMap<(Name, Name), u64>,
    beats: BTreeMap<Name, u64>,
    /// By policy.
    lost: BTreeMap<Name, Lost>,
    /// Queues that ended early, by reason.
    queues_ended: BTreeMap<Name, u64>,
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct End {
    kind: Name,
    reason: Name,
    code: Option<u16>,
}

#[derive(Debug, Default)]
struct Ended {
    streams: u64,
    /// How old they were, all together.
    age: Duration,
}

/// How things stand, for the page.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub(crate) struct Counts {
    /// Streams that are open, by kind.
    open: BTreeMap<Name, u64>,
    opened: u64,
    /// Streams that are over, by reason.
    closed: BTreeMap<Name, u64>,
    /// Requests for streams that were refused, by reason.
    refused: BTreeMap<Name, u64>,
    beats: u64,
}

impl Counters {
    pub(crate) fn counts(&self) -> Counts {
        let tallies = self.lock();
        let mut counts = Counts {
            open: tallies.opened.keys().map(|&kind| (kind, tallies.open(kind))).collect(),
            opened: tallies.opened.values().sum(),
            beats: tallies.beats.values().sum(),
            ..Counts::default()
        };
        for (end, ended) in &tallies.closed {
            *counts.closed.entry(end.reason).or_default() += ended.streams;
        }
        for (&(_, reason), refused) in &tallies.refused {
            *counts.refused.entry(reason).or_default() += refused;
        }
        counts
    }

    /// Writes the exposition format of Prometheus.
    pub(crate) fn expose(&self, out: &mut String) -> fmt::Result {
        let tallies = self.lock();
        head(out, "connections_active", "gauge")?;
        for kind in tallies.opened.keys() {
            writeln!(out, "connections_active{{transport=\"{kind}\"}} {}", tallies.open(kind))?;
        }
        head(out, "connections_opened_total", "counter")?;
        for (kind, opened) in &tallies.opened {
            writeln!(out, "connections_opened_total{{transport=\"{kind}\"}} {opened}")?;
        }
        head(out, "connections_closed_total", "counter")?;
        for (end, ended) in &tallies.closed {
            writeln!(out, "connections_closed_total{{{end}}} {}", ended.streams)?;
        }
        head(out, "connections_connection_age_seconds", "summary")?;
        for (end, ended) in &tallies.closed {
            let age = ended.age.as_secs_f64();
            writeln!(out, "connections_connection_age_seconds_sum{{{end}}} {age}")?;
            writeln!(out, "connections_connection_age_seconds_count{{{end}}} {}", ended.streams)?;
        }
        head(out, "connections_handshake_rejected_total", "counter")?;
        for ((kind, reason), refused) in &tallies.refused {
            let labels = format_args!("transport=\"{kind}\",reason=\"{reason}\"");
            writeln!(out, "connections_handshake_rejected_total{{{labels}}} {refused}")?;
        }
        head(out, "heartbeat_beats_sent_total", "counter")?;
        for (kind, beats) in &tallies.beats {
            writeln!(out, "heartbeat_beats_sent_total{{transport=\"{kind}\"}} {beats}")?;
        }
        head(out, "queue_dropped_total", "counter")?;
        for (policy, lost) in &tallies.lost {
            writeln!(out, "queue_dropped_total{{policy=\"{policy}\"}} {}", lost.dropped)?;
        }
        head(out, "queue_dropped_bytes_total", "counter")?;
        for (policy, lost) in &tallies.lost {
            writeln!(out, "queue_dropped_bytes_total{{policy=\"{policy}\"}} {}", lost.bytes)?;
        }
        head(out, "queue_conflated_total", "counter")?;
        let conflated: u64 = tallies.lost.values().map(|lost| lost.conflated).sum();
        writeln!(out, "queue_conflated_total {conflated}")?;
        head(out, "queue_ended_total", "counter")?;
        for (reason, ended) in &tallies.queues_ended {
            writeln!(out, "queue_ended_total{{reason=\"{reason}\"}} {ended}")?;
        }
        for (name, cause) in [
            ("heartbeat_timeout_close_total", Cause::Unresponsive),
            ("queue_slow_close_total", Cause::Stalled),
        ] {
            head(out, name, "counter")?;
            let ends = tallies.closed.iter().filter(|(end, _)| end.reason == cause.name());
            writeln!(out, "{name} {}", ends.map(|(_, ended)| ended.streams).sum::<u64>())?;
        }
        Ok(())
    }

    /// Held for an increment, so that nobody waits; and nothing in here can panic half way.
    fn lock(&self) -> MutexGuard<'_, Tallies> {
        self.tallies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Counters {
    fn opened(&self, opened: &Opened) {
        *self.lock().opened.entry(opened.kind.name()).or_default() += 1;
    }

    fn closed(&self, closed: &Closed) {
        let end = End {
            kind: closed.kind.name(),
            reason: reason(closed.reason.as_ref()),
            code: closed.reason.as_ref().map(EndReason::close_code),
        };
        let mut tallies = self.lock();
        let ended = tallies.closed.entry(end).or_default();
        ended.streams += 1;
        ended.age += closed.age;
    }

    fn refused(&self, refused: &Refused) {
        *self.lock().refused.entry((refused.kind.name(), refused.reason)).or_default() += 1;
    }

    fn beat(&self, kind: StreamKind) {
        *self.lock().beats.entry(kind.name()).or_default() += 1;
    }

    fn lost(&self, lost: &Lost) {
        let mut tallies = self.lock();
        let total = tallies.lost.entry(lost.policy).or_insert_with(|| Lost::new(lost.policy));
        total.dropped += lost.dropped;
        total.bytes += lost.bytes;
        total.conflated += lost.conflated;
        if let Some(reason) = lost.ended {
            *tallies.queues_ended.entry(reason).or_default() += 1;
        }
    }
}

impl Tallies {
    fn open(&self, kind: &str) -> u64 {
        let closed = self.closed.iter().filter(|(end, _)| end.kind == kind);
        let closed: u64 = closed.map(|(_, ended)| ended.streams).sum();
        self.opened.get(kind).map_or(0, |opened| opened.saturating_sub(closed))
    }
}

/// The labels of a metric.
impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, reason, code } = self;
        write!(f, "transport=\"{kind}\",reason=\"{reason}\",code=\"")?;
        code.map_or(Ok(()), |code| write!(f, "{code}"))?;
        f.write_str("\"")
    }
}

/// A short name for why a stream is over.
pub(crate) fn reason(reason: Option<&EndReason>) -> Name {
    reason.map_or("peer_left", |reason| reason.cause().name())
}

pub(crate) fn head(out: &mut String, name: &str, kind: &str) -> fmt::Result {
    writeln!(out, "# TYPE {name} {kind}")
}
