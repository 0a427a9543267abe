use std::{future::poll_fn, pin::pin, task::Poll, time::Duration};

use longwave_core::{Cause, Heartbeat, Lifeline};
use longwave_ws_hyper::{Config, Error, Message, Role, WebSocket};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::runtime;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

use crate::support::{SECOND, frame, quiet};

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

/// What it is sent keeps its pongs waiting, and shows that it lives.
#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_a_slow_download_is_not_dead() {
    let (mut peer, io) = duplex(16 * 1024);
    let (mut read, mut write) = WebSocket::server(io, &Config::new()).split();
    tokio::spawn(async move {
        let mut some = [0; 1024];
        while peer.read_exact(&mut some).await.is_ok() {
            sleep(Duration::from_millis(100)).await;
        }
    });
    let download = tokio::spawn(async move { write.send(vec![0; 1 << 20]).await });
    let received = timeout(90 * SECOND, read.recv()).await;
    assert!(received.is_err(), "{received:?}");
    assert!(!download.is_finished(), "all the while");
}

/// Tokio lets it find nothing, though the answer to the ping is there.
#[tokio::test(start_paused = true)]
async fn a_task_whose_turn_is_over_does_not_kill_a_healthy_peer() {
    let (mut peer, io) = duplex(4096);
    let mut server = WebSocket::server(io, &Config::new().heartbeat(Heartbeat::every(25 * SECOND)));
    let mut ping = [0; 10];
    tokio::select! {
        _ = server.recv() => unreachable!("nothing was sent"),
        read = peer.read_exact(&mut ping) => { read.unwrap(); }
    }
    peer.write_all(&frame(10, &ping[2..])).await.unwrap();
    let (give, mut take) = mpsc::unbounded_channel();
    for _ in 0..300 {
        give.send(()).unwrap();
    }
    // The answer would be due by now.
    sleep(Duration::from_millis(10_500)).await;
    let received = poll_fn(|cx| {
        while take.poll_recv(cx).is_ready() {}
        Poll::Ready(match pin!(server.recv()).poll(cx) {
            Poll::Ready(received) => Some(received),
            Poll::Pending => None,
        })
    });
    let received = received.await;
    assert!(received.is_none(), "{received:?}");
}

#[test]
#[should_panic(expected = "timers are disabled")]
fn a_runtime_without_a_timer_is_found_out() {
    let (_peer, io) = duplex(4096);
    let mut socket = WebSocket::server(io, &Config::new());
    drop(runtime::Builder::new_current_thread().build().unwrap().block_on(socket.recv()));
}
