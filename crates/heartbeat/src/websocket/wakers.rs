use std::{
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Wake, Waker},
};

/// The tasks that wait until a socket can take more.
///
/// A socket remembers one of them. But the task that reads has pings to send, and another may be writing: so
/// what the socket is given stands for both.
#[derive(Clone, Debug)]
pub(super) struct Wakers {
    both: Waker,
    waiting: Arc<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    reader: Mutex<Option<Waker>>,
    writer: Mutex<Option<Waker>>,
}

impl Wakers {
    pub(super) fn new() -> Self {
        let waiting = Arc::<Waiting>::default();
        Self { both: Waker::from(waiting.clone()), waiting }
    }

    /// What the socket is polled with for the task that reads.
    pub(super) fn for_reader(&self, cx: &Context<'_>) -> Context<'_> {
        keep(&self.waiting.reader, cx.waker());
        Context::from_waker(&self.both)
    }

    /// What the socket is polled with for the task that writes.
    pub(super) fn for_writer(&self, cx: &Context<'_>) -> Context<'_> {
        keep(&self.waiting.writer, cx.waker());
        Context::from_waker(&self.both)
    }

    /// What the socket is polled with for nobody new.
    pub(super) fn context(&self) -> Context<'_> {
        Context::from_waker(&self.both)
    }

    /// Lets all that wait look again.
    pub(super) fn wake(&self) {
        self.both.wake_by_ref();
    }
}

impl Wake for Waiting {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        for place in [&self.reader, &self.writer] {
            let waker = place.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }
}

fn keep(place: &Mutex<Option<Waker>>, waker: &Waker) {
    match &mut *place.lock().unwrap_or_else(PoisonError::into_inner) {
        Some(kept) => kept.clone_from(waker),
        none => *none = Some(waker.clone()),
    }
}
