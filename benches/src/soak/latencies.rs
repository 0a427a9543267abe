//! How long deliveries took.

use serde::{Deserialize, Serialize};

/// Microseconds, in buckets a sixty-fourth of their power of two wide.
#[derive(Default, Deserialize, Serialize)]
pub struct Latencies {
    buckets: Vec<u64>,
    pub longest: u64,
}

impl Latencies {
    pub fn add(&mut self, micros: u64) {
        let power = (micros | STEPS).ilog2() - STEPS.ilog2();
        let bucket = u64::from(power) * STEPS + (micros >> power);
        if self.buckets.len() <= bucket as usize {
            self.buckets.resize(bucket as usize + 1, 0);
        }
        self.buckets[bucket as usize] += 1;
        self.longest = self.longest.max(micros);
    }

    /// Adds what another has counted.
    pub fn merge(&mut self, other: &Self) {
        self.buckets.resize(self.buckets.len().max(other.buckets.len()), 0);
        self.buckets.iter_mut().zip(&other.buckets).for_each(|(count, more)| *count += more);
        self.longest = self.longest.max(other.longest);
    }

    /// The upper end of the bucket.
    pub fn quantile(&self, share: f64) -> u64 {
        let (mut left, total) = (0, self.buckets.iter().sum::<u64>() as f64);
        for (i, count) in (0..).zip(&self.buckets) {
            left += count;
            if left as f64 >= total * share {
                let power = (i / STEPS).saturating_sub(1);
                let step = i - power * STEPS;
                return ((step + 1) << power).min(self.longest);
            }
        }
        0
    }
}

pub fn millis(micros: u64) -> String {
    format!("{:.1} ms", micros as f64 / 1e3)
}

const STEPS: u64 = 64;
