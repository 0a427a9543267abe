//! A server over HTTP/1.1, for clients of others and for ours.
#![allow(clippy::unwrap_used)]

mod common;

use std::{convert::Infallible, future::ready};

use futures_util::{SinkExt, StreamExt};
use http::{Request, Response, header::SET_COOKIE};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use longwave_ws_hyper::{
    client,
    handshake::Subprotocol,
    server::{Handshake, Options, Rejection},
    upgrade,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};
use tokio_tungstenite::tungstenite::{self, client::IntoClientRequest};

use self::common::{PATIENCE, echo, echo_over, exchange, serve};

#[tokio::test]
async fn a_client_of_tungstenite_is_served() {
    let server = serve(echo(Options::new().protocol(Subprotocol::from_static("b")))).await;
    let mut request = server.uri().into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "a, b".parse().unwrap());
    let (mut socket, response) = tokio_tungstenite::connect_async(request).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "b");
    for message in ["hello", "ö", ""] {
        socket.send(message.into()).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), tungstenite::Message::text(message));
    }
    socket.send(tungstenite::Message::Ping("are you there?".into())).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), tungstenite::Message::Pong("are you there?".into()));
    socket.close(None).await.unwrap();
    while socket.next().await.is_some() {}
}

#[tokio::test]
async fn a_client_of_ours_is_served() {
    let server = serve(echo(Options::new())).await;
    let options = client::Options::new().protocol(Subprotocol::from_static("a"));
    let (mut socket, response) = client::http1(server.dial().await, &server.uri(), &options).await.unwrap();
    assert_eq!(response.status(), 101);
    assert_eq!(socket.protocol(), None, "the server knows none");
    exchange(&mut socket, "hello").await;
    exchange(&mut socket, &"much to say ".repeat(80_000)).await;
    socket.close(None).await.unwrap();
}

#[tokio::test]
async fn a_client_may_speak_before_it_is_answered() {
    let server = serve(echo(Options::new())).await;
    // "hi", under a mask of zeros, and a close frame without a code.
    let mut bytes = common::request(&[]).into_bytes();
    bytes.extend_from_slice(&[0x81, 0x82, 0, 0, 0, 0, b'h', b'i', 0x88, 0x80, 0, 0, 0, 0]);
    let mut stream = server.dial().await;
    stream.write_all(&bytes).await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an end").unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 101"), "{}", answer.escape_ascii());
    assert!(answer.ends_with(b"\r\n\r\n\x81\x02hi\x88\x00"), "{}", answer.escape_ascii());
}

#[tokio::test]
async fn the_subprotocol_may_be_chosen_late() {
    let options = Options::new().protocol(Subprotocol::from_static("v1"));
    let server = serve(move |mut request| {
        let mut handshake = Handshake::new(&mut request, &options).unwrap();
        assert_eq!(handshake.offered_protocols().len(), 2);
        assert_eq!(handshake.protocol().map(Subprotocol::as_str), Some("v1"));
        assert!(handshake.select_protocol(Some("v3")).is_err());
        handshake.select_protocol(Some("v2")).unwrap();
        let (mut response, upgrading) = handshake.finish::<String>();
        assert_eq!(upgrading.protocol().map(Subprotocol::as_str), Some("v2"));
        response.headers_mut().insert(SET_COOKIE, "seen=1".parse().unwrap());
        tokio::spawn(echo_over(upgrading));
        response
    })
    .await;
    let options = client::Options::new()
        .protocol(Subprotocol::from_static("v1"))
        .protocol(Subprotocol::from_static("v2"));
    let (mut socket, response) = client::http1(server.dial().await, &server.uri(), &options).await.unwrap();
    assert_eq!(socket.protocol().map(Subprotocol::as_str), Some("v2"));
    assert_eq!(response.headers()["set-cookie"], "seen=1");
    exchange(&mut socket, "hello").await;

    let server = serve(|mut request| {
        let mut handshake = Handshake::new(&mut request, &Options::new()).unwrap();
        handshake.select_protocol(None).unwrap();
        handshake.finish().0
    })
    .await;
    let (socket, _) = client::http1(server.dial().await, &server.uri(), &options).await.unwrap();
    assert_eq!(socket.protocol(), None);
}

#[tokio::test]
async fn what_cannot_be_upgraded_is_a_mistake_of_the_server() {
    let mut request = Request::get("/")
        .header("host", "example.com")
        .header("upgrade", "websocket")
        .header("connection", "upgrade")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .header("sec-websocket-version", "13")
        .body(())
        .unwrap();
    let rejection = upgrade::<_, String>(&mut request, &Options::new()).unwrap_err();
    assert_eq!(rejection, Rejection::NotUpgradable);
    let response: Response<String> = rejection.response();
    assert_eq!(response.status(), 500);
    assert!(response.body().contains("cannot be upgraded"), "{}", response.body());
}

#[tokio::test]
async fn what_was_upgraded_already_cannot_be_again() {
    let server = serve(|mut request| {
        let (response, upgrading) = upgrade(&mut request, &Options::new()).unwrap();
        let again = upgrade::<_, String>(&mut request, &Options::new()).unwrap_err();
        assert_eq!(again, Rejection::NotUpgradable);
        tokio::spawn(echo_over(upgrading));
        response
    })
    .await;
    let (mut socket, _) =
        client::http1(server.dial().await, &server.uri(), &client::Options::new()).await.unwrap();
    exchange(&mut socket, "hello").await;
}

#[tokio::test]
async fn a_server_that_keeps_its_connection_is_told() {
    let (near, far) = tokio::io::duplex(4096);
    let (tell, outcome) = tokio::sync::oneshot::channel();
    let tell = std::sync::Mutex::new(Some(tell));
    let service = service_fn(move |mut request: Request<Incoming>| {
        let (response, upgrading) = upgrade::<_, String>(&mut request, &Options::new()).unwrap();
        let tell = tell.lock().unwrap().take().unwrap();
        tokio::spawn(async move { tell.send(upgrading.await) });
        ready(Ok::<_, Infallible>(response))
    });
    // Not `with_upgrades`.
    tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(far), service));
    let uri = "ws://example.com/".parse().unwrap();
    let (_socket, _) = client::http1(near, &uri, &client::Options::new()).await.unwrap();
    let error = outcome.await.unwrap().unwrap_err();
    assert!(error.is_user(), "{error:?}");
}
