use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use longwave_backpressure::guard::Guard;
use longwave_core::Cause;
use tokio::{net::TcpStream, time::sleep};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

use super::support::{GRACE, Opened, SLACK, STALL, Server};

async fn connect(server: &mut Server) -> (WebSocketStream<TcpStream>, Opened) {
    let socket = TcpStream::connect(server.address).await.unwrap();
    let (mut client, _) = client_async("ws://localhost/echo", socket).await.unwrap();
    client.send(Message::text("hello")).await.unwrap();
    assert_eq!(client.next().await.unwrap().unwrap(), Message::text("hello"));
    (client, server.opened().await)
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_websocket_counts_until_its_socket_closes() {
    let mut server = Server::guarded(Guard::new()).await;
    let (mut client, mut opened) = connect(&mut server).await;
    sleep(STALL).await;
    assert!(opened.is_open());
    assert_eq!(opened.lifeline.connection().unwrap().streams(), 1);
    client.close(None).await.unwrap();
    while client.next().await.is_some() {}
    opened.over().await;

    let (client, mut opened) = connect(&mut server).await;
    drop(client);
    let start = Instant::now();
    opened.over().await;
    assert!(start.elapsed() < SLACK);
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_websocket_can_be_ended() {
    let mut server = Server::guarded(Guard::new().grace(GRACE)).await;
    let (mut client, mut opened) = connect(&mut server).await;
    let start = Instant::now();
    opened.lifeline.end(Cause::Revoked);
    while let Some(Ok(_)) = client.next().await {}
    opened.over().await;
    let after = start.elapsed();
    assert!(after >= GRACE && after < GRACE + SLACK, "after {after:?}");

    let (_client, mut opened) = connect(&mut server).await;
    let start = Instant::now();
    opened.lifeline.end_at((start + STALL).into(), Cause::AgedOut);
    opened.over().await;
    let after = start.elapsed();
    assert!(after >= STALL + GRACE && after < STALL + GRACE + SLACK, "after {after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_websocket_with_a_reader_that_stops_is_cut_off() {
    let mut server = Server::guarded(Guard::new().stall(STALL).grace(Duration::from_secs(60))).await;
    let (mut client, mut opened) = connect(&mut server).await;
    // It sends and never reads, until its own sends are stuck.
    let sends =
        tokio::spawn(async move { while client.send(Message::text("x".repeat(9000))).await.is_ok() {} });
    assert_eq!(opened.over().await.1, Some(Cause::Stalled));
    sends.await.unwrap();
}
