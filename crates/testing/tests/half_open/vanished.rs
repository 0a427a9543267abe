//! The peer's host has vanished: nothing is acknowledged.

use std::time::Duration;

use futures_util::future::join_all;
use longwave_backpressure::guard::Guard;
use longwave_core::Cause;
use tokio::{join, time::sleep};

use crate::{
    peer::{ANSWERED, Kind, Peer},
    rights::ran_elsewhere,
    server::{ANSWER, BEAT, Server},
};

const USER_TIMEOUT: Duration = Duration::from_secs(3);

fn guard() -> Guard {
    Guard::new().user_timeout(Some(USER_TIMEOUT)).keep_alive(Some(Duration::from_secs(1)))
}

/// Lets one of two peers of each kind vanish; how long it took until its stream was over, and for which reason.
async fn vanish<const N: usize>(server: &mut Server, kinds: [Kind; N]) -> [(Duration, Option<Cause>); N] {
    let (mut healthy, mut vanishing) = (Vec::new(), Vec::new());
    for kind in kinds {
        healthy.push((kind, Peer::of(server, kind).await));
        vanishing.push(Peer::of(server, kind).await);
    }
    assert_eq!(server.limit.open(), 2 * N);
    // What has come is acknowledged.
    sleep(ANSWERED).await;
    for (peer, _) in &vanishing {
        peer.vanish();
    }
    let ends = join_all(vanishing.iter_mut().map(|(_, opened)| opened.over())).await;
    assert_eq!(server.limit.open(), N);
    for (kind, (peer, opened)) in &mut healthy {
        if !SILENT.contains(kind) {
            peer.hears().await;
        }
        assert!(opened.is_open(), "{kind:?} {:?}", opened.over().await);
    }
    println!("{kinds:?}: {ends:?}");
    ends.try_into().unwrap()
}

const SILENT: [Kind; 2] = [Kind::Http1("/silent"), Kind::Http2("/silent")];
const FLOODS: [Kind; 2] = [Kind::Http1("/flood"), Kind::Http2("/flood")];
const BEATING: [Kind; 3] = [Kind::Http1("/beats"), Kind::Http2("/beats"), Kind::WebSocket];

/// The kernel gives up a socket whose peer does not acknowledge, and there is nobody left to be told a reason.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_stream_holds_goes_when_its_beats_are_not_acknowledged() {
    if ran_elsewhere("vanished::what_a_stream_holds_goes_when_its_beats_are_not_acknowledged") {
        return;
    }
    for (after, cause) in vanish(&mut Server::guarded(guard()).await, BEATING).await {
        assert!(after < USER_TIMEOUT * 3, "after {after:?}");
        assert_eq!(cause, None);
    }
}

/// The kernel asks by itself whether the peer is there.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_stream_holds_goes_even_if_nothing_is_ever_sent() {
    if ran_elsewhere("vanished::what_a_stream_holds_goes_even_if_nothing_is_ever_sent") {
        return;
    }
    for (after, cause) in vanish(&mut Server::guarded(guard()).await, SILENT).await {
        assert!(after < USER_TIMEOUT * 3, "after {after:?}");
        assert_eq!(cause, None);
    }
}

/// What was sent stays in the kernel, which takes no more: to the guard, that is a reader who has stopped.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_busy_stream_holds_goes_with_the_first_limit_that_is_reached() {
    if ran_elsewhere("vanished::what_a_busy_stream_holds_goes_with_the_first_limit_that_is_reached") {
        return;
    }
    let stall = Duration::from_secs(1);
    let (mut strict, mut lenient) =
        (Server::guarded(guard().stall(stall)).await, Server::guarded(guard()).await);
    let (stalled, timed_out) = join!(vanish(&mut strict, FLOODS), vanish(&mut lenient, FLOODS));
    for (after, cause) in stalled {
        assert!(after * 2 > stall && after < USER_TIMEOUT, "after {after:?}");
        assert_eq!(cause, Some(Cause::Stalled));
    }
    for (after, cause) in timed_out {
        assert!(after < USER_TIMEOUT * 3, "after {after:?}");
        assert_eq!(cause, None);
    }
}

/// The kernel goes on for a quarter of an hour. A WebSocket that beats does not wait for that.
#[tokio::test(flavor = "multi_thread")]
async fn without_a_guard_only_a_websocket_is_missed() {
    if ran_elsewhere("vanished::without_a_guard_only_a_websocket_is_missed") {
        return;
    }
    let mut server = Server::unguarded().await;
    let chat = Peer::chatting(server.address).await;
    let chats = server.opened().await;
    let (http1, mut first) = Peer::of(&mut server, Kind::Http1("/beats")).await;
    let (http2, mut second) = Peer::of(&mut server, Kind::Http2("/beats")).await;
    [chat, http1, http2].iter().for_each(Peer::vanish);
    let (after, cause) = chats.ended().await;
    println!("{after:?}");
    assert!(after > USER_TIMEOUT && after < (BEAT + ANSWER) * 3, "after {after:?}");
    assert_eq!(cause, Some(Cause::Unresponsive));
    assert!(first.is_open() && second.is_open());
}
