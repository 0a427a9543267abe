//! Something in the middle swallows: everything is acknowledged, and nothing arrives.

use std::time::Duration;

use futures_util::future::join_all;
use longwave_backpressure::guard::Guard;
use longwave_core::Cause;
use tokio::time::sleep;

use crate::{
    peer::{Kind, Peer},
    relay::Relay,
    server::{ANSWER, BEAT, Opened, Server},
};

/// Lets a relay in front of peers swallow; how long it took until their streams were over, and for which reason.
async fn swallow<const N: usize>(server: &mut Server, kinds: [Kind; N]) -> Vec<(Duration, Option<Cause>)> {
    let (relay, mut streams) = behind_relay(server, kinds).await;
    relay.swallow();
    let ends = join_all(streams.iter_mut().map(Opened::over)).await;
    println!("{kinds:?}: {ends:?}");
    ends
}

async fn behind_relay<const N: usize>(server: &mut Server, kinds: [Kind; N]) -> (Relay, Vec<Opened>) {
    let relay = Relay::to(server.address).await;
    let mut streams = Vec::new();
    for kind in kinds {
        match kind {
            Kind::WebSocket => Peer::chatting(relay.address).await,
            _ => Peer::open(relay.address, kind).await,
        };
        streams.push(server.opened().await);
    }
    (relay, streams)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_misses_its_pongs() {
    let mut server = Server::guarded(Guard::new()).await;
    let (healthy, mut lives) = Peer::of(&mut server, Kind::WebSocket).await;
    for (after, cause) in swallow(&mut server, [Kind::WebSocket]).await {
        assert!(after < (BEAT + ANSWER) * 3, "after {after:?}");
        assert_eq!(cause, Some(Cause::Unresponsive));
    }
    healthy.hears().await;
    assert!(lives.is_open() && server.limit.open() == 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_event_stream_finds_no_room() {
    let stall = BEAT * 2;
    let mut server = Server::guarded(Guard::new().stall(stall)).await;
    let (healthy, mut lives) = Peer::of(&mut server, Kind::Http1("/flood")).await;
    for (after, cause) in swallow(&mut server, [Kind::Http1("/flood"), Kind::Http2("/flood")]).await {
        assert!(after * 2 > stall && after < stall * 4, "after {after:?}");
        assert_eq!(cause, Some(Cause::Stalled));
    }
    healthy.hears().await;
    assert!(lives.is_open() && server.limit.open() == 1);
}

/// Three bytes a beat fill no buffer in days, and nobody has to answer them.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_stream_that_only_beats_misses_nothing() {
    let tight = Guard::new().user_timeout(Some(BEAT)).keep_alive(Some(BEAT)).stall(BEAT);
    let mut server = Server::guarded(tight).await;
    let (relay, mut streams) = behind_relay(&mut server, BEATS).await;
    relay.swallow();
    sleep(BEAT * 5).await;
    assert!(streams.iter_mut().all(Opened::is_open));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_stream_that_only_beats_grows_old() {
    let age = BEAT * 3;
    for (after, cause) in swallow(&mut Server::with_max_age(age).await, BEATS).await {
        assert!(after < age * 3, "after {after:?}");
        assert_eq!(cause, Some(Cause::AgedOut));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_stream_over_http2_is_missed_by_the_pings_of_its_connection() {
    let (interval, patience) = (BEAT, BEAT * 2);
    let mut server = Server::pinging(interval, patience).await;
    for (after, cause) in swallow(&mut server, [Kind::Http2("/beats")]).await {
        assert!(after < (interval + patience) * 3, "after {after:?}");
        // hyper closes the connection.
        assert_eq!(cause, None);
    }
}

const BEATS: [Kind; 2] = [Kind::Http1("/beats"), Kind::Http2("/beats")];
