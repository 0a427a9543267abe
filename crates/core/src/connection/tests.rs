use std::{
    future::ready,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body::{Body, Frame};
use http_body_util::StreamBody as FrameStream;
use tokio::time::Instant;

use super::{Connection, Side, Watch};
use crate::{Attach, Cause, EndReason, Lifeline, StreamBody, Tether};

const STALL: Duration = Duration::from_secs(30);
const GRACE: Duration = Duration::from_secs(1);
const MOMENT: Duration = Duration::from_millis(1);

fn judge(watch: &mut Watch, now: Instant) -> Result<Option<Instant>, Cause> {
    watch.judge(Side::Write, Waker::noop(), now).map_err(|reason| reason.cause())
}

/// A stream over the connection, of which nothing is known but that it is open.
fn stream(watch: &Watch) -> Tether {
    let lifeline = Lifeline::new();
    lifeline.set_connection(watch.connection());
    lifeline.pace().open();
    lifeline.carry()
}

fn cause(tether: &Tether) -> Option<Cause> {
    tether.lifeline().reason().map(|reason| reason.cause())
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_lifeline_finds_its_connection_among_the_extensions() {
    let watch = Watch::new();
    let mut request = Request::new(());
    let before = Lifeline::of(request.extensions_mut());
    assert_eq!(before.connection(), None);
    let tether = before.carry();
    request.extensions_mut().insert(watch.connection().clone());
    let after = Lifeline::of(request.extensions_mut());
    assert_eq!(before.connection(), Some(watch.connection()));
    assert_eq!(watch.connection().streams(), 1, "it was carried before it was known");
    after.set_connection(Watch::new().connection());
    assert_eq!(after.connection(), Some(watch.connection()), "a request has one connection");
    drop(tether);
    assert_eq!(watch.connection().streams(), 0);
}

#[test]
fn a_connection_without_streams_has_nothing_to_look_out_for() {
    let (mut watch, now) = (Watch::new(), Instant::now());
    watch.accepted(100, now);
    assert_eq!(judge(&mut watch, now + STALL * 100), Ok(None));
}

#[test]
fn a_reader_has_stopped_when_the_kernel_has_accepted_nothing_for_a_while() {
    let (mut watch, start) = (Watch::new(), Instant::now());
    let tether = stream(&watch);
    watch.refused(10, start);
    assert_eq!(judge(&mut watch, start), Ok(Some(start + STALL)));
    // A single byte is progress.
    let later = start + STALL - MOMENT;
    watch.accepted(1, later);
    watch.refused(9, later);
    assert_eq!(judge(&mut watch, later), Ok(Some(later + STALL)));
    let progress = watch.connection().progress();
    assert_eq!((progress.accepted(), progress.pending(), progress.last()), (1, 9, Some(later)));
    assert_eq!(judge(&mut watch, later + STALL - MOMENT), Ok(Some(later + STALL)));
    assert_eq!(judge(&mut watch, later + STALL), Err(Cause::Stalled));
    assert_eq!(cause(&tether), Some(Cause::Stalled));
    watch.accepted(9, later + STALL);
    assert_eq!(judge(&mut watch, later + STALL), Err(Cause::Stalled), "once cut, for ever");
}

#[test]
fn a_stream_that_is_ended_has_a_grace() {
    let (mut watch, start) = (Watch::new(), Instant::now());
    let tether = stream(&watch);
    tether.lifeline().end(Cause::Revoked);
    assert_eq!(judge(&mut watch, start), Ok(Some(start + GRACE)));
    assert_eq!(judge(&mut watch, start + GRACE), Err(Cause::Revoked));
}

#[test]
fn a_stream_that_is_ended_and_goes_leaves_the_connection_alone() {
    let (mut watch, start) = (Watch::new(), Instant::now());
    let tether = stream(&watch);
    tether.lifeline().end(Cause::Draining);
    assert_eq!(judge(&mut watch, start), Ok(Some(start + GRACE)));
    drop(tether);
    assert_eq!(judge(&mut watch, start + GRACE), Ok(None));
}

#[test]
fn a_response_whose_head_is_being_made_is_not_lost() {
    let (mut watch, start) = (Watch::new(), Instant::now());
    let lifeline = Lifeline::new();
    lifeline.set_connection(watch.connection());
    let _tether = lifeline.carry();
    lifeline.end(Cause::Draining);
    assert_eq!(judge(&mut watch, start), Ok(None));
    assert_eq!(judge(&mut watch, start + GRACE * 100), Ok(None));
}

#[test]
fn a_connection_with_a_stream_that_is_well_is_not_cut() {
    let (mut watch, start) = (Watch::new(), Instant::now());
    let (lost, well) = (stream(&watch), stream(&watch));
    lost.lifeline().end(Cause::Revoked);
    assert_eq!(judge(&mut watch, start), Ok(Some(start + GRACE)));
    assert_eq!(judge(&mut watch, start + GRACE), Ok(None));
    let wakes = Arc::new(Wakes::default());
    assert_eq!(watch.judge(Side::Read, &wakes.clone().into(), start + GRACE), Ok(None));
    drop(well);
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1, "the owner has to look again");
    assert_eq!(judge(&mut watch, start + GRACE), Err(Cause::Revoked));
}

#[test]
fn both_sides_are_woken_by_an_end_and_by_an_abort() {
    let (mut watch, now) = (Watch::new(), Instant::now());
    let tether = stream(&watch);
    let (reads, writes) = (Arc::new(Wakes::default()), Arc::new(Wakes::default()));
    let mut listen = || {
        for (side, wakes) in [(Side::Read, &reads), (Side::Write, &writes)] {
            let _next = watch.judge(side, &wakes.clone().into(), now);
        }
    };
    listen();
    tether.lifeline().end(Cause::Closed);
    listen();
    assert!(tether.lifeline().connection().is_some_and(|connection| connection.abort(Cause::Closed)));
    let wakes = [&reads, &writes].map(|wakes| wakes.0.load(Ordering::SeqCst));
    assert_eq!(wakes, [2, 2]);
    assert_eq!(judge(&mut watch, now), Err(Cause::Closed));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_is_noticed_while_no_body_is_asked() {
    let (mut watch, start) = (Watch::new(), Instant::now());
    let tether = stream(&watch);
    tether.lifeline().end_at(start + GRACE * 10, Cause::Expired);
    assert_eq!(judge(&mut watch, start), Ok(None), "whoever carries the stream waits for it");
    watch.refused(10, start);
    assert_eq!(judge(&mut watch, start), Ok(Some(start + GRACE * 10)));
    // An earlier one makes the owner look.
    let wakes = Arc::new(Wakes::default());
    let _next = watch.judge(Side::Write, &wakes.clone().into(), start);
    tether.lifeline().end_at(start + GRACE * 5, Cause::Expired);
    assert_eq!(wakes.0.load(Ordering::SeqCst), 1);
    assert_eq!(judge(&mut watch, start + GRACE * 5), Ok(Some(start + GRACE * 6)));
    assert_eq!(judge(&mut watch, start + GRACE * 6), Err(Cause::Expired));
}

/// An event stream that hands out what it has, and then has nothing.
async fn events(
    watch: &Watch,
    chunks: usize,
) -> (Lifeline, std::pin::Pin<Box<impl Body<Data = Bytes> + use<>>>) {
    let mut request = Request::new(());
    request.extensions_mut().insert(watch.connection().clone());
    let lifeline = Lifeline::of(request.extensions_mut());
    let chunk = || Ok::<_, std::io::Error>(Frame::data(Bytes::from_static(b"data: a\n\n")));
    let chunks: Vec<_> = (0..chunks).map(|_| chunk()).collect();
    let frames =
        futures_util::StreamExt::chain(futures_util::stream::iter(chunks), futures_util::stream::pending());
    let mut response = Response::new(FrameStream::new(frames));
    let content_type = header::HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    let response = Attach::new(ready(Ok::<_, std::io::Error>(response)), &lifeline).await;
    (lifeline, Box::pin(response.expect("a response").into_body()))
}

fn poll<B: Body + Unpin>(body: &mut B) -> Poll<bool> {
    let frame = pin!(body).poll_frame(&mut Context::from_waker(Waker::noop()));
    frame.map(|frame| frame.is_some())
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_not_asked_for_more_has_a_reader_that_has_stopped() {
    let (mut watch, start) = (Watch::new(), Instant::now());
    let (lifeline, mut body) = events(&watch, 1).await;
    assert_eq!(judge(&mut watch, start), Ok(Some(start + STALL)), "not asked at all");
    assert_eq!(poll(&mut body), Poll::Ready(true));
    let asked = start + GRACE;
    assert_eq!(judge(&mut watch, asked), Ok(Some(asked + STALL)));
    assert_eq!(poll(&mut body), Poll::Pending);
    assert_eq!(judge(&mut watch, asked + STALL * 10), Ok(None), "a silent stream is no stalled one");
    drop(body);

    let (_, mut body) = events(&watch, 2).await;
    assert_eq!(poll(&mut body), Poll::Ready(true));
    let asked = asked + STALL * 10;
    assert_eq!(judge(&mut watch, asked), Ok(Some(asked + STALL)));
    // Some other stream's beats are no progress of this one, but much data may be.
    watch.accepted(100, asked);
    watch.accepted(5000, asked + STALL / 2);
    assert_eq!(judge(&mut watch, asked + STALL), Ok(Some(asked + STALL * 2)));
    watch.accepted(100, asked + STALL);
    assert_eq!(judge(&mut watch, asked + STALL * 2), Err(Cause::Stalled));
    assert!(!lifeline.is_ended(), "it was over long before");
}

#[tokio::test(start_paused = true)]
async fn while_the_kernel_refuses_bytes_a_slow_body_is_the_sockets_matter() {
    let (mut watch, start) = (Watch::new(), Instant::now());
    let (lifeline, mut body) = events(&watch, 2).await;
    assert_eq!(poll(&mut body), Poll::Ready(true));
    let mut now = start;
    for _ in 0..100 {
        watch.accepted(1, now);
        watch.refused(10, now);
        assert_eq!(judge(&mut watch, now), Ok(Some(now + STALL)));
        now += STALL.saturating_sub(MOMENT);
    }
    assert!(!lifeline.is_ended());
}

#[tokio::test(start_paused = true)]
async fn one_stalled_stream_among_others_is_told_and_the_connection_goes_on() {
    let (mut watch, start) = (Watch::new(), Instant::now());
    let (stalled, _body) = events(&watch, 2).await;
    let (silent, mut body) = events(&watch, 0).await;
    assert_eq!(poll(&mut body), Poll::Pending);
    assert_eq!(judge(&mut watch, start), Ok(Some(start + STALL)));
    assert_eq!(judge(&mut watch, start + STALL), Ok(None));
    assert_eq!(stalled.reason(), Some(EndReason::new(Cause::Stalled)));
    assert!(!silent.is_ended());
    silent.end(Cause::Draining);
    let ended = start + STALL;
    assert_eq!(judge(&mut watch, ended), Ok(Some(ended + GRACE)));
    assert!(judge(&mut watch, ended + GRACE).is_err());
}

async fn upgrade(connection: Option<&Connection>) -> (Lifeline, Response<StreamBody<String>>) {
    let mut request = Request::new(());
    if let Some(connection) = connection {
        request.extensions_mut().insert(connection.clone());
    }
    let lifeline = Lifeline::of(request.extensions_mut());
    let mut response = Response::new(String::new());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let response = Attach::new(ready(Ok::<_, std::io::Error>(response)), &lifeline).await;
    (lifeline, response.expect("a response"))
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_is_kept_until_the_socket_closes() {
    let (mut watch, start) = (Watch::new(), Instant::now());
    let permit = Arc::new(());
    let (lifeline, response) = upgrade(Some(watch.connection())).await;
    lifeline.hold(permit.clone());
    drop(response);
    assert_eq!((Arc::strong_count(&permit), watch.connection().streams()), (2, 1));
    // Nobody else goes by its deadline.
    lifeline.end_at(start + STALL, Cause::AgedOut);
    assert_eq!(judge(&mut watch, start), Ok(Some(start + STALL)));
    assert_eq!(judge(&mut watch, start + STALL), Ok(Some(start + STALL + GRACE)));
    assert_eq!(judge(&mut watch, start + STALL + GRACE), Err(Cause::AgedOut));
    let connection = watch.connection().clone();
    drop(watch);
    assert_eq!(Arc::strong_count(&permit), 1);
    connection.keep(lifeline.carry());
    assert_eq!(connection.streams(), 0, "too late");
}

#[tokio::test]
async fn an_upgrade_without_a_connection_goes_with_its_response() {
    let permit = Arc::new(());
    let (lifeline, response) = upgrade(None).await;
    lifeline.hold(permit.clone());
    drop(response);
    assert_eq!(Arc::strong_count(&permit), 1);
}
