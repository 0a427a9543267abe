//! The server's memory while items are published.

use crate::memory;
use std::time::Duration;

#[derive(Debug, Default)]
pub struct Samples {
    /// When, in seconds, and how many bytes.
    taken: Vec<(f64, f64)>,
}

impl Samples {
    /// Takes a sample if it is time for one.
    pub fn take(&mut self, now: Duration) {
        let now = now.as_secs_f64();
        if self.taken.last().is_none_or(|(last, _)| now >= last + EVERY) {
            self.taken.push((now, memory::resident(std::process::id()) as f64));
        }
    }

    /// What was sampled once queues and buffers have filled.
    pub fn warm(&self) -> Warm {
        let taken = &self.taken[(self.taken.len() as f64 * COLD) as usize..];
        let count = taken.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| taken.iter().map(of).sum::<f64>() / count;
        let (time, bytes) = (mean(|sample| sample.0), mean(|sample| sample.1));
        let spread: f64 = taken.iter().map(|sample| (sample.0 - time).powi(2)).sum();
        let slope: f64 = taken.iter().map(|sample| (sample.0 - time) * (sample.1 - bytes)).sum();
        let [first, .., last] = taken else { panic!("the run is too short for samples of memory") };
        Warm {
            first: first.1 as usize,
            last: last.1 as usize,
            per_second: if spread > 0.0 { slope / spread } else { 0.0 },
            seconds: last.0 - first.0,
        }
    }
}

/// A line through samples.
#[derive(Clone, Copy, Debug)]
pub struct Warm {
    /// Bytes.
    pub first: usize,
    pub last: usize,
    /// Bytes per second.
    pub per_second: f64,
    pub seconds: f64,
}

impl Warm {
    /// Whether it does not grow by more than a hundredth and a mebibyte.
    pub fn is_flat(self) -> bool {
        self.per_second * self.seconds <= self.first as f64 / 100.0 + f64::from(1 << 20)
    }
}

/// Seconds.
const EVERY: f64 = 0.25;
/// The share of a run in which queues and buffers fill.
const COLD: f64 = 0.4;
