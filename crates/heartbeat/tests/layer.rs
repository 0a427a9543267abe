//! What the layer does to requests, heads and bodies.
#![allow(clippy::unwrap_used)]

mod common;

use std::{
    convert::Infallible,
    future::{Ready, poll_fn, ready},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{FutureExt, stream};
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use longwave_core::{Cause, Lifeline};
use longwave_heartbeat::{Heartbeat, HeartbeatLayer, HeartbeatService};
use tokio::time::{Instant, timeout};
use tower_layer::Layer;
use tower_service::Service;

use crate::common::{Fed, Silent, call, of_type};

const INTERVAL: Duration = Duration::from_secs(15);

fn get() -> Request<()> {
    Request::get("/feed").body(()).unwrap()
}

/// Not ready for a while, and then for one call.
#[derive(Clone)]
struct Probe {
    waits: u8,
    ready: bool,
}

impl Service<Request<()>> for Probe {
    type Response = Response<String>;
    type Error = &'static str;
    type Future = Ready<Result<Response<String>, &'static str>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        if self.waits == 0 {
            self.ready = true;
            return Poll::Ready(Ok(()));
        }
        self.waits -= 1;
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        assert!(std::mem::take(&mut self.ready), "called without being ready");
        ready(Err("as it is"))
    }
}

#[tokio::test]
async fn readiness_and_errors_are_those_of_the_service() {
    let mut service: HeartbeatService<Probe> =
        HeartbeatLayer::default().layer(Probe { waits: 2, ready: false });
    assert!(poll_fn(|cx| Service::<Request<()>>::poll_ready(&mut service, cx)).now_or_never().is_none());
    poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
    assert_eq!(service.call(get()).await.map(drop), Err("as it is"));
}

#[test]
fn layers_and_services_go_anywhere() {
    fn goes<T: Clone + Send + Sync + 'static>(_: T) {}
    goes(HeartbeatLayer::default());
    goes(HeartbeatLayer::default().layer(Probe { waits: 0, ready: false }));
}

#[tokio::test]
async fn the_head_of_an_event_stream_is_completed() {
    let layer = HeartbeatLayer::default();
    let bare = || of_type("text/event-stream").body(Silent).unwrap();
    let response = call(&layer, get(), bare).await.unwrap();
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    assert_eq!(response.headers()["cache-control"], "no-store, no-transform");

    let own = || {
        let head = of_type("text/event-stream").header("x-accel-buffering", "yes");
        head.header("cache-control", "no-cache").extension(7_u8).body(Silent).unwrap()
    };
    let response = call(&layer, get(), own).await.unwrap();
    assert_eq!(response.headers()["x-accel-buffering"], "yes");
    assert_eq!(response.headers()["cache-control"], "no-cache");
    assert_eq!(response.headers().len(), 3);
    assert_eq!(response.extensions().get(), Some(&7_u8), "it is the response that was made");
}

#[tokio::test]
async fn other_responses_are_left_alone() {
    let layer = HeartbeatLayer::default();
    for (content_type, encoding) in [("text/html", "identity"), ("text/event-stream", "br")] {
        let answer = || {
            let head = of_type(content_type).header("content-encoding", encoding);
            head.header("content-length", "5")
                .body(Full::new(Bytes::from_static(b"\x1b\x02\0\xf8\0")))
                .unwrap()
        };
        let response = call(&layer, get(), answer).await.unwrap();
        assert_eq!(response.headers(), answer().headers());
        let body = response.into_body();
        assert_eq!(body.size_hint().exact(), answer().body().size_hint().exact());
        assert!(!body.is_end_stream());
        assert_eq!(
            body.collect().await.unwrap().to_bytes(),
            answer().into_body().collect().await.unwrap().to_bytes()
        );
    }
    assert!(
        call(&layer, get(), || of_type("text/html").body(Full::<Bytes>::default()).unwrap())
            .await
            .unwrap()
            .into_body()
            .is_end_stream()
    );
}

