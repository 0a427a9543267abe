//! The extractor of axum, over both versions of HTTP.
#![cfg(feature = "axum")]
#![allow(clippy::unwrap_used)]

mod common;

use axum::{
    Extension, Router,
    response::Response,
    routing::{any, get},
};
use longwave_ws_hyper::{
    Error, Message, Upgraded, WebSocket, WebSocketUpgrade,
    client::{self, Http2, Options},
    handshake::Subprotocol,
    server,
};
use tokio::net::TcpListener;

use self::common::{Server, exchange, request};

async fn open(upgrade: WebSocketUpgrade) -> Response {
    assert_eq!(upgrade.offered_protocols().is_empty(), upgrade.protocol().is_none());
    upgrade.on_upgrade(async |socket| drop(echo(socket).await))
}

async fn choose(mut upgrade: WebSocketUpgrade) -> Response {
    upgrade.select_protocol(Some("v2")).unwrap();
    assert!(upgrade.select_protocol(Some("v3")).is_err());
    let (response, upgrading) = upgrade.finish();
    tokio::spawn(async { echo(upgrading.await.unwrap()).await });
    response
}

async fn echo(mut socket: WebSocket<Upgraded>) -> Result<(), Error> {
    while let Some(message) = socket.recv().await.transpose()? {
        if !matches!(message, Message::Close(_)) {
            socket.send(message).await?;
        }
    }
    Ok(())
}

async fn start() -> Server {
    let options = server::Options::new().protocol(Subprotocol::from_static("v1"));
    let app = Router::new()
        .route("/chat", any(open))
        .route("/choose", any(choose))
        .layer(Extension(options))
        .route("/get", get(open));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async { axum::serve(listener, app).await });
    Server { address }
}

/// Opens a WebSocket over both versions of HTTP, and gives the subprotocol that was agreed on.
async fn agreed(path: &str) -> [Option<String>; 2] {
    let server = start().await;
    let uri = format!("ws://{}{path}", server.address).parse().unwrap();
    let options =
        Options::new().protocol(Subprotocol::from_static("v1")).protocol(Subprotocol::from_static("v2"));
    let (mut socket, _) = client::http1(server.dial().await, &uri, &options).await.unwrap();
    exchange(&mut socket, "hello").await;
    let http1 = socket.protocol().map(ToString::to_string);
    socket.close(None).await.unwrap();

    let http2 = Http2::connect(server.dial().await).await.unwrap();
    let (mut socket, _) = http2.open(&uri, &options).await.unwrap();
    exchange(&mut socket, "hello").await;
    let protocol = socket.protocol().map(ToString::to_string);
    socket.close(None).await.unwrap();
    [http1, protocol]
}

#[tokio::test]
async fn a_socket_is_extracted_over_both_versions() {
    assert_eq!(agreed("/chat").await, [Some("v1".to_owned()), Some("v1".to_owned())]);
    assert_eq!(agreed("/choose").await, [Some("v2".to_owned()), Some("v2".to_owned())]);
}

#[tokio::test]
async fn what_is_no_handshake_is_answered() {
    let server = start().await;
    let answer = server.tell(request(&[("Upgrade: websocket\r\n", "")])).await;
    assert!(answer.starts_with("HTTP/1.1 426"), "{answer}");
    assert!(answer.ends_with("Upgrade does not list websocket\n"), "{answer}");
}

#[tokio::test]
async fn a_route_for_get_is_none_for_http2() {
    let server = start().await;
    let uri = format!("ws://{}/get", server.address).parse().unwrap();
    client::http1(server.dial().await, &uri, &Options::new()).await.unwrap();
    let http2 = Http2::connect(server.dial().await).await.unwrap();
    let error = http2.open(&uri, &Options::new()).await.unwrap_err();
    assert_eq!(error.response().unwrap().status(), 405);
}
