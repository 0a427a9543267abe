//! A client of either version of HTTP, which speaks gRPC where the framework does.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, request::Builder};
use http_body_util::Full;
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use longwave_frameworks::{Dialect, Framework, Route, Wire};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
    task::JoinHandle,
};

use crate::support::within;

/// One connection, which is cut when this is dropped.
pub(crate) struct Client {
    sender: Sender,
    connection: JoinHandle<()>,
}

enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Client {
    /// Connects with buffers that hold little, so that what is not read is soon seen.
    pub(crate) async fn connect(address: SocketAddr, wire: Wire) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let socket = TokioIo::new(within("a connection", socket.connect(address)).await.unwrap());
        match wire {
            Wire::Http1 => {
                let (sender, connection) = http1::handshake(socket).await.unwrap();
                let connection = tokio::spawn(async move { _ = connection.with_upgrades().await });
                Self { sender: Sender::Http1(sender), connection }
            }
            Wire::Http2 => {
                let mut client = http2::Builder::new(TokioExecutor::new());
                client.initial_stream_window_size(65_535).initial_connection_window_size(65_535);
                let (sender, connection) = client.handshake(socket).await.unwrap();
                let connection = tokio::spawn(async move { _ = connection.await });
                Self { sender: Sender::Http2(sender), connection }
            }
        }
    }

    pub(crate) async fn ask<F: Framework>(&mut self, route: Route) -> Response<Incoming> {
        self.send(F::DIALECT, request::<F>(route)).await
    }

    /// Sends a request, with what else belongs into one.
    pub(crate) async fn send(&mut self, dialect: Dialect, request: Builder) -> Response<Incoming> {
        let body = match dialect {
            Dialect::Events => Bytes::new(),
            // A message without content.
            Dialect::Grpc => Bytes::from_static(&[0; 5]),
        };
        let mut request = request.body(Full::new(body)).unwrap();
        let response = match &mut self.sender {
            Sender::Http1(sender) => {
                request.headers_mut().insert("host", "localhost".parse().unwrap());
                within("readiness", sender.ready()).await.unwrap();
                within("a response", sender.send_request(request)).await
            }
            Sender::Http2(sender) => {
                *request.uri_mut() = format!("http://localhost{}", request.uri()).parse().unwrap();
                within("readiness", sender.ready()).await.unwrap();
                within("a response", sender.send_request(request)).await
            }
        };
        response.unwrap()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

/// The request for a route.
pub(crate) fn request<F: Framework>(route: Route) -> Builder {
    let request = Request::builder().uri(route.path(F::DIALECT));
    match (F::DIALECT, route) {
        (Dialect::Grpc, _) => {
            request.method(Method::POST).header("content-type", "application/grpc").header("te", "trailers")
        }
        (Dialect::Events, Route::Feed | Route::Flood) => request.header("accept", "text/event-stream"),
        (Dialect::Events, Route::Plain) => request.header("accept", "*/*"),
        (Dialect::Events, Route::Socket | Route::Echo) => request
            .header("connection", "upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    }
}

/// A WebSocket, as far as it is needed.
pub(crate) struct Socket {
    io: TokioIo<hyper::upgrade::Upgraded>,
    // An upgraded connection is no longer there.
    _client: Client,
}

impl Socket {
    pub(crate) async fn open<F: Framework>(address: SocketAddr, name: Option<&str>) -> Self {
        let mut client = Client::connect(address, Wire::Http1).await;
        let request = name
            .into_iter()
            .fold(request::<F>(Route::Socket), |request, name| request.header("x-client", name));
        let response = client.send(F::DIALECT, request).await;
        assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
        let io = within("an upgrade", hyper::upgrade::on(response)).await.unwrap();
        Self { io: TokioIo::new(io), _client: client }
    }

    /// Sends a ping and waits for the pong.
    pub(crate) async fn ping(&mut self) {
        self.io.write_all(&[0x89, 0x80, 1, 2, 3, 4]).await.unwrap();
        let mut pong = [0; 2];
        within("a pong", self.io.read_exact(&mut pong)).await.unwrap();
        assert_eq!(pong, [0x8a, 0]);
    }

    /// Waits until the server has closed.
    pub(crate) async fn closed(&mut self) {
        while let Ok(1..) = within("the end", self.io.read(&mut [0; 1024])).await {}
    }
}
