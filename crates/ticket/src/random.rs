//! Where keys, ids of tickets, what binds them and jitter come from.

/// Where random bytes come from.
pub(crate) trait Random: Send + Sync {
    /// Fills all of it, or says that there is nothing to fill it with.
    fn fill(&self, bytes: &mut [u8]) -> Option<()>;
}

/// The system's randomness.
pub(crate) struct System;

/// Randomness that somebody else answers for.
pub(crate) struct Given<F>(pub(crate) F);

impl Random for System {
    fn fill(&self, bytes: &mut [u8]) -> Option<()> {
        getrandom::fill(bytes).ok()
    }
}

impl<F: Fn(&mut [u8]) + Send + Sync> Random for Given<F> {
    fn fill(&self, bytes: &mut [u8]) -> Option<()> {
        (self.0)(bytes);
        Some(())
    }
}
