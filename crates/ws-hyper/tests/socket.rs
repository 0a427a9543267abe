//! What a socket does by itself: on pipes and a clock of the test's.
#![allow(clippy::unwrap_used)]

use std::{
    future::Future,
    pin::pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, Waker},
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use longwave_core::{Cause, EndReason, Heartbeat, Lifeline};
use longwave_testing::io::{Counted, Fickle};
use longwave_ws_hyper::{
    CloseCode, CloseFrame, Config, Error, Last, Limits, Message, Prepared, Role, Rule, SendError, WebSocket,
    WriteHalf,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    sync::oneshot,
    task::yield_now,
    time::{Instant, sleep, timeout},
};

const SECOND: Duration = Duration::from_secs(1);

fn quiet() -> Config {
    Config::new().without_heartbeat()
}

fn pair(config: &Config) -> [WebSocket<DuplexStream>; 2] {
    let (near, far) = duplex(64 * 1024);
    [WebSocket::client(near, config), WebSocket::server(far, config)]
}

fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode, 0x80 | payload.len() as u8, 0, 0, 0, 0];
    frame.extend_from_slice(payload);
    frame
}

/// Both ends send as fast as they can and receive in other tasks.
async fn flood(seed: u64, messages: u32) {
    let (near, far) = duplex(50 + seed as usize % 40 * 7);
    let near = WebSocket::client(Fickle::new(near, seed, 90), &quiet());
    let far = WebSocket::server(Fickle::new(far, seed + 1000, 90), &quiet());
    let mut tasks = Vec::new();
    for socket in [near, far] {
        let (mut read, mut write) = socket.split();
        let (all_received, is_received) = oneshot::channel();
        tasks.push(tokio::spawn(async move {
            for number in 0..messages {
                let sending = write.send(format!("{number} {}", "x".repeat(number as usize % 70)));
                // Some do not wait, and what they have sent goes out by itself.
                if number % 7 == 0 { drop(sending) } else { sending.await.unwrap() }
            }
            // The other has nothing more to send then.
            is_received.await.unwrap();
            write.close(None).await.unwrap();
        }));
        tasks.push(tokio::spawn(async move {
            for number in 0..messages {
                let message = read.recv().await.unwrap().unwrap();
                assert!(message.as_text().unwrap().starts_with(&format!("{number} ")));
            }
            all_received.send(()).unwrap();
            assert!(matches!(read.recv().await, Some(Ok(Message::Close(_)))));
            assert!(read.recv().await.is_none());
        }));
    }
    for task in tasks {
        timeout(600 * SECOND, task).await.expect("nobody waits for nothing").unwrap();
    }
}

