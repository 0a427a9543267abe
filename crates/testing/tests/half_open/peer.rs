//! Clients that read what comes, until they vanish.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::StreamExt;
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper::{body::Incoming, client::conn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use socket2::{SockFilter, SockRef, Socket};
use tokio::{
    net::TcpStream,
    time::{Instant, sleep},
};
use tokio_tungstenite::client_async;

use crate::server::{Opened, PATIENCE, Server};

/// What a peer has open.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    Http1(&'static str),
    Http2(&'static str),
    WebSocket,
}

/// A client that reads all that comes. Gone in good order when its runtime ends.
pub(crate) struct Peer {
    socket: Socket,
    heard: Arc<AtomicU64>,
}

impl Peer {
    /// Opens a stream.
    pub(crate) async fn open(address: SocketAddr, kind: Kind) -> Self {
        let tcp = TcpStream::connect(address).await.unwrap();
        let socket = SockRef::from(&tcp).try_clone().unwrap();
        let heard = Arc::new(AtomicU64::new(0));
        let peer = Self { socket, heard: heard.clone() };
        match kind {
            Kind::Http1(path) => {
                let (mut sender, connection) = conn::http1::handshake(TokioIo::new(tcp)).await.unwrap();
                tokio::spawn(connection);
                let request = Request::get(path).header("host", "localhost");
                let response = sender.send_request(events(request)).await.unwrap();
                tokio::spawn(read(response.into_body(), heard));
            }
            Kind::Http2(path) => {
                let io = TokioIo::new(tcp);
                let (mut sender, connection) =
                    conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
                tokio::spawn(connection);
                let request = Request::get(format!("http://localhost{path}"));
                let response = sender.send_request(events(request)).await.unwrap();
                tokio::spawn(read(response.into_body(), heard));
            }
            Kind::WebSocket => {
                let (mut socket, _) = client_async("ws://localhost/chat", tcp).await.unwrap();
                tokio::spawn(async move {
                    while let Some(Ok(_)) = socket.next().await {
                        heard.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
        }
        peer
    }

    /// Opens a WebSocket, and waits until the server knows how long an answer of it takes.
    pub(crate) async fn chatting(address: SocketAddr) -> Self {
        let peer = Self::open(address, Kind::WebSocket).await;
        peer.hears().await;
        sleep(ANSWERED).await;
        peer
    }

    /// A peer of a server, and its stream as the server sees it.
    pub(crate) async fn of(server: &mut Server, kind: Kind) -> (Self, Opened) {
        let peer = Self::open(server.address, kind).await;
        (peer, server.opened().await)
    }

    /// From now on nothing that comes is acknowledged, answered or reset, as if the host were not there any more.
    pub(crate) fn vanish(&self) {
        drop_whatever_comes(&self.socket).unwrap();
    }

    /// Waits until it hears something new.
    pub(crate) async fn hears(&self) {
        let (start, before) = (Instant::now(), self.heard.load(Ordering::Relaxed));
        while self.heard.load(Ordering::Relaxed) == before {
            assert!(start.elapsed() < PATIENCE, "nothing is heard");
            sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Makes the kernel drop what comes in before TCP has seen it.
pub(crate) fn drop_whatever_comes(socket: &Socket) -> io::Result<()> {
    const RETURN: u16 = 0x06;
    const NOTHING: u32 = 0;
    socket.attach_filter(&[SockFilter::new(RETURN, 0, 0, NOTHING)])
}

fn events(request: http::request::Builder) -> Request<Empty<&'static [u8]>> {
    request.header("accept", "text/event-stream").body(Empty::new()).unwrap()
}

async fn read(mut body: Incoming, heard: Arc<AtomicU64>) {
    while let Some(Ok(_)) = body.frame().await {
        heard.fetch_add(1, Ordering::Relaxed);
    }
}

/// Within this time an answer has come, and an acknowledgement.
pub(crate) const ANSWERED: Duration = Duration::from_millis(300);
