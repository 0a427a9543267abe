use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use super::settings::Settings;
use crate::{UnixMillis, time::Latest, verifier::SKEW};

/// What revocations are dated by: no ticket that was issued before one may be dated after it.
///
/// Tickets are dated by key rings, which do not go back when the wall clock is set back.
pub(super) struct Dates {
    clock: Arc<dyn Fn() -> UnixMillis + Send + Sync>,
    wall: Arc<dyn Fn() -> UnixMillis + Send + Sync>,
    /// The latest that was seen: the clocks of other nodes may be ahead.
    seen: Latest,
    /// Of the rings that date tickets here.
    rings: RwLock<Vec<Arc<Latest>>>,
    /// How far the clocks of nodes may be apart.
    apart: Duration,
}

impl Dates {
    pub(super) fn new<T>(settings: &Settings<T>) -> Self {
        Self {
            clock: settings.clock.clone(),
            wall: settings.wall.clone(),
            seen: Latest::default(),
            rings: RwLock::default(),
            apart: settings.skew.max(SKEW),
        }
    }

    /// Goes by the clock of a ring, too.
    pub(super) fn watch(&self, ring: &Arc<Latest>) {
        let mut rings = self.rings.write().unwrap_or_else(PoisonError::into_inner);
        if !rings.iter().any(|known| Arc::ptr_eq(known, ring)) {
            rings.push(ring.clone());
        }
    }

    /// What a ticket is dated by that is issued here and now.
    pub(super) fn local(&self) -> UnixMillis {
        let rings = self.rings.read().unwrap_or_else(PoisonError::into_inner);
        rings.iter().map(|ring| ring.get()).chain([(self.clock)()]).max().unwrap_or_default()
    }

    /// What no ticket is dated after that was seen, or was issued here.
    pub(super) fn latest(&self) -> UnixMillis {
        self.seen.of(self.local())
    }

    /// Takes note of a ticket; tells whether it can be told from what is revoked later on. One from the far future
    /// cannot.
    pub(super) fn see(&self, issued: UnixMillis) -> bool {
        let sane = issued <= self.latest().plus(self.apart);
        if sane {
            self.seen.of(issued);
        }
        sane
    }

    /// What another node has dated, by what tickets are dated by here.
    ///
    /// While that is ahead of the wall clock, it cannot be told what was issued when: all until now counts as before.
    pub(super) fn translate(&self, before: UnixMillis) -> UnixMillis {
        let local = self.local();
        if local > (self.wall)().plus(AHEAD) {
            before.max(local.plus(Duration::from_millis(1)))
        } else {
            before
        }
    }
}

impl fmt::Debug for Dates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dates").field("seen", &self.seen).finish_non_exhaustive()
    }
}

/// Less than this is two readings of one clock.
const AHEAD: Duration = Duration::from_millis(100);
