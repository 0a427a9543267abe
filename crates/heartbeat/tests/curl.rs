//! A real server on hyper, and curl: bytes on the wire.
#![allow(clippy::unwrap_used)]

mod common;

use std::{process::Stdio, time::Duration};

use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use longwave_heartbeat::{Heartbeat, HeartbeatLayer};
use tokio::{
    io::AsyncReadExt,
    net::TcpListener,
    process::{ChildStdout, Command},
    time::{Instant, timeout},
};
use tower_layer::Layer;

use crate::common::{Answer, Silent, of_type};

const INTERVAL: Duration = Duration::from_millis(400);

async fn next(stdout: &mut ChildStdout) -> String {
    let mut bytes = [0; 4096];
    let len =
        timeout(Duration::from_secs(20), stdout.read(&mut bytes)).await.expect("bytes in time").unwrap();
    String::from_utf8(bytes[..len].to_vec()).unwrap()
}

async fn beats_arrive(version: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let answer = Answer(|| of_type("text/event-stream").body(Silent).unwrap());
        let service = HeartbeatLayer::new(Heartbeat::every(INTERVAL)).layer(answer);
        // curl goes away in the middle, which is an error here.
        let _ = Builder::new(TokioExecutor::new())
            .serve_connection(TokioIo::new(socket), TowerToHyperService::new(service))
            .await;
    });
    let mut curl = Command::new("curl")
        .args(["-sSNi", "--max-time", "30", version, &url])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("curl runs (Debian package: curl)");
    let mut stdout = curl.stdout.take().unwrap();

    let mut text = String::new();
    while !text.ends_with("\r\n\r\n:\n\n") {
        text += &next(&mut stdout).await;
    }
    let start = Instant::now();
    assert!(text.contains("x-accel-buffering: no\r\n"), "{text}");
    assert!(text.contains("cache-control: no-store, no-transform\r\n"), "{text}");
    let mut beats = String::new();
    while beats.len() < 3 * ":\n\n".len() {
        beats += &next(&mut stdout).await;
    }
    assert_eq!(beats, ":\n\n:\n\n:\n\n");
    assert!(start.elapsed() >= 2 * INTERVAL, "they come one by one");
}

#[tokio::test]
async fn beats_arrive_over_http1() {
    beats_arrive("--http1.1").await;
}

#[tokio::test]
async fn beats_arrive_over_http2() {
    beats_arrive("--http2-prior-knowledge").await;
}
