//! Messages are compressed over both versions of HTTP, where both ends want it.
#![cfg(feature = "deflate")]
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use longwave_ws_hyper::{
    WebSocket,
    client::{self, Http2, Options},
    deflate::Settings,
    server,
};
use tokio::io::{AsyncRead, AsyncWrite};

use self::common::{counted::Counted, echo, exchange, serve};

const TEXT: &str = "what is said again and again is compressed, and ";

/// How many bytes a long message takes there and back.
async fn cost<T>(socket: &mut WebSocket<T>, count: &Arc<AtomicUsize>) -> usize
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    exchange(socket, "to begin with").await;
    let before = count.load(Ordering::Relaxed);
    exchange(socket, &TEXT.repeat(1000)).await;
    count.load(Ordering::Relaxed) - before
}

async fn over_http1(server: server::Options, options: Options) -> (usize, bool) {
    let server = serve(echo(server)).await;
    let io = Counted::new(server.dial().await);
    let count = io.count.clone();
    let (mut socket, response) = client::http1(io, &server.uri(), &options).await.unwrap();
    (cost(&mut socket, &count).await, response.headers().contains_key("sec-websocket-extensions"))
}

async fn over_http2(server: server::Options, options: Options) -> (usize, bool) {
    let server = serve(echo(server)).await;
    let io = Counted::new(server.dial().await);
    let count = io.count.clone();
    let http2 = Http2::connect(io).await.unwrap();
    let (mut socket, response) = http2.open(&server.uri(), &options).await.unwrap();
    (cost(&mut socket, &count).await, response.headers().contains_key("sec-websocket-extensions"))
}

#[tokio::test]
async fn messages_are_compressed_if_both_want_it() {
    let server = || server::Options::new().deflate(Settings::new());
    let client = || Options::new().deflate(Settings::new());
    for (cost, agreed) in [over_http1(server(), client()).await, over_http2(server(), client()).await] {
        assert!(agreed);
        assert!(cost < TEXT.len() * 50, "{cost} bytes");
    }
}

#[tokio::test]
async fn messages_are_not_compressed_if_one_does_not_want_it() {
    let server = || server::Options::new().deflate(Settings::new());
    let client = || Options::new().deflate(Settings::new());
    for (cost, agreed) in [
        over_http1(server::Options::new(), client()).await,
        over_http1(server(), Options::new()).await,
        over_http2(server::Options::new(), client()).await,
        over_http2(server(), Options::new()).await,
    ] {
        assert!(!agreed);
        assert!(cost > TEXT.len() * 2000, "{cost} bytes");
    }
}
