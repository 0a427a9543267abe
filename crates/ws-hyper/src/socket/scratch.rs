use std::cell::Cell;

/// How much is read or put together at a time.
pub(super) const SIZE: usize = 64 * 1024;

thread_local! {
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
    static FRAMES: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Lends a buffer of [`SIZE`] that the sockets of a thread share, so that none of them has one of its own while it waits.
///
/// What is in its place afterwards is kept for the next, if it is as large.
pub(super) fn with<R>(run: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    // Whoever comes in here meanwhile makes another one.
    let mut buffer = SCRATCH.take();
    if buffer.len() != SIZE {
        buffer = vec![0; SIZE];
    }
    let result = run(&mut buffer);
    give_back(buffer);
    result
}

/// Takes back a buffer that was kept for a while.
pub(super) fn give_back(mut buffer: Vec<u8>) {
    if buffer.capacity() == SIZE {
        buffer.resize(SIZE, 0);
        SCRATCH.set(buffer);
    }
}

/// Lends a buffer to put frames together in.
pub(super) fn take_frames() -> Vec<u8> {
    FRAMES.take()
}

/// Takes it back.
pub(super) fn give_back_frames(buffer: Vec<u8>) {
    if (1..=SIZE).contains(&buffer.capacity()) {
        FRAMES.set(buffer);
    }
}
