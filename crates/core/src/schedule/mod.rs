#[cfg(test)]
mod tests;

use std::{ops::RangeInclusive, time::Duration};

/// When to beat, and when a peer is dead: the clockwork of a heartbeat, without a clock.
///
/// Time is a [`Duration`] since any point before the stream began, and must not go backwards; randomness is an
/// argument. Two things are kept apart: bytes *sent* keep a proxy from cutting the path, only bytes
/// *received* prove that the peer lives.
///
/// - A beat is due when nothing was sent for an interval or, if the peer answers, nothing was received; on a
///   busy stream none is, but for one that measures the round trip when the last measurement is old.
/// - The first interval is a random half to whole one, so that clients who came together do not beat together;
///   each further one is up to a tenth shorter.
/// - A peer that answers is dead when nothing at all has come since a beat for `srtt + max(1 s, 4 * rttvar)`
///   ([RFC 6298]), at least 5 s and at most 20 s; 10 s until a round trip was measured.
/// - A late call never finds the peer dead: whoever was asleep, or suspended, has not been listening. It beats
///   again instead.
///
/// [RFC 6298]: https://www.rfc-editor.org/rfc/rfc6298
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use longwave_core::{Due, Schedule};
///
/// let secs = Duration::from_secs;
/// let mut schedule = Schedule::answering(secs(25), Duration::ZERO, u64::MAX);
/// assert!(matches!(schedule.poll(secs(1), 7), Due::Later(at) if at == secs(25)));
/// assert_eq!(schedule.poll(secs(25), 7), Due::Beat { nonce: 7 });
/// assert_eq!(schedule.answer(secs(26), 7), Some(secs(1)));
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Schedule {
    interval: Nanos,
    /// This interval, with its jitter.
    current: Nanos,
    last_inbound: Nanos,
    last_outbound: Nanos,
    /// Whether the peer answers beats.
    answers: bool,
    awaiting: Option<Awaiting>,
    rtt: Option<Rtt>,
    /// When the round trip was measured last, or measuring it began.
    sampled: Nanos,
}

/// Half the size of a [`Duration`], as there are many schedules; it lasts for 584 years.
type Nanos = u64;

/// What [`Schedule::poll`] says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Due {
    /// Send a beat now. The peer gives the nonce back.
    Beat {
        /// The random number that was passed in.
        nonce: u64,
    },
    /// The peer is dead: abort the connection, do not close it.
    Dead,
    /// Nothing yet; call again then, or after something was sent or received.
    Later(Duration),
}

/// A beat that was not answered yet.
#[derive(Clone, Copy, Debug)]
struct Awaiting {
    nonce: u64,
    sent: Nanos,
    /// Something has come since, so that the peer lives, though this beat is not answered.
    alive: bool,
}

#[derive(Clone, Copy, Debug)]
struct Rtt {
    smoothed: Nanos,
    variation: Nanos,
}

impl Schedule {
    /// Makes a schedule for a stream that goes one way, as an event stream does: beats are never answered.
    ///
    /// - `interval`: how long the stream may be silent.
    /// - `now`: the time at which the stream begins.
    /// - `random`: 64 random bits.
    pub fn one_way(interval: Duration, now: Duration, random: u64) -> Self {
        Self::new(interval, now, random, false)
    }

    /// Makes a schedule for a stream whose peer answers beats, as a WebSocket's does.
    ///
    /// The arguments are those of [`one_way`](Self::one_way).
    pub fn answering(interval: Duration, now: Duration, random: u64) -> Self {
        Self::new(interval, now, random, true)
    }

    fn new(interval: Duration, now: Duration, random: u64, answers: bool) -> Self {
        let (interval, now) = (nanos(interval), nanos(now));
        Self {
            interval,
            current: between(interval / 2, interval, random),
            last_inbound: now,
            last_outbound: now,
            answers,
            awaiting: None,
            rtt: None,
            sampled: now,
        }
    }

    /// Picks the interval for a client that proposes one.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use longwave_core::Schedule;
    ///
    /// let secs = Duration::from_secs;
    /// assert_eq!(Schedule::negotiate(Some(secs(1)), secs(25), secs(5)..=secs(55)), secs(5));
    /// assert_eq!(Schedule::negotiate(None, secs(25), secs(5)..=secs(55)), secs(25));
    /// ```
    #[must_use]
    pub fn negotiate(
        proposed: Option<Duration>,
        default: Duration,
        allowed: RangeInclusive<Duration>,
    ) -> Duration {
        let (least, most) = allowed.into_inner();
        proposed.unwrap_or(default).min(most).max(least)
    }

    /// Changes the interval, from the next beat on or at once if it is shorter.
    pub fn set_interval(&mut self, interval: Duration) {
        self.interval = nanos(interval);
        self.current = self.current.min(self.interval);
    }

    /// Notes that bytes have come from the peer.
    pub fn inbound(&mut self, now: Duration) {
        self.last_inbound = self.last_inbound.max(nanos(now));
        if let Some(awaiting) = &mut self.awaiting {
            awaiting.alive = true;
        }
    }

