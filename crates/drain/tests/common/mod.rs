//! Streams, and services that answer with them.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub)]

use std::{
    convert::Infallible,
    future::{Ready, poll_fn, ready},
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use longwave_core::StreamBody;
use longwave_drain::{Drain, DrainLayer, DrainService};
use tower_layer::Layer;
use tower_service::Service;

/// A body that says nothing and never ends.
#[derive(Debug, Default)]
pub struct Silent;

impl Body for Silent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

/// Answers each request with a silent body, of the type that the request accepts.
#[derive(Clone, Debug)]
pub struct Silence;

impl Service<Request<()>> for Silence {
    type Response = Response<Silent>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Silent>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let mut response = Response::new(Silent);
        for (from, to) in [("accept", "content-type"), ("content-type", "content-type")] {
            if let Some(value) = request.headers().get(from) {
                response.headers_mut().insert(to, value.clone());
            }
        }
        if request.headers().contains_key("upgrade") {
            *response.status_mut() = http::StatusCode::SWITCHING_PROTOCOLS;
        }
        if let Some(&rank) = request.extensions().get::<longwave_drain::DrainRank>() {
            response.extensions_mut().insert(rank);
        }
        ready(Ok(response))
    }
}

pub fn silence(drain: &Drain) -> DrainService<Silence> {
    DrainLayer::new(drain).layer(Silence)
}

pub fn feed() -> Request<()> {
    Request::get("/feed").header("accept", "text/event-stream").body(()).expect("valid")
}

pub fn socket() -> Request<()> {
    let request = Request::get("/chat").header("upgrade", "websocket").header("connection", "upgrade");
    request.body(()).expect("valid")
}

pub fn call() -> Request<()> {
    Request::post("/Chat/Talk").header("content-type", "application/grpc").body(()).expect("valid")
}

/// Opens a stream: one that the drain knows of.
pub async fn open(service: &mut DrainService<Silence>, request: Request<()>) -> Pin<Box<StreamBody<Silent>>> {
    Box::pin(service.call(request).await.expect("infallible").into_body())
}

/// Reads the body to its end, and returns what it said.
pub async fn read(mut body: Pin<Box<StreamBody<Silent>>>) -> Vec<u8> {
    let mut wire = Vec::new();
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        if let Ok(data) = frame.expect("infallible").into_data() {
            wire.extend_from_slice(&data);
        }
    }
    wire
}

/// Answers with one body.
#[derive(Clone)]
pub struct Answer<B>(pub B, pub &'static str);

impl<B: Clone> Service<Request<()>> for Answer<B> {
    type Response = Response<B>;
    type Error = Infallible;
    type Future = Ready<Result<Response<B>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        let response = Response::builder().header("content-type", self.1);
        ready(Ok(response.body(self.0.clone()).unwrap()))
    }
}
