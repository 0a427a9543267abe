use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Wake, Waker},
};

use atomic_waker::AtomicWaker;

/// The tasks that wait for one socket.
///
/// Below it there is room for one waker only, and a task that sends would take the place of one that reads and has
/// something to send as well. So what is below is given this, which wakes them all.
#[derive(Debug)]
pub(super) struct Wakers {
    /// Something was waited for besides the peer, and nobody has looked yet.
    due: AtomicBool,
    pub(super) reader: AtomicWaker,
    pub(super) writer: AtomicWaker,
    pub(super) flusher: AtomicWaker,
}

impl Wakers {
    pub(super) fn all(self: &Arc<Self>) -> Waker {
        Waker::from(self.clone())
    }

    /// Whether there is something to be looked after, though there may be something to be read as well.
    pub(super) fn take_due(&self) -> bool {
        self.due.load(Ordering::Relaxed) && self.due.swap(false, Ordering::AcqRel)
    }

    pub(super) fn wake_all(&self) {
        self.due.store(true, Ordering::Release);
        self.reader.wake();
        self.writer.wake();
        self.flusher.wake();
    }
}

/// Nothing was looked after yet.
impl Default for Wakers {
    fn default() -> Self {
        Self {
            due: AtomicBool::new(true),
            reader: AtomicWaker::new(),
            writer: AtomicWaker::new(),
            flusher: AtomicWaker::new(),
        }
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
