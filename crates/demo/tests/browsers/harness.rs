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
use hyper::service::{Service, service_fn};
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
    /// Of the page, if it is said.
    pub(crate) origin: Option<String>,
    /// The names of the cookies that went along.
    pub(crate) cookies: Vec<String>,
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
    tokio::spawn(serve(listener, transport.clone(), harness.clone()));
    // Somebody else, on a port of their own.
    let (listener, foreign) = listen().await;
    tokio::spawn(serve(
        listener,
        transport,
        service_fn(|_| async { Ok(page(include_str!("foreign.html"))) }),
    ));
    let mut running =
        browser.open(&format!("{scheme}://{address}/scenario?name={name}&foreign={}", foreign.port()));
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
            (&Method::GET, "/scenario") => page(include_str!("scenarios.html")),
            (&Method::POST, "/report") => {
                let body = req.into_body().collect().await.unwrap().to_bytes();
                let _ = self.report.send(serde_json::from_slice(&body).unwrap());
                Response::new(full(""))
            }
            _ => {
                let at = Instant::now();
                let target = req.uri().path_and_query().unwrap().to_string();
                let header = |name| req.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
                let (last_event_id, origin) = (header("last-event-id"), header("origin"));
                let cookies = req.headers().get_all("cookie").iter();
                let cookies = cookies.flat_map(|line| line.to_str().unwrap().split("; "));
                let cookies = cookies.map(|pair| pair.split('=').next().unwrap().to_owned()).collect();
                let response = match req.uri().path() {
                    "/cursor" => longwave_sse::response(full("retry: 100\nid: cursor-1\n\n")),
                    _ => self.demo.call(req).await.unwrap(),
                };
                let status = response.status().as_u16();
                self.log.lock().unwrap().push(Asked { at, target, last_event_id, origin, cookies, status });
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

fn page(html: &'static str) -> Response<Body> {
    let mut response = Response::new(full(html));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}

fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}
