use std::{
    error::Error,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, ready},
    time::Duration,
};

use longwave_core::{Cause, Lifeline};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex, split},
    time::{Instant, sleep},
};

use super::{Aborted, Guard, GuardedIo, Socket};

const STALL: Duration = Duration::from_secs(30);
const GRACE: Duration = Duration::from_secs(1);

/// The end of a pipe, in the place of a socket.
struct Pipe(DuplexStream);

impl Socket for Pipe {}

impl AsyncRead for Pipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// A guarded socket with room for 8 bytes, and its peer.
fn pipe() -> (GuardedIo<Pipe>, DuplexStream) {
    let (io, peer) = duplex(8);
    (Guard::new().wrap(Pipe(io)), peer)
}

fn cause(error: &io::Error) -> Option<Cause> {
    let aborted = error.get_ref().and_then(|source| source.downcast_ref::<Aborted>());
    aborted.map(|aborted| aborted.reason().cause())
}

#[tokio::test(start_paused = true)]
async fn a_write_that_makes_no_progress_fails_after_the_stall() {
    let ((mut io, _peer), start) = (pipe(), Instant::now());
    let lifeline = Lifeline::new();
    lifeline.set_connection(io.connection());
    let _tether = lifeline.carry();
    let error = io.write_all(b"more than eight bytes").await.expect_err("nobody reads");
    assert_eq!((error.kind(), cause(&error)), (io::ErrorKind::TimedOut, Some(Cause::Stalled)));
    assert_eq!(error.to_string(), "connection cut: reader stalled (4008)");
    assert!(error.source().is_none(), "it is its own source");
    assert_eq!(start.elapsed().as_secs(), STALL.as_secs());
    assert_eq!(lifeline.reason().map(|reason| reason.cause()), Some(Cause::Stalled));
    let progress = io.connection().progress();
    assert_eq!((progress.accepted(), progress.pending(), progress.last()), (8, 13, Some(start)));
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_is_slow_but_reads_is_waited_for() {
    let ((mut io, mut peer), start) = (pipe(), Instant::now());
    let reads = tokio::spawn(async move {
        let mut read = 0;
        while read < 100 {
            sleep(STALL * 29 / 30).await;
            read += peer.read(&mut [0]).await.expect("the pipe is open");
        }
        peer
    });
    io.write_all(&[0; 108]).await.expect("a byte in 29 s is progress");
    assert_eq!(start.elapsed().as_secs(), 2900);
    drop(reads);
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_is_never_woken() {
    let (mut io, _peer) = pipe();
    io.write_all(b"hello").await.expect("there is room");
    let lifeline = Lifeline::new();
    lifeline.set_connection(io.connection());
    let tether = lifeline.carry();
    let wakes = Arc::new(Wakes::default());
    let owner = wakes.clone().into();
    let mut buf = [0; 8];
    let poll = Pin::new(&mut io).poll_read(&mut Context::from_waker(&owner), &mut ReadBuf::new(&mut buf));
    assert!(poll.is_pending());
    sleep(STALL * 100).await;
    assert_eq!(wakes.0.load(Ordering::SeqCst), 0);
    assert!(io.timer.is_none());
    drop(tether);
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_that_is_ended_is_cut_after_the_grace_whichever_half_is_waiting() {
    for writes in [false, true] {
        let ((io, peer), start) = (pipe(), Instant::now());
        let connection = io.connection().clone();
        let lifeline = Lifeline::new();
        connection.keep(lifeline.carry());
        let (mut reader, mut writer) = split(io);
        lifeline.end_at(start + GRACE * 5, Cause::Expired);
        let reads = tokio::spawn(async move { reader.read(&mut [0]).await });
        if writes {
            let error = writer.write_all(&[0; 100]).await.expect_err("nobody reads");
            assert_eq!(cause(&error), Some(Cause::Expired));
        }
        let error = reads.await.expect("no panic").expect_err("nobody writes");
        assert_eq!((error.kind(), cause(&error)), (io::ErrorKind::ConnectionAborted, Some(Cause::Expired)));
        assert_eq!(start.elapsed().as_secs(), 6);
        assert_eq!(connection.streams(), 1);
        drop(writer);
        assert_eq!(connection.streams(), 0);
        drop(peer);
    }
}

#[tokio::test(start_paused = true)]
async fn an_abort_reaches_a_socket_that_waits() {
    let ((mut io, _peer), start) = (pipe(), Instant::now());
    let connection = io.connection().clone();
    let aborts = async {
        sleep(GRACE).await;
        connection.abort(Cause::Closed);
    };
    let mut buf = [0; 1];
    let (read, ()) = tokio::join!(io.read(&mut buf), aborts);
    assert_eq!(cause(&read.expect_err("cut")), Some(Cause::Closed));
    assert_eq!(start.elapsed().as_secs(), 1);
    let polled = futures_util::future::poll_fn(|cx| {
        let shut = ready!(Pin::new(&mut io).poll_shutdown(cx));
        Poll::Ready(shut)
    });
    assert_eq!(cause(&polled.await.expect_err("cut for good")), Some(Cause::Closed));
}
