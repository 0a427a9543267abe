//! A bounded history of encoded events that subscribers read at their own pace.
//!
//! One lock covers the history and its newest number, so a subscription starts exactly where its snapshot
//! ends: nothing is lost in between and nothing comes twice. Nobody has a queue of their own. A subscription
//! is a number, and one that has fallen behind the history learns of it as an [`Outcome::Gap`], whether it was
//! away or only slow.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use longwave_sse::{Event, EventId};
use tokio::sync::watch;

/// The history, and the way in for the publisher.
#[derive(Clone, Debug)]
pub struct Ring {
    shared: Arc<Shared>,
}

/// What a client says it has seen.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Seen<'a> {
    /// It has not been here before.
    Nothing,
    /// The last event ID it has committed.
    Id(&'a str),
    /// It sent an ID that cannot be read: it has been here, but nobody knows up to where.
    Unreadable,
}

/// How what is read connects to what was read before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// A new client: only events from now on.
    Fresh,
    /// Nothing is lost: these are all the events since.
    Resumed(u64),
    /// The history does not reach back far enough; what there is of it follows.
    Gap {
        /// How many events are lost, if the ID was one of ours.
        missed: Option<u64>,
        /// How many events follow.
        kept: u64,
    },
}

/// What a subscription reads at once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Batch {
    /// How it connects to what was read before.
    pub outcome: Outcome,
    /// The ID that comes right before the events.
    pub cursor: EventId,
    /// The encoded events.
    pub events: Vec<Bytes>,
}

/// A place in the history.
#[derive(Debug)]
pub struct Subscription {
    shared: Arc<Shared>,
    newest: watch::Receiver<u64>,
    /// The number of the last event that was read.
    read: u64,
}

#[derive(Debug)]
struct Shared {
    /// Tells this history's IDs from those of any other run: numbers start again, epochs do not.
    epoch: u32,
    capacity: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    events: VecDeque<Bytes>,
    newest: watch::Sender<u64>,
}

impl Ring {
    /// Creates an empty history of at most `capacity` events whose IDs read `<epoch in hex>-<number>`.
    #[must_use]
    pub fn new(epoch: u32, capacity: NonZeroUsize) -> Self {
        let state = State { events: VecDeque::new(), newest: watch::Sender::new(0) };
        let shared = Shared { epoch, capacity: capacity.get(), state: Mutex::new(state) };
        Self { shared: Arc::new(shared) }
    }

    /// Appends the event that `build` makes of its number, and gives it its ID.
    ///
    /// The event is encoded once; all subscribers share the bytes.
    pub fn publish(&self, build: impl FnOnce(u64) -> Event) {
        let mut state = self.shared.lock();
        let number = state.number() + 1;
        let event = build(number).id(self.shared.id(number)).encode();
        if state.events.len() == self.shared.capacity {
            state.events.pop_front();
        }
        state.events.push_back(event);
        state.newest.send_replace(number);
    }

    /// Takes the snapshot and the place to go on from in one step.
    #[must_use]
    pub fn subscribe(&self, seen: Seen<'_>) -> (Batch, Subscription) {
        let state = self.shared.lock();
        let read = state.number();
        let batch = match seen {
            Seen::Nothing => self.shared.batch(&state, Outcome::Fresh, read),
            Seen::Unreadable => self.shared.since(&state, None),
            Seen::Id(id) => {
                self.shared.since(&state, self.shared.number(id).filter(|&number| number <= read))
            }
        };
        let newest = state.newest.subscribe();
        drop(state);
        (batch, Subscription { shared: Arc::clone(&self.shared), newest, read })
    }

    /// Whether anyone but this handle still has an interest in the history.
    pub(crate) fn is_orphaned(&self) -> bool {
        Arc::strong_count(&self.shared) == 1
    }
}

impl Subscription {
    /// Waits for events that were not read yet and takes them all. Cancel-safe.
    pub async fn next(&mut self) -> Batch {
        // Never an error: the sender lives as long as this subscription does.
        let _ = self.newest.wait_for(|&newest| newest > self.read).await;
        let state = self.shared.lock();
        let batch = self.shared.since(&state, Some(self.read));
        self.read = state.number();
        batch
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change is complete before the next can panic, so a poisoned lock guards a sound state.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All events after `seen` that are still there.
    fn since(&self, state: &State, seen: Option<u64>) -> Batch {
        let floor = state.number() - state.events.len() as u64;
        match seen {
            Some(seen) if seen >= floor => self.batch(state, Outcome::Resumed(state.number() - seen), seen),
            _ => {
                let missed = seen.map(|seen| floor - seen);
                self.batch(state, Outcome::Gap { missed, kept: state.events.len() as u64 }, floor)
            }
        }
    }

    /// The events after `cursor`, which is not older than the history.
    fn batch(&self, state: &State, outcome: Outcome, cursor: u64) -> Batch {
        let unread = (state.number() - cursor) as usize;
        let events = state.events.range(state.events.len() - unread..).cloned().collect();
        Batch { outcome, cursor: self.id(cursor), events }
    }

    fn id(&self, number: u64) -> EventId {
        EventId::new(format!("{:x}-{number}", self.epoch)).expect("digits and a dash break no line")
    }

    fn number(&self, id: &str) -> Option<u64> {
        let (_, digits) = id.split_once('-')?;
        let number = digits.parse().ok()?;
        // One spelling each: `parse` would also take a sign and leading zeros.
        (self.id(number).as_str() == id).then_some(number)
    }
}

impl State {
    /// The number of the newest event.
    fn number(&self) -> u64 {
        *self.newest.borrow()
    }
}

#[cfg(test)]
mod tests;
