use std::{io::ErrorKind, sync::atomic::Ordering, time::Duration};

use futures_util::SinkExt;
use longwave_testing::io::Counted;
use longwave_ws_hyper::{Error, Message, WebSocket};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep, timeout};

use crate::support::{Broken, SECOND, frame, poll_once, quiet};

#[tokio::test(start_paused = true)]
async fn answers_to_what_came_together_go_out_together() {
    for vectored in [false, true] {
        let (mut peer, io) = duplex(1 << 20);
        let io = Counted::new(io, vectored);
        let writes = io.writes();
        let mut socket = WebSocket::server(io, &quiet());
        peer.write_all(&frame(2, b"0123456789").repeat(64)).await.unwrap();
        for _ in 0..64 {
            let message = socket.recv().await.unwrap().unwrap();
            socket.send(message).await.unwrap();
        }
        assert!(poll_once(socket.recv()).is_none());
        assert_eq!(writes.load(Ordering::Relaxed), 1);
        let mut all = [0; 64 * 12];
        peer.read_exact(&mut all).await.unwrap();
    }
}

/// A handler that waits between two messages does not keep the answer to the first.
#[tokio::test(start_paused = true)]
async fn an_answer_does_not_wait_for_a_slow_handler() {
    let (mut peer, io) = duplex(1 << 20);
    let mut socket = WebSocket::server(io, &quiet());
    peer.write_all(&frame(2, b"ab").repeat(3)).await.unwrap();
    let handler = tokio::spawn(async move {
        while let Some(Ok(message)) = socket.recv().await {
            socket.send(message).await.unwrap();
            sleep(60 * SECOND).await;
        }
    });
    for _ in 0..3 {
        let start = Instant::now();
        let mut answer = [0; 4];
        peer.read_exact(&mut answer).await.unwrap();
        assert!(start.elapsed() <= 60 * SECOND + Duration::from_millis(2), "{:?}", start.elapsed());
    }
    handler.abort();
}

/// The last answer goes out though the socket is dropped right behind it.
#[tokio::test(start_paused = true)]
async fn an_answer_goes_out_though_the_socket_is_dropped() {
    let (mut peer, io) = duplex(1 << 20);
    let mut socket = WebSocket::server(io, &quiet());
    peer.write_all(&frame(2, b"ab").repeat(2)).await.unwrap();
    let message = socket.recv().await.unwrap().unwrap();
    socket.send(message).await.unwrap();
    drop(socket);
    let mut rest = Vec::new();
    peer.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"\x82\x02ab");
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_goes_out_at_once() {
    let (mut peer, io) = duplex(64);
    let mut socket = WebSocket::server(io, &quiet());
    drop(socket.send("a"));
    let mut wire = [0; 3];
    peer.read_exact(&mut wire).await.unwrap();
    // What did not fit goes out later, though nobody waits for that.
    drop(socket.send("b".repeat(100)));
    let mut wire = [0; 102];
    peer.read_exact(&mut wire).await.unwrap();
    assert_eq!(socket.unsent(), 0);
}

