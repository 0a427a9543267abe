//! What all of them need.

use std::{
    future::Future,
    io::{self, ErrorKind},
    pin::{Pin, pin},
    sync::mpsc,
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use longwave_ws_hyper::{Config, WebSocket};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf, duplex};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn quiet() -> Config {
    Config::new().without_heartbeat()
}

pub(crate) fn pair(config: &Config) -> [WebSocket<DuplexStream>; 2] {
    let (near, far) = duplex(64 * 1024);
    [WebSocket::client(near, config), WebSocket::server(far, config)]
}

pub(crate) fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

pub(crate) fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode, 0x80 | payload.len() as u8, 0, 0, 0, 0];
    frame.extend_from_slice(payload);
    frame
}

/// Runs what hangs if a lock is taken twice.
pub(crate) fn in_time(run: impl FnOnce() + Send + 'static) {
    let (done, is_done) = mpsc::channel();
    thread::spawn(move || {
        run();
        done.send(()).unwrap();
    });
    is_done.recv_timeout(10 * SECOND).expect("neither a deadlock nor a panic");
}

/// A connection that nothing comes from, and whose writes fail.
pub(crate) struct Broken;

impl AsyncRead for Broken {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl AsyncWrite for Broken {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(ErrorKind::BrokenPipe.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
