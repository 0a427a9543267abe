//! What the layers want of a lifeline, each in its smallest form: a ticket, a limit, a heartbeat, a drain and a
//! WebSocket.
#![allow(clippy::unwrap_used)]

use std::{
    convert::Infallible,
    future::{Ready, ready},
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Waker},
    time::Duration,
};

use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, StreamBody as Frames, combinators::UnsyncBoxBody};
use longwave_core::{
    Attach, Cause, EndReason, Heartbeat, Lifeline, Side, StreamBody, StreamKind, Tether, Watch,
};
use longwave_sse::Event;
use tokio::time::{Instant, sleep};

const MINUTE: Duration = Duration::from_secs(60);

type Inner = UnsyncBoxBody<Bytes, Infallible>;

/// A stream that never says anything by itself.
fn silent() -> Response<Inner> {
    let body = Frames::new(futures_util::stream::pending()).boxed_unsync();
    Response::builder().header("content-type", "text/event-stream").body(body).unwrap()
}

fn answer(
    response: Response<Inner>,
    lifeline: &Lifeline,
) -> Attach<Ready<Result<Response<Inner>, Infallible>>> {
    Attach::new(ready(Ok(response)), lifeline)
}

async fn open(lifeline: &Lifeline) -> Pin<Box<StreamBody<Inner>>> {
    Box::pin(answer(silent(), lifeline).await.unwrap().into_body())
}

async fn next(body: &mut Pin<Box<StreamBody<Inner>>>) -> Option<Bytes> {
    Some(body.frame().await?.unwrap().into_data().unwrap())
}

/// A session whose login is renewed now and then, and one day taken back.
#[tokio::test(start_paused = true)]
async fn a_ticket_ends_what_it_has_opened_unless_it_is_renewed() {
    let (lifeline, start) = (Lifeline::new(), Instant::now());
    let login = lifeline.deadline(start + MINUTE, Cause::Expired);
    let mut body = open(&lifeline).await;
    let renews = async {
        sleep(MINUTE / 2).await;
        login.set(start + 3 * MINUTE, Cause::Expired);
        // A copy that is dropped changes nothing.
        drop(login.clone());
    };
    let (last, ()) = tokio::join!(next(&mut body), renews);
    assert_eq!(last.unwrap(), "event: login-required\ndata: expired\n\n");
    assert_eq!(start.elapsed(), 3 * MINUTE);

    let (lifeline, start) = (Lifeline::new(), Instant::now());
    let login = lifeline.deadline(start + MINUTE, Cause::Expired);
    let mut body = open(&lifeline).await;
    let shortens = async {
        sleep(MINUTE / 4).await;
        login.set(start + MINUTE / 2, Cause::Expired);
    };
    let (last, ()) = tokio::join!(next(&mut body), shortens);
    assert!(last.is_some());
    assert_eq!(start.elapsed(), MINUTE / 2);

    let (lifeline, start) = (Lifeline::new(), Instant::now());
    let login = lifeline.deadline(start + MINUTE, Cause::Expired);
    let mut body = open(&lifeline).await;
    lifeline.end(Cause::Revoked);
    login.set(start + MINUTE, Cause::Expired);
    login.lift();
    assert_eq!(next(&mut body).await.unwrap(), "event: ended\nretry: 31536000000\ndata: revoked\n\n");
    assert_eq!(lifeline.reason().unwrap().cause(), Cause::Revoked, "the first reason stays");
}

/// A permit that is back when the stream is over, whatever has become of the handler.
#[tokio::test]
async fn a_limit_counts_until_the_body_is_gone() {
    let permits = Arc::new(());
    let mut request = Request::new(());
    let lifeline = Lifeline::of(request.extensions_mut());
    lifeline.hold(permits.clone());
    let body = open(&lifeline).await;
    let stray = request.extensions().clone();
    drop((request, lifeline));
    assert_eq!(Arc::strong_count(&permits), 2);
    drop(body);
    assert_eq!(Arc::strong_count(&permits), 1, "a stray copy of the request holds nothing");
    drop(stray);
}

/// Settings that an outer layer puts on the lifeline, and an inner one replaces.
#[tokio::test(start_paused = true)]
async fn a_heartbeat_is_found_by_whatever_carries_the_stream() {
    let lifeline = Lifeline::new();
    lifeline.set_heartbeat(Heartbeat::every(MINUTE));
    lifeline.set_heartbeat(Heartbeat::every(MINUTE / 6).event(&Event::new().data("beat")));
    let mut body = open(&lifeline).await;
    assert_eq!(next(&mut body).await.unwrap(), ":\n\n");
    let start = Instant::now();
    assert_eq!(next(&mut body).await.unwrap(), "data: beat\n\n");
    assert!(start.elapsed() <= MINUTE / 6);
}

