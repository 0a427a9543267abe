//! What an observer is told of a stream.
#![allow(clippy::unwrap_used)]

use std::{
    convert::Infallible,
    future::{Ready, ready},
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response};
use http_body_util::{BodyExt, StreamBody as Frames, combinators::UnsyncBoxBody};
use longwave_core::{
    Attach, Cause, Closed, EndReason, Heartbeat, Lifeline, Observer, ObserverLayer, Opened, Refused,
    StreamBody, StreamKind,
};
use tokio::time::advance;
use tower_layer::Layer;
use tower_service::Service;

/// Writes down what it is told.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn note(&self, note: String) {
        self.0.lock().unwrap().push(note);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Observer for Notes {
    fn opened(&self, opened: &Opened) {
        let Opened { kind, handshake, interval, .. } = opened;
        self.note(format!("opened {} {handshake:?} {interval:?}", kind.name()));
    }

    fn closed(&self, closed: &Closed) {
        let Closed { kind, reason, age, .. } = closed;
        let cause = reason.as_ref().map(EndReason::cause);
        self.note(format!("closed {} {cause:?} {age:?}", kind.name()));
    }

    fn refused(&self, refused: &Refused) {
        self.note(format!("refused {} {}", refused.kind.name(), refused.reason));
    }

    fn beat(&self, kind: StreamKind) {
        self.note(format!("beat {}", kind.name()));
    }

    fn answered(&self, kind: StreamKind, round_trip: Duration) {
        self.note(format!("answered {} {round_trip:?}", kind.name()));
    }
}

/// Answers with two events, or with silence.
#[derive(Clone)]
struct Feed;

impl Service<Request<()>> for Feed {
    type Response = Response<UnsyncBoxBody<Bytes, Infallible>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let path = request.uri().path();
        let kind = if path == "/plain" { "text/plain" } else { "text/event-stream" };
        let event = || Ok(http_body::Frame::data(Bytes::from_static(b"data: 1\n\n")));
        let body = if path == "/silent" {
            Frames::new(stream::pending()).boxed_unsync()
        } else {
            Frames::new(stream::iter([event(), event()])).boxed_unsync()
        };
        ready(Ok(Response::builder().header("content-type", kind).body(body).unwrap()))
    }
}

fn request(path: &str) -> (Request<()>, Lifeline) {
    let mut request = Request::get(path).body(()).unwrap();
    let lifeline = Lifeline::of(request.extensions_mut());
    (request, lifeline)
}

#[tokio::test(start_paused = true)]
async fn an_observer_is_told_from_the_head_to_the_last_tether() {
    let notes = Notes::default();
    let mut service = ObserverLayer::new(notes.clone()).layer(Feed);
    let (ask, lifeline) = request("/silent");
    lifeline.set_heartbeat(Heartbeat::every(Duration::from_secs(15)));
    let mut body = service.call(ask).await.unwrap().into_body();
    assert_eq!(notes.take(), ["opened sse 0ns Some(15s)"]);
    assert!(body.frame().await.is_some());
    assert_eq!(notes.take(), ["beat sse"]);
    advance(Duration::from_secs(5)).await;
    lifeline.answered(Duration::from_millis(3));
    lifeline.end(Cause::Revoked);
    assert!(body.frame().await.is_some());
    assert_eq!(notes.take(), ["answered sse 3ms", "closed sse Some(Revoked) 5s"]);
    drop((body, lifeline.carry()));
    assert_eq!(notes.take(), [""; 0], "once is enough");
}

#[tokio::test(start_paused = true)]
async fn who_has_left_is_told_from_what_has_ended() {
    let notes = Notes::default();
    let mut service = ObserverLayer::new(notes.clone()).layer(Feed);
    let body = service.call(request("/silent").0).await.unwrap().into_body();
    drop(body);
    assert_eq!(notes.take(), ["opened sse 0ns None", "closed sse None 0ns"]);
    let body = service.call(request("/two").0).await.unwrap().into_body();
    assert_eq!(body.collect().await.unwrap().to_bytes().len(), 18);
    assert_eq!(notes.take(), ["opened sse 0ns None", "closed sse Some(Closed) 0ns"]);
}

#[tokio::test]
async fn an_ordinary_request_is_no_stream() {
    let notes = Notes::default();
    let mut service = ObserverLayer::new(notes.clone()).layer(Feed);
    let body = service.call(request("/plain").0).await.unwrap().into_body();
    assert_eq!(body.collect().await.unwrap().to_bytes().len(), 18);
    assert_eq!(notes.take(), [""; 0]);
}

#[tokio::test]
async fn the_outermost_observer_is_told_and_two_can_be_one() {
    let (first, second, inner) = (Notes::default(), Notes::default(), Notes::default());
    let both = (first.clone(), Arc::new(second.clone()));
    let mut service = ObserverLayer::new(both).layer(ObserverLayer::new(inner.clone()).layer(Feed));
    let (ask, lifeline) = request("/silent");
    drop(service.call(ask).await.unwrap());
    lifeline.refused(StreamKind::WebSocket, "draining");
    let told = first.take();
    assert_eq!(told.last().unwrap(), "refused websocket draining");
    assert_eq!(told, second.take());
    assert_eq!(inner.take(), [""; 0]);
}

#[tokio::test]
async fn a_refusal_is_no_stream_and_a_failure_no_end() {
    let notes = Notes::default();
    let mut service = ObserverLayer::new(notes.clone()).layer(Refuse);
    let body = service.call(request("/feed").0).await.unwrap().into_body();
    drop(body);
    assert_eq!(notes.take(), [""; 0]);

    let mut service = ObserverLayer::new(notes.clone()).layer(Fail);
    let mut body = service.call(request("/feed").0).await.unwrap().into_body();
    assert!(body.frame().await.unwrap().is_err());
    assert_eq!(notes.take()[1].split(' ').nth(2), Some("Some(Failed)"));
}

/// A layer that lets nobody in.
#[derive(Clone)]
struct Refuse;

impl Service<Request<()>> for Refuse {
    type Response = Response<StreamBody<UnsyncBoxBody<Bytes, Infallible>>>;
    type Error = Infallible;
    type Future = Attach<Ready<Result<Response<UnsyncBoxBody<Bytes, Infallible>>, Infallible>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        Attach::answer(longwave_sse::response(Bytes::from_static(b"retry: 1\n\n")))
    }
}

/// A stream that breaks.
#[derive(Clone)]
struct Fail;

impl Service<Request<()>> for Fail {
    type Response = Response<UnsyncBoxBody<Bytes, &'static str>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        let body = Frames::new(stream::iter([Err("broken")])).boxed_unsync();
        ready(Ok(Response::builder().header("content-type", "text/event-stream").body(body).unwrap()))
    }
}
