use std::{
    convert::Infallible,
    net::SocketAddr,
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State, WebSocketUpgrade},
    http::header,
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::get,
};
use bytes::Bytes;
use futures_util::{FutureExt, Stream, StreamExt, stream};
use longwave_backpressure::guard::{Guard, GuardedMakeService};
use longwave_core::{Attach, Cause, Lifeline};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
    sync::{mpsc, oneshot},
    time::{sleep, timeout},
};

pub(crate) const STALL: Duration = Duration::from_millis(400);
pub(crate) const GRACE: Duration = Duration::from_millis(300);
/// What a promise allows beyond itself.
pub(crate) const SLACK: Duration = Duration::from_secs(1);

/// A stream that a server has opened.
pub(crate) struct Opened {
    pub(crate) lifeline: Lifeline,
    since: Instant,
    over: oneshot::Receiver<()>,
}

impl Opened {
    /// Waits until the stream has let go of what it held; after how long, and why.
    pub(crate) async fn over(&mut self) -> (Duration, Option<Cause>) {
        let over = timeout(Duration::from_secs(20), &mut self.over).await;
        assert!(over.is_ok(), "the stream is still held");
        (self.since.elapsed(), self.lifeline.reason().map(|reason| reason.cause()))
    }

    pub(crate) fn is_open(&mut self) -> bool {
        self.over.try_recv() == Err(oneshot::error::TryRecvError::Empty)
    }
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    opened: mpsc::UnboundedReceiver<Opened>,
}

impl Server {
    pub(crate) async fn guarded(guard: Guard) -> Self {
        let (listener, app, server) = Self::prepare().await;
        tokio::spawn(async move {
            axum::serve(guard.listen(listener), GuardedMakeService::new(app)).await.unwrap();
        });
        server
    }

    pub(crate) async fn unguarded() -> Self {
        let (listener, app, server) = Self::prepare().await;
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        server
    }

    async fn prepare() -> (TcpListener, Router, Self) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, opened) = mpsc::unbounded_channel();
        (listener, app(sender), Self { address, opened })
    }

    pub(crate) async fn opened(&mut self) -> Opened {
        self.opened.recv().await.unwrap()
    }
}

fn app(opened: mpsc::UnboundedSender<Opened>) -> Router {
    Router::new()
        .route("/flood", get(|| async { events(stream::repeat(Bytes::from(event(1000)))) }))
        .route("/silent", get(|| async { events(stream::pending()) }))
        .route("/tick", get(|| async { events(ticks()) }))
        .route("/echo", get(|upgrade: WebSocketUpgrade| async { upgrade.on_upgrade(echo) }))
        .layer(from_fn_with_state(opened, attach))
}

/// What a layer of longwave does; and a handler that never lets go of its request.
async fn attach(
    State(opened): State<mpsc::UnboundedSender<Opened>>,
    mut request: Request,
    next: Next,
) -> Response {
    let lifeline = Lifeline::of(request.extensions_mut());
    let (permit, over) = oneshot::channel();
    lifeline.hold(permit);
    opened.send(Opened { lifeline: lifeline.clone(), since: Instant::now(), over }).ok();
    let (parts, body) = request.into_parts();
    // What is extracted from a request is taken out of it.
    let kept = parts.extensions.clone();
    tokio::spawn(async move {
        sleep(Duration::from_secs(3600)).await;
        drop(kept);
    });
    let inner = next.run(Request::from_parts(parts, body)).map(Ok::<_, Infallible>);
    let Ok(response) = Attach::new(inner, &lifeline).await;
    response.map(Body::new)
}

fn event(bytes: usize) -> String {
    format!("data: {}\n\n", "x".repeat(bytes))
}

fn ticks() -> impl Stream<Item = Bytes> {
    stream::repeat(Bytes::from(event(10))).then(|event| async {
        sleep(Duration::from_millis(20)).await;
        event
    })
}

fn events(events: impl Stream<Item = Bytes> + Send + 'static) -> Response {
    let body = Body::from_stream(events.map(Ok::<_, Infallible>));
    Response::builder().header(header::CONTENT_TYPE, "text/event-stream").body(body).unwrap()
}

async fn echo(mut socket: axum::extract::ws::WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if socket.send(message).await.is_err() {
            break;
        }
    }
}

/// Opens a stream over HTTP/1.1 by a socket that can hold little, and reads until the body begins.
pub(crate) async fn http1(address: SocketAddr, path: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut socket = socket.connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 200"));
    socket
}

/// One stream over HTTP/2, whose data is not asked for.
pub(crate) struct Http2 {
    pub(crate) sender: h2::client::SendRequest<Bytes>,
    pub(crate) body: h2::RecvStream,
    pub(crate) connection: tokio::task::JoinHandle<()>,
}

pub(crate) async fn http2(address: SocketAddr, path: &str, window: u32) -> Http2 {
    let socket = TcpStream::connect(address).await.unwrap();
    // A reset leaves at once.
    socket.set_nodelay(true).unwrap();
    let handshake = h2::client::Builder::new().initial_window_size(window).handshake(socket);
    let (mut sender, connection) = handshake.await.unwrap();
    let connection = tokio::spawn(async move {
        connection.await.ok();
    });
    let body = open(&mut sender, path).await;
    Http2 { sender, body, connection }
}

pub(crate) async fn open(sender: &mut h2::client::SendRequest<Bytes>, path: &str) -> h2::RecvStream {
    let request = axum::http::Request::get(format!("http://localhost{path}")).body(()).unwrap();
    let (response, _) = sender.send_request(request, true).unwrap();
    response.await.unwrap().into_body()
}
