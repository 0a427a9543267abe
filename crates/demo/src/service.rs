//! The demo as a hyper service: who gets what for which path.

use std::convert::Infallible;
use std::error::Error;
use std::future::{Future, ready};
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::service::Service;
use longwave_drain::DrainReport;
use serde::Serialize;
use tower::ServiceExt;

use crate::answer::{Body, full, is_foreign, json, not_allowed, parameter, text, typed};
use crate::board::Board;
use crate::clients::Clients;
use crate::feed::{self, Config};
use crate::generations::Generations;
use crate::login::{self, Login};
use crate::page;
use crate::ring::Ring;
use crate::source::{self, Source};

/// The whole demo. Clones share the feed, which runs until the last one and its last stream are gone.
#[derive(Clone, Debug)]
pub struct Demo {
    clients: Clients,
    board: Board,
    generations: Generations,
    login: Login,
}

/// The demo's answer.
pub type Respond = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

impl Demo {
    /// Starts the feed. Must be called within a tokio runtime.
    #[must_use]
    pub fn start(config: Config) -> Self {
        let ring = Ring::new(fastrand::u32(..), config.history);
        tokio::spawn(feed::publish(ring.clone(), config.every));
        let (clients, board) = (Clients::default(), Board::default());
        let login = Login::new(&config);
        let source = Source::new(config, ring, [clients.clone(), login.clients()], board.clone());
        let generations = Generations::new(source, board.clone(), login.gate());
        Self { clients, board, generations, login }
    }

    /// Ends all streams, each with a time to come back after; for the end of the server. It takes a second at
    /// most, and new streams are told to come back later.
    pub async fn shut_down(&self) -> DrainReport {
        self.generations.shut_down().await
    }

    fn respond<B>(&self, req: &Request<B>) -> Response<Body> {
        match (req.uri().path(), req.method()) {
            ("/cut" | "/stop" | "/deploy", &Method::POST) if is_foreign(req) => {
                text(StatusCode::FORBIDDEN, "for the demo's own page")
            }
            ("/cut", &Method::POST) => self.cut(req),
            ("/stop", &Method::POST) => self.stop(req),
            ("/deploy", &Method::POST) => self.deploy(),
            ("/cut" | "/stop" | "/deploy", _) => not_allowed("POST"),
            ("/stats", &Method::GET) => json(&self.board.stats(parameter(req, "client").as_deref())),
            ("/metrics", &Method::GET) => typed("text/plain; version=0.0.4", self.board.metrics()),
            ("/stats" | "/metrics", _) => not_allowed("GET"),
            (path, method) => match page::asset(path) {
                Some(asset) if method == Method::GET => asset.map(full),
                Some(asset) if method == Method::HEAD => asset.map(|_| full("")),
                Some(_) => not_allowed("GET, HEAD"),
                None => text(StatusCode::NOT_FOUND, "not found"),
            },
        }
    }

    fn cut<B>(&self, req: &Request<B>) -> Response<Body> {
        let away = match parameter(req, "away").map(|ms| ms.parse().map(Duration::from_millis)) {
            None => None,
            Some(Ok(away)) if away <= MAX_AWAY => Some(away),
            Some(_) => return text(StatusCode::BAD_REQUEST, "away: milliseconds, at most 60000"),
        };
        match parameter(req, "client") {
            Some(client) => json(&Reached { streams: self.clients.cut(&client, away) }),
            None => text(StatusCode::BAD_REQUEST, "client: missing"),
        }
    }

    fn stop<B>(&self, req: &Request<B>) -> Response<Body> {
        match parameter(req, "client") {
            Some(client) => json(&Reached { streams: self.clients.stop(&client) }),
            None => text(StatusCode::BAD_REQUEST, "client: missing"),
        }
    }

    fn deploy(&self) -> Response<Body> {
        match self.generations.deploy() {
            Ok(deployed) => json(&deployed),
            Err(_) => text(StatusCode::CONFLICT, "a deploy is under way"),
        }
    }
}

impl<B> Service<Request<B>> for Demo
where
    B: http_body::Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Respond;

    /// Streams go through the layers; the rest is not what they are for.
    fn call(&self, req: Request<B>) -> Self::Future {
        if login::has(req.uri().path()) {
            let (login, streams) = (self.login.clone(), self.generations.gated());
            Box::pin(async { Ok(login.answer(streams, req).await) })
        } else if source::PATHS.contains(&req.uri().path()) {
            let stream = self.generations.stack().oneshot(req);
            Box::pin(async { stream.await.map(|response| response.map(BodyExt::boxed_unsync)) })
        } else {
            Box::pin(ready(Ok(self.respond(&req))))
        }
    }
}

/// How many streams an order has reached.
#[derive(Debug, Serialize)]
struct Reached {
    streams: usize,
}

const MAX_AWAY: Duration = Duration::from_secs(60);
