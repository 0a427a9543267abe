//! WebSockets over HTTP/2, many over one connection.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request, Response, Version};
use http_body_util::{BodyExt, Empty};
use hyper::{client::conn::http2, ext::Protocol};
use hyper_util::rt::{TokioExecutor, TokioIo};
use longwave_ws_hyper::{
    client::{Error, Http2, Options},
    handshake::Subprotocol,
    server,
};
use tokio::time::timeout;

use self::common::{PATIENCE, Server, connection, echo, exchange, serve, serve_without_connect};

async fn connect(server: Server) -> Http2 {
    Http2::connect(server.dial().await).await.unwrap()
}

#[tokio::test]
async fn many_sockets_share_a_connection() {
    let server = serve(echo(server::Options::new().protocol(Subprotocol::from_static("b")))).await;
    let http2 = connect(server).await;
    let options =
        Options::new().protocol(Subprotocol::from_static("a")).protocol(Subprotocol::from_static("b"));
    let mut sockets = Vec::new();
    for _ in 0..20 {
        let (socket, response) = http2.open(&server.uri(), &options).await.unwrap();
        assert_eq!((response.status().as_u16(), response.version()), (200, Version::HTTP_2));
        assert_eq!(socket.protocol().map(Subprotocol::as_str), Some("b"));
        sockets.push(socket);
    }
    for (number, socket) in sockets.iter_mut().enumerate() {
        exchange(socket, &format!("I am {number}")).await;
    }
    for socket in &mut sockets {
        timeout(PATIENCE, socket.close(None)).await.unwrap().unwrap();
    }
    assert!(!http2.is_closed());
    let (mut socket, _) = http2.open(&server.uri(), &options).await.unwrap();
    exchange(&mut socket, "after all the others").await;
}

#[tokio::test]
async fn a_long_message_goes_both_ways() {
    let server = serve(echo(server::Options::new())).await;
    let (mut socket, _) = connect(server).await.open(&server.uri(), &Options::new()).await.unwrap();
    exchange(&mut socket, &"much to say ".repeat(80_000)).await;
    exchange(&mut socket, "and this").await;
}

#[tokio::test]
async fn a_connection_lasts_as_long_as_its_last_socket() {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let serving = tokio::spawn(connection(far, echo(server::Options::new()), true));
    let http2 = Http2::connect(near).await.unwrap();
    let uri = "ws://example.com/".parse().unwrap();
    let (mut socket, _) = http2.open(&uri, &Options::new()).await.unwrap();
    drop(http2);
    exchange(&mut socket, "hello").await;
    timeout(PATIENCE, socket.close(None)).await.unwrap().unwrap();
    drop(socket);
    timeout(PATIENCE, serving).await.expect("the connection ends").unwrap();
}

#[tokio::test]
async fn a_server_that_takes_none_is_found_out_at_once() {
    let server = serve_without_connect(|_| Response::default()).await;
    let (http2, start) = (connect(server).await, Instant::now());
    let error = http2.open(&server.uri(), &Options::new()).await.unwrap_err();
    assert!(matches!(error, Error::NoExtendedConnect), "{error:?}");
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

/// The settings are looked at by another thread than the one that reads them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_a_server_says_is_never_missed() {
    let server = serve(echo(server::Options::new())).await;
    let opening = (0..100).map(|_| async move {
        let start = Instant::now();
        let (mut socket, _) = connect(server).await.open(&server.uri(), &Options::new()).await.unwrap();
        exchange(&mut socket, "hello").await;
        start.elapsed()
    });
    let slowest = futures_util::future::join_all(opening).await.into_iter().max().unwrap();
    assert!(slowest < Duration::from_secs(4), "{slowest:?}");
}

#[tokio::test]
async fn an_opening_that_is_dropped_leaves_the_connection_as_it_is() {
    let server = serve(echo(server::Options::new())).await;
    let http2 = connect(server).await;
    let (uri, options) = (server.uri(), Options::new());
    for polls in 0..50 {
        let opening = http2.open(&uri, &options);
        tokio::select! {
            biased;
            opened = opening => drop(opened.unwrap()),
            () = async { for _ in 0..polls { tokio::task::yield_now().await } } => {}
        }
    }
    let (mut socket, _) = http2.open(&uri, &options).await.unwrap();
    exchange(&mut socket, "hello").await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_nothing_is_not_waited_for_for_ever() {
    let (near, _far) = tokio::io::duplex(64 * 1024);
    let http2 = Http2::connect(near).await.unwrap();
    let error = http2.open(&"ws://example.com/".parse().unwrap(), &Options::new()).await.unwrap_err();
    assert!(matches!(error, Error::NoExtendedConnect), "{error:?}");
}

#[tokio::test]
async fn a_connection_that_is_gone_is_told() {
    let (near, far) = tokio::io::duplex(64 * 1024);
    let http2 = Http2::connect(near).await.unwrap();
    drop(far);
    let error = http2.open(&"ws://example.com/".parse().unwrap(), &Options::new()).await.unwrap_err();
    assert!(matches!(error, Error::Hyper(_)), "{error:?}");
    assert!(http2.is_closed());
}

#[tokio::test]
async fn an_answer_that_refuses_is_for_the_caller() {
    let server = serve(echo(server::Options::new())).await;
    let options = Options::new().origin("https://evil.example".parse().unwrap());
    let http2 = connect(server).await;
    let error = http2.open(&server.uri(), &options).await.unwrap_err();
    assert_eq!(error.response().unwrap().status(), 403);
    // The connection is as good as before.
    let (mut socket, _) = http2.open(&server.uri(), &Options::new()).await.unwrap();
    exchange(&mut socket, "hello").await;

    for status in [204, 302, 404] {
        let server = serve(move |_| Response::builder().status(status).body(String::new()).unwrap()).await;
        let error = connect(server).await.open(&server.uri(), &Options::new()).await.unwrap_err();
        assert_eq!(error.response().unwrap().status(), status);
    }
}

/// What a server answers to a request over HTTP/2.
async fn answer(request: Request<Empty<Bytes>>) -> (http::response::Parts, String) {
    let server = serve(echo(server::Options::new())).await;
    let io = TokioIo::new(server.dial().await);
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    let (head, body) = sender.send_request(request).await.unwrap().into_parts();
    (head, String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap())
}

#[tokio::test]
async fn what_opens_no_websocket_is_told_why() {
    let request = |method: Method, protocol: Option<&'static str>, version: Option<&str>| {
        let mut request = Request::builder().method(method).uri("http://example.com/chat");
        if let Some(version) = version {
            request = request.header("sec-websocket-version", version);
        }
        let mut request = request.body(Empty::new()).unwrap();
        if let Some(protocol) = protocol {
            request.extensions_mut().insert(Protocol::from_static(protocol));
        }
        request
    };
    let cases = [
        (request(Method::CONNECT, Some("connect-udp"), Some("13")), 501, ":protocol "),
        (request(Method::CONNECT, Some("websocket"), None), 400, "Sec-WebSocket-Version "),
        (request(Method::CONNECT, Some("websocket"), Some("8")), 400, "Sec-WebSocket-Version "),
        (request(Method::GET, None, Some("13")), 405, "CONNECT"),
    ];
    for (request, status, says) in cases {
        let (head, body) = answer(request).await;
        assert_eq!(head.status, status, "{body}");
        assert!(body.contains(says), "{body}");
        assert_eq!(head.headers.get("allow").is_some(), status == 405);
        assert_eq!(head.headers["content-type"], "text/plain; charset=utf-8");
    }
}
