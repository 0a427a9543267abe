use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Buf;
use longwave_ws::Transmit;
use tokio::{io::AsyncWrite, time::Instant};

use super::Wire;
use crate::socket::scratch;

impl<T: AsyncWrite + Unpin> Wire<T> {
    /// Writes what there is to be sent. What waits for that is woken by way of the wakers.
    pub(in crate::socket) fn poll_out(&mut self) -> Poll<io::Result<()>> {
        if let Some(error) = self.broken() {
            return Poll::Ready(Err(error));
        }
        if self.sender.buffered() == 0 && !self.unflushed {
            return Poll::Ready(Ok(()));
        }
        let result = self.poll_write_all();
        match &result {
            Poll::Ready(Ok(())) => {
                self.refusing = None;
                scratch::give_back_frames(self.sender.reclaim_buffer());
                self.sender.shrink_buffers();
            }
            Poll::Ready(Err(error)) => {
                self.broken.get_or_insert(error.kind());
                let rest = self.sender.transmit().remaining();
                self.sender.transmit().advance(rest);
                self.unflushed = false;
            }
            Poll::Pending => {}
        }
        result
    }

    fn poll_write_all(&mut self) -> Poll<io::Result<()>> {
        let now = if self.pacing.is_some() || self.pulse.is_some() { self.now() } else { Duration::ZERO };
        if let Some(pacing) = &mut self.pacing
            && pacing.hold(now, &mut self.sender)
        {
            self.refusing = None;
            return Poll::Pending;
        }
        let proxy = self.proxy.clone();
        let mut cx = Context::from_waker(&proxy);
        let Some(io) = &mut self.io else { return Poll::Ready(Ok(())) };
        let mut io = Pin::new(io);
        let mut written = 0;
        while self.sender.buffered() > 0 {
            let mut transmit = self.sender.transmit();
            let count = match write(io.as_mut(), &mut cx, &transmit) {
                Poll::Ready(count) => count?,
                Poll::Pending => {
                    self.refused(written, now);
                    return Poll::Pending;
                }
            };
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            transmit.advance(count);
            written += count;
            self.unflushed = true;
        }
        if written > 0 {
            if let Some(pacing) = &mut self.pacing {
                pacing.sent(written);
            }
            if let Some(pulse) = &mut self.pulse {
                pulse.outbound(now);
            }
        }
        match io.poll_flush(&mut cx) {
            Poll::Ready(flushed) => flushed?,
            Poll::Pending => {
                self.refused(written, now);
                return Poll::Pending;
            }
        }
        if self.refusing.is_some()
            && let Some(pulse) = &mut self.pulse
        {
            pulse.inbound(now);
        }
        self.unflushed = false;
        self.flushes = self.flushes.wrapping_add(1);
        Poll::Ready(Ok(()))
    }

    /// Notes that the connection below takes no more for now, after so many bytes.
    ///
    /// That it has taken some which it had refused before shows that the peer lives.
    fn refused(&mut self, written: usize, now: Duration) {
        if written > 0
            && self.refusing.take().is_some()
            && let Some(pulse) = &mut self.pulse
        {
            pulse.inbound(now);
        }
        self.refusing.get_or_insert_with(Instant::now);
    }
}

/// Writes as much as can be written by one call.
fn write<T: AsyncWrite>(
    io: Pin<&mut T>,
    cx: &mut Context<'_>,
    transmit: &Transmit<'_>,
) -> Poll<io::Result<usize>> {
    let first = transmit.chunk();
    if first.len() == transmit.remaining() {
        return io.poll_write(cx, first);
    }
    let mut slices = [IoSlice::new(&[]); SLICES];
    let count = transmit.chunks_vectored(&mut slices);
    if io.is_write_vectored() {
        return io.poll_write_vectored(cx, &slices[..count]);
    }
    scratch::with(|scratch| {
        let mut len = 0;
        for slice in &slices[..count] {
            let part = slice.len().min(scratch.len() - len);
            scratch[len..len + part].copy_from_slice(&slice[..part]);
            len += part;
        }
        io.poll_write(cx, &scratch[..len])
    })
}

/// How many slices go into one call.
const SLICES: usize = 16;