/// A wake-up that got lost would stop the clock.
#[tokio::test(start_paused = true)]
async fn halves_work_in_tasks_of_their_own() {
    for seed in 0..40 {
        flood(seed, 300).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn halves_work_on_threads() {
    for seed in 0..150 {
        timeout(60 * SECOND, flood(seed, 100)).await.expect("nobody waits for nothing");
    }
}

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
async fn messages_of_every_kind_arrive() {
    let [mut client, mut server] = pair(&quiet().limits(Limits::new().frame(1 << 24).message(1 << 24)));
    let server = tokio::spawn(async move {
        while let Some(Ok(message)) = server.next().await {
            if !matches!(message, Message::Close(_)) {
                SinkExt::send(&mut server, message).await.unwrap();
            }
        }
    });
    let large = Message::binary(vec![3; 16 << 20]);
    let messages = [Message::text("é".repeat(70_000)), Message::binary(""), large.clone()];
    for message in &messages {
        client.send(message.clone()).await.unwrap();
        assert!(client.recv().await.unwrap().unwrap() == *message);
    }
    client.send_prepared(&Prepared::new(&Message::text("to many")).unwrap()).await.unwrap();
    client.send_uncompressed("a secret").await.unwrap();
    client.ping(b"are you there").await.unwrap();
    for expected in ["to many", "a secret"] {
        assert_eq!(client.recv().await.unwrap().unwrap().as_text(), Some(expected));
    }
    client.send_text_fragment("in ", Last::No).await.unwrap();
    assert!(matches!(client.send("between").await, Err(Error::Send(SendError::MessageBegun))));
    client.send_text_fragment("parts", Last::Yes).await.unwrap();
    assert_eq!(client.recv().await.unwrap().unwrap().as_text(), Some("in parts"));
    client.close(CloseFrame::new(CloseCode::GOING_AWAY).with_reason("enough")).await.unwrap();
    assert!(matches!(client.send("late").await, Err(Error::Send(SendError::Closing))));
    server.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_large_message_can_be_read_in_parts() {
    let [mut client, mut server] = pair(&quiet().limits(Limits::new().frame(1 << 24).message(1 << 24)));
    let sending = tokio::spawn(async move {
        client.send(vec![5; 4 << 20]).await.unwrap();
        client.send("next").await.unwrap();
        client.send("after").await.unwrap();
        client.recv().await
    });
    let (mut len, mut parts) = (0, 0);
    loop {
        let part = server.recv_part().await.unwrap().unwrap();
        assert!(part.data.len() <= 64 * 1024);
        (len, parts) = (len + part.data.len(), parts + 1);
        if part.last {
            break;
        }
    }
    assert_eq!(len, 4 << 20);
    assert!(parts >= 64);
    assert_eq!(server.recv().await.unwrap().unwrap().as_text(), Some("next"));
    let part = server.recv_part().await.unwrap().unwrap();
    assert!(part.last && part.data == "after");
    server.close(None).await.unwrap();
    assert!(matches!(sending.await.unwrap(), Some(Ok(Message::Close(None)))));
}

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
async fn a_silent_peer_is_pinged_and_its_round_trip_is_known() {
    let beating = Config::new().heartbeat(Heartbeat::every(25 * SECOND));
    let (near, far) = duplex(4096);
    let mut server = WebSocket::server(far, &beating);
    let mut client = WebSocket::client(near, &quiet());
    let client = tokio::spawn(async move { client.recv().await });
    assert!(timeout(3600 * SECOND, server.recv()).await.is_err(), "pongs are not handed out");
    assert!(server.round_trip().unwrap() < SECOND);
    server.close(None).await.unwrap();
    assert!(matches!(client.await.unwrap(), Some(Ok(Message::Close(None)))));
}

#[tokio::test(start_paused = true)]
async fn a_dead_peer_is_found() {
    let (mut peer, io) = duplex(4096);
    let lifeline = Lifeline::new();
    let mut socket = WebSocket::carrying(io, Role::Server, lifeline.carry(), &Config::new());
    let start = Instant::now();
    assert!(matches!(socket.recv().await, Some(Err(Error::Unresponsive))));
    assert!(start.elapsed() <= 36 * SECOND, "{:?}", start.elapsed());
    assert_eq!(lifeline.reason().unwrap().cause(), Cause::Unresponsive);
    assert!(socket.recv().await.is_none());
    let mut wire = Vec::new();
    peer.read_to_end(&mut wire).await.unwrap();
    assert_eq!((wire.len(), wire[0]), (10, 0x89), "a ping, and no close");
}

/// The answer is there, only nobody has looked.
#[tokio::test(start_paused = true)]
async fn a_handler_that_sleeps_does_not_kill_a_healthy_peer() {
    let (near, far) = duplex(4096);
    let mut client = WebSocket::client(near, &quiet());
    let client = tokio::spawn(async move { client.recv().await });
    let mut server = WebSocket::server(far, &Config::new());
    for nap in [60, 35, 300, 1, 24, 90] {
        assert!(timeout(26 * SECOND, server.recv()).await.is_err());
        sleep(nap * SECOND).await;
    }
    drop(server);
    assert!(matches!(client.await.unwrap(), Some(Err(Error::Dropped))));
}

#[tokio::test(start_paused = true)]
async fn the_heartbeat_of_the_request_is_kept() {
    let (mut peer, io) = duplex(4096);
    let lifeline = Lifeline::new();
    lifeline.set_heartbeat(Heartbeat::every(3600 * SECOND).with_websocket_interval(4 * SECOND));
    let mut socket = WebSocket::carrying(io, Role::Server, lifeline.carry(), &Config::new());
    let socket = tokio::spawn(async move { socket.recv().await });
    let start = Instant::now();
    let mut ping = [0; 10];
    peer.read_exact(&mut ping).await.unwrap();
    assert!(start.elapsed() >= 2 * SECOND && start.elapsed() <= 4 * SECOND, "{:?}", start.elapsed());
    socket.abort();
}

#[tokio::test(start_paused = true)]
async fn the_half_that_sends_can_close_alone() {
    let [client, server] = pair(&quiet());
    let (read, mut write) = client.split();
    drop(read);
    let mut server = server;
    let server = tokio::spawn(async move {
        for _ in 0..100 {
            server.send("unheard").await.unwrap();
        }
        server.recv().await
    });
    sleep(SECOND).await;
    write.close(CloseFrame::new(CloseCode::NORMAL)).await.unwrap();
    assert!(matches!(server.await.unwrap(), Some(Ok(Message::Close(Some(_))))));
}

#[tokio::test(start_paused = true)]
async fn it_gives_the_connection_away_with_what_was_read() {
    let (mut peer, io) = duplex(4096);
    let mut socket = WebSocket::server(io, &quiet());
    peer.write_all(&[frame(1, b"for the socket"), b"for another protocol".to_vec()].concat()).await.unwrap();
    assert_eq!(socket.recv().await.unwrap().unwrap().as_text(), Some("for the socket"));
    let (mut io, unread) = socket.into_inner().unwrap();
    assert_eq!(unread, "for another protocol");
    io.write_all(b"hello").await.unwrap();
    let mut hello = [0; 5];
    peer.read_exact(&mut hello).await.unwrap();
}

#[test]
fn without_a_runtime_it_works_too() {
    let (near, far) = duplex(4096);
    let mut client = WebSocket::client(near, &quiet());
    let mut server = WebSocket::server(far, &quiet());
    for _ in 0..3 {
        poll_once(client.send("hello")).unwrap().unwrap();
    }
    for _ in 0..3 {
        let message = poll_once(server.recv()).unwrap().unwrap().unwrap();
        poll_once(server.send(message)).unwrap().unwrap();
    }
    for _ in 0..3 {
        assert_eq!(poll_once(client.recv()).unwrap().unwrap().unwrap().as_text(), Some("hello"));
    }
}
