use std::{convert::Infallible, net::SocketAddr};

use axum::{
    Router,
    extract::ConnectInfo,
    http::{Request, Response},
    routing::get,
};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use longwave_backpressure::guard::{Guard, GuardedMakeService, GuardedService, LowBuffers};
use longwave_core::Connection;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

async fn get_root(address: SocketAddr) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut response = String::new();
    socket.read_to_string(&mut response).await.unwrap();
    response
}

#[tokio::test]
async fn a_request_to_plain_hyper_finds_its_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let socket = Guard::new().wrap(listener.accept().await.unwrap().0);
        let connection = socket.connection().clone();
        let expected = connection.clone();
        let answer = service_fn(move |request: Request<Incoming>| {
            assert_eq!(request.extensions().get(), Some(&expected));
            std::future::ready(Ok::<_, Infallible>(Response::new(String::from("found"))))
        });
        let mut server = Builder::new(TokioExecutor::new());
        server.low_buffers();
        server.serve_connection(TokioIo::new(socket), GuardedService::new(answer, connection)).await.unwrap();
    });
    assert!(get_root(address).await.ends_with("\r\n\r\nfound"));
}

#[tokio::test]
async fn a_request_to_axum_finds_its_connection_and_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let handler = |ConnectInfo(peer): ConnectInfo<SocketAddr>, request: Request<axum::body::Body>| async move {
        assert!(request.extensions().get::<Connection>().is_some());
        peer.ip().to_string()
    };
    let app = Router::new().route("/", get(handler));
    tokio::spawn(async move {
        axum::serve(Guard::new().listen(listener), GuardedMakeService::new(app)).await.unwrap();
    });
    assert!(get_root(address).await.ends_with("\r\n\r\n127.0.0.1"));
}
