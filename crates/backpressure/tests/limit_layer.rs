//! What the layer does to services, responses and bodies.
#![cfg(feature = "limit")]
#![allow(clippy::unwrap_used)]

use std::{
    convert::Infallible,
    future::{Ready, pending, ready},
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response, StatusCode, request::Builder};
use http_body::Body;
use http_body_util::{BodyExt, Empty, Full};
use longwave_backpressure::{StreamLimit, StreamLimitLayer};
use longwave_core::StreamBody;
use longwave_core::{Lifeline, Watch};
use tower::{Layer, Service, ServiceExt, service_fn};

fn event_stream() -> Builder {
    Request::get("/feed").header("accept", "text/event-stream")
}

fn websocket() -> Builder {
    Request::get("/chat").header("upgrade", "websocket").header("connection", "upgrade")
}

fn grpc() -> Builder {
    Request::post("/svc/call").header("content-type", "application/grpc")
}

/// Answers with what it was sent.
#[derive(Clone)]
struct Echo;

impl<B> Service<Request<B>> for Echo {
    type Response = Response<B>;
    type Error = Infallible;
    type Future = Ready<Result<Response<B>, Infallible>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (parts, body) = request.into_parts();
        let mut response = Response::new(body);
        *response.extensions_mut() = parts.extensions;
        ready(Ok(response))
    }
}

fn call<B>(service: &mut StreamLimit<Echo>, request: Builder, body: B) -> Response<StreamBody<B>> {
    service.call(request.body(body).unwrap()).now_or_never().unwrap().unwrap()
}

fn read(body: impl Body<Data = Bytes, Error = Infallible>) -> Bytes {
    body.collect().now_or_never().unwrap().unwrap().to_bytes()
}

/// Panics if it is called without having said that it is ready, and counts how often it was asked.
#[derive(Clone)]
struct Probe {
    ready: bool,
    asked: usize,
}

impl Service<Request<()>> for Probe {
    type Response = Response<Empty<Bytes>>;
    type Error = &'static str;
    type Future = Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.asked += 1;
        match self.asked {
            1 => Poll::Pending,
            2 => {
                self.ready = true;
                Poll::Ready(Ok(()))
            }
            _ => Poll::Ready(Err("broken")),
        }
    }

    fn call(&mut self, _request: Request<()>) -> Self::Future {
        assert!(std::mem::take(&mut self.ready), "called without being ready");
        ready(Err("failed"))
    }
}

#[test]
fn readiness_and_errors_are_those_of_the_service_inside() {
    let mut service = StreamLimitLayer::new(1).layer(Probe { ready: false, asked: 0 });
    let mut ready = || service.ready().now_or_never().map(|ready| ready.map(drop));
    assert_eq!(ready(), None);
    assert_eq!(ready(), Some(Ok(())));
    let mut after = service.clone();
    assert_eq!(after.ready().now_or_never().unwrap().err(), Some("broken"));
    let failed = service.call(event_stream().body(()).unwrap());
    assert_eq!(service.open(), 1);
    assert_eq!(failed.now_or_never().unwrap().err(), Some("failed"));
    assert_eq!(service.open(), 0);
}

#[test]
fn a_full_layer_is_ready_and_does_not_call_the_service_inside() {
    let mut service = StreamLimitLayer::new(0).layer(Probe { ready: false, asked: 1 });
    service.ready().now_or_never().unwrap().unwrap();
    let refused = service.call(event_stream().body(()).unwrap()).now_or_never().unwrap();
    assert_eq!(refused.unwrap().status(), StatusCode::OK);
}

#[test]
fn a_body_tells_the_truth_about_its_size() {
    let mut service = StreamLimitLayer::new(1).layer(Echo);
    for request in [Request::get("/"), event_stream()] {
        let body = call(&mut service, request, Full::<Bytes>::from("hello")).into_body();
        assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(5), false));
        assert_eq!(read(body), "hello");
    }
    let mut full = StreamLimitLayer::new(0).layer(Echo);
    let body = call(&mut full, event_stream(), Empty::new()).into_body();
    let size = body.size_hint().exact().unwrap();
    assert!(!body.is_end_stream());
    assert_eq!(read(body).len() as u64, size);
    let mut full = StreamLimitLayer::new(0).dismiss_event_streams().layer(Echo);
    let body = call(&mut full, event_stream(), Empty::new()).into_body();
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(0), true));
}

