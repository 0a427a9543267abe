//! What is open, and what a drain has to know of it.

use std::{
    mem,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use longwave_core::{Cause, EndReason, Lifeline};
use tokio::{sync::Notify, time::Instant};

use crate::{DrainRank, DrainReport};

/// What all handles of one drain share.
#[derive(Default)]
pub(crate) struct Registry {
    /// Set under the lock of the streams, and only once.
    plan: OnceLock<Plan>,
    streams: Mutex<Streams>,
    requests: AtomicUsize,
    /// The drain has started, or the last stream is gone.
    changed: Notify,
}

/// What a drain that has started goes by.
#[derive(Debug)]
pub(crate) struct Plan {
    /// When the last stream is to be ended.
    pub(crate) close: Instant,
    /// When nobody waits any longer.
    pub(crate) deadline: Option<Instant>,
    pub(crate) reason: EndReason,
}

/// The open streams, each in a place of its own that is given out again.
#[derive(Default)]
struct Streams {
    places: Vec<Place>,
    vacant: Option<usize>,
    open: usize,
    draining: bool,
    ended: usize,
    gone: usize,
}

enum Place {
    Vacant { next: Option<usize> },
    Taken { lifeline: Lifeline, rank: DrainRank },
}

/// A stream's place in the registry, which is handed to its lifeline.
pub(crate) struct Entry {
    registry: Arc<Registry>,
    place: usize,
}

/// Counts a request as being in flight.
pub(crate) struct InFlight {
    registry: Arc<Registry>,
}

impl Registry {
    pub(crate) fn plan(&self) -> Option<&Plan> {
        self.plan.get()
    }

    pub(crate) const fn changed(&self) -> &Notify {
        &self.changed
    }

    pub(crate) fn open(&self) -> usize {
        self.lock().open
    }

    pub(crate) fn requests(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    pub(crate) fn report(&self) -> DrainReport {
        let streams = self.lock();
        DrainReport { ended: streams.ended, gone: streams.gone, left_over: streams.open }
    }

    pub(crate) fn visit(self: &Arc<Self>) -> InFlight {
        self.requests.fetch_add(1, Ordering::Relaxed);
        InFlight { registry: self.clone() }
    }

    /// Takes a stream in until its tethers are gone.
    ///
    /// Returns the plan if a drain has started already, which then does not know of the stream.
    pub(crate) fn enter(self: &Arc<Self>, lifeline: &Lifeline, rank: DrainRank) -> Option<&Plan> {
        let (place, draining) = {
            let mut streams = self.lock();
            (streams.take(Place::Taken { lifeline: lifeline.clone(), rank }), streams.draining)
        };
        lifeline.hold(Entry { registry: self.clone(), place });
        self.plan().filter(|_| draining)
    }

    /// Starts the drain, by a plan for so many streams, and hands out all that are open; `None` if one has
    /// started before.
    pub(crate) fn start(&self, plan: impl FnOnce(usize) -> Plan) -> Option<Vec<(DrainRank, Lifeline)>> {
        let open = {
            let mut streams = self.lock();
            if mem::replace(&mut streams.draining, true) {
                return None;
            }
            let open = streams.open;
            self.plan.get_or_init(|| plan(open));
            let open = streams.places.iter().filter_map(|place| match place {
                Place::Taken { lifeline, rank } => Some((*rank, lifeline.clone())),
                Place::Vacant { .. } => None,
            });
            open.collect()
        };
        self.changed.notify_waiters();
        Some(open)
    }

    /// Nothing in here can panic half way, so a poisoned lock means nothing.
    fn lock(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Streams {
    fn take(&mut self, taken: Place) -> usize {
        self.open += 1;
        let Some(place) = self.vacant else {
            self.places.push(taken);
            return self.places.len() - 1;
        };
        if let Place::Vacant { next } = mem::replace(&mut self.places[place], taken) {
            self.vacant = next;
        }
        place
    }

    /// Frees a place, and hands out what was there: to be dropped outside of the lock.
    fn free(&mut self, place: usize) -> Place {
        self.open -= 1;
        let next = self.vacant.replace(place);
        let taken = mem::replace(&mut self.places[place], Place::Vacant { next });
        if let (true, Place::Taken { lifeline, .. }) = (self.draining, &taken) {
            let drained = lifeline.reason().is_some_and(|reason| reason.cause() == Cause::Draining);
            *if drained { &mut self.ended } else { &mut self.gone } += 1;
        }
        taken
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let (last, _taken) = {
            let mut streams = self.registry.lock();
            let taken = streams.free(self.place);
            (streams.draining && streams.open == 0, taken)
        };
        if last {
            self.registry.changed.notify_waiters();
        }
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.registry.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

impl InFlight {
    pub(crate) const fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jitter::random;

    #[test]
    fn places_are_given_out_again_but_never_twice_at_once() {
        let mut streams = Streams::default();
        let mut taken = Vec::new();
        for _ in 0..10_000 {
            if random().is_multiple_of(2) && taken.len() < 100 {
                let lifeline = Lifeline::new();
                let place = streams.take(Place::Taken { lifeline: lifeline.clone(), rank: DrainRank::GRPC });
                taken.push((place, lifeline));
            } else if !taken.is_empty() {
                let (place, expected) = taken.swap_remove(random() as usize % taken.len());
                let freed = streams.free(place);
                assert!(matches!(freed, Place::Taken { lifeline, .. } if lifeline == expected));
            }
            assert_eq!(streams.open, taken.len());
        }
        assert!(streams.places.len() <= 100);
    }
}
