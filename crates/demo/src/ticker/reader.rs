//! A reader of prices: what it takes from its outbox and how fast, and how it stands with it.

use std::future::pending;
use std::ops::RangeInclusive;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, stream};
use longwave_backpressure::outbox::{Delivery, End, Forms, Receiver};
use longwave_core::{Cause, EndReason, Lifeline};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until};

use super::words::{Greeting, Next, Tick, Told};
use super::{Manner, Market, manner};
use crate::stream::CutShort;

/// How a reader wants to read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    pub(crate) manner: Manner,
    /// How many changes a second; as fast as they come if it does not say.
    pub(crate) rate: Option<u32>,
}

/// One who reads prices.
#[derive(Debug)]
pub(crate) struct Reader {
    greeting: Option<Greeting>,
    receiver: Receiver<Forms<Tick>>,
    pace: Pace,
    ticks: Interval,
    lifeline: Lifeline,
    ended: Option<End>,
    settled: bool,
}

/// How fast a reader takes what waits for it.
///
/// A reader that is slow at the far end of a socket would be seen here only when the buffers of hyper, of two kernels
/// and of the browser are full, which takes minutes with so little in each change. So it is slow here, where the body
/// or the socket asks for more: to the outbox that is the same.
#[derive(Debug)]
struct Pace {
    rate: Option<u32>,
    next: Instant,
    /// All prices, with which it begins, are no change and cost nothing.
    begun: bool,
}

impl Reader {
    pub(crate) fn new(
        market: &Market,
        Reading { manner, rate }: Reading,
        come_back: &RangeInclusive<Duration>,
        lifeline: Lifeline,
    ) -> Self {
        let come_back_ms = [come_back.start(), come_back.end()].map(|end| end.as_millis() as u64);
        let mut ticks = interval(TELL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            greeting: Some(Greeting { policy: manner.name(), limit: manner::ITEMS, come_back_ms }),
            receiver: market.subscribe(manner),
            pace: Pace { rate, next: Instant::now(), begun: false },
            ticks,
            lifeline,
            ended: None,
            settled: false,
        }
    }

    pub(super) fn set_rate(&mut self, rate: Option<u32>) {
        self.pace.set(rate, Instant::now());
    }

    /// What to tell next; [`None`] at the end. Cancel-safe.
    ///
    /// How the outbox stands is told beside what is in it, at whatever pace that is taken.
    pub(super) async fn next(&mut self) -> Option<Next> {
        if let Some(greeting) = self.greeting.take() {
            return Some(Next::Word(Told::Reader(greeting)));
        }
        if let Some(reason) = self.ended {
            // What has become of all of it is the last word.
            if !std::mem::replace(&mut self.settled, true) {
                return Some(Next::Word(self.stats()));
            }
            let text = format!("outbox ended: {}", reason.name());
            self.lifeline.end(EndReason::new(Cause::Stalled).with_text(text));
            return None;
        }
        loop {
            let Self { receiver, pace, ticks, .. } = self;
            let taken = async {
                pace.ready().await;
                receiver.recv().await
            };
            let word = tokio::select! {
                biased;
                _ = ticks.tick() => self.stats(),
                delivery = taken => match delivery? {
                    Delivery::Item(tick) => {
                        self.pace.took(Instant::now());
                        return Some(Next::Tick(tick));
                    }
                    Delivery::Lagged { dropped, .. } => Told::Lagged(dropped),
                    Delivery::Conflated { replaced, .. } => Told::Conflated(replaced),
                    Delivery::Ended { reason, dropped, .. } => {
                        self.ended = Some(reason);
                        Told::ended(reason, dropped)
                    }
                    _ => continue,
                },
            };
            return Some(Next::Word(word));
        }
    }

    fn stats(&mut self) -> Told<'static> {
        let stats = self.receiver.stats();
        if stats.ended.is_some() {
            // The server ends who does not read, and waits for nobody to do so.
            self.pace.set(None, Instant::now());
        }
        Told::Stats(stats.into())
    }

    /// The events of a reader.
    pub(crate) fn into_events(self) -> impl Stream<Item = Result<Bytes, CutShort>> + Send {
        stream::unfold(self, |mut reader| async move {
            let next = reader.next().await?;
            Some((Ok(next.event()), reader))
        })
    }
}

impl Pace {
    /// Waits until it may take something. Cancel-safe.
    async fn ready(&self) {
        match self.rate {
            Some(0) if self.begun => pending().await,
            Some(_) if self.begun => sleep_until(self.next).await,
            _ => {}
        }
    }

    /// It has taken something; what comes next is due a step after this was, so that on the average the rate is kept.
    fn took(&mut self, now: Instant) {
        if let Some(step) = self.step().filter(|_| self.begun) {
            self.next = (self.next + step).max(now);
        }
        self.begun = true;
    }

    fn set(&mut self, rate: Option<u32>, now: Instant) {
        self.rate = rate;
        if let Some(step) = self.step() {
            self.next = self.next.min(now + step);
        }
    }

    fn step(&self) -> Option<Duration> {
        Some(Duration::from_secs(1) / self.rate.filter(|&rate| rate > 0)?)
    }
}

/// How often a reader is told how its outbox stands.
const TELL: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use super::*;

    /// How many changes it would take in the time from `start`, if there were always more.
    async fn taken(pace: &mut Pace, time: Duration) -> u32 {
        let end = Instant::now() + time;
        let mut taken = 0;
        while tokio::time::timeout_at(end, pace.ready()).await.is_ok() && Instant::now() < end {
            pace.took(Instant::now());
            taken += 1;
        }
        taken
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_keeps_its_pace_and_changes_it_at_once() {
        let second = Duration::from_secs(1);
        let mut pace = Pace { rate: Some(0), next: Instant::now(), begun: false };
        assert_eq!(taken(&mut pace, second).await, 1, "only what it begins with");
        // Uneven steps add up to the rate all the same: a timer has milliseconds.
        pace.set(Some(300), Instant::now());
        assert!((299..=301).contains(&taken(&mut pace, second).await));
        pace.set(Some(1), Instant::now());
        assert!((1..=2).contains(&taken(&mut pace, second).await));
        pace.set(Some(100), Instant::now());
        assert!((99..=101).contains(&taken(&mut pace, second).await));
        pace.set(Some(0), Instant::now());
        assert_eq!(taken(&mut pace, second).await, 0);
        // What it did not take while nothing came is not made up for.
        tokio::time::sleep(10 * second).await;
        pace.set(Some(100), Instant::now());
        assert!((99..=102).contains(&taken(&mut pace, second).await));
    }
}
