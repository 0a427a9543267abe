//! What those are told for whom there is no slot.
#![cfg(feature = "limit")]
#![allow(clippy::unwrap_used)]

use std::{convert::Infallible, future::Ready, time::Duration};

use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response, StatusCode, request::Builder};
use http_body::Body;
use http_body_util::{BodyExt, Empty};
use longwave_backpressure::StreamLimitLayer;
use longwave_core::StreamBody;
use tower::{Layer, Service, service_fn};

fn event_stream() -> Builder {
    Request::get("/feed").header("accept", "text/event-stream")
}

fn websocket() -> Builder {
    Request::get("/chat").header("upgrade", "websocket").header("connection", "upgrade")
}

fn grpc() -> Builder {
    Request::post("/svc/call").header("content-type", "application/grpc")
}

fn never(_request: Request<()>) -> Ready<Result<Response<Empty<Bytes>>, Infallible>> {
    panic!("a request that is refused goes no further")
}

fn call<S, B>(service: &mut S, request: Builder) -> Response<B>
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
{
    service.call(request.body(()).unwrap()).now_or_never().unwrap().unwrap()
}

/// What a layer without a slot says to a request.
fn refused(layer: &StreamLimitLayer, request: Builder) -> Response<StreamBody<Empty<Bytes>>> {
    let mut service = layer.layer(service_fn(never));
    assert_eq!(service.open(), 0);
    let response = call(&mut service, request);
    assert_eq!(service.open(), 0, "a refusal takes no slot");
    assert!(response.body().get_ref().is_none());
    assert!(!response.headers().contains_key("connection"), "not allowed over HTTP/2");
    response
}

fn by_path(layer: StreamLimitLayer, max: usize) -> StreamLimitLayer {
    layer.per_key(max, |parts| Some(parts.uri.path().to_owned()))
}

fn read(body: impl Body<Data = Bytes, Error = Infallible>) -> Bytes {
    body.collect().now_or_never().unwrap().unwrap().to_bytes()
}

#[test]
fn an_event_source_is_told_to_wait_by_a_stream_that_ends() {
    let full = || StreamLimitLayer::new(0).retry_after(Duration::from_secs(7)..=Duration::from_secs(7));
    for layer in [full(), by_path(full(), 0)] {
        let response = refused(&layer, event_stream());
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(read(response.into_body()), "retry: 7000\n\n");
    }
    let response = refused(&full().dismiss_event_streams(), event_stream());
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
}

#[test]
fn each_event_source_is_told_to_wait_for_another_time() {
    let mut service = StreamLimitLayer::new(0).layer(service_fn(never));
    let mut delays = [(); 50].map(|()| {
        let body = call(&mut service, event_stream()).into_body();
        let words = String::from_utf8(read(body).to_vec()).unwrap();
        words.trim().strip_prefix("retry: ").unwrap().parse::<u64>().unwrap()
    });
    assert!(delays.iter().all(|delay| (5_000..=30_000).contains(delay)), "{delays:?}");
    delays.sort_unstable();
    assert!(delays.chunk_by(|a, b| a == b).count() > 25, "{delays:?}");
}

#[test]
fn others_are_told_by_a_status() {
    let full =
        || StreamLimitLayer::new(0).retry_after(Duration::from_millis(1_200)..=Duration::from_millis(1_200));
    let by_post = || Request::post("/ask").header("accept", "application/json, text/event-stream");
    for request in [websocket, by_post] {
        let response = refused(&full(), request());
        assert_eq!(
            (response.status(), &response.headers()["retry-after"]),
            (StatusCode::SERVICE_UNAVAILABLE, &"2".parse().unwrap())
        );
        let response = refused(&by_path(full(), 0), request());
        assert_eq!(
            (response.status(), &response.headers()["retry-after"]),
            (StatusCode::TOO_MANY_REQUESTS, &"2".parse().unwrap())
        );
    }
    let response = refused(&full().count_grpc(), grpc());
    assert_eq!(
        (response.status(), response.headers()["grpc-status"].as_bytes()),
        (StatusCode::OK, &b"14"[..])
    );
    let response = refused(&by_path(full().count_grpc(), 0), grpc());
    assert_eq!(
        (response.status(), response.headers()["grpc-status"].as_bytes()),
        (StatusCode::OK, &b"8"[..])
    );
}
