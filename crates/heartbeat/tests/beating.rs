//! WebSockets with a heartbeat, on a clock of the test's and sockets in memory.
#![allow(clippy::unwrap_used)]

mod common;

use std::{sync::Arc, time::Duration};

use futures_util::{FutureExt, SinkExt, StreamExt, future};
use longwave_core::{Cause, Heartbeat, Lifeline};
use longwave_heartbeat::Beating;
use tokio::time::{Instant, sleep, timeout};

use crate::common::socket::{Failed, Message, Peer, Socket, pair};

const INTERVAL: Duration = Duration::from_secs(25);
const MILLISECOND: Duration = Duration::from_millis(1);

fn beating() -> (Peer, Beating<Socket>, Lifeline) {
    let (peer, socket) = pair(usize::MAX);
    let lifeline = Lifeline::new();
    let socket = Beating::new(socket, &lifeline);
    (peer, socket, lifeline)
}

/// Answers every ping after a while, and tells how many there were when the socket is gone.
async fn answers(mut peer: Peer, after: Duration) -> usize {
    let mut pings = 0;
    while let Some(message) = peer.receive().await {
        if let Message::Ping(nonce) = message {
            pings += 1;
            sleep(after).await;
            peer.send(Message::Pong(nonce.to_vec()));
        }
    }
    pings
}

