//! What the layers around tickets cost a request. The service inside answers at once, and there is no I/O.

use super::{
    OPS,
    ours::{Ours, User, Verifying},
};
use crate::{
    bench::{Bench, Participant, with_setup},
    table::Unit,
};
use bytes::Bytes;
use futures::FutureExt;
use http::{HeaderValue, Request, Response, header};
use http_body_util::Empty;
use longwave_ticket::{
    http::{Found, Origins, RedactLayer, Require, Source, Sources, TicketLayer, collect},
    live::Sessions,
};
use std::{
    convert::Infallible,
    future::{Ready, ready},
    hint::black_box,
    time::Duration,
};
use tower::{Layer, Service, service_fn};
use tower_http::trace::TraceLayer;

type Ask = Request<Empty<Bytes>>;

const PAGE: &str = "https://app.example.com";
/// What all others of a column are held against.
const BARE: &str = "bare";

pub fn run(bench: &mut Bench, ours: &Ours) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _entered = runtime.enter();
    let target = bench.target;
    let uri = "/rooms/general/messages?after=1732&limit=50";
    let plain = HeaderValue::from_static("*/*");
    let stream = HeaderValue::from_static("text/event-stream");
    let mut table = bench.table("w8", "a request and the layers around it", Unit::Ns);
    table.added_to(BARE);
    table.column("no ticket", None, rows(target, ours, uri.to_owned(), &plain));
    let uri = format!("{uri}&ticket={}", ours.ticket());
    table.column("a ticket", None, rows(target, ours, uri, &stream));
}

fn rows(target: Duration, ours: &Ours, uri: String, accept: &HeaderValue) -> Vec<Participant<'static>> {
    let layer = tickets(ours);
    let redact = RedactLayer::new().query("ticket");
    let row = |name| Row { name, target, uri: uri.clone(), accept: accept.clone() };
    vec![
        row(BARE).of(service_fn(answer)),
        row("longwave collect, no layer").of(collecting()),
        row("longwave RedactLayer").of(redact.layer(service_fn(answer))),
        row("longwave TicketLayer").of(layer.layer(service_fn(answer))),
        row("longwave, both").of(redact.layer(layer.layer(service_fn(answer)))),
        row("tower-http Trace").of(TraceLayer::new_for_http().layer(service_fn(answer))),
    ]
}

/// Whoever has no ticket passes as nobody, so that both columns get through.
fn tickets(ours: &Ours) -> TicketLayer<User, Verifying> {
    // As many as there are at the same time, which is one.
    let sessions = Sessions::builder().build();
    let now = ours.now();
    TicketLayer::new(ours.verifier(), Origins::list([PAGE]).unwrap(), sessions)
        .require(Require::Optional)
        .clock(move || now)
}

/// What every layer that looks for tickets does first.
fn collecting() -> impl Service<Ask, Response = Response<Empty<Bytes>>, Error = Infallible, Future: Send> {
    let sources = Sources::new([Source::Subprotocol, Source::Query("ticket".into()), Source::Authorization]);
    service_fn(move |request: Ask| {
        let (mut parts, body) = request.into_parts();
        assert!(!matches!(black_box(collect(&mut parts, &sources)), Found::Ambiguous));
        answer(Request::from_parts(parts, body))
    })
}

fn answer(request: Ask) -> Ready<Result<Response<Empty<Bytes>>, Infallible>> {
    drop(black_box(request));
    ready(Ok(Response::new(Empty::new())))
}

struct Row {
    name: &'static str,
    target: Duration,
    uri: String,
    accept: HeaderValue,
}

impl Row {
    /// Requests are made beforehand.
    fn of<S, B>(self, mut service: S) -> Participant<'static>
    where
        S: Service<Ask, Response = Response<B>, Error = Infallible> + 'static,
        B: 'static,
    {
        let Self { name, target, uri, accept } = self;
        let ask = move || {
            let mut request = Request::new(Empty::new());
            *request.uri_mut() = uri.parse().expect("it is one");
            let headers = request.headers_mut();
            headers.insert(header::HOST, HeaderValue::from_static("app.example.com"));
            headers.insert(header::ORIGIN, HeaderValue::from_static(PAGE));
            headers.insert(header::USER_AGENT, HeaderValue::from_static("bench/1.0"));
            headers.insert(header::COOKIE, HeaderValue::from_static("session=1; theme=dark"));
            headers.insert(header::ACCEPT, accept.clone());
            request
        };
        let asks = move || std::iter::repeat_with(&ask).take(OPS).collect::<Vec<Ask>>();
        with_setup(name, OPS, target, asks, move |asks| {
            for ask in asks {
                let response = service.call(ask).now_or_never().expect("nothing waits");
                let Ok(response) = response;
                assert!(response.status().is_success(), "{name}: {}", response.status());
            }
        })
    }
}
