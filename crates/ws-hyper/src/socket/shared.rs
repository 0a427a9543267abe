use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, TryLockError,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
};

use longwave_ws::{SendError, Sender};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{flusher, scratch, wakers::Wakers, wire::Wire};
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

    /// A panic in here is one of the connection's below, after which that is not used.
    #[inline]
    pub(super) fn lock(&self) -> MutexGuard<'_, Wire<T>> {
        self.wire.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn try_lock(&self) -> Option<MutexGuard<'_, Wire<T>>> {
        match self.wire.try_lock() {
            Ok(wire) => Some(wire),
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Lets go of the lock, and then tells and drops what others may do anything about.
    pub(super) fn unlock(mut wire: MutexGuard<'_, Wire<T>>) {
        let aftermath = wire.take_aftermath();
        drop(wire);
        if let Some(aftermath) = aftermath {
            aftermath.tell();
        }
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
        if buffered > self.high_water.saturating_mul(MOST).max(LEAST) {
            return Err(Box::new(Error::Full { buffered }));
        }
        if let Some(error) = wire.broken() {
            return Err(Box::new(error.into()));
        }
        wire.sender.lend_buffer(scratch::take_frames);
        if let Err(error) = queue(&mut wire.sender) {
            return Err(Box::new(wire.refusal(error)));
        }
        let is_corked = self.is_busy() && wire.sender.buffered() < self.high_water;
        if is_corked && (wire.flusher || flusher::spawn(self, &mut wire)) {
            return Ok(Queued::Sent);
        }
        self.out(wire)
    }

    fn out(self: &Arc<Self>, mut wire: MutexGuard<'_, Wire<T>>) -> Result<Queued, Box<Error>> {
        if !wire.sender.is_open() {
            // Its deadline concerns whoever waits.
            self.wakers.wake_all();
        }
        let queued = match wire.poll_out() {
            Poll::Ready(Ok(())) => Ok(Queued::Sent),
            Poll::Ready(Err(error)) => Err(Box::new(error.into())),
            // It only waits for more, and goes out by itself.
            Poll::Pending if wire.is_held() && flusher::spawn(self, &mut wire) => Ok(Queued::Sent),
            Poll::Pending => Ok(Queued::Waits { flushes: wire.flushes }),
        };
        Self::unlock(wire);
        queued
    }

    /// Sees to it that what was sent goes out though nobody waits for that: by itself, or at once.
    #[cold]
    pub(super) fn flush_later(self: &Arc<Self>, wire: &mut Wire<T>) {
        if !flusher::spawn(self, wire) {
            let _sent = wire.poll_out();
        }
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        self.wakers.wake_all();
    }
}

/// How many times the mark may be left behind by those who do not wait.
const MOST: usize = 16;
/// However low the mark is, so many bytes may wait: of answers, and of what waits for more.
const LEAST: usize = 8 * 1024;
