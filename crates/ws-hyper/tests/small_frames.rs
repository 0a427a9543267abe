//! HTTP/2 implementations count small frames that are not read, and close connections that have too many of them: with
//! h2 that is half a window of 256 bytes each.
#![allow(clippy::unwrap_used)]

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, Request, Version};
use http_body_util::Empty;
use hyper::{
    body::Incoming, client::conn::http2 as client, ext::Protocol, server::conn::http2 as server,
    service::service_fn, upgrade::on,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use longwave_ws_hyper::{Config, Error, Message, Upgraded, WebSocket, server::Options};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex},
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

const MESSAGES: usize = 100_000;
const MESSAGE: &[u8] = b"twenty bytes in here";

/// Opens a WebSocket over HTTP/2, with the windows of hyper's client but for that of a stream, which has room for all;
/// and gives the server's end to `serve`.
async fn open<S, F>(serve: S) -> (Upgraded, JoinHandle<F::Output>)
where
    S: Fn(WebSocket<Upgraded>) -> F + Send + Sync + 'static,
    F: Future<Output: Send> + Send + 'static,
{
    let (near, far) = duplex(1 << 16);
    let (give, mut take) = mpsc::unbounded_channel();
    let serve = Arc::new(serve);
    let service = service_fn(move |mut request: Request<Incoming>| {
        let options = Options::new().config(Config::new().without_heartbeat());
        let (response, upgrading) =
            longwave_ws_hyper::upgrade::<_, Empty<Bytes>>(&mut request, &options).unwrap();
        let serve = serve.clone();
        give.send(tokio::spawn(async move { serve(upgrading.await.unwrap()).await })).unwrap();
        async { Ok::<_, Infallible>(response) }
    });
    tokio::spawn(
        server::Builder::new(TokioExecutor::new())
            .enable_connect_protocol()
            .serve_connection(TokioIo::new(far), service),
    );
    let mut builder = client::Builder::new(TokioExecutor::new());
    builder.initial_stream_window_size(4 << 20);
    let (mut sender, connection) = builder.handshake(TokioIo::new(near)).await.unwrap();
    tokio::spawn(connection);
    sleep(Duration::from_millis(1)).await;
    let mut request = Request::new(Empty::<Bytes>::new());
    *request.method_mut() = Method::CONNECT;
    *request.uri_mut() = "http://localhost/".parse().unwrap();
    *request.version_mut() = Version::HTTP_2;
    request.headers_mut().insert("sec-websocket-version", "13".parse().unwrap());
    request.extensions_mut().insert(Protocol::from_static("websocket"));
    let mut response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    let upgraded = Upgraded::from(on(&mut response).await.unwrap());
    (upgraded, take.recv().await.unwrap())
}

/// Wakes up, and receives all of it.
async fn receive_all(io: Upgraded) {
    let mut client = WebSocket::client(io, &Config::new().without_heartbeat());
    for _ in 0..MESSAGES {
        assert_eq!(client.recv().await.unwrap().unwrap().payload(), MESSAGE);
    }
    client.close(None).await.unwrap();
}

/// At every pace at which messages go out one by one.
#[tokio::test(start_paused = true)]
async fn a_reader_that_sleeps_for_all_of_them_wakes_up_to_all_of_them() {
    async fn serve(mut socket: WebSocket<Upgraded>, pace: Duration) -> Result<(), Error> {
        for _ in 0..MESSAGES {
            socket.send(Bytes::from_static(MESSAGE)).await?;
            sleep(pace).await;
        }
        while socket.recv().await.transpose()?.is_some() {}
        Ok(())
    }
    for pace in [1, 25, 60] {
        let pace = Duration::from_millis(pace);
        let (io, server) = open(move |socket| serve(socket, pace)).await;
        let mut server = server;
        let sent = timeout(Duration::from_secs(7200), &mut server).await;
        assert!(sent.is_err(), "it has sent all and waits: {sent:?}");
        receive_all(io).await;
        server.await.unwrap().unwrap();
    }
}

/// So that the test above can fail: without pacing the same kills the connection.
#[tokio::test(start_paused = true)]
async fn frames_that_do_not_wait_for_each_other_kill_the_connection() {
    async fn serve(socket: WebSocket<Upgraded>) -> usize {
        let (mut io, _unread) = socket.into_inner().unwrap();
        for sent in 0..MESSAGES {
            if io.write_all(&[b"\x82\x14", MESSAGE].concat()).await.is_err() {
                return sent;
            }
            sleep(Duration::from_millis(1)).await;
        }
        MESSAGES
    }
    let (_io, server) = open(serve).await;
    let sent = server.await.unwrap();
    assert!((10_000..13_000).contains(&sent), "{sent}");
}

/// Who reads is not made to wait, but for a round trip now and then.
#[tokio::test(start_paused = true)]
async fn a_reader_that_is_awake_waits_for_little() {
    async fn serve(mut socket: WebSocket<Upgraded>) {
        while let Some(Ok(message)) = socket.recv().await {
            if matches!(message, Message::Binary(_)) {
                for _ in 0..1000 {
                    socket.send(Bytes::from_static(MESSAGE)).await.unwrap();
                    if let Ok(Some(Err(error))) = timeout(Duration::from_millis(50), socket.recv()).await {
                        panic!("{error}");
                    }
                }
            }
        }
    }
    let (io, _server) = open(serve).await;
    let mut client = WebSocket::client(io, &Config::new().without_heartbeat());
    client.send(b"go".to_vec()).await.unwrap();
    let mut last = Instant::now();
    for _ in 0..1000 {
        client.recv().await.unwrap().unwrap();
        assert!(last.elapsed() <= Duration::from_millis(75), "{:?}", last.elapsed());
        last = Instant::now();
    }
}

/// A close frame does not wait.
#[tokio::test(start_paused = true)]
async fn what_ends_the_connection_does_not_wait() {
    async fn serve(mut socket: WebSocket<Upgraded>) {
        for _ in 0..200 {
            socket.send(Bytes::from_static(MESSAGE)).await.unwrap();
            sleep(Duration::from_millis(30)).await;
        }
        let start = Instant::now();
        drop(timeout(Duration::from_secs(1), socket.close(None)).await);
        assert!(start.elapsed() <= Duration::from_secs(2));
    }
    let (mut io, server) = open(serve).await;
    server.await.unwrap();
    let mut all = Vec::new();
    io.read_to_end(&mut all).await.unwrap();
    assert!(all.ends_with(&[0x88, 0]), "{:?}", &all[all.len() - 10..]);
}