#[test]
fn a_slot_is_held_until_the_body_is_gone() {
    let mut service = StreamLimitLayer::new(1).layer(Echo);
    let mut body = call(&mut service, event_stream(), Full::<Bytes>::from("data: 1\n\n")).into_body();
    assert!(body.frame().now_or_never().unwrap().is_some());
    assert_eq!(service.open(), 1);
    assert!(body.frame().now_or_never().unwrap().is_none());
    drop(body);
    assert_eq!(service.open(), 0);
}

#[test]
fn a_slot_is_given_back_with_a_body_that_is_dropped() {
    let mut service = StreamLimitLayer::new(1).layer(Echo);
    let response = call(&mut service, event_stream(), Full::<Bytes>::from("data: 1\n\n"));
    let strays = response.extensions().clone();
    assert_eq!(service.open(), 1);
    drop(response);
    assert_eq!(service.open(), 0, "although the handler's copy of the lifeline is still there");
    assert!(strays.get::<Lifeline>().is_some());
}

#[test]
fn a_slot_is_given_back_with_a_future_that_is_dropped() {
    let mut service = StreamLimitLayer::new(1)
        .layer(service_fn(|_| pending::<Result<Response<Empty<Bytes>>, Infallible>>()));
    let response = service.call(event_stream().body(()).unwrap());
    assert_eq!(service.open(), 1);
    drop(response);
    assert_eq!(service.open(), 0);
}

#[test]
fn a_slot_is_given_back_if_the_service_panics() {
    let layer = StreamLimitLayer::new(1);
    let lifeline = Lifeline::new();
    let mut service = layer.layer(service_fn(|_| -> Ready<Result<Response<Empty<Bytes>>, Infallible>> {
        panic!("as services do")
    }));
    let request = event_stream().extension(lifeline.clone()).body(()).unwrap();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| service.call(request)));
    assert!(panicked.is_err());
    assert_eq!(layer.open(), 0);
}

#[test]
fn what_counts_is_what_asks_for_a_stream() {
    let open = |layer: StreamLimitLayer, request| {
        let mut service = layer.layer(Echo);
        let _response = call(&mut service, request, Empty::<Bytes>::new());
        service.open()
    };
    let layer = || StreamLimitLayer::new(1);
    assert_eq!([event_stream(), websocket()].map(|request| open(layer(), request)), [1, 1]);
    assert_eq!([grpc(), Request::get("/")].map(|request| open(layer(), request)), [0, 0]);
    assert_eq!([grpc(), Request::get("/")].map(|request| open(layer().count_grpc(), request)), [1, 0]);
    assert_eq!([grpc(), Request::get("/")].map(|request| open(layer().count_everything(), request)), [1, 1]);
}

#[test]
fn an_upgrade_that_nobody_carries_counts_as_long_as_its_connection() {
    let upgrade = |_| {
        let response = Response::builder().status(StatusCode::SWITCHING_PROTOCOLS);
        ready(Ok::<_, Infallible>(response.body(Empty::<Bytes>::new()).unwrap()))
    };
    let mut service = StreamLimitLayer::new(1).layer(service_fn(upgrade));
    let watch = Watch::new();
    let request = websocket().extension(watch.connection().clone()).body(()).unwrap();
    drop(service.call(request).now_or_never());
    assert_eq!(service.open(), 1);
    drop(watch);
    assert_eq!(service.open(), 0);
}

#[test]
fn limits_around_each_other_let_go_of_all_they_hold() {
    let (outer, inner) = (
        StreamLimitLayer::new(9),
        StreamLimitLayer::new(9).per_key(1, |parts| Some(parts.uri.path().to_owned())),
    );
    let mut service = outer.layer(inner.layer(Echo));
    let mut call = |request: Builder| {
        service
            .call(request.body(Full::<Bytes>::from("data: 1\n\n")).unwrap())
            .now_or_never()
            .unwrap()
            .unwrap()
    };
    let first = call(event_stream());
    let second = call(event_stream());
    assert_eq!((outer.open(), inner.open(), inner.keys()), (1, 1, 1), "a refusal is no stream");
    assert_eq!(&read(second.into_body())[..7], b"retry: ");
    assert_eq!((outer.open(), inner.open()), (1, 1));
    assert_eq!(read(first.into_body()), "data: 1\n\n");
    assert_eq!((outer.open(), inner.open(), inner.keys()), (0, 0, 0));
}
