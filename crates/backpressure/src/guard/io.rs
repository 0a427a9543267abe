use std::{
    future::Future,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use longwave_core::{Cause, Connection, Side, Watch};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep_until},
};

use super::{Aborted, Socket, socket::forget_unsent};

/// A socket that is cut when its reader has stopped, or when a stream on it was ended and does not go; made by
/// [`Guard::wrap`](super::Guard::wrap).
///
/// It fails with an [`io::Error`] around [`Aborted`] then. An idle connection has no timer.
#[derive(Debug)]
pub struct GuardedIo<T> {
    io: T,
    watch: Watch,
    /// Allocated when it is first needed, and not set anew at each write: when it fires, it may be too early.
    pub(super) timer: Option<Pin<Box<Sleep>>>,
    armed: Armed,
}

/// Whether the timer is to fire.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Armed {
    No,
    Yes,
}

impl<T> GuardedIo<T> {
    pub(super) const fn new(io: T, watch: Watch) -> Self {
        Self { io, watch, timer: None, armed: Armed::No }
    }

    /// The handle on the connection, for the extensions of its requests.
    #[must_use]
    pub const fn connection(&self) -> &Connection {
        self.watch.connection()
    }

    /// The socket inside.
    pub const fn get_ref(&self) -> &T {
        &self.io
    }

    /// The socket inside. Bytes that are written to it directly are not seen.
    pub const fn get_mut(&mut self) -> &mut T {
        &mut self.io
    }
}

impl<T: Socket> GuardedIo<T> {
    /// Fails if the connection has to be cut, and sees to it that somebody looks again in time.
    fn judge(&mut self, side: Side, cx: &mut Context<'_>) -> io::Result<()> {
        loop {
            let deadline = match self.watch.judge(side, cx.waker(), Instant::now()) {
                Ok(Some(deadline)) => deadline,
                Ok(None) => return Ok(()),
                Err(reason) => {
                    let refused = self.connection().progress().pending() > 0;
                    if let Some(tcp) = self.io.tcp().filter(|_| refused || reason.cause() == Cause::Stalled) {
                        forget_unsent(tcp);
                    }
                    return Err(Aborted::into_io(reason));
                }
            };
            if self.wait_until(deadline, cx).is_pending() {
                return Ok(());
            }
        }
    }

    /// Ready if the timer has fired, whatever it was set to.
    fn wait_until(&mut self, deadline: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if self.armed == Armed::No || deadline < timer.deadline() {
            timer.as_mut().reset(deadline);
        }
        let fired = timer.as_mut().poll(cx);
        self.armed = if fired.is_ready() { Armed::No } else { Armed::Yes };
        fired
    }

    /// Takes note of what the kernel did with so many bytes.
    fn written(
        &mut self,
        offered: usize,
        outcome: Poll<io::Result<usize>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        match outcome {
            Poll::Ready(Ok(accepted)) => self.watch.accepted(accepted, Instant::now()),
            Poll::Ready(Err(_)) => return outcome,
            Poll::Pending => self.watch.refused(offered, Instant::now()),
        }
        self.judge(Side::Write, cx)?;
        outcome
    }
}

impl<T: Socket + Unpin> AsyncRead for GuardedIo<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.judge(Side::Read, cx)?;
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<T: Socket + Unpin> AsyncWrite for GuardedIo<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.io).poll_write(cx, buf);
        self.written(buf.len(), outcome, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.written(bufs.iter().map(|buf| buf.len()).sum(), outcome, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.judge(Side::Write, cx)?;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.judge(Side::Write, cx)?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
