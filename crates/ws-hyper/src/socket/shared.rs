use std::{
    future::poll_fn,
    io,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
};

use longwave_ws::{SendError, Sender};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    runtime::Handle,
};

use super::{scratch, wakers::Wakers, wire::Wire};
use crate::{Error, handshake::Subprotocol};

/// What the halves of a socket have in common.
pub(super) struct Shared<T> {
    pub(super) wakers: Arc<Wakers>,
    /// Whoever reads has not handed out all that was read, so it will be back soon.
    busy: AtomicBool,
    pub(super) high_water: usize,
    pub(super) protocol: Option<Box<Subprotocol>>,
    wire: Mutex<Wire<T>>,
}

/// What has become of something that was to be sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Queued {
    /// It is on its way, and nobody has to wait for it.
    Sent,
    /// The peer has not taken all that was sent. It will have when there was one more flush than so many.
    Waits { flushes: u32 },
}

impl<T> Shared<T> {
    pub(super) const fn new(
        wire: Wire<T>,
        wakers: Arc<Wakers>,
        high_water: usize,
        protocol: Option<Box<Subprotocol>>,
    ) -> Self {
        Self { wakers, busy: AtomicBool::new(false), high_water, protocol, wire: Mutex::new(wire) }
    }

    /// Nothing in here panics half way, so a poisoned lock means nothing.
    #[inline]
    pub(super) fn lock(&self) -> MutexGuard<'_, Wire<T>> {
        self.wire.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets go of the lock, and then of what the connection has left behind.
    pub(super) fn unlock(mut wire: MutexGuard<'_, Wire<T>>) {
        let _remains = wire.take_remains();
        drop(wire);
    }

    #[inline]
    pub(super) fn set_busy(&self, busy: bool) {
        self.busy.store(busy, Ordering::Relaxed);
    }

    fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Relaxed)
    }
}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Shared<T> {
    /// Queues something, and sends it.
    ///
    /// While messages are there that came together and were not handed out yet, what is sent waits for the answers to
    /// those: until the last was handed out, or whatever the task does next has to wait, or there is a lot of it.
    #[inline]
    pub(super) fn queue(
        self: &Arc<Self>,
        queue: impl FnOnce(&mut Sender) -> Result<(), SendError>,
    ) -> Result<Queued, Box<Error>> {
        let mut wire = self.lock();
        let buffered = wire.sender.buffered();
        if buffered > self.high_water.saturating_mul(MOST) {
            return Err(Box::new(Error::Full { buffered }));
        }
        wire.sender.lend_buffer(scratch::take_frames);
        if let Err(error) = queue(&mut wire.sender) {
            return Err(Box::new(wire.refusal(error)));
        }
        let is_corked = self.is_busy() && wire.sender.buffered() < self.high_water;
        if is_corked && (wire.flusher || self.spawn_flusher(&mut wire)) {
            return Ok(Queued::Sent);
        }
        self.out(&mut wire)
    }

    fn out(self: &Arc<Self>, wire: &mut Wire<T>) -> Result<Queued, Box<Error>> {
        match wire.poll_out() {
            Poll::Ready(Ok(())) => Ok(Queued::Sent),
            Poll::Ready(Err(error)) => Err(Box::new(error.into())),
            Poll::Pending if self.is_taken_care_of(wire) => Ok(Queued::Sent),
            Poll::Pending => Ok(Queued::Waits { flushes: wire.flushes }),
        }
    }

    /// Whether what is to be sent only waits for more, and goes out by itself.
    pub(super) fn is_taken_care_of(self: &Arc<Self>, wire: &mut Wire<T>) -> bool {
        wire.is_held() && self.spawn_flusher(wire)
    }

    /// Sees to it that what was sent goes out though nobody waits for that.
    #[cold]
    pub(super) fn flush_later(self: &Arc<Self>) {
        let mut wire = self.lock();
        self.spawn_flusher(&mut wire);
    }

    /// Spawns a task that flushes when it gets its turn: a worker takes it on when the task that has spawned it waits.
    #[cold]
    fn spawn_flusher(self: &Arc<Self>, wire: &mut Wire<T>) -> bool {
        if wire.flusher {
            return true;
        }
        let Ok(runtime) = Handle::try_current() else { return false };
        wire.flusher = true;
        // Once even if the socket is dropped meanwhile; but a peer that takes nothing is not to keep it.
        let (mut strong, weak) = (Some(self.clone()), Arc::downgrade(self));
        runtime.spawn(poll_fn(move |cx| {
            let Some(shared) = strong.take().or_else(|| weak.upgrade()) else { return Poll::Ready(()) };
            shared.wakers.flusher.register(cx.waker());
            let mut wire = shared.lock();
            // What goes wrong is told to those who use the socket.
            let flushed = loop {
                match wire.poll_out() {
                    Poll::Pending if wire.look_after(None) => {}
                    flushed => break flushed.map(|_result: io::Result<()>| ()),
                }
            };
            wire.flusher = flushed.is_pending();
            strong = wire.is_held().then(|| shared.clone());
            Self::unlock(wire);
            flushed
        }));
        true
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        self.wakers.wake_all();
    }
}

/// How many times the mark may be left behind by those who do not wait.
const MOST: usize = 16;