#[tokio::test(start_paused = true)]
async fn a_compressed_stream_is_not_talked_into() {
    let answer = || of_type("text/event-stream").header("content-encoding", "gzip").body(Silent).unwrap();
    let mut body = Box::pin(call(&HeartbeatLayer::default(), get(), answer).await.unwrap().into_body());
    assert!(timeout(100 * INTERVAL, body.frame()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_beats() {
    let answer = || of_type("text/event-stream").body(Silent).unwrap();
    let mut body = Box::pin(call(&HeartbeatLayer::default(), get(), answer).await.unwrap().into_body());
    assert_eq!(body.size_hint().exact(), None);
    assert!(!body.is_end_stream());
    let mut last = Instant::now();
    for (beat, least) in [(0, Duration::ZERO), (1, INTERVAL / 2), (2, INTERVAL / 10 * 9)] {
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), ":\n\n");
        let silence = last.elapsed();
        assert!(
            silence >= least && silence <= INTERVAL * beat.min(1) + Duration::from_millis(1),
            "{silence:?}"
        );
        last = Instant::now();
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_may_choose_where_it_is_asked() {
    let asks = || Request::get("/feed?hb=40&hb=event").body(()).unwrap();
    let answer = || of_type("text/event-stream").body(Silent).unwrap();
    let layer = HeartbeatLayer::default().negotiate(Duration::from_secs(5)..=Duration::from_secs(45));
    for (layer, beat, least) in
        [(HeartbeatLayer::default(), ":\n\n", 7), (layer, "event: ping\ndata: \n\n", 20)]
    {
        let mut body = Box::pin(call(&layer, asks(), answer).await.unwrap().into_body());
        body.frame().await.unwrap().unwrap();
        let start = Instant::now();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), beat);
        assert!(start.elapsed() >= Duration::from_secs(least));
    }
}

#[tokio::test(start_paused = true)]
async fn everything_is_let_go_of_when_the_body_is_dropped() {
    let (mut request, permit) = (get(), Arc::new(()));
    let lifeline = Lifeline::of(request.extensions_mut());
    lifeline.hold(permit.clone());
    let (feed, body) = Fed::new();
    let body = std::cell::Cell::new(Some(body));
    let answer = || of_type("text/event-stream").body(body.take().unwrap()).unwrap();
    let mut body = Box::pin(call(&HeartbeatLayer::default(), request, answer).await.unwrap().into_body());
    body.frame().await.unwrap().unwrap();
    assert_eq!(Arc::strong_count(&permit), 2);
    drop(body);
    assert_eq!(Arc::strong_count(&permit), 1);
    assert!(feed.is_closed());
}

#[tokio::test]
async fn the_heartbeat_is_on_the_lifeline() {
    let mut request = get();
    let lifeline = Lifeline::of(request.extensions_mut());
    let layer = HeartbeatLayer::new(Heartbeat::default().with_websocket_interval(Duration::from_secs(33)));
    drop(call(&layer, request, || Response::new(Silent)));
    let heartbeat = lifeline.heartbeat().unwrap();
    assert_eq!((heartbeat.interval(), heartbeat.websocket_interval()), (INTERVAL, Duration::from_secs(33)));
}

#[tokio::test(start_paused = true)]
async fn the_stream_of_axum_beats_and_ends() {
    use axum::{
        Extension, Router,
        response::sse::{Event, Sse},
        routing::get,
    };

    let lifelines = Arc::new(std::sync::Mutex::new(Vec::new()));
    let kept = lifelines.clone();
    let mut router: Router = Router::new()
        .route(
            "/",
            get(move |Extension(lifeline): Extension<Lifeline>| async move {
                kept.lock().unwrap().push(lifeline);
                let events = stream::iter([Ok::<_, Infallible>(Event::default().data("1"))]);
                Sse::new(futures_util::StreamExt::chain(events, stream::pending()))
            }),
        )
        .layer(HeartbeatLayer::default());
    let request = Request::get("/").body(axum::body::Body::empty()).unwrap();
    let response = Service::<Request<axum::body::Body>>::call(&mut router, request).await.unwrap();
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    let mut body = response.into_body();
    let mut next = async || body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(next().await, "data: 1\n\n");
    let start = Instant::now();
    assert_eq!(next().await, ":\n\n");
    assert!(start.elapsed() >= INTERVAL / 2);
    lifelines.lock().unwrap()[0].end(Cause::Draining);
    assert!(next().await.starts_with(b"retry: "));
    assert!(body.frame().await.is_none());
}
