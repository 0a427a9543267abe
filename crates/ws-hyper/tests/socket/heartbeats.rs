use longwave_core::{Cause, Heartbeat, Lifeline};
use longwave_ws_hyper::{Config, Error, Message, Role, WebSocket};
use tokio::io::{AsyncReadExt, duplex};
use tokio::time::{Instant, sleep, timeout};

use crate::support::{SECOND, quiet};

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
