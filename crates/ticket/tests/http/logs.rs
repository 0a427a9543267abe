//! What is in a log at the most talkative level.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Router,
    body::Body,
    extract::{FromRequestParts, OriginalUri, Request, WebSocketUpgrade},
    response::Redirect,
    routing::get,
};
use http::request::Builder;
use longwave_ticket::http::{RedactLayer, redact_str};
use tower::{Layer, ServiceBuilder, ServiceExt};
use tower_http::{
    catch_panic::CatchPanicLayer,
    trace::{DefaultMakeSpan, DefaultOnFailure, DefaultOnRequest, DefaultOnResponse, TraceLayer},
};
use tracing::Level;
use tracing_subscriber::fmt::MakeWriter;

use crate::common::{TICKET, feed, leaks, socket};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.lock().extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.0.lock().unwrap()
    }

    fn text(&self) -> String {
        String::from_utf8(self.lock().clone()).unwrap()
    }

    fn start(&self) -> tracing::subscriber::DefaultGuard {
        let subscriber = tracing_subscriber::fmt().with_max_level(Level::TRACE).with_writer(self.clone());
        tracing::subscriber::set_default(subscriber.finish())
    }
}

type Trace = TraceLayer<
    tower_http::classify::SharedClassifier<tower_http::classify::ServerErrorsAsFailures>,
    DefaultMakeSpan,
    DefaultOnRequest,
    DefaultOnResponse,
    tower_http::trace::DefaultOnBodyChunk,
    tower_http::trace::DefaultOnEos,
    DefaultOnFailure,
>;

/// Says all it can.
fn trace() -> Trace {
    TraceLayer::new_for_http()
        .make_span_with(DefaultMakeSpan::new().level(Level::ERROR).include_headers(true))
        .on_request(DefaultOnRequest::new().level(Level::ERROR))
        .on_response(DefaultOnResponse::new().level(Level::ERROR).include_headers(true))
        .on_failure(DefaultOnFailure::new().level(Level::ERROR))
}

/// Logs whatever it is given.
async fn talk(request: Request) -> String {
    let (mut parts, body) = request.into_parts();
    let original = parts.extensions.get::<OriginalUri>().unwrap().clone();
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await;
    let request = Request::from_parts(parts, body);
    tracing::info!(uri = %request.uri(), ?original, ?request, ?upgrade, "a request");
    request.uri().to_string()
}

async fn fall(request: Request) {
    panic!("cannot serve {}", request.uri());
}

fn router() -> Router {
    let redirect = get(async |uri: OriginalUri| Redirect::temporary(&format!("{}&a", uri.0)));
    let fail = get(async || http::StatusCode::INTERNAL_SERVER_ERROR);
    Router::new()
        .route("/talk", get(talk))
        .route("/fall", get(fall))
        .route("/move", redirect)
        .route("/fail", fail)
}

fn requests() -> Vec<Request> {
    let with_all = |request: Builder| {
        request
            .header("host", "app.example.com")
            .header("authorization", format!("Ticket {TICKET}"))
            .header("cookie", format!("a=1; t={TICKET}"))
            .header("sec-websocket-protocol", format!("app.v1, lw.ticket.{TICKET}"))
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
            .header("referer", format!("https://app.example.com/?ticket={TICKET}"))
    };
    let query = format!("?a=1&ticket={TICKET}&b={}", TICKET.replace('_', "%5f"));
    let paths = ["/talk", "/fall", "/move", "/fail", "/missing", &format!("/{TICKET}")];
    let requests = paths.iter().flat_map(|path| {
        let uri = format!("{path}{query}");
        [with_all(feed(&uri)), with_all(socket(&uri))]
    });
    requests.map(|request| request.body(Body::empty()).unwrap()).collect()
}

/// Sends all requests, and returns what they have left in the log; no answer has a ticket.
async fn log_of<S, B>(app: S) -> String
where
    S: tower_service::Service<Request, Response = http::Response<B>> + Clone,
    S::Error: std::fmt::Debug,
    B: http_body::Body<Error: std::fmt::Debug>,
{
    let log = Log::default();
    let guard = log.start();
    for request in requests() {
        let response = app.clone().oneshot(request).await.unwrap();
        tracing::info!(headers = ?response.headers(), "a response");
        let body = http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes();
        assert!(!leaks(std::str::from_utf8(&body).unwrap()));
    }
    drop(guard);
    log.text()
}

fn assert_clean(log: &str) {
    assert!(log.matches("a response").count() == requests().len() && log.contains("a request"), "{log}");
    assert!(log.contains("finished processing request") && log.contains("sec-websocket-protocol"), "{log}");
    assert!(!leaks(log), "{log}");
}

#[tokio::test]
async fn the_layer_around_everything_keeps_tickets_out_of_the_log() {
    let layers = ServiceBuilder::new().layer(RedactLayer::new()).layer(trace()).layer(CatchPanicLayer::new());
    assert_clean(&log_of(layers.service(router())).await);
}

#[tokio::test]
async fn the_layer_inside_of_a_router_does_so_for_all_that_is_inside_too() {
    let app = router().layer(CatchPanicLayer::new()).layer(trace()).layer(RedactLayer::new());
    assert_clean(&log_of(app).await);
}

#[tokio::test]
async fn what_logs_further_out_can_scrub_for_itself() {
    let trace = TraceLayer::new_for_http().make_span_with(|request: &Request| {
        let uri = request.uri().to_string();
        tracing::error_span!("request", uri = %redact_str(&uri), headers = "sec-websocket-protocol")
    });
    let trace = trace
        .on_request(DefaultOnRequest::new().level(Level::ERROR))
        .on_response(DefaultOnResponse::new().level(Level::ERROR));
    let app = trace.layer(RedactLayer::new().layer(router().layer(CatchPanicLayer::new())));
    let log = log_of(app).await;
    assert_clean(&log);
    assert!(log.contains("/talk?a=1&ticket=REDACTED&b=REDACTED"), "{log}");
}

#[tokio::test]
async fn without_the_layer_the_tickets_are_there_to_be_found() {
    let log = log_of_leaky().await;
    assert!(leaks(&log), "what the other tests look for is what there would be");
}

async fn log_of_leaky() -> String {
    let log = Log::default();
    let guard = log.start();
    let app = trace().layer(router().layer(CatchPanicLayer::new()));
    for request in requests() {
        drop(app.clone().oneshot(request).await);
    }
    drop(guard);
    log.text()
}
