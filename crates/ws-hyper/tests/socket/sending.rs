use std::{sync::atomic::Ordering, time::Duration};

use futures_util::SinkExt;
use longwave_testing::io::Counted;
use longwave_ws_hyper::{Error, Message, WebSocket};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::time::{Instant, sleep};

use crate::support::{SECOND, frame, poll_once, quiet};

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
