use std::{
    io::{self, ErrorKind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use longwave_core::{Cause, EndReason, Lifeline};
use longwave_ws_hyper::{CloseCode, Config, Error, Message, Role, Rule, SendError, WebSocket, WriteHalf};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex, split};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout};

use crate::support::{Broken, SECOND, frame, poll_once, quiet};

#[tokio::test(start_paused = true)]
async fn a_violation_is_told_to_both() {
    let (mut peer, io) = duplex(4096);
    let mut socket = WebSocket::server(io, &quiet());
    peer.write_all(&frame(1, b"before")).await.unwrap();
    peer.write_all(&frame(3, b"what")).await.unwrap();
    peer.write_all(&frame(1, b"after")).await.unwrap();
    let peer = tokio::spawn(async move {
        let mut wire = Vec::new();
        peer.read_to_end(&mut wire).await.unwrap();
        wire
    });
    assert_eq!(socket.recv().await.unwrap().unwrap().as_text(), Some("before"));
    let error = socket.recv().await.unwrap().unwrap_err();
    let Error::Violation(violation) = &error else { panic!("{error}") };
    assert_eq!((violation.rule(), violation.at()), (Rule::ReservedOpCode(3), 12));
    assert_eq!(error.close_code(), Some(CloseCode::PROTOCOL_ERROR));
    assert!(socket.recv().await.is_none());
    let wire = peer.await.unwrap();
    assert_eq!(wire[..4], [0x88, wire[1], 0x03, 0xea]);
    assert!(std::str::from_utf8(&wire[4..]).unwrap().contains("opcode"), "{wire:?}");
}

