//! Event streams over real sockets, in bits and pieces.
#![allow(unreachable_pub)]

use std::{collections::HashSet, convert::Infallible, net::SocketAddr, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt, future::join_all, stream};
use http::{Request, StatusCode, header};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Empty, StreamBody};
use hyper::{body::Incoming, client, client::conn::http1::SendRequest};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::sleep,
};

pub const CLIENTS: usize = 40;

/// How long a shutdown that hangs is watched.
pub const HANGS: Duration = Duration::from_millis(1500);

/// What the ends are spread over.
pub const WINDOW: Duration = Duration::from_secs(1);

/// For how long a shutdown may go on after that: the rest of an event, and a slow machine.
pub const GRACE: Duration = Duration::from_secs(10);

/// An endless stream of events that come in three parts, with time to be cut between them.
pub fn events() -> impl Body<Data = Bytes, Error = Infallible> + Send + 'static {
    let parts = ["data: be", "gun\ndata: and", " ended\n\n"].map(|part| Bytes::from_static(part.as_bytes()));
    let parts = stream::iter(parts).cycle().then(|part| async {
        sleep(Duration::from_millis(7)).await;
        Ok(Frame::data(part))
    });
    StreamBody::new(parts)
}

pub async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

pub async fn connect(address: SocketAddr) -> SendRequest<Empty<Bytes>> {
    let socket = TcpStream::connect(address).await.unwrap();
    let (sender, connection) = client::conn::http1::handshake(TokioIo::new(socket)).await.unwrap();
    tokio::spawn(connection);
    sender
}

pub fn get(accept: &str) -> Request<Empty<Bytes>> {
    let request = Request::get("/feed").header(header::HOST, "feed").header(header::ACCEPT, accept);
    request.body(Empty::new()).unwrap()
}

/// Clients that have got their first bytes and read on; each gives back what it has read.
pub async fn clients(address: SocketAddr) -> Vec<JoinHandle<String>> {
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let response = connect(address).await.send_request(get("text/event-stream")).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let mut body = response.into_body();
        let mut wire = data(&mut body).await;
        clients.push(tokio::spawn(async move {
            wire.extend_from_slice(&body.collect().await.expect("an orderly end").to_bytes());
            String::from_utf8(wire).unwrap()
        }));
    }
    clients
}

async fn data(body: &mut Incoming) -> Vec<u8> {
    body.frame().await.unwrap().unwrap().into_data().unwrap().to_vec()
}

/// Every client has got whole events and then a `retry`, each another.
pub async fn assert_all_were_told(clients: Vec<JoinHandle<String>>) {
    let mut retries = HashSet::new();
    for wire in join_all(clients).await {
        let wire = wire.unwrap();
        let (events, retry) = wire.rsplit_once("retry: ").expect("a retry");
        assert_eq!(events.replace("data: begun\ndata: and ended\n\n", ""), "", "nobody is cut in an event");
        retries.insert(retry.strip_suffix("\n\n").expect("a whole block").parse::<u64>().unwrap());
    }
    assert_eq!(retries.len(), CLIENTS);
}

/// A connection that comes during the drain is answered, and a stream on it sent elsewhere.
pub async fn assert_sent_elsewhere(address: SocketAddr) {
    let response = connect(address).await.send_request(get("text/event-stream")).await.unwrap();
    assert_eq!(
        (response.status(), &response.headers()["connection"]),
        (StatusCode::OK, &"close".parse().unwrap())
    );
    let wire = response.into_body().collect().await.unwrap().to_bytes();
    assert!(wire.starts_with(b"retry: ") && wire.ends_with(b"\n\n"));

    let mut request = get("*/*");
    *request.uri_mut() = "/ready".parse().unwrap();
    let response = connect(address).await.send_request(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
}
