//! The layer around axum's own event streams and WebSockets.
#![cfg(feature = "limit")]
#![allow(clippy::unwrap_used)]

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use axum::{
    Extension, Router,
    extract::{ConnectInfo, WebSocketUpgrade},
    response::{Sse, sse},
    routing::get,
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http::{Request, Response, StatusCode, request::Parts};
use http_body_util::{BodyExt, Empty};
use hyper::{body::Incoming, client, upgrade::Upgraded};
use hyper_util::rt::TokioIo;
use longwave_backpressure::{ClientAddress, StreamLimitLayer};
use longwave_core::Lifeline;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinHandle,
    time::timeout,
};

/// Tells when the lifeline lets go; it is handed over after the slot, and so goes after it.
struct Gone(mpsc::UnboundedSender<()>);

impl Drop for Gone {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

async fn feed(
    Extension(lifeline): Extension<Lifeline>,
    Extension(tell): Extension<mpsc::UnboundedSender<()>>,
) -> Sse<impl Stream<Item = Result<sse::Event, Infallible>>> {
    lifeline.hold(Gone(tell));
    let first = stream::iter([Ok(sse::Event::default().data("1"))]);
    Sse::new(first.chain(stream::pending()))
}

async fn chat(
    Extension(lifeline): Extension<Lifeline>,
    Extension(tell): Extension<mpsc::UnboundedSender<()>>,
    upgrade: WebSocketUpgrade,
) -> axum::response::Response {
    lifeline.hold(Gone(tell));
    let tether = lifeline.carry();
    upgrade.on_upgrade(async move |mut socket| {
        while let Some(Ok(_message)) = socket.recv().await {}
        drop(tether);
    })
}

struct Server {
    address: SocketAddr,
    gone: mpsc::UnboundedReceiver<()>,
}

async fn serve(limit: &StreamLimitLayer) -> Server {
    let (tell, gone) = mpsc::unbounded_channel();
    let router = Router::new()
        .route("/feed", get(feed))
        .route("/chat", get(chat))
        .route("/plain", get(async || "hello"))
        .layer(Extension(tell))
        .layer(limit.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    Server { address, gone }
}

impl Server {
    /// Sends a request over a connection of its own, which is gone when the task is aborted.
    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> (Response<Incoming>, JoinHandle<()>) {
        let socket = TokioIo::new(TcpStream::connect(self.address).await.unwrap());
        let (mut sender, connection) = client::conn::http1::handshake(socket).await.unwrap();
        let connection = tokio::spawn(async move { drop(connection.with_upgrades().await) });
        let mut request = Request::get(path).header("host", "localhost");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
        (response, connection)
    }

    async fn feed(&self) -> (Response<Incoming>, JoinHandle<()>) {
        self.get("/feed", &[("accept", "text/event-stream")]).await
    }

    async fn chat(&self) -> Result<Upgraded, Response<Incoming>> {
        let (response, _connection) = self
            .get(
                "/chat",
                &[
                    ("connection", "upgrade"),
                    ("upgrade", "websocket"),
                    ("sec-websocket-version", "13"),
                    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
                ],
            )
            .await;
        match response.status() {
            StatusCode::SWITCHING_PROTOCOLS => Ok(hyper::upgrade::on(response).await.unwrap()),
            _ => Err(response),
        }
    }

    async fn gone(&mut self) {
        timeout(Duration::from_secs(2), self.gone.recv())
            .await
            .expect("in time")
            .expect("the router is there");
    }
}

async fn frame(response: &mut Response<Incoming>) -> Bytes {
    response.body_mut().frame().await.unwrap().unwrap().into_data().unwrap()
}

#[tokio::test]
async fn event_streams_count_until_their_clients_are_gone() {
    let limit = StreamLimitLayer::new(2);
    let mut server = serve(&limit).await;
    let (mut first, connection) = server.feed().await;
    let (mut second, _second) = server.feed().await;
    assert_eq!(
        (frame(&mut first).await, frame(&mut second).await),
        ("data: 1\n\n".into(), "data: 1\n\n".into())
    );
    assert_eq!(limit.open(), 2);

    let (mut refused, _connection) = server.feed().await;
    assert_eq!(refused.status(), StatusCode::OK);
    assert_eq!(refused.headers()["content-type"], "text/event-stream");
    assert!(frame(&mut refused).await.starts_with(b"retry: "));
    assert!(refused.body_mut().frame().await.is_none());

    let (plain, _connection) = server.get("/plain", &[]).await;
    assert_eq!(plain.into_body().collect().await.unwrap().to_bytes(), "hello");

    connection.abort();
    drop(first);
    server.gone().await;
    assert_eq!(limit.open(), 1);
    let (mut third, _connection) = server.feed().await;
    assert_eq!(frame(&mut third).await, "data: 1\n\n");
}

#[tokio::test]
async fn websockets_that_are_carried_count_until_their_sockets_are_gone() {
    let limit = StreamLimitLayer::new(1);
    let mut server = serve(&limit).await;
    let socket = server.chat().await.expect("there is a slot");
    assert_eq!(limit.open(), 1);

    let refused = server.chat().await.expect_err("there is none");
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    let delay: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((5..=30).contains(&delay), "{delay}");

    drop(socket);
    server.gone().await;
    assert_eq!(limit.open(), 0);
    server.chat().await.expect("there is a slot again");
}

#[tokio::test]
async fn each_address_has_slots_of_its_own() {
    let peer = |parts: &Parts| parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
    let address = ClientAddress::new(peer).behind_x_forwarded_for(1);
    let limit = StreamLimitLayer::new(9).per_key(1, move |parts: &Parts| address.of(parts));
    let server = serve(&limit).await;
    let feed = async |forwarded_for| {
        let headers = [("accept", "text/event-stream"), ("x-forwarded-for", forwarded_for)];
        let (mut response, connection) = server.get("/feed", &headers).await;
        (frame(&mut response).await.starts_with(b"data: 1"), response, connection)
    };
    let (first, _first, _c1) = feed("192.0.2.1").await;
    let (again, _again, _c2) = feed("203.0.113.9, 192.0.2.1").await;
    let (other, _other, _c3) = feed("192.0.2.2").await;
    assert_eq!((first, again, other), (true, false, true));
    assert_eq!((limit.open(), limit.keys()), (2, 2));
}
