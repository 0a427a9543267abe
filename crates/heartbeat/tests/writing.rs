//! The way out of a WebSocket with a heartbeat, on a clock of the test's and sockets in memory.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use futures_util::{
    SinkExt, StreamExt,
    future::{self, Either},
};
use longwave_core::{Cause, Lifeline};
use longwave_heartbeat::Beating;
use tokio::time::{Instant, sleep, timeout};

use crate::common::socket::{Failed, Message, pair};

const INTERVAL: Duration = Duration::from_secs(25);
const MILLISECOND: Duration = Duration::from_millis(1);

#[tokio::test(start_paused = true)]
async fn whoever_only_writes_is_told_of_an_end_too() {
    let (mut peer, socket) = pair(usize::MAX);
    let lifeline = Lifeline::new();
    let mut socket = Beating::new(socket, &lifeline);
    socket.send(Message::Text("1")).await.unwrap();
    lifeline.end(Cause::Expired);
    assert_eq!(socket.send(Message::Text("2")).await, Err(Failed::Ended(Cause::Expired)));
    assert_eq!(peer.receive().await, Some(Message::Text("1")));
    assert_eq!(peer.receive().await, Some(Message::Close(4401, "expired".into())));
}

#[tokio::test(start_paused = true)]
async fn a_ping_goes_in_front_of_what_waits() {
    let (mut peer, socket) = pair(1);
    let lifeline = Lifeline::new();
    let (mut sink, mut stream) = Beating::new(socket, &lifeline).split();
    sink.send(Message::Text("1")).await.unwrap();
    // There is no room for the second, which waits out here.
    let writer = tokio::spawn(async move { sink.send(Message::Text("2")).await });
    assert!(timeout(INTERVAL + MILLISECOND, stream.next()).await.is_err());
    let reader = tokio::spawn(async move { stream.next().await });
    assert_eq!(peer.receive().await, Some(Message::Text("1")));
    assert!(matches!(peer.receive().await, Some(Message::Ping(_))));
    assert_eq!(timeout(MILLISECOND, peer.receive()).await, Ok(Some(Message::Text("2"))));
    assert_eq!(writer.await.unwrap(), Ok(()));
    reader.abort();
}

#[tokio::test(start_paused = true)]
async fn room_that_is_reserved_and_never_used_holds_up_no_ping() {
    for room in [1, 2] {
        let (mut peer, socket) = pair(room);
        let mut socket = Beating::new(socket, &Lifeline::new());
        future::poll_fn(|cx| socket.poll_ready_unpin(cx)).await.unwrap();
        let ping = async { peer.receive().await };
        let Either::Right((ping, _)) = future::select(socket.next(), Box::pin(ping)).await else {
            panic!("nothing has come")
        };
        let Some(Message::Ping(nonce)) = ping else { panic!("no ping") };
        peer.send(Message::Pong(nonce.to_vec()));
        // Used after all.
        socket.start_send_unpin(Message::Text("1")).unwrap();
        assert_eq!(peer.receive().await, Some(Message::Text("1")));
        assert!(timeout(Duration::from_secs(20), socket.next()).await.is_err());
        assert!(socket.round_trip().is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_slowly_lives_and_one_that_does_not_is_stalled() {
    let (mut peer, socket) = pair(1);
    let lifeline = Lifeline::new();
    let (mut sink, mut stream) = Beating::new(socket, &lifeline).split();
    let writer = tokio::spawn(async move {
        loop {
            if let Err(failed) = sink.send(Message::Text("much")).await {
                return failed;
            }
        }
    });
    let reader = tokio::spawn(async move { stream.next().await });
    for _ in 0..20 {
        sleep(Duration::from_secs(50)).await;
        assert!(peer.receive().await.is_some());
        assert!(!lifeline.is_ended());
    }
    let start = Instant::now();
    assert_eq!(reader.await.unwrap(), None);
    assert!(start.elapsed() <= Duration::from_secs(60) + INTERVAL + MILLISECOND, "{:?}", start.elapsed());
    assert_eq!(writer.await.unwrap(), Failed::Ended(Cause::Stalled), "who waits for room is woken");
}