#[tokio::test(start_paused = true)]
async fn a_server_closes_first_and_waits_for_the_client() {
    let (mut peer, io) = duplex(4096);
    let mut socket = WebSocket::server(io, &quiet());
    let start = Instant::now();
    let server = tokio::spawn(async move {
        let word = socket.recv().await;
        assert!(socket.recv().await.is_none());
        word
    });
    peer.write_all(&frame(8, &[0x03, 0xe8])).await.unwrap();
    peer.write_all(b"garbage that nobody looks at").await.unwrap();
    let mut wire = Vec::new();
    peer.read_to_end(&mut wire).await.unwrap();
    assert_eq!(wire, [0x88, 2, 0x03, 0xe8], "answered, and then shut down");
    sleep(SECOND).await;
    assert!(!server.is_finished(), "it reads on until the client has gone as well");
    drop(peer);
    let word = server.await.unwrap();
    assert!(matches!(word, Some(Ok(Message::Close(Some(frame)))) if frame.code() == CloseCode::NORMAL));
    assert!(start.elapsed() < 2 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn a_client_lets_the_server_close_first() {
    let (mut peer, io) = duplex(4096);
    let mut socket = WebSocket::client(io, &quiet());
    let client = tokio::spawn(async move { socket.close(None).await });
    let mut wire = [0; 6];
    peer.read_exact(&mut wire).await.unwrap();
    peer.write_all(&[0x88, 0]).await.unwrap();
    sleep(SECOND).await;
    assert!(!client.is_finished());
    drop(peer);
    client.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_close_has_one_deadline() {
    // A peer that reads, and says nothing.
    let (mut peer, io) = duplex(4096);
    let mut socket = WebSocket::server(io, &quiet());
    let start = Instant::now();
    assert!(matches!(socket.close(None).await, Err(Error::CloseTimedOut)));
    assert!(start.elapsed() >= 5 * SECOND && start.elapsed() < 6 * SECOND, "{:?}", start.elapsed());
    let mut wire = Vec::new();
    peer.read_to_end(&mut wire).await.unwrap();
    assert_eq!(wire, [0x88, 0]);
    // One that never reads, for which a lot waits.
    let (_peer, io) = duplex(64);
    let mut socket = WebSocket::server(io, &quiet());
    drop(poll_once(socket.send(vec![0; 30_000])));
    let start = Instant::now();
    assert!(matches!(socket.close(None).await, Err(Error::CloseTimedOut)));
    assert!(start.elapsed() < 6 * SECOND, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_is_given_up() {
    let (_peer, io) = duplex(64);
    let lifeline = Lifeline::new();
    let mut socket = WebSocket::carrying(io, Role::Server, lifeline.carry(), &quiet());
    let start = Instant::now();
    assert!(matches!(socket.send(vec![0; 1000]).await, Err(Error::Stalled)));
    assert!(start.elapsed() >= 30 * SECOND && start.elapsed() < 32 * SECOND, "{:?}", start.elapsed());
    assert_eq!(lifeline.reason().unwrap().cause(), Cause::Stalled);
    assert!(matches!(socket.recv().await, Some(Err(Error::Stalled))));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_little_is_not_given_up() {
    let (mut peer, io) = duplex(64);
    let mut socket = WebSocket::server(io, &quiet());
    let slow = tokio::spawn(async move {
        let mut byte = [0; 32];
        while peer.read_exact(&mut byte).await.is_ok() {
            sleep(20 * SECOND).await;
        }
    });
    socket.send(vec![0; 1000]).await.unwrap();
    drop(socket);
    slow.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_dropped_peer_is_an_error() {
    let (mut peer, io) = duplex(4096);
    let mut socket = WebSocket::server(io, &quiet());
    peer.write_all(&frame(1, b"last words")[..9]).await.unwrap();
    drop(peer);
    assert!(matches!(socket.recv().await, Some(Err(Error::Dropped))));
    assert!(socket.recv().await.is_none());
    assert!(matches!(socket.send("late").await, Err(Error::Send(SendError::Closing))));
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_lifeline_is_told_with_its_reason() {
    for split in [false, true] {
        let (near, far) = duplex(4096);
        let (lifeline, permit) = (Lifeline::new(), Arc::new(()));
        let socket = WebSocket::carrying(far, Role::Server, lifeline.carry(), &quiet());
        lifeline.hold(permit.clone());
        let server = tokio::spawn(async move {
            if split {
                let (mut read, write) = socket.split();
                let last = read.recv().await;
                drop(write);
                last
            } else {
                let mut socket = socket;
                socket.recv().await
            }
        });
        let mut client = WebSocket::client(near, &quiet());
        yield_now().await;
        assert_eq!(Arc::strong_count(&permit), 2);
        lifeline.end(EndReason::new(Cause::Draining).with_text("back in a minute"));
        let Some(Ok(Message::Close(Some(frame)))) = client.recv().await else { panic!() };
        assert_eq!((frame.code(), frame.reason()), (CloseCode::SERVICE_RESTART, "back in a minute"));
        assert!(matches!(server.await.unwrap(), Some(Ok(Message::Close(_)))));
        assert_eq!(Arc::strong_count(&permit), 1, "it is over");
    }
}

/// A handler that waits for a peer that takes nothing does not receive, and is ended all the same.
#[tokio::test(start_paused = true)]
async fn a_sender_that_is_stuck_ends_with_the_lifeline() {
    let (_near, far) = duplex(64);
    let (lifeline, permit) = (Lifeline::new(), Arc::new(()));
    let mut socket = WebSocket::carrying(far, Role::Server, lifeline.carry(), &quiet());
    lifeline.hold(permit.clone());
    let start = Instant::now();
    let server = tokio::spawn(async move { (socket.send(vec![0; 1000]).await, socket) });
    sleep(SECOND).await;
    lifeline.end(Cause::Revoked);
    let (sent, _socket) = server.await.unwrap();
    assert!(matches!(sent, Err(Error::Send(SendError::Closing))), "{sent:?}");
    assert!(start.elapsed() < 7 * SECOND, "{:?}", start.elapsed());
    assert_eq!(Arc::strong_count(&permit), 1, "though the socket is kept");
}

/// What was handed to a lifeline may use the socket when it is dropped.
#[tokio::test(start_paused = true)]
async fn what_is_let_go_of_may_look_at_the_socket() {
    struct Looks(std::sync::Weak<std::sync::Mutex<Option<WriteHalf<DuplexStream>>>>);
    impl Drop for Looks {
        fn drop(&mut self) {
            let half = self.0.upgrade().unwrap().lock().unwrap().take();
            drop(poll_once(half.unwrap().send("are you there")));
        }
    }
    let (near, far) = duplex(64);
    let lifeline = Lifeline::new();
    let (mut read, write) = WebSocket::carrying(far, Role::Server, lifeline.carry(), &quiet()).split();
    let write = Arc::new(std::sync::Mutex::new(Some(write)));
    lifeline.hold(Looks(Arc::downgrade(&write)));
    drop(near);
    assert!(matches!(read.recv().await, Some(Err(Error::Dropped))));
    assert!(write.lock().unwrap().is_none(), "it has looked");
}

/// What the socket holds is let go of when the connection is over, though the socket is kept.
#[tokio::test(start_paused = true)]
async fn what_is_held_goes_with_the_connection() {
    let (near, far) = duplex(4096);
    let (lifeline, permit) = (Lifeline::new(), Arc::new(()));
    let mut socket = WebSocket::carrying(far, Role::Server, lifeline.carry(), &quiet());
    lifeline.hold(permit.clone());
    drop(near);
    assert!(socket.recv().await.unwrap().is_err());
    assert_eq!(Arc::strong_count(&permit), 1);
    assert!(socket.lifeline().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_socket_lets_go_of_everything() {
    let (mut near, far) = duplex(64);
    let (lifeline, permit) = (Lifeline::new(), Arc::new(()));
    let mut socket = WebSocket::carrying(far, Role::Server, lifeline.carry(), &Config::new());
    lifeline.hold(permit.clone());
    assert!(poll_once(socket.recv()).is_none());
    drop(poll_once(socket.send(vec![0; 1000])));
    yield_now().await;
    drop(socket);
    yield_now().await;
    assert_eq!(Arc::strong_count(&permit), 1, "no task of its own keeps it");
    let mut wire = Vec::new();
    near.read_to_end(&mut wire).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_close_that_is_sent_as_a_message_has_a_deadline_too() {
    let (_peer, io) = duplex(4096);
    let mut socket = WebSocket::server(io, &Config::new());
    let start = Instant::now();
    socket.send(Message::Close(None)).await.unwrap();
    let last = timeout(3600 * SECOND, socket.recv()).await.expect("it ends");
    assert!(matches!(last, Some(Err(Error::CloseTimedOut))), "{last:?}");
    assert!(start.elapsed() < 6 * SECOND, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_close_that_cannot_be_written_does_not_wait_for_an_answer() {
    let mut socket = WebSocket::server(Broken, &quiet());
    let start = Instant::now();
    let closed = socket.close(None).await;
    assert!(matches!(&closed, Err(Error::Io(error)) if error.kind() == ErrorKind::BrokenPipe), "{closed:?}");
    assert!(start.elapsed() < SECOND, "{:?}", start.elapsed());
}

/// There is always something to be read, and a handler that takes its time for it.
#[tokio::test(start_paused = true)]
async fn a_revoked_peer_cannot_keep_the_socket_by_talking() {
    let (peer, io) = duplex(256 * 1024);
    let lifeline = Lifeline::new();
    let mut socket = WebSocket::carrying(io, Role::Server, lifeline.carry(), &quiet());
    let (mut peer, mut talk) = split(peer);
    tokio::spawn(async move {
        let much = frame(2, &[7; 100]).repeat(100);
        while talk.write_all(&much).await.is_ok() {}
    });
    let server = tokio::spawn(async move {
        while let Some(Ok(_)) = socket.recv().await {
            sleep(Duration::from_millis(1)).await;
        }
    });
    sleep(2 * SECOND).await;
    lifeline.end(Cause::Revoked);
    let mut told = [0; 2];
    timeout(10 * SECOND, peer.read_exact(&mut told)).await.expect("it is told").unwrap();
    assert_eq!(told[0], 0x88);
    timeout(10 * SECOND, server).await.expect("it is over").unwrap();
}

/// It has taken all bytes, and holds them back.
#[tokio::test(start_paused = true)]
async fn a_flush_that_blocks_is_a_stall() {
    struct Unflushed;
    impl AsyncRead for Unflushed {
        fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }
    impl AsyncWrite for Unflushed {
        fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }
    let mut socket = WebSocket::server(Unflushed, &Config::new());
    let start = Instant::now();
    let sent = timeout(3600 * SECOND, socket.send("held back")).await.expect("it ends");
    assert!(matches!(sent, Err(Error::Stalled)), "{sent:?}");
    assert!(start.elapsed() < 32 * SECOND, "{:?}", start.elapsed());
}

/// A deadline that no clock can tell is none.
#[tokio::test(start_paused = true)]
async fn patience_may_be_without_end() {
    for patience in [Duration::MAX, Duration::from_secs(u64::MAX / 2)] {
        let (_peer, io) = duplex(64);
        let mut socket = WebSocket::server(io, &quiet().stall_timeout(patience).close_timeout(patience));
        sleep(SECOND).await;
        assert!(timeout(SECOND, socket.send(vec![0; 1000])).await.is_err());
        assert!(timeout(SECOND, socket.close(None)).await.is_err());
    }
}
