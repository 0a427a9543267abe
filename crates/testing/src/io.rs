//! A connection that does what connections may do: takes and gives a byte at a time, and makes everybody wait.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Cuts reads and writes, and lets some of them wait for no reason, as a seed says; and keeps what was written.
#[derive(Debug)]
pub struct Fickle<T> {
    inner: T,
    random: u64,
    /// The most bytes that a read or a write takes.
    most: usize,
    written: Arc<Mutex<Vec<u8>>>,
}

impl<T> Fickle<T> {
    /// Cuts into pieces of at most `most` bytes.
    pub fn new(inner: T, seed: u64, most: usize) -> Self {
        Self { inner, random: seed | 1, most, written: Arc::default() }
    }

    /// What was written so far, from now on too.
    #[must_use]
    pub fn written(&self) -> Arc<Mutex<Vec<u8>>> {
        self.written.clone()
    }

    fn random(&mut self) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random
    }

    /// How many bytes pass now; `None` if there are to be none, and the task comes again.
    fn pass(&mut self, cx: &Context<'_>) -> Option<usize> {
        let random = self.random();
        if random.is_multiple_of(3) {
            cx.waker().wake_by_ref();
            return None;
        }
        Some(1 + (random >> 32) as usize % self.most)
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Fickle<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Some(len) = self.pass(cx) else { return Poll::Pending };
        let mut piece = vec![0; len.min(buf.remaining())];
        let mut piece = ReadBuf::new(&mut piece);
        ready!(Pin::new(&mut self.inner).poll_read(cx, &mut piece))?;
        buf.put_slice(piece.filled());
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Fickle<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let Some(len) = self.pass(cx) else { return Poll::Pending };
        let piece = &buf[..len.min(buf.len())];
        let count = ready!(Pin::new(&mut self.inner).poll_write(cx, piece))?;
        self.written.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&piece[..count]);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.pass(cx).is_none() {
            return Poll::Pending;
        }
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.pass(cx).is_none() {
            return Poll::Pending;
        }
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// Counts the writes that went through.
#[derive(Debug)]
pub struct Counted<T> {
    inner: T,
    writes: Arc<AtomicUsize>,
    vectored: bool,
}

impl<T> Counted<T> {
    /// - `vectored`: whether it takes several buffers at once.
    pub fn new(inner: T, vectored: bool) -> Self {
        Self { inner, writes: Arc::default(), vectored }
    }

    /// How many writes there were, from now on too.
    #[must_use]
    pub fn writes(&self) -> Arc<AtomicUsize> {
        self.writes.clone()
    }

    fn count<R>(&self, poll: Poll<R>) -> Poll<R> {
        if poll.is_ready() {
            self.writes.fetch_add(1, Ordering::Relaxed);
        }
        poll
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Counted<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Counted<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let poll = Pin::new(&mut self.inner).poll_write(cx, buf);
        self.count(poll)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.vectored
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        assert!(self.vectored, "it takes one buffer at a time");
        let all = slices.iter().flat_map(|slice| slice.iter().copied()).collect::<Vec<u8>>();
        let poll = Pin::new(&mut self.inner).poll_write(cx, &all);
        self.count(poll)
    }
}
