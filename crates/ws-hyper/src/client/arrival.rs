use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker, ready},
};

use atomic_waker::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Tells when the settings of a server of HTTP/2 have come and are in force, which hyper tells nobody.
#[derive(Debug, Default)]
pub(super) struct Arrival {
    arrived: AtomicBool,
    waker: AtomicWaker,
}

/// A connection of HTTP/2 that looks for the first frame of the server, which "MUST" be its settings
/// ([RFC 9113 §3.4](https://www.rfc-editor.org/rfc/rfc9113#section-3.4)).
#[derive(Debug)]
pub(super) struct Watched<T> {
    io: T,
    arrival: Arc<Arrival>,
    settings: Settings,
}

/// How much of the settings has come.
#[derive(Debug)]
enum Settings {
    /// So many bytes, and what they say of the length.
    Head { read: usize, len: usize },
    /// All but so many bytes.
    Payload { left: usize },
    /// All of it.
    Read,
    /// And whoever reads has come back for more, so that they are in force.
    InForce,
}

impl Arrival {
    /// Whether they are in force; the waker is woken when they are.
    pub(super) fn poll(&self, waker: &Waker) -> bool {
        self.waker.register(waker);
        self.arrived.load(Ordering::Acquire)
    }
}

impl<T> Watched<T> {
    pub(super) fn new(io: T, arrival: Arc<Arrival>) -> Self {
        Self { io, arrival, settings: Settings::Head { read: 0, len: 0 } }
    }
}

impl Settings {
    fn read(&mut self, mut bytes: &[u8]) {
        while let Self::Head { read, len } = self
            && let Some((&byte, rest)) = bytes.split_first()
        {
            if *read < LENGTH {
                *len = *len << 8 | usize::from(byte);
            }
            (*read, bytes) = (*read + 1, rest);
            if *read == HEAD {
                *self = Self::Payload { left: *len };
            }
        }
        if let Self::Payload { left } = self {
            *left = left.saturating_sub(bytes.len());
            if *left == 0 {
                *self = Self::Read;
            }
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Watched<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        match this.settings {
            Settings::InForce => return Pin::new(&mut this.io).poll_read(cx, buf),
            Settings::Read => {
                this.settings = Settings::InForce;
                this.arrival.arrived.store(true, Ordering::Release);
                this.arrival.waker.wake();
                return Pin::new(&mut this.io).poll_read(cx, buf);
            }
            Settings::Head { .. } | Settings::Payload { .. } => {}
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.io).poll_read(cx, buf))?;
        this.settings.read(&buf.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Watched<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write_vectored(cx, slices)
    }
}

/// The length of a frame's head, and of the length in it ([RFC 9113 §4.1](https://www.rfc-editor.org/rfc/rfc9113#section-4.1)).
const HEAD: usize = 9;
const LENGTH: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_however_they_are_cut() {
        let frame = [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 1, 99];
        for cut in 1..=frame.len() {
            let mut settings = Settings::Head { read: 0, len: 0 };
            let mut read = 0;
            for part in frame.chunks(cut) {
                settings.read(part);
                read += part.len();
                assert_eq!(matches!(settings, Settings::Read), read >= 15, "{read} bytes by {cut}");
            }
        }
    }

    #[test]
    fn settings_may_be_empty() {
        let mut settings = Settings::Head { read: 0, len: 0 };
        settings.read(&[0, 0, 0, 4, 0, 0, 0, 0, 0]);
        assert!(matches!(settings, Settings::Read));
    }
}