#[tokio::test(start_paused = true)]
async fn a_dead_peer_is_found_in_time_and_gets_no_close() {
    let (mut peer, mut socket, lifeline) = beating();
    let start = Instant::now();
    assert_eq!(socket.next().await, None);
    assert!(start.elapsed() <= INTERVAL + Duration::from_secs(10) + 2 * MILLISECOND, "{:?}", start.elapsed());
    assert_eq!(lifeline.reason().unwrap().cause(), Cause::Unresponsive);
    assert_eq!(socket.next().await, None);
    assert_eq!(socket.send(Message::Text("late")).await, Err(Failed::Ended(Cause::Unresponsive)));
    assert_eq!(socket.close().await, Ok(()));
    assert!(matches!(peer.receive().await, Some(Message::Ping(_))));
    assert_eq!(peer.receive().now_or_never(), None, "not even a close message");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_lives_and_its_round_trip_is_known() {
    let (peer, mut socket, lifeline) = beating();
    let peer = tokio::spawn(answers(peer, 80 * MILLISECOND));
    assert!(timeout(Duration::from_secs(3600), socket.next()).await.is_err(), "its pongs are not handed on");
    assert!(!lifeline.is_ended());
    let round_trip = socket.round_trip().unwrap();
    assert!(round_trip >= 79 * MILLISECOND && round_trip <= 83 * MILLISECOND, "{round_trip:?}");
    drop(socket);
    let pings = peer.await.unwrap();
    assert!((3600 / 25..=3600 / 22).contains(&pings), "{pings} pings in an hour");
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_is_an_answer() {
    let (peer, mut socket, lifeline) = beating();
    tokio::spawn(answers(peer, Duration::from_millis(4_900)));
    assert!(timeout(Duration::from_secs(3600), socket.next()).await.is_err());
    assert!(!lifeline.is_ended());
}

#[tokio::test(start_paused = true)]
async fn any_message_proves_life_and_foreign_pongs_are_handed_on() {
    let (mut peer, mut socket, lifeline) = beating();
    let sends = async {
        for _ in 0..100 {
            sleep(Duration::from_secs(9)).await;
            peer.send(Message::Pong(b"8 bytes!".to_vec()));
        }
        std::iter::from_fn(|| peer.receive().now_or_never().flatten()).count()
    };
    let reads = async {
        for _ in 0..100 {
            assert_eq!(socket.next().await, Some(Ok(Message::Pong(b"8 bytes!".to_vec()))));
        }
    };
    let (pings, ()) = future::join(sends, reads).await;
    // Nothing was sent, so that the path has to be kept open all the same.
    assert!(pings >= 900 / 25 - 1, "{pings}");
    assert!(!lifeline.is_ended());
}

#[tokio::test(start_paused = true)]
async fn a_busy_peer_is_pinged_for_the_round_trip_only() {
    let (mut peer, mut socket, _) = beating();
    let start = Instant::now();
    let mut pings = 0;
    while start.elapsed() < Duration::from_secs(600) {
        peer.send(Message::Text("busy"));
        assert_eq!(socket.next().await, Some(Ok(Message::Text("busy"))));
        socket.send(Message::Text("too")).await.unwrap();
        while let Some(Some(message)) = peer.receive().now_or_never() {
            if let Message::Ping(nonce) = message {
                pings += 1;
                peer.send(Message::Pong(nonce.to_vec()));
            }
        }
        sleep(Duration::from_secs(1)).await;
    }
    assert!((9..=10).contains(&pings), "one a minute: {pings}");
    assert!(socket.round_trip().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_sleeps_kills_nobody() {
    for nap in [10, 11, 30, 34, 35, 36, 60, 61, 600] {
        let (peer, mut socket, lifeline) = beating();
        tokio::spawn(answers(peer, MILLISECOND));
        for looks in 0..20 {
            assert!(timeout(looks * Duration::from_secs(3), socket.next()).await.is_err());
            sleep(Duration::from_secs(nap)).await;
        }
        assert!(!lifeline.is_ended(), "with naps of {nap} s");
    }
}

#[tokio::test(start_paused = true)]
async fn reading_may_be_cancelled_at_any_time() {
    let (peer, mut socket, lifeline) = beating();
    let start = Instant::now();
    // The dead are found as fast as ever.
    while timeout(Duration::from_millis(700), socket.next()).await.is_err() {}
    assert!(start.elapsed() <= INTERVAL + Duration::from_secs(12), "{:?}", start.elapsed());
    assert_eq!(lifeline.reason().unwrap().cause(), Cause::Unresponsive);
    drop(peer);
}

#[tokio::test(start_paused = true)]
async fn the_peer_is_told_of_an_end_and_may_answer() {
    let (mut peer, mut socket, lifeline) = beating();
    let start = Instant::now();
    let ends = async {
        sleep(Duration::from_secs(3)).await;
        lifeline.end(Cause::Draining);
        assert_eq!(peer.receive().await, Some(Message::Close(1012, "server restarts".into())));
        // This comes too late.
        peer.send(Message::Text("more"));
        drop(peer);
    };
    assert_eq!(future::join(socket.next(), ends).await.0, None);
    assert_eq!(start.elapsed().as_secs(), 3);
    assert_eq!(socket.send(Message::Text("more")).await, Err(Failed::Ended(Cause::Draining)));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_answer_a_close_is_not_waited_for() {
    let (mut peer, mut socket, lifeline) = beating();
    lifeline.end(Cause::Revoked);
    let start = Instant::now();
    peer.send(Message::Text("not handed on any more"));
    assert_eq!(socket.next().await, None);
    assert!(start.elapsed() <= Duration::from_secs(1) + MILLISECOND);
    assert_eq!(peer.receive().await, Some(Message::Close(4403, "revoked".into())));
}

#[tokio::test(start_paused = true)]
async fn the_settings_of_the_layer_are_found_and_may_be_overruled() {
    let lifeline = Lifeline::new();
    lifeline.set_heartbeat(Heartbeat::default().with_websocket_interval(Duration::from_secs(100)));
    for (own, least, most) in [(None, 50, 100), (Some(Duration::from_secs(10)), 5, 10)] {
        let (mut peer, socket) = pair(usize::MAX);
        let mut socket = Beating::new(socket, &lifeline);
        if let Some(own) = own {
            socket = socket.with_interval(own);
        }
        let start = Instant::now();
        tokio::select! {
            _ = socket.next() => unreachable!("nothing comes"),
            ping = peer.receive() => assert!(matches!(ping, Some(Message::Ping(_)))),
        }
        let silence = start.elapsed();
        assert!(
            silence.as_secs() >= least && silence <= Duration::from_secs(most) + MILLISECOND,
            "{silence:?}"
        );
    }
}

#[tokio::test]
async fn what_the_lifeline_holds_goes_with_the_socket() {
    let (peer, mut socket, lifeline) = beating();
    let permit = Arc::new(());
    lifeline.hold(permit.clone());
    drop(peer);
    assert_eq!(socket.next().await, None);
    assert!(!lifeline.is_ended(), "the peer has left by itself");
    assert_eq!(Arc::strong_count(&permit), 2);
    drop(socket);
    assert_eq!(Arc::strong_count(&permit), 1);
}
