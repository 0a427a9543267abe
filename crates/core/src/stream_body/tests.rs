use std::{
    convert::Infallible,
    future::{poll_fn, ready},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::FutureExt;
use http::{HeaderMap, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use longwave_sse::Event;
use tokio::{
    sync::mpsc,
    time::{Instant, advance},
};

use super::{Attach, StreamBody};
use crate::{Cause, EndReason, Heartbeat, Lifeline, Reconnect};

const INTERVAL: Duration = Duration::from_secs(15);

/// A body that is fed by the test.
struct Fed(mpsc::UnboundedReceiver<Frame<Bytes>>);

impl Body for Fed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|frame| frame.map(Ok))
    }
}

#[derive(Clone)]
struct Feed(mpsc::UnboundedSender<Frame<Bytes>>);

impl Feed {
    fn send(&self, data: &'static str) {
        self.0.send(Frame::data(Bytes::from_static(data.as_bytes()))).expect("the body is there");
    }
}

/// A response of this type with a body that is fed, carried by the lifeline.
async fn attached(content_type: &str, lifeline: &Lifeline) -> (Feed, Pin<Box<StreamBody<Fed>>>) {
    let (feed, receiver) = mpsc::unbounded_channel();
    let response =
        Response::builder().header("content-type", content_type).body(Fed(receiver)).expect("valid");
    let response = Attach::new(ready(Ok::<_, Infallible>(response)), lifeline).await.expect("infallible");
    (Feed(feed), Box::pin(response.into_body()))
}

async fn events(lifeline: &Lifeline) -> (Feed, Pin<Box<StreamBody<Fed>>>) {
    attached("text/event-stream", lifeline).await
}

async fn frame(body: &mut Pin<Box<StreamBody<Fed>>>) -> Option<Frame<Bytes>> {
    poll_fn(|cx| body.as_mut().poll_frame(cx)).await.map(|frame| frame.expect("infallible"))
}

async fn data(body: &mut Pin<Box<StreamBody<Fed>>>) -> Option<Bytes> {
    Some(frame(body).await?.into_data().expect("data"))
}

fn pending(body: &mut Pin<Box<StreamBody<Fed>>>) -> bool {
    frame(body).now_or_never().is_none()
}

fn reason(cause: Cause) -> EndReason {
    EndReason::new(cause).reconnect(Reconnect::After(Duration::from_secs(7)..=Duration::from_secs(7)))
}