/// A registry that ends all that is open under its lock, and which each stream locks when it leaves.
#[tokio::test(start_paused = true)]
async fn a_drain_ends_streams_one_by_one_and_sees_them_go() {
    type Open = Arc<Mutex<Vec<Lifeline>>>;
    struct Entry(Open, Lifeline);
    impl Drop for Entry {
        fn drop(&mut self) {
            self.0.lock().unwrap().retain(|lifeline| *lifeline != self.1);
        }
    }
    let (registry, start) = (Open::default(), Instant::now());
    let mut bodies = Vec::new();
    for _ in 0..10 {
        let lifeline = Lifeline::new();
        registry.lock().unwrap().push(lifeline.clone());
        bodies.push(open(&lifeline).await);
        lifeline.hold(Entry(registry.clone(), lifeline.clone()));
    }
    let reason = EndReason::new(Cause::Draining);
    for (place, lifeline) in (1..).zip(registry.lock().unwrap().iter()) {
        lifeline.end_at(start + place * MINUTE / 10, reason.clone());
    }
    for (place, body) in (1..).zip(&mut bodies) {
        assert!(next(body).await.unwrap().starts_with(b"retry: "));
        assert_eq!(start.elapsed(), place * MINUTE / 10);
        assert_eq!(registry.lock().unwrap().len(), 10 - place as usize);
    }
}

fn upgraded() -> Response<Inner> {
    let mut response = Response::new(Empty::new().boxed_unsync());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    response
}

fn request(watch: &Watch) -> Lifeline {
    let mut request = Request::new(());
    request.extensions_mut().insert(watch.connection().clone());
    Lifeline::of(request.extensions_mut())
}

fn is_cut(watch: &mut Watch, now: Instant) -> bool {
    watch.judge(Side::Read, Waker::noop(), now).is_err()
}

/// A socket that nobody here speaks over: the connection carries it, and is cut at its end.
#[tokio::test(start_paused = true)]
async fn a_websocket_of_somebody_else_goes_with_its_connection() {
    let (mut watch, permit) = (Watch::new(), Arc::new(()));
    let lifeline = request(&watch);
    lifeline.hold(permit.clone());
    drop(answer(upgraded(), &lifeline).await.unwrap());
    assert_eq!(lifeline.kind(), Some(StreamKind::WebSocket));
    assert_eq!((Arc::strong_count(&permit), watch.connection().streams()), (2, 1));
    lifeline.end(Cause::Draining);
    let now = Instant::now();
    assert!(!is_cut(&mut watch, now));
    assert!(is_cut(&mut watch, now + MINUTE), "nothing polite would end it");
    drop(watch);
    assert_eq!(Arc::strong_count(&permit), 1);
}

/// A socket of ours: it has claimed the stream before the head was out, and takes its time for the farewell.
#[tokio::test(start_paused = true)]
async fn a_websocket_that_is_claimed_is_left_to_itself() {
    let (mut watch, permit) = (Watch::new(), Arc::new(()));
    let lifeline = request(&watch);
    lifeline.hold(permit.clone());
    let socket: Tether = lifeline.claim();
    drop(answer(upgraded(), &lifeline).await.unwrap());
    let mut ended = Box::pin(socket.lifeline().ended());
    assert!(ended.poll_unpin(&mut Context::from_waker(Waker::noop())).is_pending());
    lifeline.end(Cause::Draining);
    assert_eq!(ended.now_or_never().unwrap().close_code(), 1012);
    let now = Instant::now();
    assert!(!is_cut(&mut watch, now));
    assert!(!is_cut(&mut watch, now + MINUTE));
    assert_eq!(Arc::strong_count(&permit), 2);
    drop(socket);
    assert_eq!(Arc::strong_count(&permit), 1, "the connection has kept nothing");

    // An upgrade that comes to nothing holds nothing.
    let lifeline = request(&watch);
    lifeline.hold(permit.clone());
    let upgrading = lifeline.claim();
    drop(answer(upgraded(), &lifeline).await.unwrap());
    drop(upgrading);
    assert_eq!((Arc::strong_count(&permit), watch.connection().streams()), (1, 0));
}
