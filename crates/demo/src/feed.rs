//! The publisher: a made-up radio signal, written into the history at a steady pace.

use std::f64::consts::TAU;
use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use longwave_sse::{Event, EventType};
use serde::Serialize;
use tokio::time::MissedTickBehavior;

use crate::ring::Ring;
use crate::server::Transport;

/// How the feed runs.
#[derive(Clone, Debug)]
pub struct Config {
    pub(crate) every: Duration,
    pub(crate) history: NonZeroUsize,
    pub(crate) heartbeat: Duration,
    pub(crate) retry: RangeInclusive<Duration>,
    pub(crate) origins: Vec<String>,
    pub(crate) https: bool,
}

/// The payload of `sample` and `peak`.
#[derive(Debug, Serialize)]
struct Sample {
    /// Counts all events, so that the page can prove that it has every one.
    n: u64,
    /// Milliseconds since the Unix epoch.
    at: u64,
    /// Signal level, 0 to 100.
    level: f64,
}

impl Config {
    /// Publishes an event so often (default: five a second).
    #[must_use]
    pub const fn every(mut self, every: Duration) -> Self {
        self.every = every;
        self
    }

    /// Keeps so many events for clients that come back (default: 32, a little over six seconds).
    #[must_use]
    pub const fn history(mut self, history: NonZeroUsize) -> Self {
        self.history = history;
        self
    }

    /// Lets a stream be silent for so long (default: 15 s), below the idle timeouts of common proxies.
    #[must_use]
    pub const fn heartbeat(mut self, heartbeat: Duration) -> Self {
        self.heartbeat = heartbeat;
        self
    }

    /// Draws each connection's `retry:` from this range (default: 1 s to 2 s), so that clients which lost
    /// their connections together do not come back together.
    #[must_use]
    pub const fn retry(mut self, retry: RangeInclusive<Duration>) -> Self {
        self.retry = retry;
        self
    }

    /// Says where the demo is served, so that it knows its own pages (default: nowhere, and nobody can log in). On
    /// this machine, it is served as `localhost` too.
    #[must_use]
    pub fn at(mut self, transport: &Transport, address: SocketAddr) -> Self {
        self.https = matches!(transport, Transport::Tls(_));
        let scheme = if self.https { "https" } else { "http" };
        let origin = |host: &dyn Display| format!("{scheme}://{host}:{}", address.port());
        let name = |ip: IpAddr| match ip {
            IpAddr::V4(ip) => origin(&ip),
            IpAddr::V6(ip) => origin(&format!("[{ip}]")),
        };
        let ip = address.ip();
        self.origins = if ip.is_unspecified() {
            vec![name(Ipv4Addr::LOCALHOST.into()), name(Ipv6Addr::LOCALHOST.into())]
        } else {
            vec![name(ip)]
        };
        if ip.is_loopback() || ip.is_unspecified() {
            self.origins.push(origin(&"localhost"));
        }
        self
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            every: Duration::from_millis(200),
            history: NonZeroUsize::MIN.saturating_add(31),
            heartbeat: Duration::from_secs(15),
            retry: Duration::from_secs(1)..=Duration::from_secs(2),
            origins: Vec::new(),
            https: false,
        }
    }
}

/// Publishes until nobody can read the history any more.
pub(crate) async fn publish(ring: Ring, every: Duration) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    let mut step = 0;
    let mut last = level(0);
    while !ring.is_orphaned() {
        ticks.tick().await;
        step += 1;
        let level = level(step);
        ring.publish(|n| event(SAMPLE, n, level));
        if last < PEAK && level >= PEAK {
            ring.publish(|n| event(PEAK_TYPE, n, level));
        }
        last = level;
    }
}

fn event(event_type: &'static str, n: u64, level: f64) -> Event {
    let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |at| at.as_millis() as u64);
    Event::new()
        .event_type(EventType::from_static(event_type))
        .json(&Sample { n, at, level })
        .expect("numbers always serialize")
}

/// Two slow waves and a little noise.
fn level(step: u32) -> f64 {
    let turn = f64::from(step) * 0.2;
    let wave = 27.0 * (turn * TAU / 7.0).sin() + 11.0 * (turn * TAU / 2.9).sin();
    let level = 50.0 + wave + 6.0 * (fastrand::f64() - 0.5);
    (level.clamp(0.0, 100.0) * 10.0).round() / 10.0
}

/// The event types of the feed.
const SAMPLE: &str = "sample";
const PEAK_TYPE: &str = "peak";

/// A signal that rises to this level is reported.
const PEAK: f64 = 78.0;
