//! What new requests get while the server drains.
#![allow(clippy::unwrap_used)]

mod common;

use std::{collections::HashSet, convert::Infallible, time::Duration};

use bytes::Bytes;
use common::{Answer, call, feed, socket};
use http::{HeaderMap, Method, Request, Response, StatusCode, Version};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use longwave_drain::{Drain, DrainLayer, DrainService};
use tower_layer::Layer;
use tower_service::Service;

/// The head of what a request gets, and what the body says.
async fn answer<S, B>(service: &mut S, request: Request<()>) -> (StatusCode, HeaderMap, Bytes)
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
    B: Body<Data = Bytes, Error = Infallible>,
{
    let (head, body) = service.call(request).await.unwrap().into_parts();
    (head.status, head.headers, body.collect().await.unwrap().to_bytes())
}

/// A draining service whose clients are to come back after 2 to 20 seconds.
fn draining() -> DrainService<Answer<Full<Bytes>>> {
    let drain = Drain::new().reconnect(Duration::from_secs(2)..=Duration::from_secs(20));
    drain.start();
    DrainLayer::new(&drain).layer(Answer(Full::from("hello"), "text/plain"))
}

#[tokio::test]
async fn a_new_event_stream_is_told_to_come_back_and_ends() {
    let mut service = draining();
    let mut retries = HashSet::new();
    for _ in 0..100 {
        let (status, headers, words) = answer(&mut service, feed()).await;
        assert_eq!(
            (status, &headers["content-type"]),
            (StatusCode::OK, &"text/event-stream".parse().unwrap())
        );
        assert_eq!(
            (&headers["connection"], &headers["x-accel-buffering"]),
            (&"close".parse().unwrap(), &"no".parse().unwrap())
        );
        let words = std::str::from_utf8(&words).unwrap();
        let retry: u64 =
            words.strip_prefix("retry: ").unwrap().strip_suffix("\n\n").unwrap().parse().unwrap();
        assert!((2_000..=20_000).contains(&retry));
        retries.insert(retry);
    }
    assert!(retries.len() > 90, "{}", retries.len());
}

#[tokio::test]
async fn new_websockets_and_calls_are_unavailable() {
    let mut service = draining();
    let connect = Request::builder().method(Method::CONNECT).version(Version::HTTP_2).uri("/chat");
    let connect = connect.header("sec-websocket-version", "13").body(()).unwrap();
    for request in [socket(), connect, call()] {
        let (version, grpc) = (request.version(), request.method() == Method::POST);
        let (status, headers, words) = answer(&mut service, request).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(words.is_empty());
        assert!((2..=20).contains(&headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap()));
        assert_eq!(headers.contains_key("connection"), version == Version::HTTP_11);
        assert_eq!(headers.get("grpc-status").map(|status| status == "14"), grpc.then_some(true));
    }
}

#[tokio::test]
async fn other_requests_are_answered_and_their_connections_closed() {
    let mut service = draining();
    let post = || Request::post("/ask").header("accept", "application/json, text/event-stream");
    for (request, closes) in [
        (Request::get("/"), true),
        (post(), true),
        (Request::get("/").version(Version::HTTP_10), true),
        (Request::get("/").version(Version::HTTP_2), false),
    ] {
        let (status, headers, words) = answer(&mut service, request.body(()).unwrap()).await;
        assert_eq!((status, &words[..]), (StatusCode::OK, &b"hello"[..]));
        assert_eq!(headers.get("connection").map(|value| value == "close"), closes.then_some(true));
    }
}

#[tokio::test]
async fn nothing_is_refused_or_closed_before_the_drain() {
    let drain = Drain::new();
    let mut service = DrainLayer::new(&drain).layer(Answer(Full::<Bytes>::from("hello"), "text/plain"));
    for request in [feed(), socket(), call(), Request::new(())] {
        let (status, headers, words) = answer(&mut service, request).await;
        assert_eq!((status, &words[..]), (StatusCode::OK, &b"hello"[..]));
        assert!(!headers.contains_key("connection"));
    }
    assert_eq!(drain.in_flight(), 0);
}

#[tokio::test]
async fn a_load_balancer_is_told() {
    let drain = Drain::new();
    let mut readiness = drain.readiness();
    let (status, headers, words) = answer(&mut readiness, Request::new(())).await;
    assert_eq!(
        (status, &words[..], &headers["cache-control"]),
        (StatusCode::OK, &b"ready\n"[..], &"no-store".parse().unwrap())
    );
    drain.start();
    let (status, _, words) = answer(&mut readiness, Request::new(())).await;
    assert_eq!((status, &words[..]), (StatusCode::SERVICE_UNAVAILABLE, &b"draining\n"[..]));
}
