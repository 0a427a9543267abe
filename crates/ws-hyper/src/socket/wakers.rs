use std::{
    sync::Arc,
    task::{Wake, Waker},
};

use atomic_waker::AtomicWaker;

/// The tasks that wait for one socket.
///
/// Below it there is room for one waker only, and a task that sends would take the place of one that reads and has
/// something to send as well. So what is below is given this, which wakes them all.
#[derive(Debug, Default)]
pub(super) struct Wakers {
    pub(super) reader: AtomicWaker,
    pub(super) writer: AtomicWaker,
    pub(super) flusher: AtomicWaker,
}

impl Wakers {
    pub(super) fn all(self: &Arc<Self>) -> Waker {
        Waker::from(self.clone())
    }

    pub(super) fn wake_all(&self) {
        self.reader.wake();
        self.writer.wake();
        self.flusher.wake();
    }
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.wake_all();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wake_all();
    }
}
