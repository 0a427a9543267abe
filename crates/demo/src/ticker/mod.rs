//! Two hundred made-up prices and one fan for all who read them, each with an outbox and a pace of its own.

mod manner;
mod reader;
mod socket;
mod words;

use std::iter::repeat_with;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use longwave_backpressure::outbox::{Class, Fan, Forms, Outbox, Receiver, TokioClock};

pub(crate) use self::manner::Manner;
pub(crate) use self::reader::{Reader, Reading};
pub(crate) use self::socket::Arrival;
use self::words::Tick;
use crate::counters::Counters;

/// The prices. Clones are of the same.
#[derive(Clone, Debug)]
pub(crate) struct Market {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    fan: Fan<Forms<Tick>>,
    outboxes: [(Manner, Outbox<Forms<Tick>>); Manner::ALL.len()],
    clock: TokioClock,
    floor: Mutex<Floor>,
}

/// Whoever changes a price publishes it under this lock, and whoever comes sees all of them under it.
#[derive(Debug)]
struct Floor {
    random: Rng,
    /// Cents.
    prices: Vec<u32>,
    /// Whether prices are changing. They do while anybody looks.
    open: bool,
}

impl Market {
    /// - `counters`: are told what readers do not get.
    pub(crate) fn new(counters: &Counters) -> Self {
        let mut random = Rng::with_seed(SEED);
        let prices = repeat_with(|| random.u32(2_000..40_000)).take(SYMBOLS).collect();
        let shared = Shared {
            fan: Fan::new(),
            outboxes: Manner::ALL.map(|manner| (manner, manner.outbox().observed_by(counters.clone()))),
            clock: TokioClock::start(),
            floor: Mutex::new(Floor { random, prices, open: false }),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Adds a reader, which gets all prices first, and from then on every change, or what is left of them.
    fn subscribe(&self, manner: Manner) -> Receiver<Forms<Tick>> {
        let Shared { fan, outboxes, clock, .. } = &*self.shared;
        let (_, outbox) = outboxes.iter().find(|(of, _)| *of == manner).expect("there is one for each");
        let mut floor = self.lock();
        let all = Forms::new(Tick::All(floor.prices.clone()));
        let now = clock.now();
        let receiver = fan.subscribe_after(outbox, now, |sender| {
            sender.try_send(Class::Replay, all, now).expect("there is room where nothing waits");
        });
        if !floor.open {
            floor.open = true;
            tokio::spawn(self.clone().publish());
        }
        receiver
    }

    /// Changes prices at a steady pace until nobody looks any more.
    async fn publish(self) {
        let mut ticks = tokio::time::interval(EVERY);
        loop {
            ticks.tick().await;
            let mut floor = self.lock();
            if self.shared.fan.subscribers() == 0 {
                floor.open = false;
                return;
            }
            let change = floor.change();
            self.shared.fan.publish(Class::Live, Forms::new(change), self.shared.clock.now());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Floor> {
        self.shared.floor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Floor {
    /// One step of a random walk: a price changes by half a percent at most, and by a cent at least.
    fn change(&mut self) -> Tick {
        let symbol = self.random.usize(..SYMBOLS);
        let price = &mut self.prices[symbol];
        let step = self.random.u32(1..=(*price / 200).max(1));
        let up = self.random.bool() || *price < LEAST + step;
        *price = if up { price.saturating_add(step) } else { *price - step };
        Tick::Change { symbol, price: *price }
    }
}

/// So many prices there are.
const SYMBOLS: usize = 200;

/// A hundred changes a second.
const EVERY: Duration = Duration::from_millis(10);

/// The same prices in every run.
const SEED: u64 = 1901;

/// No price falls below a dollar.
const LEAST: u32 = 100;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn prices_walk_the_same_way_in_every_run() {
        let walk = || {
            let market = Market::new(&Counters::default());
            let mut floor = market.lock();
            (0..10_000).map(|_| floor.change()).collect::<Vec<_>>()
        };
        let changes = walk();
        assert_eq!(changes, walk());
        let mut moved = HashSet::new();
        for change in changes {
            let Tick::Change { symbol, price } = change else { panic!("{change:?}") };
            assert!(price >= LEAST);
            moved.insert(symbol);
        }
        assert_eq!(moved.len(), SYMBOLS);
    }

    #[tokio::test(start_paused = true)]
    async fn prices_change_only_while_somebody_looks() {
        let market = Market::new(&Counters::default());
        for _ in 0..2 {
            let reader = market.subscribe(Manner::DropOldest);
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert!(market.lock().open);
            // All prices, and a change every ten milliseconds from the start.
            assert!((100..=102).contains(&reader.stats().waiting), "{reader:?}");
            drop(reader);
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert!(!market.lock().open);
        }
    }
}