    /// Notes that bytes were sent to the peer.
    pub fn outbound(&mut self, now: Duration) {
        self.last_outbound = self.last_outbound.max(nanos(now));
    }

    /// Notes that the peer has answered a beat, and gives the round trip if it was the last one.
    ///
    /// Any other answer is late or unsolicited, and only proves that the peer lives.
    pub fn answer(&mut self, now: Duration, nonce: u64) -> Option<Duration> {
        self.inbound(now);
        let now = nanos(now);
        let awaiting = self.awaiting.take_if(|awaiting| awaiting.nonce == nonce)?;
        let sample = now.saturating_sub(awaiting.sent);
        self.rtt = Some(self.rtt.map_or(Rtt::first(sample), |rtt| rtt.next(sample)));
        self.sampled = now;
        Some(Duration::from_nanos(sample))
    }

    /// Says what is due, and takes the beat for sent if it is one.
    ///
    /// - `random`: 64 random bits, for the jitter and as the beat's nonce.
    #[must_use]
    pub fn poll(&mut self, now: Duration, random: u64) -> Due {
        let now = nanos(now);
        if let Some(deadline) = self.deadline()
            && deadline <= now
        {
            return if now.saturating_sub(deadline) <= LATE { Due::Dead } else { self.beat(now, random) };
        }
        match self.next_beat() {
            beat if beat <= now => self.beat(now, random),
            beat => {
                let next = self.deadline().map_or(beat, |deadline| deadline.min(beat));
                Due::Later(Duration::from_nanos(next))
            }
        }
    }

    /// The smoothed round trip, if one was measured.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.rtt.map(|rtt| Duration::from_nanos(rtt.smoothed))
    }

    /// How long a peer may take to show that it lives after a beat.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_nanos(self.patience())
    }

    fn patience(&self) -> Nanos {
        self.rtt.map_or(TIMEOUT_UNKNOWN, |rtt| {
            let spread = rtt.variation.saturating_mul(4).max(SPREAD_MIN);
            rtt.smoothed.saturating_add(spread).clamp(TIMEOUT_MIN, TIMEOUT_MAX)
        })
    }

    /// When the peer is dead, if nothing comes until then.
    fn deadline(&self) -> Option<Nanos> {
        let awaiting = self.awaiting.filter(|awaiting| !awaiting.alive)?;
        Some(awaiting.sent.saturating_add(self.patience()))
    }

    fn next_beat(&self) -> Nanos {
        let silent = self.last_outbound.saturating_add(self.current);
        if !self.answers {
            return silent;
        }
        let unheard = self.last_inbound.saturating_add(self.current);
        let unmeasured = self.sampled.saturating_add(SAMPLE_AGE.max(self.interval));
        match self.awaiting {
            // One beat at a time, until it is clear what has become of it.
            Some(Awaiting { alive: false, .. }) => Nanos::MAX,
            Some(Awaiting { sent, .. }) => silent.min(unheard).max(sent.saturating_add(self.current)),
            None => silent.min(unheard).min(unmeasured),
        }
    }

    fn beat(&mut self, now: Nanos, random: u64) -> Due {
        self.current = between(self.interval / 10 * 9, self.interval, random);
        self.last_outbound = now;
        if self.answers {
            self.awaiting = Some(Awaiting { nonce: random, sent: now, alive: false });
        }
        Due::Beat { nonce: random }
    }
}

impl Rtt {
    fn first(sample: Nanos) -> Self {
        Self { smoothed: sample, variation: sample / 2 }
    }

    /// With the weights of RFC 6298, section 2: 1/8 and 1/4.
    fn next(self, sample: Nanos) -> Self {
        let variation = self.variation / 4 * 3 + self.smoothed.abs_diff(sample) / 4;
        Self { smoothed: self.smoothed / 8 * 7 + sample / 8, variation }
    }
}

fn nanos(duration: Duration) -> Nanos {
    Nanos::try_from(duration.as_nanos()).unwrap_or(Nanos::MAX)
}

/// A time between two, by 64 random bits.
fn between(least: Nanos, most: Nanos, random: u64) -> Nanos {
    let span = most.saturating_sub(least);
    least + ((u128::from(random) * (u128::from(span) + 1)) >> 64) as Nanos
}

const SECOND: Nanos = 1_000_000_000;
const TIMEOUT_MIN: Nanos = 5 * SECOND;
const TIMEOUT_MAX: Nanos = 20 * SECOND;
/// So that a peer whose round trips are all alike is not dead for being a little late.
const SPREAD_MIN: Nanos = SECOND;
/// While no round trip was measured.
const TIMEOUT_UNKNOWN: Nanos = 10 * SECOND;
/// How old a measurement of the round trip may get on a busy stream.
const SAMPLE_AGE: Nanos = 60 * SECOND;
/// How late a call may be and still find a peer dead.
const LATE: Nanos = SECOND;
