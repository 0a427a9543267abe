//! A client whose connections are made by a connector.
#![allow(clippy::unwrap_used)]

mod common;

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use http::{Response, Uri, Version};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use longwave_ws_hyper::{
    client::{self, Error, HttpVersion, Options, RequestError},
    server,
};
use tokio::net::{TcpListener, TcpStream};
use tower_service::Service;

use self::common::{echo, exchange, serve, serve_without_connect};

/// Connects by TCP, and counts how often.
#[derive(Default)]
struct Connector {
    calls: usize,
}

impl Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<TcpStream>>>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        assert_eq!(uri.scheme_str(), Some("http"));
        self.calls += 1;
        Box::pin(async move { TcpStream::connect(uri.authority().unwrap().as_str()).await.map(TokioIo::new) })
    }
}

/// Opens a WebSocket, and tells over which version, and how many connections that took.
async fn connect(uri: &Uri, version: HttpVersion) -> Result<(Version, usize), Error> {
    let mut connector = Connector::default();
    let options = Options::new().http_version(version);
    let (mut socket, response) = client::connect(&mut connector, uri, &options).await?;
    exchange(&mut socket, "hello").await;
    exchange(&mut socket, "and again").await;
    Ok((response.version(), connector.calls))
}

#[tokio::test]
async fn a_server_of_both_versions_is_spoken_to_in_either() {
    let server = serve(echo(server::Options::new())).await;
    let opened = connect(&server.uri(), HttpVersion::Http1).await.unwrap();
    assert_eq!(opened, (Version::HTTP_11, 1));
    for version in [HttpVersion::Http2, HttpVersion::Http2OrHttp1] {
        assert_eq!(connect(&server.uri(), version).await.unwrap(), (Version::HTTP_2, 1));
    }
}

#[tokio::test]
async fn a_server_without_extended_connect_is_spoken_to_in_http1() {
    let server = serve_without_connect(echo(server::Options::new())).await;
    let error = connect(&server.uri(), HttpVersion::Http2).await.unwrap_err();
    assert!(matches!(error, Error::NoExtendedConnect), "{error:?}");
    let opened = connect(&server.uri(), HttpVersion::Http2OrHttp1).await.unwrap();
    assert_eq!(opened, (Version::HTTP_11, 2));
}

#[tokio::test]
async fn a_server_without_http2_is_spoken_to_in_http1() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("ws://{}/", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move {
        loop {
            let io = TokioIo::new(listener.accept().await.unwrap().0);
            let answer = echo(server::Options::new());
            let service = service_fn(move |request| std::future::ready(Ok::<_, io::Error>(answer(request))));
            tokio::spawn(http1::Builder::new().serve_connection(io, service).with_upgrades());
        }
    });
    let error = connect(&uri, HttpVersion::Http2).await.unwrap_err();
    assert!(matches!(error, Error::Hyper(_)), "{error:?}");
    let opened = connect(&uri, HttpVersion::Http2OrHttp1).await.unwrap();
    assert_eq!(opened, (Version::HTTP_11, 2));
}

#[tokio::test]
async fn a_refusal_is_not_asked_for_twice() {
    let server = serve(|_| Response::builder().status(403).body(String::new()).unwrap()).await;
    for version in [HttpVersion::Http1, HttpVersion::Http2OrHttp1] {
        let error = connect(&server.uri(), version).await.unwrap_err();
        assert_eq!(error.response().unwrap().status(), 403);
    }
}

#[tokio::test]
async fn a_connector_that_fails_says_why() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("ws://{}/", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    for version in [HttpVersion::Http1, HttpVersion::Http2OrHttp1] {
        let error = connect(&uri, version).await.unwrap_err();
        assert!(matches!(&error, Error::Connect(error) if error.is::<io::Error>()), "{error:?}");
    }
}

#[tokio::test]
async fn nobody_is_connected_to_for_what_cannot_be_asked_for() {
    let mut connector = Connector::default();
    let uri = "ftp://example.com/".parse().unwrap();
    let error = client::connect(&mut connector, &uri, &Options::new()).await.unwrap_err();
    assert!(matches!(error, Error::Request(RequestError::Scheme)), "{error:?}");
    assert_eq!(connector.calls, 0);
}
