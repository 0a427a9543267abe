//! Which streams are open, and which of them nobody reads.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use longwave_core::{Connection, EndReason, Lifeline};
use serde::Serialize;
use tokio::time::Instant;

use crate::counters::reason;

/// The open streams, and the ones that ended last. Clones are of the same.
#[derive(Clone, Debug, Default)]
pub(crate) struct Streams {
    state: Arc<Mutex<State>>,
}

/// What is known of a stream from the start.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) path: &'static str,
    /// The name that the client gave itself.
    pub(crate) client: Option<String>,
    pub(crate) generation: u64,
}

/// An open stream, as its client is told of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Open {
    number: u64,
    path: &'static str,
    generation: u64,
    age_ms: u64,
    /// For how long the kernel has taken nothing, if there is something to take.
    stuck_ms: Option<u64>,
    /// Why it is to end, if it is.
    reason: Option<&'static str>,
}

/// A stream that is over, as its client is told of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Gone {
    number: u64,
    path: &'static str,
    generation: u64,
    age_ms: u64,
    reason: &'static str,
    code: Option<u16>,
}

#[derive(Debug, Default)]
struct State {
    entered: u64,
    open: BTreeMap<u64, Stream>,
    gone: VecDeque<(Option<String>, Gone)>,
}

/// Its lifeline keeps nothing alive.
#[derive(Clone, Debug)]
struct Stream {
    lifeline: Lifeline,
    origin: Origin,
    since: Instant,
}

/// A stream's place, which is handed to its lifeline and so is dropped when the stream is over.
#[derive(Debug)]
struct Place {
    state: Arc<Mutex<State>>,
    number: u64,
}

impl Streams {
    /// Takes a stream in until it is over.
    pub(crate) fn enter(&self, lifeline: &Lifeline, origin: Origin) {
        let number = {
            let mut state = lock(&self.state);
            state.entered += 1;
            let number = state.entered;
            state.open.insert(number, Stream { lifeline: lifeline.clone(), origin, since: Instant::now() });
            number
        };
        lifeline.hold(Place { state: Arc::clone(&self.state), number });
    }

    /// How many connections have a reader that has stopped reading.
    pub(crate) fn stalled(&self) -> usize {
        let mut stalled: Vec<Connection> = Vec::new();
        for stream in self.open(|_| true).into_values() {
            if let Some(connection) = stream.lifeline.connection()
                && stream.stuck().is_some_and(|stuck| stuck > STALLED)
                && !stalled.contains(connection)
            {
                stalled.push(connection.clone());
            }
        }
        stalled.len()
    }

    /// The streams of one client.
    pub(crate) fn of(&self, client: &str) -> (Vec<Open>, Vec<Gone>) {
        let is = |name: &Option<String>| name.as_deref() == Some(client);
        let open = self.open(|origin| is(&origin.client));
        let open = open.into_iter().map(|(number, stream)| stream.told(number)).collect();
        let state = lock(&self.state);
        let latest = state.gone.iter().rev().filter(|(name, _)| is(name)).take(TOLD);
        let mut gone: Vec<Gone> = latest.map(|(_, gone)| gone.clone()).collect();
        gone.reverse();
        (open, gone)
    }

    /// Ends the streams of earlier generations, which their own drain has not reached yet.
    pub(crate) fn end_before(&self, generation: u64, reason: &EndReason) {
        for stream in self.open(|origin| origin.generation < generation).into_values() {
            stream.lifeline.end(reason.clone());
        }
    }

    /// Hands out copies, so that no lifeline is asked for anything under the lock.
    fn open(&self, which: impl Fn(&Origin) -> bool) -> BTreeMap<u64, Stream> {
        let state = lock(&self.state);
        let open = state.open.iter().filter(|(_, stream)| which(&stream.origin));
        open.map(|(&number, stream)| (number, stream.clone())).collect()
    }
}

impl Stream {
    fn stuck(&self) -> Option<Duration> {
        let progress = self.lifeline.connection()?.progress();
        let since = progress.last().unwrap_or(self.since);
        (progress.pending() > 0).then(|| since.elapsed())
    }

    fn told(&self, number: u64) -> Open {
        Open {
            number,
            path: self.origin.path,
            generation: self.origin.generation,
            age_ms: ms(self.since.elapsed()),
            stuck_ms: self.stuck().map(ms),
            reason: self.lifeline.reason().map(|why| reason(Some(&why))),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(stream) = lock(&self.state).open.remove(&self.number) else { return };
        let Stream { lifeline, origin, since } = stream;
        let why = lifeline.reason();
        let gone = Gone {
            number: self.number,
            path: origin.path,
            generation: origin.generation,
            age_ms: ms(since.elapsed()),
            reason: reason(why.as_ref()),
            code: why.as_ref().map(EndReason::close_code),
        };
        let mut state = lock(&self.state);
        if state.gone.len() == REMEMBERED {
            state.gone.pop_front();
        }
        state.gone.push_back((origin.client, gone));
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn ms(duration: Duration) -> u64 {
    duration.as_millis() as u64
}

/// A kernel that takes nothing for so long is not just busy.
const STALLED: Duration = Duration::from_secs(1);

/// So many ends are remembered, of all clients, and so many of its own is a client told of.
const REMEMBERED: usize = 64;
const TOLD: usize = 8;
