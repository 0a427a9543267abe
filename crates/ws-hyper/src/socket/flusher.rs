use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Weak},
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite},
    runtime::Handle,
};

use super::{shared::Shared, wire::Wire};

/// A task that sees to it that what was sent goes out, though nobody waits for that.
///
/// A worker takes it on when the task that has spawned it waits for something else.
struct Flusher<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> {
    /// For a first attempt even if the socket is dropped meanwhile, and as long as what is sent waits for more. But a peer
    /// that takes nothing is not to keep the socket.
    strong: Option<Arc<Shared<T>>>,
    weak: Weak<Shared<T>>,
    done: bool,
}

/// Spawns one, unless there is one or there is no runtime; and tells whether there is one now.
///
/// - `wire`: that of the socket, whose lock is held.
#[cold]
pub(super) fn spawn<T>(shared: &Arc<Shared<T>>, wire: &mut Wire<T>) -> bool
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    if !wire.flusher
        && let Ok(runtime) = Handle::try_current()
    {
        let (strong, weak) = (Some(shared.clone()), Arc::downgrade(shared));
        // One that is shutting down has dropped it by now.
        wire.flusher = !runtime.spawn(Flusher { strong, weak, done: false }).is_finished();
    }
    wire.flusher
}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Flusher<T> {
    fn shared(&mut self) -> Option<Arc<Shared<T>>> {
        self.strong.take().or_else(|| self.weak.upgrade())
    }
}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Future for Flusher<T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        let Some(shared) = this.shared() else { return Poll::Ready(()) };
        shared.wakers.flusher.register(cx.waker());
        let mut wire = shared.lock();
        this.done = loop {
            match wire.poll_out() {
                Poll::Pending if wire.look_after(None) => {}
                // What goes wrong is told to those who use the socket.
                flushed => break flushed.is_ready(),
            }
        };
        wire.flusher = !this.done;
        let is_held = wire.is_held();
        Shared::unlock(wire);
        if this.done {
            return Poll::Ready(());
        }
        this.strong = is_held.then_some(shared);
        Poll::Pending
    }
}

/// Dropped before it was done, with its runtime, it does what can be done at once.
impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Drop for Flusher<T> {
    fn drop(&mut self) {
        if self.done {
            return;
        }
        let Some(shared) = self.shared() else { return };
        // Or else whoever has just spawned it holds it, and finds out.
        let Some(mut wire) = shared.try_lock() else { return };
        wire.flusher = false;
        let _sent = wire.poll_out();
        Shared::unlock(wire);
    }
}
