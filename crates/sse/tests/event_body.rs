//! How `EventBody` makes frames of a stream.
#![cfg(feature = "body")]

use std::{
    cell::RefCell,
    collections::VecDeque,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, future::poll_fn};
use http_body::{Body, Frame};
use longwave_sse::{Encode, Event, EventBody};

#[derive(Debug, PartialEq)]
struct Broken;

/// What a stream does when it is polled.
enum Step {
    Event(&'static str),
    Bytes(Bytes),
    Fail,
    Pending,
}

/// An event or bytes, as an application would mix them.
enum Item {
    Event(Event),
    Bytes(Bytes),
}

impl Encode for Item {
    fn into_bytes(self) -> Bytes {
        match self {
            Self::Event(event) => event.into_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }

    fn append_to(self, frame: &mut bytes::BytesMut) {
        match self {
            Self::Event(event) => event.append_to(frame),
            Self::Bytes(bytes) => bytes.append_to(frame),
        }
    }

    fn encoded(&self) -> Option<&Bytes> {
        match self {
            Self::Event(_) => None,
            Self::Bytes(bytes) => Some(bytes),
        }
    }
}

/// Plays its steps and then ends; must not be polled after that.
struct Script {
    steps: VecDeque<Step>,
    ended: bool,
    guard: Rc<()>,
}

impl Stream for Script {
    type Item = Result<Item, Broken>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        assert!(!self.ended, "polled after its end");
        match self.steps.pop_front() {
            Some(Step::Event(data)) => Poll::Ready(Some(Ok(Item::Event(Event::new().data(data))))),
            Some(Step::Bytes(bytes)) => Poll::Ready(Some(Ok(Item::Bytes(bytes)))),
            Some(Step::Fail) => {
                self.ended = true;
                Poll::Ready(Some(Err(Broken)))
            }
            Some(Step::Pending) => Poll::Pending,
            None => {
                self.ended = true;
                Poll::Ready(None)
            }
        }
    }
}

fn script(steps: impl IntoIterator<Item = Step>) -> Script {
    Script { steps: steps.into_iter().collect(), ended: false, guard: Rc::new(()) }
}

fn poll<B: Body<Data = Bytes> + Unpin>(body: &mut B) -> Poll<Option<Result<Bytes, B::Error>>> {
    let mut cx = Context::from_waker(Waker::noop());
    let data = |frame: Frame<Bytes>| frame.into_data().expect("only data is sent");
    Pin::new(body).poll_frame(&mut cx).map(|frame| frame.map(|frame| frame.map(data)))
}

fn ready<B: Body<Data = Bytes> + Unpin>(body: &mut B) -> Option<Result<Bytes, B::Error>> {
    match poll(body) {
        Poll::Ready(frame) => frame,
        Poll::Pending => panic!("the body is pending"),
    }
}

fn frame<B: Body<Data = Bytes, Error = Broken> + Unpin>(body: &mut B) -> Bytes {
    ready(body).expect("a frame").expect("no error")
}

#[test]
fn all_that_is_ready_is_one_frame() {
    let steps = [Step::Event("1"), Step::Event("2"), Step::Event("3"), Step::Pending, Step::Event("4")];
    let mut body = EventBody::new(script(steps));
    assert_eq!(frame(&mut body), "data: 1\n\ndata: 2\n\ndata: 3\n\n");
    assert_eq!(frame(&mut body), "data: 4\n\n");
    assert_eq!(ready(&mut body), None);
    assert_eq!(ready(&mut body), None);
}

#[test]
fn a_frame_that_is_large_enough_takes_no_further_event() {
    let mut body = EventBody::new(script((0..40).map(|_| Step::Event("7")))).max_frame(90);
    for _ in 0..4 {
        assert_eq!(frame(&mut body).len(), 90);
    }
    assert_eq!(ready(&mut body), None);
}

#[test]
fn frames_are_about_16_kib_at_most() {
    let mut body = EventBody::new(script((0..10_000).map(|_| Step::Event("7"))));
    let mut total = 0;
    while let Some(frame) = ready(&mut body) {
        let len = frame.expect("no error").len();
        assert!(len < (16 << 10) + "data: 7\n\n".len(), "{len}");
        total += len;
    }
    assert_eq!(total, 10_000 * "data: 7\n\n".len());
}

#[test]
fn events_before_an_error_go_out_first() {
    let mut body = EventBody::new(script([Step::Event("1"), Step::Event("2"), Step::Fail]));
    assert_eq!(frame(&mut body), "data: 1\n\ndata: 2\n\n");
    assert!(!body.is_end_stream(), "the error is still owed");
    assert_eq!(ready(&mut body), Some(Err(Broken)));
    assert_eq!(ready(&mut body), None);
    assert!(body.is_end_stream());
}

#[test]
fn encoded_bytes_pass_through_without_a_copy() {
    let shared = Event::new().data("for all").encode();
    let mut body = EventBody::new(script([Step::Bytes(shared.clone()), Step::Pending]));
    assert_eq!(frame(&mut body).as_ptr(), shared.as_ptr());
}

#[test]
fn large_encoded_bytes_are_not_copied_into_a_frame_with_others() {
    let large = Event::new().data("x".repeat(8 << 10)).encode();
    let small = || Step::Event("1");
    let steps = [small(), small(), Step::Bytes(large.clone()), small(), Step::Bytes(large.clone())];
    let mut body =
        EventBody::new(script(steps)).first(Event::new().comment("a")).first(Event::new().comment("b"));
    assert_eq!(frame(&mut body), ": a\n\n: b\n\ndata: 1\n\ndata: 1\n\n");
    assert_eq!(frame(&mut body).as_ptr(), large.as_ptr());
    assert_eq!(frame(&mut body), "data: 1\n\n");
    assert_eq!(frame(&mut body).as_ptr(), large.as_ptr());
    assert_eq!(ready(&mut body), None);
}

#[test]
fn events_and_encoded_bytes_mix_in_order() {
    let bytes = || Step::Bytes(Bytes::from_static(b": b\n\n"));
    let mut body = EventBody::new(script([bytes(), Step::Event("1"), bytes(), Step::Event("2")]));
    assert_eq!(frame(&mut body), ": b\n\ndata: 1\n\n: b\n\ndata: 2\n\n");
}

#[test]
fn the_first_event_goes_before_a_stream_that_is_pending() {
    let mut body =
        EventBody::new(script([Step::Pending, Step::Event("1")])).first(Event::new().comment("hi"));
    assert_eq!(frame(&mut body), ": hi\n\n");
    assert_eq!(frame(&mut body), "data: 1\n\n");
}

#[test]
fn a_stream_of_nothing_yields_to_others() {
    let endless = futures_util::stream::repeat_with(|| Ok::<_, Broken>(Bytes::new()));
    let mut body = EventBody::new(endless);
    assert!(poll(&mut body).is_pending());
}

#[test]
fn what_it_says_of_its_size_is_true() {
    let mut body = EventBody::new(script([Step::Event("1")]));
    assert!(!body.is_end_stream());
    assert_eq!((body.size_hint().lower(), body.size_hint().upper()), (0, None));
    frame(&mut body);
    assert!(body.is_end_stream(), "the end was seen while the frame was drained");
    assert_eq!(body.size_hint().exact(), Some(0));
}

#[test]
fn dropping_the_body_early_frees_the_stream() {
    let stream = script([Step::Event("1"), Step::Pending]);
    let guard = Rc::downgrade(&stream.guard);
    let mut body = EventBody::new(stream);
    frame(&mut body);
    drop(body);
    assert_eq!(guard.strong_count(), 0);
}

#[test]
fn a_stream_that_has_ended_is_let_go_of_before_the_body() {
    for steps in [vec![], vec![Step::Fail]] {
        let stream = script(steps);
        let guard = Rc::downgrade(&stream.guard);
        let mut body = EventBody::new(stream);
        while ready(&mut body).is_some() {}
        assert_eq!(guard.strong_count(), 0);
    }
}

fn linger(stream: Script) -> EventBody<Script, impl FnMut() -> tokio::time::Sleep, tokio::time::Sleep> {
    EventBody::new(stream).linger(|| tokio::time::sleep(Duration::from_millis(20)))
}

async fn next<B: Body<Data = Bytes, Error = Broken>>(body: &mut Pin<&mut B>) -> Option<Bytes> {
    let frame = poll_fn(|cx| body.as_mut().poll_frame(cx)).await?;
    Some(frame.expect("no error").into_data().expect("only data is sent"))
}

#[tokio::test(start_paused = true)]
async fn a_small_frame_lingers_for_its_time_and_no_longer() {
    let mut body = std::pin::pin!(linger(script([Step::Event("1"), Step::Pending, Step::Pending])));
    let start = tokio::time::Instant::now();
    assert_eq!(next(&mut body).await.expect("a frame"), "data: 1\n\n");
    assert_eq!(start.elapsed(), Duration::from_millis(20));
}

#[tokio::test(start_paused = true)]
async fn events_that_come_while_it_lingers_join_the_frame() {
    let waker = Rc::new(RefCell::new(None::<Waker>));
    let mut polls = 0;
    let stream = futures_util::stream::poll_fn({
        let waker = waker.clone();
        move |cx| {
            polls += 1;
            *waker.borrow_mut() = Some(cx.waker().clone());
            match polls {
                1 | 3 => Poll::Ready(Some(Ok::<_, Broken>(Event::new().data(polls.to_string())))),
                _ => Poll::Pending,
            }
        }
    });
    let body = EventBody::new(stream).linger(|| tokio::time::sleep(Duration::from_millis(20)));
    let mut body = std::pin::pin!(body);
    let start = tokio::time::Instant::now();
    let wake = async {
        tokio::time::sleep(Duration::from_millis(5)).await;
        waker.borrow_mut().take().expect("the stream was polled").wake();
        std::future::pending::<()>().await;
    };
    let frame = tokio::select! {
        frame = next(&mut body) => frame,
        () = wake => unreachable!(),
    };
    assert_eq!(frame.expect("a frame"), "data: 1\n\ndata: 3\n\n");
    assert_eq!(start.elapsed(), Duration::from_millis(20));
}

#[tokio::test(start_paused = true)]
async fn only_small_frames_of_a_pending_stream_linger() {
    let large: &'static str = "x".repeat(300).leak();
    let start = tokio::time::Instant::now();
    for steps in [vec![Step::Event(large), Step::Pending], vec![Step::Event("1")]] {
        let mut body = std::pin::pin!(linger(script(steps)));
        assert!(next(&mut body).await.is_some());
    }
    let mut body = std::pin::pin!(linger(script([Step::Event("1"), Step::Fail])));
    assert!(next(&mut body).await.is_some());
    let mut body = std::pin::pin!(linger(script([Step::Pending])).first(Event::new().comment("at once")));
    assert!(next(&mut body).await.is_some());
    assert_eq!(start.elapsed(), Duration::ZERO);
}
