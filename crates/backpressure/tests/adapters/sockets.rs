//! WebSockets.

use std::{pin::pin, sync::atomic::Ordering};

use futures_util::{SinkExt, StreamExt};
use longwave_backpressure::outbox::{Broadcast, Class, Deliveries, Limits, Outbox, Policy};
use longwave_testing::io::Counted;
use longwave_ws_hyper::{Config, Message, Prepared, WebSocket};
use tokio::{
    io::{AsyncReadExt, DuplexStream, duplex},
    sync::broadcast,
};

use crate::support::{ZERO, poll_once, send};

fn quiet() -> Config {
    Config::new().without_heartbeat()
}

fn counted(vectored: bool) -> (DuplexStream, Counted<DuplexStream>) {
    let (peer, io) = duplex(1 << 20);
    (peer, Counted::new(io, vectored))
}

/// As a server sends them.
fn wire(numbers: impl IntoIterator<Item = usize>) -> Vec<u8> {
    numbers
        .into_iter()
        .flat_map(|n| {
            let n = n.to_string();
            [&[0x81, n.len() as u8], n.as_bytes()].concat()
        })
        .collect()
}

async fn assert_came(peer: &mut DuplexStream, expected: &[u8]) {
    let mut came = vec![0; expected.len()];
    peer.read_exact(&mut came).await.unwrap();
    assert_eq!(came, expected);
}

#[tokio::test]
async fn all_that_waits_goes_out_in_one_write() {
    for vectored in [false, true] {
        let (mut peer, io) = counted(vectored);
        let writes = io.writes();
        let (sender, receiver) = Outbox::new(Limits::new(1 << 20, 1000)).open(ZERO);
        send(&sender, (0..100).map(|n| Message::text(n.to_string())));
        let feed = receiver.tell_lag(|_| Message::text("lag"));
        let mut forward = pin!(feed.map(Ok).forward(WebSocket::server(io, &quiet())));
        assert!(poll_once(forward.as_mut()).is_none(), "there may be more");
        assert_eq!(writes.load(Ordering::Relaxed), 1);
        assert_came(&mut peer, &wire(0..100)).await;
    }
}

#[tokio::test]
async fn what_goes_to_many_goes_out_in_one_write_too() {
    for vectored in [false, true] {
        let (mut peer, io) = counted(vectored);
        let writes = io.writes();
        let (sender, receiver) = Outbox::new(Limits::new(1 << 20, 1000)).open(ZERO);
        send(&sender, (0..100).map(|n| Prepared::text(n.to_string())));
        let feed = receiver.tell_lag(|_| Prepared::text("lag"));
        let (_receiving, sending) = WebSocket::server(io, &quiet()).split();
        let mut forward = pin!(feed.map(Ok).forward(sending.into_prepared_sink()));
        assert!(poll_once(forward.as_mut()).is_none(), "there may be more");
        assert_eq!(writes.load(Ordering::Relaxed), 1);
        assert_came(&mut peer, &wire(0..100)).await;
        drop(sender);
        // It is closed when there is no more.
        assert!(poll_once(forward.as_mut()).is_none());
        assert_came(&mut peer, &[0x88, 0]).await;
    }
}

#[tokio::test]
async fn a_broadcast_goes_out_in_one_write_with_its_lag_in_front() {
    let (mut peer, io) = counted(true);
    let writes = io.writes();
    let (sender, receiver) = broadcast::channel(64);
    for n in 0..100 {
        sender.send(n).unwrap();
    }
    let feed = Broadcast::new(receiver)
        .map_items(|n: usize| Message::text(n.to_string()))
        .tell_lag(|lag| Message::text(lag.dropped.to_string()));
    let mut forward = pin!(feed.map(Ok).forward(WebSocket::server(io, &quiet())));
    assert!(poll_once(forward.as_mut()).is_none());
    assert_eq!(writes.load(Ordering::Relaxed), 1);
    assert_came(&mut peer, &[wire([36]), wire(36..100)].concat()).await;
}

/// A peer that has stopped reading costs what its outbox and its socket may hold, and not more.
#[tokio::test(start_paused = true)]
async fn a_socket_that_is_not_read_takes_no_more_than_it_may() {
    let (_peer, io) = duplex(64);
    let mut socket = WebSocket::server(io, &quiet().high_water(16 << 10));
    let (sender, receiver) = Outbox::new(Limits::new(64 << 10, 64)).policy(Policy::DropOldest).open(ZERO);
    let feed = receiver.tell_lag(|_| Message::text("lag"));
    {
        let mut forward = pin!(feed.map(Ok).forward((&mut socket).sink_map_err(|error| error)));
        for _ in 0..10_000 {
            sender.try_send(Class::Live, Message::text("x".repeat(1000)), ZERO).unwrap();
            assert!(poll_once(forward.as_mut()).is_none());
            let stats = sender.stats();
            assert!(stats.waiting <= 64 && stats.waiting_bytes <= 64 << 10);
            // One is in the hands of the future.
            assert!(stats.delivered <= 18, "{}", stats.delivered);
        }
    }
    assert!(socket.unsent() <= (16 << 10) + 1004, "{}", socket.unsent());
}
