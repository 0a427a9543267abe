//! What the layer does to a request, and what it leaves alone.
#![allow(clippy::unwrap_used)]

mod common;

use std::{
    convert::Infallible,
    future::{Pending, Ready, pending, poll_fn, ready},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use common::{Answer, call, feed, open, read, silence, socket};
use futures_util::FutureExt;
use http::{Method, Request, Response, Version};
use http_body::Body;
use http_body_util::{BodyExt, Empty, Full};
use longwave_core::Lifeline;
use longwave_drain::{Drain, DrainLayer};
use tower_layer::Layer;
use tower_service::Service;

/// Panics if it is called without having been asked whether it is ready; is so the third time.
#[derive(Debug, Default)]
struct Probe {
    asked: u32,
}

impl Service<Request<()>> for Probe {
    type Response = Response<Full<Bytes>>;
    type Error = &'static str;
    type Future = Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.asked += 1;
        match self.asked {
            1 | 2 => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            3 => Poll::Ready(Ok(())),
            _ => Poll::Ready(Err("worn out")),
        }
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        assert_eq!(self.asked, 3, "called while not ready");
        ready(Ok(Response::new(Full::from("hello"))))
    }
}

#[tokio::test]
async fn readiness_is_that_of_the_service_inside() {
    let mut service = DrainLayer::new(&Drain::new()).layer(Probe::default());
    assert!(poll_fn(|cx| service.poll_ready(cx)).await.is_ok());
    let response = service.call(Request::new(())).await.unwrap();
    assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "hello");
    assert_eq!(poll_fn(|cx| service.poll_ready(cx)).await, Err("worn out"), "and so are its errors");
}

#[tokio::test]
async fn what_a_body_says_of_its_size_is_true() {
    let drain = Drain::new();
    let mut service = DrainLayer::new(&drain).layer(Answer(Full::<Bytes>::from("hello"), "text/plain"));
    let body = service.call(Request::new(())).await.unwrap().into_body();
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(5), false));

    let mut service = DrainLayer::new(&drain).layer(Answer(Empty::<Bytes>::new(), "text/plain"));
    let body = service.call(Request::new(())).await.unwrap().into_body();
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(0), true));

    // It may end early, by words that were not counted.
    let mut service =
        DrainLayer::new(&drain).layer(Answer(Full::<Bytes>::from(":\n\n"), "text/event-stream"));
    let body = service.call(Request::new(())).await.unwrap().into_body();
    assert_eq!((body.size_hint().upper(), body.is_end_stream()), (None, false));

    drain.start();
    let mut refused = Box::pin(service.call(feed()).await.unwrap().into_body());
    let len = refused.size_hint().exact().unwrap();
    assert!(!refused.is_end_stream());
    assert_eq!(refused.frame().await.unwrap().unwrap().into_data().unwrap().len() as u64, len);
    assert_eq!((refused.size_hint().exact(), refused.is_end_stream()), (Some(0), true));
    assert!(refused.frame().await.is_none());
}

/// Answers never, or not before the test lets it.
#[derive(Clone)]
struct Never;

impl Service<Request<()>> for Never {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Pending<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        pending()
    }
}

#[tokio::test]
async fn all_is_let_go_of_when_a_request_is_dropped_early() {
    let drain = Drain::new();
    let permit = Arc::new(());
    let request = |mut request: Request<()>| {
        let lifeline = Lifeline::of(request.extensions_mut());
        (request, lifeline)
    };

    // Before there is a response, polled or not.
    for polled in [0, 1] {
        let (request, lifeline) = request(feed());
        let mut response = Box::pin(DrainLayer::new(&drain).layer(Never).call(request));
        lifeline.hold(permit.clone());
        for _ in 0..polled {
            assert!((&mut response).now_or_never().is_none());
        }
        assert_eq!((drain.open(), drain.in_flight(), Arc::strong_count(&permit)), (0, 1, 2));
        drop(response);
        assert_eq!((drain.open(), drain.in_flight(), Arc::strong_count(&permit)), (0, 0, 1));
    }

    // With the response, or with its body, read or not.
    for reads in [0, 1] {
        let (request, lifeline) = request(feed());
        let mut body = open(&mut silence(&drain), request).await;
        lifeline.hold(permit.clone());
        for _ in 0..reads {
            assert!(body.frame().now_or_never().is_none());
        }
        assert_eq!((drain.open(), drain.in_flight(), Arc::strong_count(&permit)), (1, 1, 2));
        drop(body);
        assert_eq!((drain.open(), drain.in_flight(), Arc::strong_count(&permit)), (0, 0, 1));
    }
}

#[tokio::test]
async fn a_request_is_in_flight_until_it_is_answered_and_a_long_one_until_that_is_over() {
    let drain = Drain::new();
    let mut service = DrainLayer::new(&drain).layer(Answer(Full::<Bytes>::from("hello"), "text/plain"));
    let response = service.call(Request::new(()));
    assert_eq!(drain.in_flight(), 1);
    let _response = response.await;
    assert_eq!(drain.in_flight(), 0);

    let long = silence(&drain).call(Request::new(())).await.unwrap();
    assert_eq!((drain.open(), drain.in_flight()), (0, 1));
    drop(long);
    assert_eq!(drain.in_flight(), 0);
}

#[tokio::test]
async fn a_websocket_counts_as_long_as_it_is_carried() {
    let drain = Drain::new();
    let mut connect = Request::builder().method(Method::CONNECT).version(Version::HTTP_2).uri("/chat");
    connect = connect.header("sec-websocket-version", "13");
    for mut request in [socket(), connect.body(()).unwrap()] {
        let lifeline = Lifeline::of(request.extensions_mut());
        let response = silence(&drain).call(request).await.unwrap();
        let tether = lifeline.carry();
        drop(response);
        assert_eq!(drain.open(), 1);
        drop(tether);
        assert_eq!(drain.open(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn layers_in_layers_end_a_stream_once() {
    let (outer, inner) = (Drain::new(), Drain::new().window(Duration::ZERO));
    let mut service = DrainLayer::new(&outer).layer(silence(&inner));
    let body = service.call(feed()).await.unwrap().into_body();
    assert_eq!((outer.open(), inner.open()), (1, 1));
    let wire = tokio::spawn(async { body.collect().await.unwrap().to_bytes() });
    let report = inner.run().await;
    assert_eq!((report.ended, outer.open()), (1, 0));
    assert_eq!(std::str::from_utf8(&wire.await.unwrap()).unwrap().lines().count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_call_ends_with_a_status() {
    let drain = Drain::new().window(Duration::ZERO);
    let mut body = open(&mut silence(&drain), call()).await;
    drain.start();
    let trailers = body.frame().await.unwrap().unwrap().into_trailers().unwrap();
    assert_eq!(trailers["grpc-status"], "14");
    assert!(read(body).await.is_empty());
}
