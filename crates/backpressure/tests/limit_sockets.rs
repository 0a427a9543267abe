//! Over real sockets a stream counts until its client is gone, and no longer.
#![cfg(feature = "limit")]
#![allow(clippy::unwrap_used)]

use std::{convert::Infallible, future::Future, net::SocketAddr, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Empty, StreamBody, combinators::UnsyncBoxBody};
use hyper::{body::Incoming, client, server};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    service::TowerToHyperService,
};
use longwave_backpressure::StreamLimitLayer;
use longwave_core::Lifeline;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinHandle,
    time::timeout,
};
use tower::{Layer, service_fn};

#[derive(Clone, Copy, Debug)]
enum Version {
    Http1,
    Http2,
}

/// What a stream does when its client goes.
#[derive(Clone, Copy, Debug)]
enum Stream {
    /// It has nothing to send.
    Silent,
    /// It has sent as much as the client's window and the buffers hold, and has more.
    Blocked,
}

/// Tells when the lifeline lets go; it is handed over after the slot, and so goes after it.
struct Gone(mpsc::UnboundedSender<()>);

impl Drop for Gone {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

struct Server {
    address: SocketAddr,
    layer: StreamLimitLayer,
    gone: mpsc::UnboundedReceiver<()>,
}

struct Client {
    send: Box<dyn FnMut() -> Answer + Send>,
    connection: JoinHandle<()>,
}

type Answer = std::pin::Pin<Box<dyn Future<Output = Response<Incoming>> + Send>>;

fn events(stream: Stream) -> UnsyncBoxBody<Bytes, Infallible> {
    let first = Bytes::from_static(b"data: 1\n\n");
    let event = move |data: &Bytes| Ok(Frame::data(data.clone()));
    let first = stream::iter([event(&first)]);
    match stream {
        Stream::Silent => StreamBody::new(first.chain(stream::pending())).boxed_unsync(),
        Stream::Blocked => {
            let large = Bytes::from(format!("data: {}\n\n", "x".repeat(16 * 1024)));
            StreamBody::new(first.chain(stream::repeat_with(move || event(&large)))).boxed_unsync()
        }
    }
}

async fn serve(version: Version, stream: Stream, total: usize) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, gone) = mpsc::unbounded_channel();
    let layer = StreamLimitLayer::new(total);
    let service = layer.layer(service_fn(move |mut request: Request<Incoming>| {
        Lifeline::of(request.extensions_mut()).hold(Gone(tell.clone()));
        let response = Response::builder().header("content-type", "text/event-stream");
        std::future::ready(Ok::<_, Infallible>(response.body(events(stream)).unwrap()))
    }));
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            let (socket, service) = (TokioIo::new(socket), TowerToHyperService::new(service.clone()));
            tokio::spawn(async move {
                // A client that goes is an error to the connection, and the point of it all.
                let _ = match version {
                    Version::Http1 => {
                        server::conn::http1::Builder::new().serve_connection(socket, service).await
                    }
                    Version::Http2 => {
                        let builder = server::conn::http2::Builder::new(TokioExecutor::new());
                        builder.serve_connection(socket, service).await
                    }
                };
            });
        }
    });
    Server { address, layer, gone }
}

impl Server {
    async fn client(&self, version: Version) -> Client {
        let socket = TokioIo::new(TcpStream::connect(self.address).await.unwrap());
        let request = || {
            let request = Request::get("http://localhost/feed").header("accept", "text/event-stream");
            request.body(Empty::<Bytes>::new()).unwrap()
        };
        match version {
            Version::Http1 => {
                let (mut sender, connection) = client::conn::http1::handshake(socket).await.unwrap();
                let connection = tokio::spawn(async move { drop(connection.await) });
                let send = move || -> Answer {
                    let answer = sender.send_request(request());
                    Box::pin(async { answer.await.unwrap() })
                };
                Client { send: Box::new(send), connection }
            }
            Version::Http2 => {
                let executor = TokioExecutor::new();
                let (mut sender, connection) =
                    client::conn::http2::handshake(executor, socket).await.unwrap();
                let connection = tokio::spawn(async move { drop(connection.await) });
                let send = move || -> Answer {
                    let answer = sender.send_request(request());
                    Box::pin(async { answer.await.unwrap() })
                };
                Client { send: Box::new(send), connection }
            }
        }
    }

    async fn gone(&mut self) {
        timeout(Duration::from_secs(2), self.gone.recv())
            .await
            .expect("in time")
            .expect("the service is there");
    }
}

/// Opens a stream, and reads its first event.
async fn open(client: &mut Client) -> Response<Incoming> {
    let mut response = (client.send)().await;
    let first = response.body_mut().frame().await.unwrap().unwrap().into_data().unwrap();
    assert!(first.starts_with(b"data: 1\n\n"));
    response
}

async fn counts_until_the_client_is_gone(version: Version, stream: Stream) {
    let mut server = serve(version, stream, 8).await;
    let mut client = server.client(version).await;
    let response = open(&mut client).await;
    assert_eq!(server.layer.open(), 1, "{version:?} {stream:?}");
    client.connection.abort();
    drop((client, response));
    server.gone().await;
    assert_eq!(server.layer.open(), 0, "{version:?} {stream:?}");
}

#[tokio::test]
async fn a_stream_counts_until_the_connection_is_gone() {
    for version in [Version::Http1, Version::Http2] {
        for stream in [Stream::Silent, Stream::Blocked] {
            counts_until_the_client_is_gone(version, stream).await;
        }
    }
}

#[tokio::test]
async fn a_stream_of_http2_counts_until_it_is_reset_and_the_others_go_on() {
    for stream in [Stream::Silent, Stream::Blocked] {
        let mut server = serve(Version::Http2, stream, 2).await;
        let mut client = server.client(Version::Http2).await;
        let (first, _second) = (open(&mut client).await, open(&mut client).await);
        assert_eq!(server.layer.open(), 2);
        drop(first);
        server.gone().await;
        assert_eq!(server.layer.open(), 1, "{stream:?}");
        let _third = open(&mut client).await;
        assert_eq!(server.layer.open(), 2, "{stream:?}");
    }
}

#[tokio::test]
async fn a_refusal_leaves_the_connection_open() {
    for version in [Version::Http1, Version::Http2] {
        let server = serve(version, Stream::Silent, 0).await;
        let mut client = server.client(version).await;
        for _ in 0..3 {
            let response = (client.send)().await;
            assert_eq!(response.status(), StatusCode::OK);
            assert!(!response.headers().contains_key("connection"));
            assert!(response.body().size_hint().exact().is_some());
            let words = response.into_body().collect().await.unwrap().to_bytes();
            assert!(words.starts_with(b"retry: "), "{words:?}");
        }
        assert_eq!(server.layer.open(), 0);
    }
}

#[tokio::test]
async fn many_clients_come_and_go_and_nothing_is_left() {
    for version in [Version::Http1, Version::Http2] {
        let mut server = serve(version, Stream::Silent, 1_000).await;
        for round in 0..5 {
            let mut clients = Vec::new();
            for _ in 0..20 {
                let mut client = server.client(version).await;
                let response = open(&mut client).await;
                clients.push((client, response));
            }
            assert_eq!(server.layer.open(), 20, "{version:?} {round}");
            for (client, _) in &clients {
                client.connection.abort();
            }
            drop(clients);
            for _ in 0..20 {
                server.gone().await;
            }
            assert_eq!(server.layer.open(), 0, "{version:?} {round}");
        }
    }
}
