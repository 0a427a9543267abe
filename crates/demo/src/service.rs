//! The demo as a hyper service: who gets what for which path.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::service::Service;
use longwave_sse::{EventBody, LastEventId, random_retry, response};

use crate::clients::Clients;
use crate::feed::{self, Config};
use crate::opening::Opening;
use crate::page;
use crate::ring::{Ring, Seen};
use crate::stream::{CutShort, Feed};

/// The whole demo. Clones share the feed, which runs until the last one and its last stream are gone.
#[derive(Clone, Debug)]
pub struct Demo {
    config: Config,
    ring: Ring,
    clients: Clients,
}

/// What the demo answers with.
pub type Body = UnsyncBoxBody<Bytes, CutShort>;

/// The demo's answer; it is ready at once.
pub type Respond = Ready<Result<Response<Body>, Infallible>>;

impl Demo {
    /// Starts the feed. Must be called within a tokio runtime.
    #[must_use]
    pub fn start(config: Config) -> Self {
        let ring = Ring::new(fastrand::u32(..), config.history);
        tokio::spawn(feed::publish(ring.clone(), config.every));
        Self { config, ring, clients: Clients::default() }
    }

    fn respond<B>(&self, req: &Request<B>) -> Response<Body> {
        match (req.uri().path(), req.method()) {
            ("/feed", &Method::GET) => self.feed(req),
            ("/cut", &Method::POST) => self.cut(req),
            ("/stop", &Method::POST) => self.stop(req),
            ("/feed", _) => not_allowed("GET"),
            ("/cut" | "/stop", _) => not_allowed("POST"),
            (path, method) => match page::asset(path) {
                Some(asset) if method == Method::GET => asset.map(full),
                Some(asset) if method == Method::HEAD => asset.map(|_| full("")),
                Some(_) => not_allowed("GET, HEAD"),
                None => text(StatusCode::NOT_FOUND, "not found\n"),
            },
        }
    }

    /// Opens a stream.
    ///
    /// A `Last-Event-ID` that cannot be read, or that is not one of this run, is not an error: a native
    /// `EventSource` would never come back from one. Its client has been here and may have missed anything,
    /// so it gets a `gap` of unknown size and what the history holds.
    fn feed<B>(&self, req: &Request<B>) -> Response<Body> {
        let registration = match parameter(req, "client").map(|client| self.clients.register(&client)) {
            // Made for this: the `EventSource` closes, and tells its page nothing worse.
            Some(None) => return empty(StatusCode::NO_CONTENT),
            Some(registration) => registration,
            None => None,
        };

        let last = LastEventId::of(req.headers(), req.uri());
        let seen = match &last {
            Ok(None) => Seen::Nothing,
            Ok(Some(id)) => Seen::Id(id.as_str()),
            Err(_) => Seen::Unreadable,
        };
        let (batch, subscription) = self.ring.subscribe(seen);
        let retry = random_retry(self.config.retry.clone(), fastrand::u64(..));
        let opening = Opening { seen, batch: &batch, retry, version: req.version() };
        let (first, hello) = opening.events(&self.config);
        let feed = Feed::new(&hello, batch, subscription, registration, self.config.heartbeat);
        response(EventBody::new(feed.into_stream()).first(first).boxed_unsync())
    }

    fn cut<B>(&self, req: &Request<B>) -> Response<Body> {
        let away = match parameter(req, "away").map(|ms| ms.parse().map(Duration::from_millis)) {
            None => None,
            Some(Ok(away)) if away <= MAX_AWAY => Some(away),
            Some(_) => return text(StatusCode::BAD_REQUEST, "away: milliseconds, at most 60000\n"),
        };
        match parameter(req, "client") {
            Some(client) => count(self.clients.cut(&client, away)),
            None => text(StatusCode::BAD_REQUEST, "client: missing\n"),
        }
    }

    fn stop<B>(&self, req: &Request<B>) -> Response<Body> {
        match parameter(req, "client") {
            Some(client) => count(self.clients.stop(&client)),
            None => text(StatusCode::BAD_REQUEST, "client: missing\n"),
        }
    }
}

impl<B> Service<Request<B>> for Demo {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Respond;

    fn call(&self, req: Request<B>) -> Self::Future {
        ready(Ok(self.respond(&req)))
    }
}

fn parameter<B>(req: &Request<B>, name: &str) -> Option<String> {
    let query = req.uri().query().unwrap_or_default();
    let (_, value) = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name)?;
    (!value.is_empty() && value.len() <= MAX_PARAMETER).then(|| value.into_owned())
}

/// Says how many streams an order has reached.
fn count(streams: usize) -> Response<Body> {
    let mut response = Response::new(full(format!("{{\"streams\":{streams}}}\n")));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn not_allowed(allow: &'static str) -> Response<Body> {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    response
}

fn text(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(full(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(full(""));
    *response.status_mut() = status;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// Long enough for any ID of ours, short enough to be kept for many clients.
const MAX_PARAMETER: usize = 64;

const MAX_AWAY: Duration = Duration::from_secs(60);
