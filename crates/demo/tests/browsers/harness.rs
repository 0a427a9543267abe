//! The demo's service with a page for the scenarios beside it, and a log of what the browser asked for.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::Service;
use longwave_demo::{Body, Config, Demo, Transport, serve};
use longwave_testing::browser::Browser;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::common::{DEADLINE, listen};

/// A request for the demo, and how it was answered.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) at: Instant,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) last_event_id: Option<String>,
    pub(crate) status: u16,
}

/// Runs a scenario in a browser; returns its report and what the demo was asked for.
pub(crate) async fn run(
    browser: Browser,
    transport: Transport,
    config: Config,
    name: &str,
) -> (Value, Vec<Asked>) {
    let scheme = if matches!(transport, Transport::Tls(_)) { "https" } else { "http" };
    let (report, mut reports) = mpsc::unbounded_channel();
    let (listener, address) = listen().await;
    let demo = Demo::start(config.at(&transport, address));
    let harness = Harness { demo, log: Arc::default(), report };
    tokio::spawn(serve(listener, transport, harness.clone()));
    let mut running = browser.open(&format!("{scheme}://{address}/scenario?name={name}"));
    let report = tokio::select! {
        report = reports.recv() => report.unwrap(),
        ended = running.ended() => panic!("{browser:?} ended before it reported: {ended}"),
        () = tokio::time::sleep(DEADLINE) => {
            panic!("no report from {browser:?}; it asked for {:#?}\n{}", harness.asked(), running.log())
        }
    };
    assert!(report.get("error").is_none(), "{}", report["error"]);
    (report, harness.asked())
}

/// The service under test.
#[derive(Clone)]
struct Harness {
    demo: Demo,
    log: Arc<Mutex<Vec<Asked>>>,
    report: mpsc::UnboundedSender<Value>,
}

impl Harness {
    fn asked(&self) -> Vec<Asked> {
        self.log.lock().unwrap().clone()
    }

    async fn respond(self, req: Request<Incoming>) -> Response<Body> {
        match (req.method(), req.uri().path()) {
            (&Method::GET, "/scenario") => {
                let mut response = Response::new(full(include_str!("scenarios.html")));
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
                response
            }
            (&Method::POST, "/report") => {
                let body = req.into_body().collect().await.unwrap().to_bytes();
                let _ = self.report.send(serde_json::from_slice(&body).unwrap());
                Response::new(full(""))
            }
            _ => {
                let at = Instant::now();
                let target = req.uri().path_and_query().unwrap().to_string();
                let last_event_id = req.headers().get("last-event-id");
                let last_event_id = last_event_id.map(|id| id.to_str().unwrap().to_owned());
                let response = match req.uri().path() {
                    "/cursor" => longwave_sse::response(full("retry: 100\nid: cursor-1\n\n")),
                    _ => self.demo.call(req).await.unwrap(),
                };
                let status = response.status().as_u16();
                self.log.lock().unwrap().push(Asked { at, target, last_event_id, status });
                response
            }
        }
    }
}

impl Service<Request<Incoming>> for Harness {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn call(&self, req: Request<Incoming>) -> Self::Future {
        let harness = self.clone();
        Box::pin(async move { Ok(harness.respond(req).await) })
    }
}

fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}
