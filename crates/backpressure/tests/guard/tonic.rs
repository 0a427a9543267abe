use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
};

use axum::http::{Request, Response};
use futures_util::stream;
use h2::client;
use longwave_backpressure::guard::Guard;
use longwave_core::Connection;
use tokio::net::{TcpListener, TcpStream};
use tonic::{body::Body, server::NamedService, transport::Server};
use tower::Service;

/// Answers whether there is a connection among the extensions, by the status.
#[derive(Clone)]
struct Answer;

impl NamedService for Answer {
    const NAME: &'static str = "answer";
}

impl Service<Request<Body>> for Answer {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let found = request.extensions().get::<Connection>().is_some();
        let status = if found { 200 } else { 404 };
        ready(Ok(Response::builder().status(status).body(Body::empty()).unwrap()))
    }
}

#[tokio::test]
async fn a_call_to_tonic_finds_its_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let incoming =
            stream::once(async move { listener.accept().await.map(|(socket, _)| Guard::new().wrap(socket)) });
        Server::builder().serve_with_incoming(Answer, incoming).await.unwrap();
    });
    let socket = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = client::handshake(socket).await.unwrap();
    tokio::spawn(connection);
    let request = Request::post("http://localhost/answer/Found").body(()).unwrap();
    let (response, _) = sender.send_request(request, true).unwrap();
    assert_eq!(response.await.unwrap().status(), 200);
}
