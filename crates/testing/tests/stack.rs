//! The layers together, as the README puts them around a service.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Body, extract::Request, response::sse, routing::get};
use bytes::Bytes;
use futures_util::stream;
use http_body_util::BodyExt;
use longwave_backpressure::StreamLimitLayer;
use longwave_core::{Observer, ObserverLayer, Refused};
use longwave_drain::{Drain, DrainLayer};
use longwave_heartbeat::HeartbeatLayer;
use tower::{ServiceBuilder, ServiceExt};

async fn ask(router: &Router, path: &str, accept: &str) -> axum::response::Response {
    let request = Request::get(path).header("accept", accept).body(Body::empty()).expect("a valid request");
    router.clone().oneshot(request).await.expect("infallible")
}

async fn all(response: axum::response::Response) -> Bytes {
    response.into_body().collect().await.expect("a whole body").to_bytes()
}

/// Counts what was refused, and for which reason.
#[derive(Clone, Default)]
struct Refusals(Arc<Mutex<Vec<&'static str>>>);

impl Observer for Refusals {
    fn refused(&self, refused: &Refused) {
        self.0.lock().expect("not poisoned").push(refused.reason);
    }
}

#[tokio::test(start_paused = true)]
async fn an_observer_is_told_of_refusals() {
    let (drain, refusals) = (Drain::new(), Refusals::default());
    let layers = ServiceBuilder::new()
        .layer(ObserverLayer::new(refusals.clone()))
        .layer(DrainLayer::new(&drain))
        .layer(StreamLimitLayer::new(1))
        .layer(StreamLimitLayer::new(1).per_key(0, |_| Some(())));
    let router: Router = Router::new().route("/feed", get(async || "never")).layer(layers);
    drop(ask(&router, "/feed", "text/event-stream").await);
    let held = StreamLimitLayer::new(0);
    let router = router.layer(held).layer(ObserverLayer::new(refusals.clone()));
    drop(ask(&router, "/feed", "text/event-stream").await);
    drain.start();
    let layers =
        ServiceBuilder::new().layer(ObserverLayer::new(refusals.clone())).layer(DrainLayer::new(&drain));
    let router: Router = Router::new().route("/feed", get(async || "never")).layer(layers);
    drop(ask(&router, "/feed", "text/event-stream").await);
    assert_eq!(*refusals.0.lock().expect("not poisoned"), ["limit_key", "limit_total", "draining"]);
}

#[tokio::test(start_paused = true)]
async fn a_stream_beats_counts_and_is_drained() {
    let drain = Drain::new();
    let layers = ServiceBuilder::new()
        .layer(DrainLayer::new(&drain).max_age(Duration::from_secs(3600)))
        .layer(StreamLimitLayer::new(1))
        .layer(HeartbeatLayer::default());
    let silent = || async { sse::Sse::new(stream::pending::<Result<sse::Event, Infallible>>()) };
    let router: Router =
        Router::new().route("/feed", get(silent)).route("/plain", get(|| async { "hello" })).layer(layers);

    let mut open = ask(&router, "/feed", "text/event-stream").await.into_body();
    for _ in 0..3 {
        let beat = open.frame().await.expect("a beat").expect("no error");
        assert_eq!(beat.into_data().expect("data"), ":\n\n");
    }
    assert_eq!(drain.open(), 1);

    let refused = ask(&router, "/feed", "text/event-stream").await;
    assert_eq!(refused.status(), 200, "any other makes an `EventSource` give up");
    assert!(all(refused).await.starts_with(b"retry: "));
    assert_eq!(all(ask(&router, "/plain", "*/*").await).await, "hello");

    let (report, farewell) = tokio::join!(drain.run(), open.frame());
    let farewell = farewell.expect("last words").expect("no error").into_data().expect("data");
    assert!(farewell.starts_with(b"retry: "), "{farewell:?}");
    assert_eq!((report.ended, report.left_over, drain.open()), (1, 0, 0));
}
