//! W11 and W12: what the layers cost a chunk of a stream, and a request that is no stream. No I/O: the service
//! inside answers at once, and a loop polls the body.

use crate::{
    allocations,
    bench::{Bench, Participant, micro, with_setup},
    table::Unit,
};
use axum::response::{IntoResponse, sse as axum_sse};
use bytes::Bytes;
use futures::{FutureExt, stream};
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body::{Body, Frame};
use http_body_util::Empty;
use longwave_backpressure::StreamLimitLayer;
use longwave_drain::{Drain, DrainLayer};
use longwave_heartbeat::HeartbeatLayer;
use std::{
    convert::Infallible,
    future::{Ready, ready},
    hint::black_box,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
    time::Duration,
};
use tower::{Layer, Service, limit::ConcurrencyLimitLayer};
use tower_http::{timeout::TimeoutLayer, trace::TraceLayer};

/// What all others of a column are held against.
const BARE: &str = "bare";
const HOUR: Duration = Duration::from_secs(3600);
/// Chunks or requests per repetition.
const OPS: usize = 1000;

type Ask = Request<Empty<Bytes>>;

/// What is measured of a service.
trait Work {
    fn row<S, B>(&self, name: &str, service: S) -> Participant<'static>
    where
        S: Service<Ask, Response = Response<B>, Error = Infallible> + 'static,
        B: Body<Data = Bytes> + 'static;
}

/// The service alone, in each layer, and in all of them.
fn rows<W, S, B>(work: &W, inner: &S) -> Vec<Participant<'static>>
where
    W: Work,
    S: Service<Ask, Response = Response<B>, Error = Infallible> + Clone + 'static,
    B: Body<Data = Bytes> + 'static,
{
    let (heartbeat, limit) = (HeartbeatLayer::default(), StreamLimitLayer::new(1 << 20));
    let drain = || DrainLayer::new(&Drain::new());
    let whole = drain().max_age(HOUR).layer(limit.layer(heartbeat.layer(inner.clone())));
    vec![
        work.row(BARE, inner.clone()),
        work.row("longwave Heartbeat", heartbeat.layer(inner.clone())),
        work.row("longwave StreamLimit", limit.layer(inner.clone())),
        work.row("longwave Drain", drain().layer(inner.clone())),
        work.row("longwave Drain, max age", drain().max_age(HOUR).layer(inner.clone())),
        work.row("longwave, all three", whole),
    ]
}

/// One event of 101 bytes.
fn event() -> Bytes {
    Bytes::from(format!("data: {}\n\n", "x".repeat(93)))
}

/// W11: the cost of a chunk that is ready, and of one with a wait after it.
pub fn chunks(bench: &mut Bench) {
    // Beats need a timer to register with; it never fires, as nobody drives it.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();
    let message = [&[0, 0, 0, 0, 96][..], &[b'x'; 96]].concat();
    let many = Bytes::from(event().repeat((16 << 10) / event().len()));
    let cases = [
        ("events, 101 B", "text/event-stream", event(), false),
        ("events, 16 KiB", "text/event-stream", many, false),
        ("event and wait", "text/event-stream", event(), true),
        ("gRPC, 101 B", "application/grpc", message.into(), false),
        ("opaque, 101 B", "application/octet-stream", event(), false),
    ];
    let target = bench.target;
    let mut table = bench.table("w11", "layers: one chunk of a body", Unit::Ns);
    table.added_to(BARE);
    for (label, content_type, chunk, waits) in cases {
        let inner =
            Answer { content_type, body: Source { chunk: Some(chunk), endless: true, waits, wait: false } };
        table.column(label, None, rows(&Chunks { target, waits }, &inner));
    }
    let mut sse = rows(&Chunks { target, waits: false }, &AxumSse { keep_alive: false });
    sse.push(Chunks { target, waits: false }.row("axum KeepAlive", AxumSse { keep_alive: true }));
    table.column("axum's events", None, sse);
}

struct Chunks {
    target: Duration,
    waits: bool,
}

impl Work for Chunks {
    fn row<S, B>(&self, name: &str, mut service: S) -> Participant<'static>
    where
        S: Service<Ask, Response = Response<B>, Error = Infallible> + 'static,
        B: Body<Data = Bytes> + 'static,
    {
        let response = call(&mut service, ask("text/event-stream"));
        let mut body = Box::pin(response.into_body());
        let waits = self.waits;
        let mut cx = Context::from_waker(Waker::noop());
        let label = name.to_owned();
        // Whatever is said at the beginning is not timed, and what is timed are chunks.
        while body.as_mut().poll_frame(&mut cx).is_pending() {}
        micro(name, OPS, self.target, move || {
            let mut cx = Context::from_waker(Waker::noop());
            for _ in 0..OPS {
                // The bodies alternate, so that two polls see one chunk and one wait in some order.
                let ready = usize::from(poll(body.as_mut(), &mut cx))
                    + if waits { usize::from(poll(body.as_mut(), &mut cx)) } else { 0 };
                assert_eq!(ready, 1, "{label}: not one chunk");
            }
            // The service is needed for as long as its body.
            let _ = &service;
        })
    }
}

#[inline]
fn poll<B: Body<Data = Bytes>>(body: Pin<&mut B>, cx: &mut Context<'_>) -> bool {
    match body.poll_frame(cx) {
        Poll::Ready(Some(Ok(frame))) => black_box(&frame).is_data(),
        Poll::Ready(_) => panic!("the body is endless"),
        Poll::Pending => false,
    }
}