#[tokio::test(start_paused = true)]
async fn who_never_waits_is_told() {
    let (_peer, io) = duplex(64);
    let mut socket = WebSocket::server(io, &quiet().high_water(1000));
    let mut sent = 0;
    let error = loop {
        match poll_once(socket.send(vec![0; 900])) {
            Some(Ok(())) | None => sent += 1,
            Some(Err(error)) => break error,
        }
        assert!(sent < 100);
    };
    assert!(matches!(error, Error::Full { buffered } if buffered > 16_000 && buffered < 17_000), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_sink_is_ready_until_the_mark_and_again_at_half_of_it() {
    let (mut peer, io) = duplex(64);
    let mut socket = WebSocket::server(io, &quiet().high_water(1000));
    while poll_once(socket.feed(Message::binary(vec![0; 98]))).is_some() {}
    assert!(socket.unsent() >= 900 && socket.unsent() <= 1100, "{}", socket.unsent());
    let mut read = vec![0; 300];
    peer.read_exact(&mut read[..64]).await.unwrap();
    assert!(poll_once(socket.feed(Message::binary("x"))).is_none(), "more than half is left");
    for _ in 0..9 {
        peer.read_exact(&mut read[..64]).await.unwrap();
        drop(poll_once(socket.flush()));
    }
    assert!(socket.unsent() <= 500);
    assert!(poll_once(socket.feed(Message::binary("x"))).unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_pong_does_not_wait_behind_data() {
    let (mut peer, io) = duplex(4096);
    let mut socket = WebSocket::server(io, &quiet().fragment_size(4096).high_water(1 << 22));
    drop(poll_once(socket.send(vec![7; 1 << 20])));
    peer.write_all(&frame(9, b"hurry")).await.unwrap();
    assert!(poll_once(socket.recv()).is_none());
    let mut read = vec![0; 64 * 1024];
    let (mut seen, mut len) = (Vec::new(), 0);
    while !seen.windows(7).any(|window| window == b"\x8a\x05hurry") {
        drop(poll_once(socket.flush()));
        let count = peer.read(&mut read).await.unwrap();
        len += count;
        seen.extend_from_slice(&read[..count]);
        assert!(len < 64 * 1024);
    }
}

#[tokio::test(start_paused = true)]
async fn a_pong_does_not_wait_for_a_slow_handler() {
    let (mut peer, io) = duplex(4096);
    let mut socket = WebSocket::server(io, &quiet());
    peer.write_all(&[frame(9, b"hi"), frame(1, b"work")].concat()).await.unwrap();
    let handler = tokio::spawn(async move {
        let work = socket.recv().await;
        sleep(60 * SECOND).await;
        (work, socket)
    });
    let mut pong = [0; 4];
    timeout(SECOND, peer.read_exact(&mut pong)).await.expect("a pong").unwrap();
    assert_eq!(&pong, b"\x8a\x02hi");
    handler.abort();
}

/// However low the mark is, what the socket says by itself is not held against those who send.
#[tokio::test(start_paused = true)]
async fn a_pong_that_waits_is_not_too_much() {
    let (mut peer, io) = duplex(64);
    let mut socket = WebSocket::server(io, &quiet().high_water(0));
    peer.write_all(&frame(9, &[7; 50])).await.unwrap();
    drop(poll_once(socket.send(vec![0; 40])));
    assert!(poll_once(socket.recv()).is_none());
    assert!(socket.unsent() > 0, "there is no room for the pong");
    assert!(poll_once(socket.send("next")).is_none(), "it waits");
    let mut all = [0; 42 + 52 + 6];
    peer.read_exact(&mut all).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_flush_tells_that_it_has_failed() {
    let mut socket = WebSocket::server(Broken, &quiet());
    drop(socket.send("lost"));
    for _ in 0..2 {
        let flushed = socket.flush().await;
        assert!(
            matches!(&flushed, Err(Error::Io(error)) if error.kind() == ErrorKind::BrokenPipe),
            "{flushed:?}"
        );
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().start_paused(true).build().unwrap()
}

#[test]
fn an_answer_goes_out_though_the_runtime_ends() {
    let (mut peer, io) = duplex(4096);
    runtime().block_on(async {
        peer.write_all(&frame(2, b"ab").repeat(2)).await.unwrap();
        let mut socket = WebSocket::server(io, &quiet());
        let message = socket.recv().await.unwrap().unwrap();
        socket.send(message).await.unwrap();
    });
    let mut rest = Vec::new();
    runtime().block_on(peer.read_to_end(&mut rest)).unwrap();
    assert_eq!(rest, b"\x82\x02ab");
}

/// What was to see to it has ended with the runtime that it was on.
#[test]
fn an_answer_goes_out_on_another_runtime() {
    let (mut peer, io) = duplex(4096);
    let mut socket = WebSocket::server(io, &quiet());
    runtime().block_on(async {
        peer.write_all(&frame(2, b"ab").repeat(3)).await.unwrap();
        let message = socket.recv().await.unwrap().unwrap();
        socket.send(message).await.unwrap();
    });
    runtime().block_on(async {
        let message = socket.recv().await.unwrap().unwrap();
        socket.send(message).await.unwrap();
        let mut answers = [0; 8];
        timeout(60 * SECOND, peer.read_exact(&mut answers)).await.expect("both").unwrap();
    });
}
