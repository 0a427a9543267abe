//! The opening handshake, for those that are given their connection by hyper.

use http::{Request, Response, StatusCode, header};
use http_body_util::Empty;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use longwave_ws_hyper::{Upgraded, WebSocket, server::Options, upgrade};
use std::{
    convert::Infallible,
    io::{Read, Write},
};
use tokio::net::TcpStream;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// As a client, asks for the upgrade, and reads the head of the answer, behind which nothing comes unasked.
pub fn ask(io: &mut std::net::TcpStream) {
    io.write_all(REQUEST).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut part = [0; 512];
        let n = io.read(&mut part).expect("the answer");
        assert!(n > 0, "the server has closed the connection");
        answer.extend_from_slice(&part[..n]);
    }
    assert!(answer.starts_with(b"HTTP/1.1 101"), "no upgrade: {}", answer.escape_ascii());
}

/// As a server, has hyper and longwave answer the request, and the socket served by a task of its own.
pub async fn socket<F>(io: TcpStream, serve: impl Fn(WebSocket<Upgraded>) -> F + Copy + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    let service = service_fn(async |mut request: Request<Incoming>| {
        let (response, upgrading) = upgrade::<_, Empty<bytes::Bytes>>(&mut request, &Options::new()).unwrap();
        tokio::spawn(async move {
            if let Ok(socket) = upgrading.await {
                serve(socket).await;
            }
        });
        Ok::<_, Infallible>(response)
    });
    // A client that goes away ends it with an error, too.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(io), service).with_upgrades().await;
}

/// As a server, has hyper answer the request, and what it gives away served by a task of its own.
pub async fn answer<F>(io: TcpStream, serve: impl Fn(Upgraded) -> F + Copy + Send + 'static)
where
    F: Future<Output = ()> + Send + 'static,
{
    let service = service_fn(async |mut request: Request<Incoming>| {
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            if let Ok(io) = upgrade.await {
                serve(io.into()).await;
            }
        });
        let response = Response::builder()
            .status(StatusCode::SWITCHING_PROTOCOLS)
            .header(header::CONNECTION, "Upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_ACCEPT, ACCEPT)
            .body(Empty::<bytes::Bytes>::new());
        Ok::<_, Infallible>(response.expect("a response"))
    });
    // A client that goes away ends it with an error, too.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(io), service).with_upgrades().await;
}
