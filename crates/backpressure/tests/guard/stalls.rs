use std::time::Duration;

use longwave_backpressure::guard::Guard;
use longwave_core::Cause;
use tokio::{
    io::AsyncReadExt,
    time::{Instant, sleep},
};

use super::support::{SLACK, STALL, Server, http1, http2, open};

fn guard() -> Guard {
    Guard::new().stall(STALL).grace(Duration::from_secs(60))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stops_over_http1_is_cut_off() {
    let mut server = Server::guarded(guard()).await;
    let mut client = http1(server.address, "/flood").await;
    let (after, cause) = server.opened().await.over().await;
    assert_eq!(cause, Some(Cause::Stalled));
    assert!(after >= STALL && after < STALL + SLACK, "after {after:?}");
    // What the kernel held is still there to be read; the rest was dropped with the connection.
    while let Ok(1..) = client.read(&mut [0; 4096]).await {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stops_over_http2_is_cut_off() {
    let mut server = Server::guarded(guard()).await;
    let client = http2(server.address, "/flood", 65_535).await;
    let (after, cause) = server.opened().await.over().await;
    assert_eq!(cause, Some(Cause::Stalled));
    assert!(after >= STALL && after < STALL + SLACK, "after {after:?}");
    client.connection.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_never_began_over_http2_is_cut_off() {
    let mut server = Server::guarded(guard()).await;
    let _client = http2(server.address, "/flood", 0).await;
    let (after, cause) = server.opened().await.over().await;
    assert_eq!(cause, Some(Cause::Stalled));
    assert!(after < STALL + SLACK, "after {after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_stream_beside_a_silent_one_is_told_and_the_other_goes_on() {
    let mut server = Server::guarded(guard()).await;
    let mut client = http2(server.address, "/silent", 65_535).await;
    let mut silent = server.opened().await;
    let _body = open(&mut client.sender, "/flood").await;
    let mut stalled = server.opened().await;
    let told = tokio::time::timeout(STALL + SLACK, stalled.lifeline.ended()).await.unwrap();
    assert_eq!(told.cause(), Cause::Stalled);
    sleep(STALL).await;
    assert!(!silent.lifeline.is_ended() && silent.is_open());
    // When the other one goes, nothing keeps the connection.
    drop(client.body);
    stalled.over().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_stream_is_not_stalled() {
    let mut server = Server::guarded(guard()).await;
    let _http1 = http1(server.address, "/silent").await;
    let mut first = server.opened().await;
    let _http2 = http2(server.address, "/silent", 65_535).await;
    let mut second = server.opened().await;
    sleep(STALL * 4).await;
    assert!(first.is_open() && second.is_open());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_is_not_stalled() {
    // The kernels let some 3 KiB through at a time, which takes this reader about an eighth of a second.
    let stall = Duration::from_millis(1500);
    let mut server = Server::guarded(guard().stall(stall).unsent(Some(1))).await;
    let mut client = http1(server.address, "/flood").await;
    let mut opened = server.opened().await;
    let start = Instant::now();
    while start.elapsed() < stall * 3 {
        client.read_exact(&mut [0; 256]).await.unwrap();
        sleep(Duration::from_millis(10)).await;
    }
    assert!(opened.lifeline.connection().unwrap().progress().pending() > 0, "it never caught up");
    assert!(!opened.lifeline.is_ended() && opened.is_open());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_over_http2_is_not_stalled() {
    let mut server = Server::guarded(guard()).await;
    let mut client = http2(server.address, "/flood", 4096).await;
    let mut opened = server.opened().await;
    let start = Instant::now();
    while start.elapsed() < STALL * 8 {
        let data = client.body.data().await.unwrap().unwrap();
        client.body.flow_control().release_capacity(data.len()).unwrap();
        sleep(Duration::from_millis(50)).await;
    }
    assert!(!opened.lifeline.is_ended() && opened.is_open());
}