/// W12: requests that are answered at once, whole; and what it takes to open and drop a stream.
pub fn requests(bench: &mut Bench) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();
    let source = |endless| Source { chunk: Some(event()), endless, waits: false, wait: false };
    let cases = [
        ("plain", "*/*", "text/plain", source(false)),
        ("gRPC", "application/grpc", "application/grpc", source(false)),
        ("stream, 1 event", "text/event-stream", "text/event-stream", source(true)),
    ];
    let target = bench.target;
    let mut table = bench.table("w12", "layers: one request, its response and body", Unit::Ns);
    table.added_to(BARE);
    for (label, accept, content_type, body) in &cases {
        let inner = Answer { content_type, body: body.clone() };
        table.column(*label, None, with_peers(&Requests { target, accept }, &inner));
    }
    drop(table);
    let mut table = bench.table("w12", "layers: allocations of one request", Unit::Count);
    for (label, accept, content_type, body) in &cases {
        let inner = Answer { content_type, body: body.clone() };
        table.column(*label, None, with_peers(&Allocations { accept }, &inner));
    }
}

/// The layers, next to some of tower's own. They do other things: a yardstick for what one is used to pay.
fn with_peers<W: Work>(work: &W, inner: &Answer) -> Vec<Participant<'static>> {
    let timeout = TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, HOUR);
    let mut rows = rows(work, inner);
    rows.push(work.row("tower ConcurrencyLimit", ConcurrencyLimitLayer::new(1 << 20).layer(inner.clone())));
    rows.push(work.row("tower-http Timeout", timeout.layer(inner.clone())));
    rows.push(work.row("tower-http Trace", TraceLayer::new_for_http().layer(inner.clone())));
    rows
}

struct Requests {
    target: Duration,
    accept: &'static str,
}

impl Work for Requests {
    fn row<S, B>(&self, name: &str, mut service: S) -> Participant<'static>
    where
        S: Service<Ask, Response = Response<B>, Error = Infallible> + 'static,
        B: Body<Data = Bytes> + 'static,
    {
        let accept = self.accept;
        let requests = move || std::iter::repeat_with(|| ask(accept)).take(OPS).collect::<Vec<_>>();
        with_setup(name, OPS, self.target, requests, move |requests| answer_all(&mut service, requests))
    }
}

struct Allocations {
    accept: &'static str,
}

impl Work for Allocations {
    fn row<S, B>(&self, name: &str, mut service: S) -> Participant<'static>
    where
        S: Service<Ask, Response = Response<B>, Error = Infallible> + 'static,
        B: Body<Data = Bytes> + 'static,
    {
        let accept = self.accept;
        let requests = move || std::iter::repeat_with(|| ask(accept)).take(OPS).collect::<Vec<_>>();
        // What is allocated once, and kept, is not a request's.
        answer_all(&mut service, requests());
        let sample = move || {
            let requests = requests();
            allocations::during(|| answer_all(&mut service, requests)) as f64 / OPS as f64
        };
        Participant { name: name.into(), sample: Box::new(sample) }
    }
}

fn answer_all<S, B>(service: &mut S, requests: Vec<Ask>)
where
    S: Service<Ask, Response = Response<B>, Error = Infallible>,
    B: Body<Data = Bytes>,
{
    let mut cx = Context::from_waker(Waker::noop());
    for request in requests {
        let mut body = pin!(call(service, request).into_body());
        // The first chunk, and the end if there is one.
        assert!(poll(body.as_mut(), &mut cx), "no chunk");
        if body.size_hint().exact() == Some(0) || body.is_end_stream() {
            continue;
        }
        black_box(body.poll_frame(&mut cx).is_ready());
    }
}

fn call<S, B>(service: &mut S, request: Ask) -> Response<B>
where
    S: Service<Ask, Response = Response<B>, Error = Infallible>,
{
    let mut cx = Context::from_waker(Waker::noop());
    assert!(service.poll_ready(&mut cx).is_ready(), "the service is always ready");
    match service.call(request).now_or_never().expect("the service answers at once") {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// A request as a client sends it, by and large.
fn ask(accept: &'static str) -> Ask {
    let mut request = Request::new(Empty::new());
    *request.uri_mut() = http::Uri::from_static("/orders/17");
    let headers = request.headers_mut();
    headers.insert(header::HOST, HeaderValue::from_static("localhost:3000"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static("bench/1.0"));
    headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
    if accept == "application/grpc" {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(accept));
    }
    request
}

/// A service that answers every request with the same body.
#[derive(Clone)]
struct Answer {
    content_type: &'static str,
    body: Source,
}

impl Service<Ask> for Answer {
    type Response = Response<Source>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Source>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Ask) -> Self::Future {
        let mut response = Response::new(self.body.clone());
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        ready(Ok(response))
    }
}

/// A body with a chunk that is ready: once, for ever, or every other time it is polled.
#[derive(Clone, Default)]
struct Source {
    chunk: Option<Bytes>,
    endless: bool,
    waits: bool,
    wait: bool,
}

impl Body for Source {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.waits {
            self.wait = !self.wait;
            if !self.wait {
                return Poll::Pending;
            }
        }
        let chunk = if self.endless { self.chunk.clone() } else { self.chunk.take() };
        Poll::Ready(chunk.map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.chunk.is_none()
    }
}

/// A stream of axum's own events, which are always ready.
#[derive(Clone)]
struct AxumSse {
    keep_alive: bool,
}

impl Service<Ask> for AxumSse {
    type Response = Response<axum::body::Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Ask) -> Self::Future {
        let event = || Ok::<_, Infallible>(axum_sse::Event::default().data("x".repeat(93)));
        let sse = axum_sse::Sse::new(stream::repeat_with(event));
        ready(Ok(match self.keep_alive {
            true => sse.keep_alive(axum_sse::KeepAlive::default()).into_response(),
            false => sse.into_response(),
        }))
    }
}
