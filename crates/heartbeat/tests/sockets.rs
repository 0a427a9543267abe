//! The WebSockets of axum and of tokio-tungstenite, over a connection in memory.
#![cfg(all(feature = "axum", feature = "tungstenite"))]
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use axum::{Extension, Router, extract::ws, routing::get};
use futures_util::{SinkExt, StreamExt};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use longwave_core::{Cause, Lifeline};
use longwave_heartbeat::{Beating, Heartbeat, HeartbeatLayer};
use tokio::{
    io::{DuplexStream, duplex},
    sync::oneshot,
    time::{Instant, sleep, timeout},
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, protocol::Role},
};

const INTERVAL: Duration = Duration::from_secs(25);
const HOUR: Duration = Duration::from_secs(3600);

async fn pair() -> (WebSocketStream<DuplexStream>, WebSocketStream<DuplexStream>) {
    let (client, server) = duplex(64 * 1024);
    let client = WebSocketStream::from_raw_socket(client, Role::Client, None).await;
    (client, WebSocketStream::from_raw_socket(server, Role::Server, None).await)
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_lives_and_one_that_does_not_is_found() {
    for reads in [true, false] {
        let (mut client, server) = pair().await;
        let lifeline = Lifeline::new();
        let mut server = Beating::new(server, &lifeline);
        let client = tokio::spawn(async move {
            if reads {
                while client.next().await.is_some() {}
            } else {
                sleep(HOUR).await;
            }
        });
        let start = Instant::now();
        let end = timeout(HOUR / 2, server.next()).await;
        if reads {
            assert!(end.is_err() && !lifeline.is_ended() && server.round_trip().is_some());
        } else {
            assert!(matches!(end, Ok(None)) && start.elapsed() < INTERVAL + Duration::from_secs(11));
            assert_eq!(lifeline.reason().unwrap().cause(), Cause::Unresponsive);
            assert!(matches!(server.send("late".into()).await, Err(Error::Io(_))));
        }
        client.abort();
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_sent_much_and_reads_slowly_lives() {
    let (mut client, server) = pair().await;
    let lifeline = Lifeline::new();
    let (mut sink, mut stream) = Beating::new(server, &lifeline).split();
    tokio::spawn(async move { while sink.send(vec![0; 48 * 1024].into()).await.is_ok() {} });
    let reader = tokio::spawn(async move { stream.next().await });
    for _ in 0..500 {
        sleep(Duration::from_secs(4)).await;
        client.next().await.unwrap().unwrap();
    }
    assert!(!lifeline.is_ended() && !reader.is_finished());
    lifeline.end(Cause::Draining);
    while let Some(Ok(message)) = client.next().await {
        if let Message::Close(close) = message {
            assert_eq!(u16::from(close.unwrap().code), 1012);
        }
    }
    assert!(reader.await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn axum_finds_the_settings_of_the_layer_and_ends_by_the_lifeline() {
    let (over, ended) = oneshot::channel();
    let over = std::sync::Arc::new(std::sync::Mutex::new(Some(over)));
    let upgrade = move |Extension(lifeline): Extension<Lifeline>, upgrade: ws::WebSocketUpgrade| async move {
        upgrade.on_upgrade(move |socket| async move {
            let mut socket = Beating::new(socket, &lifeline);
            lifeline.end_at(Instant::now() + HOUR, Cause::AgedOut);
            while let Some(Ok(message)) = socket.next().await {
                socket.send(message).await.unwrap();
            }
            let error = socket.send("late".into()).await.unwrap_err().to_string();
            over.lock().unwrap().take().unwrap().send((socket.round_trip(), error)).unwrap();
        })
    };
    let heartbeat = Heartbeat::default().with_websocket_interval(Duration::from_secs(100));
    let router: Router = Router::new().route("/", get(upgrade)).layer(HeartbeatLayer::new(heartbeat));
    let (client, server) = duplex(64 * 1024);
    tokio::spawn(
        hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(server), TowerToHyperService::new(router))
            .with_upgrades(),
    );

    let (mut client, _) = client_async("ws://axum/", client).await.unwrap();
    client.send("hello".into()).await.unwrap();
    assert_eq!(client.next().await.unwrap().unwrap(), "hello".into());
    let mut pings = 0;
    let close = loop {
        match client.next().await.unwrap().unwrap() {
            Message::Ping(_) => pings += 1,
            Message::Close(close) => break close.unwrap(),
            other => panic!("{other:?}"),
        }
    };
    assert!((3600 / 100..=3600 / 90 + 1).contains(&pings), "{pings} pings in an hour");
    assert_eq!((u16::from(close.code), close.reason.as_str()), (1012, "open for too long"));
    drop(client);
    let (round_trip, error) = ended.await.unwrap();
    assert!(round_trip.is_some());
    assert_eq!(error, "open for too long (1012)");
}
