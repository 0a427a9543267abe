use std::cell::Cell;

/// How much is read or put together at a time.
pub(super) const SIZE: usize = 64 * 1024;

thread_local! {
    static SCRATCH: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

/// Lends a buffer that the sockets of a thread share, so that none of them has one of its own while it waits.
pub(super) fn with<R>(run: impl FnOnce(&mut [u8]) -> R) -> R {
    // Whoever comes in here meanwhile makes another one.
    let mut buffer = SCRATCH.take().unwrap_or_else(|| vec![0; SIZE].into_boxed_slice());
    let result = run(&mut buffer);
    SCRATCH.set(Some(buffer));
    result
}
