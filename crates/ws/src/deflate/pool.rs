use alloc::{sync::Arc, vec::Vec};
use core::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use zlib_rs::{Deflate, Inflate};

use super::{Deflater, PreparedKind};

/// Compressors and decompressors that no message needs at the moment, for any number of connections.
///
/// A [`Deflater`](Deflater::pool) and an [`Inflater`](super::Inflater::pool) take from it when a message begins, and
/// give back when one ends that leaves no context, when they are parked, and when they are dropped. It never
/// makes one wait: what it does not have is made, and what it has no room for is freed.
///
/// Clones are the same pool.
///
/// # Examples
///
/// ```
/// use longwave_ws::deflate::{Deflater, Flush, Pool, Settings};
///
/// let pool = Pool::new(64);
/// let (agreed, _) = Settings::new()
///     .own_no_context_takeover()
///     .negotiate([("permessage-deflate", [])])
///     .expect("the offer is acceptable");
/// let mut deflater = Deflater::new(&agreed).pool(pool.clone());
/// deflater.compress(b"Hello", &mut Vec::new(), Flush::Message);
/// assert_eq!(pool.idle(), 1);
/// ```
#[derive(Clone)]
pub struct Pool {
    max: usize,
    idle: Arc<Mutex<Idle>>,
}

#[derive(Default)]
struct Idle {
    deflates: Vec<(PreparedKind, Deflate)>,
    inflates: Vec<Inflate>,
}

impl Pool {
    /// Makes an empty pool that keeps up to `max` of each: so many compressors, and so many decompressors.
    #[must_use]
    pub fn new(max: usize) -> Self {
        Self { max, idle: Arc::default() }
    }

    /// How many compressors and decompressors are in it now.
    #[must_use]
    pub fn idle(&self) -> usize {
        let idle = self.lock();
        idle.deflates.len() + idle.inflates.len()
    }

    /// Compresses a whole message without context, as [`compress_once`](super::compress_once) does, with a
    /// compressor of the pool.
    #[must_use]
    pub fn compress_once(&self, kind: PreparedKind, message: &[u8]) -> Vec<u8> {
        Deflater::without_context(kind).pool(self.clone()).into_message(message)
    }

    /// One of that kind, in whatever state its last user left it.
    pub(super) fn take_deflate(&self, kind: PreparedKind) -> Option<Deflate> {
        let mut idle = self.lock();
        let at = idle.deflates.iter().rposition(|(other, _)| *other == kind)?;
        Some(idle.deflates.swap_remove(at).1)
    }

    pub(super) fn give_deflate(&self, kind: PreparedKind, deflate: Deflate) {
        // Those of a kind that nobody takes any more make room first. Freed after the lock is.
        let _freed = {
            let mut idle = self.lock();
            idle.deflates.push((kind, deflate));
            (idle.deflates.len() > self.max).then(|| idle.deflates.swap_remove(0))
        };
    }

    pub(super) fn take_inflate(&self) -> Option<Inflate> {
        self.lock().inflates.pop()
    }

    pub(super) fn give_inflate(&self, inflate: Inflate) {
        let _freed = {
            let mut idle = self.lock();
            if idle.inflates.len() < self.max {
                idle.inflates.push(inflate);
                None
            } else {
                Some(inflate)
            }
        };
    }

    fn lock(&self) -> MutexGuard<'_, Idle> {
        // Nothing panics between a change and the next.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let idle = self.lock();
        f.debug_struct("Pool")
            .field("max", &self.max)
            .field("deflates", &idle.deflates.len())
            .field("inflates", &idle.inflates.len())
            .finish_non_exhaustive()
    }
}