#[tokio::test(start_paused = true)]
async fn a_silent_stream_begins_at_once_and_then_beats() {
    let (lifeline, start) = (Lifeline::new(), Instant::now());
    lifeline.set_heartbeat(Heartbeat::every(INTERVAL));
    let (_feed, mut body) = events(&lifeline).await;
    assert_eq!(data(&mut body).await.expect("the first bytes"), ":\n\n");
    assert_eq!(start.elapsed(), Duration::ZERO);
    for _ in 0..10 {
        let before = Instant::now();
        assert_eq!(data(&mut body).await.expect("a beat"), ":\n\n");
        assert!(before.elapsed() >= INTERVAL / 2 && before.elapsed() <= INTERVAL + Duration::from_millis(1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_speaks_is_not_talked_into() {
    let lifeline = Lifeline::new();
    lifeline.set_heartbeat(Heartbeat::every(INTERVAL));
    let (feed, mut body) = events(&lifeline).await;
    feed.send("data: 0\n\n");
    for _ in 0..100 {
        assert_eq!(data(&mut body).await.expect("an event"), "data: 0\n\n");
        assert!(pending(&mut body));
        advance(INTERVAL / 3).await;
        feed.send("data: 0\n\n");
    }
}

#[tokio::test(start_paused = true)]
async fn no_beat_comes_in_the_middle_of_an_event() {
    let lifeline = Lifeline::new();
    lifeline.set_heartbeat(Heartbeat::every(INTERVAL));
    let (feed, mut body) = events(&lifeline).await;
    for part in ["data: be", "gun\n", "data: and ended\n\r"] {
        feed.send(part);
        assert_eq!(data(&mut body).await.expect("a part"), part);
        if part.ends_with('\r') {
            assert_eq!(data(&mut body).await.expect("a beat"), ":\n\n");
        } else {
            assert!(tokio::time::timeout(10 * INTERVAL, data(&mut body)).await.is_err());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn beats_are_what_they_were_set_to_be() {
    let lifeline = Lifeline::new();
    let heartbeat = Heartbeat::every(INTERVAL).with(|| Event::new().data("now")).prelude(2048);
    lifeline.set_heartbeat(heartbeat);
    let (_feed, mut body) = events(&lifeline).await;
    let opening = data(&mut body).await.expect("the first bytes");
    assert_eq!(opening.len(), 2048);
    assert!(opening.starts_with(b": ") && opening.ends_with(b" \n\n"));
    assert_eq!(data(&mut body).await.expect("a beat"), "data: now\n\n");
}

#[tokio::test(start_paused = true)]
async fn a_byte_order_mark_behind_the_first_bytes_is_taken_off() {
    for parts in [["\u{feff}data: 1", "\n\n"].as_slice(), &["\u{feff}", "data: 1\n\n"]] {
        let lifeline = Lifeline::new();
        lifeline.set_heartbeat(Heartbeat::every(INTERVAL));
        let (feed, mut body) = events(&lifeline).await;
        assert_eq!(data(&mut body).await.expect("the first bytes"), ":\n\n");
        for part in parts {
            feed.send(part);
        }
        let mut wire = Vec::new();
        while let Some(Some(part)) = data(&mut body).now_or_never() {
            wire.extend_from_slice(&part);
        }
        assert_eq!(wire, b"data: 1\n\n");
    }
    // One that only looks like it begins is not.
    let lifeline = Lifeline::new();
    lifeline.set_heartbeat(Heartbeat::every(INTERVAL));
    let (feed, mut body) = events(&lifeline).await;
    assert!(data(&mut body).await.is_some());
    for part in [&b"\xEF"[..], b"\xBB", b"\xBA: 1\n"] {
        feed.0.send(Frame::data(Bytes::from_static(part))).expect("the body is there");
    }
    assert_eq!(data(&mut body).await.expect("all of it"), &b"\xEF\xBB\xBA: 1\n"[..]);
}

#[tokio::test(start_paused = true)]
async fn an_end_comes_with_its_last_words() {
    let (lifeline, start) = (Lifeline::new(), Instant::now());
    let (feed, mut body) = events(&lifeline).await;
    feed.send("data: 1\n\n");
    assert!(data(&mut body).await.is_some());
    assert!(pending(&mut body));
    lifeline.end(reason(Cause::Draining).last_words(Event::new().data("bye")));
    // What is ready comes too late: the lifeline is looked at first.
    feed.send("data: 2\n\n");
    assert!(!body.is_end_stream());
    assert_eq!(data(&mut body).await.expect("the last words"), "retry: 7000\ndata: bye\n\n");
    assert!(body.is_end_stream());
    assert_eq!(data(&mut body).await, None);
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_never_idle_does_not_outrun_its_deadline() {
    let lifeline = Lifeline::new();
    let (feed, mut body) = events(&lifeline).await;
    lifeline.end_at(Instant::now() + Duration::from_secs(60), reason(Cause::Expired));
    let (mut sent, mut late) = (0, 0);
    loop {
        feed.send("data: 1\n\n");
        match data(&mut body).await {
            Some(last) if last == "retry: 7000\n\n" => break,
            Some(_) => {
                sent += 1;
                late += usize::from(sent > 60);
                assert!(sent < 200, "it goes on for ever");
            }
            None => panic!("cut without a last word"),
        }
        advance(Duration::from_secs(1)).await;
    }
    assert!(late <= 16, "{late}");
}

#[tokio::test(start_paused = true)]
async fn an_end_wakes_a_silent_stream() {
    let lifeline = Lifeline::new();
    let (_feed, mut body) = events(&lifeline).await;
    let ends = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        lifeline.end(reason(Cause::Draining));
    };
    let (last, ()) = tokio::join!(data(&mut body), ends);
    assert_eq!(last.expect("the last words"), "retry: 7000\n\n");
}

#[tokio::test(start_paused = true)]
async fn a_drain_waits_for_the_blank_line() {
    let lifeline = Lifeline::new();
    let (feed, mut body) = events(&lifeline).await;
    feed.send("data: 1\n");
    assert!(data(&mut body).await.is_some());
    lifeline.end(reason(Cause::Draining));
    assert!(pending(&mut body));
    advance(Duration::from_millis(900)).await;
    feed.send("data: 2\n\n");
    assert_eq!(data(&mut body).await.expect("the rest"), "data: 2\n\n");
    assert_eq!(data(&mut body).await.expect("the last words"), "retry: 7000\n\n");
    assert_eq!(data(&mut body).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_drain_does_not_wait_for_ever() {
    let lifeline = Lifeline::new();
    let (feed, mut body) = events(&lifeline).await;
    feed.send("data: 1\n");
    assert!(data(&mut body).await.is_some());
    lifeline.end(reason(Cause::Draining));
    let start = Instant::now();
    assert_eq!(data(&mut body).await, None);
    assert_eq!(start.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_login_that_is_over_cuts_at_once() {
    for cause in [Cause::Expired, Cause::Revoked] {
        let (lifeline, start) = (Lifeline::new(), Instant::now());
        let (feed, mut body) = events(&lifeline).await;
        feed.send("data: sec");
        assert!(data(&mut body).await.is_some());
        lifeline.end(cause);
        feed.send("ret\n\n");
        assert_eq!(data(&mut body).await, None);
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}

#[tokio::test(start_paused = true)]
async fn a_grpc_response_ends_between_messages() {
    let lifeline = Lifeline::new();
    let (feed, mut body) = attached("application/grpc+proto", &lifeline).await;
    feed.send("\0\0\0\0\x04ab");
    assert!(data(&mut body).await.is_some());
    lifeline.end(Cause::Draining);
    assert!(pending(&mut body));
    feed.send("cd");
    assert_eq!(data(&mut body).await.expect("the rest"), "cd");
    let trailers = frame(&mut body).await.expect("trailers").into_trailers().expect("trailers");
    assert_eq!(trailers["grpc-status"], "14");
    assert_eq!(trailers["grpc-message"], "server restarts");
    assert!(frame(&mut body).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_grpc_response_tells_what_has_become_of_the_login() {
    for (cause, status) in [(Cause::Expired, "16"), (Cause::Revoked, "7")] {
        let lifeline = Lifeline::new();
        let (_feed, mut body) = attached("application/grpc", &lifeline).await;
        lifeline.end(cause);
        let trailers = frame(&mut body).await.expect("trailers").into_trailers().expect("trailers");
        assert_eq!(trailers["grpc-status"], status);
    }
}

#[tokio::test(start_paused = true)]
async fn other_bodies_are_left_alone() {
    let lifeline = Lifeline::new();
    lifeline.set_heartbeat(Heartbeat::every(INTERVAL));
    let (feed, mut body) = attached("text/html", &lifeline).await;
    assert!(tokio::time::timeout(10 * INTERVAL, data(&mut body)).await.is_err());
    lifeline.end(Cause::Draining);
    feed.send("<p>");
    assert_eq!(data(&mut body).await.expect("as it came"), "<p>");
    feed.0.send(Frame::trailers(HeaderMap::new())).expect("the body is there");
    assert!(frame(&mut body).await.expect("trailers").is_trailers());
    drop(feed);
    assert!(frame(&mut body).await.is_none());
}

#[tokio::test]
async fn what_an_ordinary_body_says_of_its_size_stays_true() {
    let lifeline = Lifeline::new();
    let response = Response::builder().header("content-length", "5").body(Full::new(Bytes::from("hello")));
    let response = Attach::new(ready(response), &lifeline).await.expect("valid");
    assert_eq!(response.headers()["content-length"], "5");
    let body = response.into_body();
    assert_eq!(body.size_hint().exact(), Some(5));
    assert!(!body.is_end_stream());
    assert_eq!(body.collect().await.expect("infallible").to_bytes(), "hello");
}

#[tokio::test]
async fn a_body_that_may_end_or_grow_promises_nothing() {
    let lifeline = Lifeline::new();
    let response =
        Response::builder().header("content-type", "text/event-stream").header("content-length", "9");
    let response = response.body(Full::new(Bytes::from("data: 1\n\n")));
    let response = Attach::new(ready(response), &lifeline).await.expect("valid");
    assert_eq!(response.headers().get("content-length"), None);
    let mut body = Box::pin(response.into_body());
    assert_eq!(SizeHint::upper(&body.size_hint()), None);
    assert!(body.frame().await.is_some());
    assert!(body.is_end_stream());
    lifeline.end(Cause::Draining);
    assert!(!body.is_end_stream(), "it owes its last words");
}

#[tokio::test]
async fn the_tether_goes_with_the_body_and_no_sooner() {
    let (lifeline, permit) = (Lifeline::new(), Arc::new(()));
    lifeline.hold(permit.clone());
    let (feed, body) = events(&lifeline).await;
    assert_eq!(Arc::strong_count(&permit), 2, "the response is out, the body is not");
    drop(body);
    assert_eq!(Arc::strong_count(&permit), 1, "a body that is dropped early lets go");
    drop(feed);

    let (lifeline, permit) = (Lifeline::new(), Arc::new(()));
    lifeline.hold(permit.clone());
    let (feed, mut body) = events(&lifeline).await;
    drop(feed);
    assert!(frame(&mut body).await.is_none());
    assert_eq!(Arc::strong_count(&permit), 1, "a body that has ended lets go before it is dropped");
}

#[tokio::test]
async fn a_response_that_never_comes_lets_go_when_it_is_dropped() {
    let (lifeline, permit) = (Lifeline::new(), Arc::new(()));
    lifeline.hold(permit.clone());
    let mut response =
        pin!(Attach::new(std::future::pending::<Result<Response<()>, Infallible>>(), &lifeline));
    assert!(response.as_mut().now_or_never().is_none());
    assert_eq!(Arc::strong_count(&permit), 2);
    let mut other =
        Box::pin(Attach::new(std::future::pending::<Result<Response<()>, Infallible>>(), &lifeline));
    assert!((&mut other).now_or_never().is_none());
    drop(other);
    assert_eq!(Arc::strong_count(&permit), 2, "the first is still there");
}

#[tokio::test]
async fn a_stream_in_between_does_not_take_the_place_of_ours() {
    let (ours, permit) = (Lifeline::new(), Arc::new(()));
    ours.hold(permit.clone());
    let response =
        Response::builder().header("content-type", "text/event-stream").body(Full::<Bytes>::default());
    let inner = Attach::new(ready(response), &Lifeline::new());
    let response = Attach::new(inner, &ours).await.expect("valid");
    assert_eq!(Arc::strong_count(&permit), 2, "our stream is as open as theirs");
    drop(response);
    assert_eq!(Arc::strong_count(&permit), 1);
}

#[tokio::test(start_paused = true)]
async fn only_the_innermost_wrapper_does_anything() {
    let lifeline = Lifeline::new();
    lifeline.set_heartbeat(Heartbeat::every(INTERVAL));
    let (feed, receiver) = mpsc::unbounded_channel();
    let response = Response::builder().header("content-type", "text/event-stream").body(Fed(receiver));
    let inner = Attach::new(ready(response), &lifeline);
    let mut body = Box::pin(Attach::new(inner, &lifeline).await.expect("valid").into_body());
    let start = Instant::now();
    let mut beats = 0;
    while start.elapsed() < 4 * INTERVAL {
        assert!(poll_fn(|cx| body.as_mut().poll_frame(cx)).await.is_some());
        beats += 1;
    }
    assert!(beats <= 1 + 5, "{beats} beats in four intervals");
    drop(feed);
}

#[tokio::test(start_paused = true)]
async fn it_is_known_since_when_a_stream_is_silent_beats_aside() {
    let (lifeline, start) = (Lifeline::new(), Instant::now());
    lifeline.set_heartbeat(Heartbeat::every(INTERVAL));
    assert_eq!(lifeline.last_sent(), None);
    let (feed, mut body) = events(&lifeline).await;
    assert_eq!(lifeline.last_sent(), Some(start));
    advance(INTERVAL / 5).await;
    feed.send("data: 1\n\n");
    assert!(data(&mut body).await.is_some());
    assert!(pending(&mut body));
    let sent = start + INTERVAL / 5;
    assert_eq!(lifeline.last_sent(), Some(sent));
    for _ in 0..3 {
        assert_eq!(data(&mut body).await.expect("a beat"), ":\n\n");
        assert!(pending(&mut body));
    }
    assert_eq!(lifeline.last_sent(), Some(sent));
}

#[tokio::test]
async fn an_answer_in_place_of_the_service_is_a_whole_body() {
    let answer = |words: &'static str| {
        Attach::<std::future::Ready<Result<Response<Full<Bytes>>, Infallible>>>::answer(Response::new(
            words.into(),
        ))
    };
    let body = answer("no").await.expect("infallible").into_body();
    assert!(body.get_ref().is_none());
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(2), false));
    assert_eq!(body.collect().await.expect("infallible").to_bytes(), "no");
    let body = answer("").await.expect("infallible").into_body();
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(0), true));
}
