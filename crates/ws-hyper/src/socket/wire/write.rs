use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
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
        if self.sender.buffered() == 0 && !self.unflushed {
            return Poll::Ready(Ok(()));
        }
        let result = self.poll_write_all();
        match &result {
            Poll::Ready(Ok(())) => {
                self.flushes = self.flushes.wrapping_add(1);
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
        if let Some(kind) = self.broken {
            return Poll::Ready(Err(kind.into()));
        }
        let now = if self.pacing.is_some() || self.pulse.is_some() { self.now() } else { Duration::ZERO };
        if let Some(pacing) = &mut self.pacing
            && pacing.hold(now, &mut self.sender).is_some()
        {
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
                    if written > 0 {
                        self.refusing = None;
                    }
                    self.refusing.get_or_insert_with(Instant::now);
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
            self.pacing.as_mut().into_iter().for_each(|pacing| pacing.sent(written));
            self.pulse.as_mut().into_iter().for_each(|pulse| pulse.outbound(now));
        }
        ready!(io.poll_flush(&mut cx))?;
        self.unflushed = false;
        Poll::Ready(Ok(()))
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
