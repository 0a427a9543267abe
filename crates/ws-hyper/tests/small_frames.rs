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
    runtime::Handle,
    sync::mpsc,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

const MESSAGES: usize = 100_000;
const MESSAGE: &[u8] = b"twenty bytes in here";

/// How much a client takes without reading.
#[derive(Clone, Copy)]
struct Windows {
    stream: u32,
    connection: u32,
}

/// Those of hyper's client but for that of a stream, which has room for all.
const ROOMY: Windows = Windows { stream: 4 << 20, connection: 5 << 20 };
/// Those of a client that says nothing about them: the least there is.
const TIGHT: Windows = Windows { stream: 65_535, connection: 65_535 };

fn quiet() -> Config {
    Config::new().without_heartbeat()
}

/// Opens a WebSocket over HTTP/2, and gives the server's end to `serve`.
async fn open<S, F>(config: Config, windows: Windows, serve: S) -> (Upgraded, JoinHandle<F::Output>)
where
    S: Fn(WebSocket<Upgraded>) -> F + Send + Sync + 'static,
    F: Future<Output: Send> + Send + 'static,
{
    let (near, far) = duplex(1 << 16);
    let (give, mut take) = mpsc::unbounded_channel();
    let serve = Arc::new(serve);
    let service = service_fn(move |mut request: Request<Incoming>| {
        let options = Options::new().config(config.clone());
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
    builder.initial_stream_window_size(windows.stream);
    builder.initial_connection_window_size(windows.connection);
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
async fn receive_all(io: Upgraded, messages: usize) {
    let mut client = WebSocket::client(io, &quiet());
    for _ in 0..messages {
        assert_eq!(client.recv().await.unwrap().unwrap().payload(), MESSAGE);
    }
    client.close(None).await.unwrap();
}

/// Sends so many messages at a pace to a reader that sleeps until all were sent, and then wakes up.
async fn sleep_through(pace: u64, messages: usize, windows: Windows) {
    async fn serve(mut socket: WebSocket<Upgraded>, pace: Duration, messages: usize) -> Result<(), Error> {
        for _ in 0..messages {
            socket.send(Bytes::from_static(MESSAGE)).await?;
            sleep(pace).await;
        }
        while socket.recv().await.transpose()?.is_some() {}
        Ok(())
    }
    let pace = Duration::from_millis(pace);
    let (io, mut server) = open(quiet(), windows, move |socket| serve(socket, pace, messages)).await;
    let sent = timeout(pace * messages as u32 + Duration::from_secs(1200), &mut server).await;
    assert!(sent.is_err(), "at a pace of {pace:?} it has sent all and waits: {sent:?}");
    receive_all(io, messages).await;
    server.await.unwrap().unwrap();
}

/// At every pace at which messages go out one by one.
#[tokio::test(start_paused = true)]
async fn a_reader_that_sleeps_for_all_of_them_wakes_up_to_all_of_them() {
    for pace in [1, 25, 60] {
        sleep_through(pace, MESSAGES, ROOMY).await;
    }
}

/// However long small frames have waited for each other already: at such a pace only those that wait longer and longer
/// get together.
#[tokio::test(start_paused = true)]
async fn a_reader_may_sleep_for_hours() {
    for (pace, messages) in [(200, MESSAGES), (1100, MESSAGES / 5)] {
        sleep_through(pace, messages, ROOMY).await;
    }
    sleep_through(1100, 1000, TIGHT).await;
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
    let (_io, server) = open(quiet(), ROOMY, serve).await;
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
    let (io, _server) = open(quiet(), ROOMY, serve).await;
    let mut client = WebSocket::client(io, &quiet());
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
    let (mut io, server) = open(quiet(), ROOMY, serve).await;
    server.await.unwrap();
    let mut all = Vec::new();
    io.read_to_end(&mut all).await.unwrap();
    assert!(all.ends_with(&[0x88, 0]), "{:?}", &all[all.len() - 10..]);
}

#[tokio::test(start_paused = true)]
async fn a_flush_waits_until_nothing_waits() {
    async fn serve(mut socket: WebSocket<Upgraded>) {
        for _ in 0..50 {
            socket.send(Bytes::from_static(MESSAGE)).await.unwrap();
            socket.flush().await.unwrap();
            assert_eq!(socket.unsent(), 0);
        }
    }
    let (_io, server) = open(quiet(), ROOMY, serve).await;
    server.await.unwrap();
}

/// What waits for more has a task of its own, which goes with the socket.
#[tokio::test(start_paused = true)]
async fn a_socket_that_is_taken_apart_leaves_no_task() {
    async fn serve(mut socket: WebSocket<Upgraded>) {
        let tasks = || Handle::current().metrics().num_alive_tasks();
        while socket.unsent() == 0 {
            sleep(Duration::from_millis(1)).await;
            socket.send(Bytes::from_static(MESSAGE)).await.unwrap();
        }
        let before = tasks();
        let _io = socket.into_inner().unwrap();
        sleep(Duration::from_secs(3600)).await;
        assert_eq!(tasks(), before - 1);
    }
    let (_io, server) = open(quiet(), ROOMY, serve).await;
    server.await.unwrap();
}

/// Whose window is full takes nothing, whatever the connection below does.
#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_is_given_up() {
    async fn serve(mut socket: WebSocket<Upgraded>) -> Error {
        loop {
            if let Err(error) = socket.send(vec![7; 20_000]).await {
                return error;
            }
        }
    }
    let (_io, server) = open(Config::new(), TIGHT, serve).await;
    let start = Instant::now();
    let error = timeout(Duration::from_secs(3600), server).await.expect("it ends").unwrap();
    assert!(matches!(error, Error::Stalled), "{error}");
    assert!(start.elapsed() < Duration::from_secs(32), "{:?}", start.elapsed());
}
