//! What a socket holds while it waits: no buffer, whatever has gone through it before.
#![allow(clippy::unwrap_used)]

use std::{
    alloc::System,
    future::Future,
    io,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
};

use longwave_ws_hyper::{Config, Message, WebSocket};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What one test allocates is not to count for another.
static TURN: Mutex<()> = Mutex::new(());

/// Gives as much of what is there as it is told to, and takes everything.
struct Tap {
    wire: Arc<[u8]>,
    read: usize,
    given: Arc<AtomicUsize>,
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let end = self.given.load(Ordering::Relaxed).min(self.read + buf.remaining());
        if end == self.read {
            return Poll::Pending;
        }
        buf.put_slice(&self.wire[self.read..end]);
        self.read = end;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tap {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// A masked message of so many bytes.
fn frame(len: u16) -> Vec<u8> {
    let mut frame = vec![0x82, 0xfe];
    frame.extend(len.to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(vec![7; len.into()]);
    frame
}

fn held(region: &Region<'_, System>) -> usize {
    let change = region.change();
    change.bytes_allocated.saturating_sub(change.bytes_deallocated)
}

/// Echoes all that there is.
fn echo(socket: &mut WebSocket<Tap>) {
    while let Some(message) = poll_once(socket.recv()) {
        let message: Message = message.unwrap().unwrap();
        poll_once(socket.send(message)).unwrap().unwrap();
    }
}

#[test]
fn a_socket_that_waits_holds_no_buffer() {
    let _turn = TURN.lock().unwrap();
    let wire: Arc<[u8]> = [frame(16_000).repeat(40), frame(200).repeat(1000), frame(60_000)].concat().into();
    let sockets = |count: usize| -> Vec<(WebSocket<Tap>, Arc<AtomicUsize>)> {
        let socket = |_| {
            let given = Arc::<AtomicUsize>::default();
            let tap = Tap { wire: wire.clone(), read: 0, given: given.clone() };
            (WebSocket::server(tap, &Config::new().without_heartbeat()), given)
        };
        (0..count).map(socket).collect()
    };
    // What all sockets of a thread share is there from the first.
    for (mut socket, given) in sockets(1) {
        given.store(wire.len(), Ordering::Relaxed);
        echo(&mut socket);
    }
    let region = Region::new(ALLOCATOR);
    let mut crowd = sockets(100);
    for (socket, _) in &mut crowd {
        echo(socket);
    }
    let before = held(&region);
    assert!(before <= 100 * 900, "{before} bytes for a hundred that wait");
    for (socket, given) in &mut crowd {
        // In the middle of frames and of headers.
        for part in 1..=50 {
            given.store(wire.len() * part / 50, Ordering::Relaxed);
            echo(socket);
        }
    }
    let after = held(&region);
    assert!(after <= before + 100 * 16, "{before} bytes before, and {after} after 900 KiB each");
    drop(crowd);
    assert!(held(&region) <= 1024, "{}", held(&region));
}

/// What has come of a message, and not what it claims to be.
#[test]
fn a_message_that_is_half_there_takes_what_has_come() {
    let _turn = TURN.lock().unwrap();
    let wire: Arc<[u8]> = frame(60_000).into();
    let given = Arc::<AtomicUsize>::default();
    let tap = Tap { wire, read: 0, given: given.clone() };
    let mut socket = WebSocket::server(tap, &Config::new().without_heartbeat());
    given.store(1, Ordering::Relaxed);
    assert!(poll_once(socket.recv()).is_none());
    let region = Region::new(ALLOCATOR);
    for there in [8, 500, 5000, 30_000] {
        given.store(there, Ordering::Relaxed);
        assert!(poll_once(socket.recv()).is_none());
        assert!(held(&region) <= 4 * there + 256, "{} for {there}", held(&region));
    }
}
