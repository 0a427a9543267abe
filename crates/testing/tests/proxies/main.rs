//! What is silent and what beats, through real proxies that cut what is silent for [`IDLE`].
#![allow(clippy::unwrap_used)]

mod client;
mod proxy;
mod server;

use std::{net::SocketAddr, panic::AssertUnwindSafe, time::Duration};

use futures_util::{FutureExt, future::join_all};
use tokio::{
    join,
    time::{Instant, timeout},
};

use self::{
    client::{Chat, End, Feed},
    proxy::{ALL, HAPROXY, Kind, NGINX, PROMPT_HAPROXY, Proxy},
    server::{RECONNECT, Server},
};

/// For how long the proxies let a stream be silent.
const IDLE: Duration = Duration::from_secs(3);
/// How often the streams with a heartbeat beat.
const BEAT: Duration = Duration::from_secs(1);
/// When something has happened at once, on a machine that has other things to do.
const AT_ONCE: Duration = Duration::from_secs(1);
/// When what was to be cut is not cut any more.
const NEVER: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn without_a_heartbeat_a_silent_event_stream_is_cut() {
    behind_each_proxy(async |_server, proxy, name| {
        let start = Instant::now();
        let end = Feed::open(proxy, "/bare/feed").await.unwrap().end(NEVER).await;
        // Caddy ends the body as if the stream had come to its end.
        println!("{name}: {end:?}");
        was_cut(name, start.elapsed());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_heartbeat_a_silent_websocket_is_cut() {
    behind_each_proxy(async |_server, proxy, name| {
        let mut chat = Chat::open(proxy, "/bare/chat").await;
        let start = Instant::now();
        assert_eq!(chat.end(NEVER).await, End::Cut, "{name}");
        was_cut(name, start.elapsed());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_heartbeat_a_silent_event_stream_lives_and_nothing_on_it_is_late() {
    behind_each_proxy(async |server, proxy, name| {
        let start = Instant::now();
        let mut feed = Feed::open(proxy, "/feed").await.unwrap();
        let head = start.elapsed();
        assert!(head < AT_ONCE, "{name}: the head came after {head:?}");

        let beats = feed.comments(IDLE * 3).await;
        assert!(beats >= 6, "{name}: {beats} beats in {:?}", IDLE * 3);

        let said = Instant::now();
        server.say("still there").await;
        assert_eq!(feed.event().await.unwrap(), "still there", "{name}");
        let late = said.elapsed();
        assert!(late < AT_ONCE, "{name}: the event came after {late:?}");
        println!("{name}: head after {head:?}, {beats} beats, event after {late:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_heartbeat_a_silent_websocket_lives_and_nothing_on_it_is_late() {
    behind_each_proxy(async |_server, proxy, name| {
        let mut chat = Chat::open(proxy, "/chat").await;
        let pings = chat.pings(IDLE * 3).await;
        assert!(pings >= 6, "{name}: {pings} pings in {:?}", IDLE * 3);

        let said = Instant::now();
        assert_eq!(chat.echo("still there").await, "still there", "{name}");
        let late = said.elapsed();
        assert!(late < AT_ONCE, "{name}: the echo came after {late:?}");
        println!("{name}: {pings} pings, echo after {late:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_words_of_a_drained_stream_get_through() {
    behind_each_proxy(async |server, proxy, name| {
        let mut feed = Feed::open(proxy, "/feed").await.unwrap();
        let mut chat = Chat::open(proxy, "/chat").await;
        // Both are on their way, and beat.
        feed.comments(BEAT).await;
        assert_eq!(chat.echo("hello").await, "hello", "{name}");

        let ends = async {
            let retry = feed.retry().await;
            assert!(RECONNECT.contains(&retry), "{name}: back after {retry:?}");
            feed.end(AT_ONCE).await
        };
        let (report, feed_end, chat_end) = join!(server.drain.run(), ends, chat.end(NEVER));
        assert_eq!((report.ended, report.left_over), (2, 0), "{name}");
        assert_eq!(feed_end, End::Clean, "{name}");
        assert_eq!(chat_end, End::Closed(Some(1012)), "{name}");

        // A client that comes back too early is sent away in the only way it understands.
        let mut feed = Feed::open(proxy, "/feed").await.unwrap();
        assert!(RECONNECT.contains(&feed.retry().await), "{name}");
        assert_eq!(feed.end(AT_ONCE).await, End::Clean, "{name}");
    })
    .await;
}

#[tokio::test]
async fn nginx_keeps_the_head_to_itself_until_a_stream_says_something() {
    let server = Server::start().await;
    let proxy = Proxy::start(NGINX, server.address).await;
    for (path, arrives) in [("/bare/feed", false), ("/feed", true)] {
        let head = timeout(AT_ONCE, Feed::open(proxy.address, path)).await;
        assert_eq!(head.is_ok(), arrives, "{path}");
    }
}

/// `HAProxy` tells Linux that there is more to come, as long as a response has not ended, and Linux waits for it.
#[tokio::test]
async fn haproxy_delays_each_event_by_a_fifth_of_a_second_unless_told_not_to() {
    let mut delays = Vec::new();
    for kind in [HAPROXY, PROMPT_HAPROXY] {
        let server = Server::start().await;
        let proxy = Proxy::start(kind, server.address).await;
        let mut feed = Feed::open(proxy.address, "/feed").await.unwrap();
        let mut shortest = Duration::MAX;
        for _ in 0..5 {
            let said = Instant::now();
            server.say("news").await;
            feed.event().await.unwrap();
            shortest = shortest.min(said.elapsed());
        }
        delays.push(shortest);
    }
    println!("at least {delays:?}");
    let some = Duration::from_millis(100);
    assert!(delays[0] > some && delays[1] < some, "{delays:?}");
}

/// Runs a check behind all proxies at once, each with a server of its own, and names those where it failed.
async fn behind_each_proxy(check: impl AsyncFn(&Server, SocketAddr, &str)) {
    let outcomes = ALL.map(async |kind: Kind| {
        let server = Server::start().await;
        let proxy = Proxy::start(kind, server.address).await;
        let outcome = AssertUnwindSafe(check(&server, proxy.address, kind.name)).catch_unwind().await;
        if outcome.is_err() {
            println!("{} said: {}", kind.name, proxy.log());
        }
        outcome.is_ok()
    });
    assert_eq!(join_all(outcomes).await, [true; ALL.len()], "of {:?}", ALL.map(|kind| kind.name));
}

fn was_cut(name: &str, after: Duration) {
    println!("{name}: cut after {after:?}");
    assert!(after + AT_ONCE >= IDLE, "{name}: cut after {after:?}, for another reason than silence");
    assert!(after < NEVER, "{name}: not cut in {after:?}");
}
