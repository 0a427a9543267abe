//! A login for streams: a session in a cookie, as applications have it, and tickets for what cannot send more than a URL.

mod log;
mod logins;
mod setup;
mod streams;
mod user;

use std::convert::Infallible;
use std::error::Error;

use bytes::{Buf, Bytes};
use http::header::SET_COOKIE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use longwave_ticket::http::{Asked as Wanted, Presented, Refusal, Refusals};
use longwave_ticket::live::{Close, Selector};
use serde::{Deserialize, Serialize};
use tower::{Layer, Service, ServiceExt, service_fn};

use self::log::Asked;
use self::logins::Entry;
use self::setup::now;
pub(crate) use self::setup::{Gate, Login};
pub(crate) use self::streams::{Arrival, Ticks, options};
pub(crate) use self::user::User;
use crate::answer::{Body, full, json, not_allowed, parameter, text};
use crate::stream::CutShort;

/// Who is logged in, as the page asks.
#[derive(Debug, Serialize)]
struct Me<'n> {
    name: Option<&'n str>,
}

/// Whoever wants to log in.
#[derive(Debug, Deserialize)]
struct Says {
    name: String,
}

/// How many streams an order has reached.
#[derive(Debug, Serialize)]
struct Reached {
    streams: usize,
}

/// Whether this is a path of the login, or of one of its streams.
pub(crate) fn has(path: &str) -> bool {
    path == LOGIN || path.strip_prefix(LOGIN).is_some_and(|rest| rest.starts_with('/'))
}

impl Login {
    /// Answers whatever is for the login.
    ///
    /// From outside in: redaction, the log, and then the streams with their tickets, or the rest.
    pub(crate) async fn answer<S, B, R>(self, streams: S, request: Request<B>) -> Response<Body>
    where
        S: Service<Request<B>, Response = Response<R>, Error = Infallible> + Clone,
        R: http_body::Body<Data = Bytes, Error = CutShort> + Send + 'static,
        B: http_body::Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + 'static,
    {
        let redact = self.redact.clone();
        let logged = service_fn(|request: Request<B>| {
            let (login, streams) = (self.clone(), streams.clone());
            async move {
                let path = request.uri().path();
                let (is_log, is_stream) = (path == LOG, [FEED, SOCKET].contains(&path));
                let asked = Asked::new(&request);
                let response = if is_stream {
                    streams.oneshot(request).await?.map(BodyExt::boxed_unsync)
                } else {
                    login.respond(request).await
                };
                if !is_log {
                    login.log.answered(asked, &response);
                }
                Ok::<_, Infallible>(response)
            }
        });
        let Ok(response) = redact.layer(logged).oneshot(request).await;
        response.map(BodyExt::boxed_unsync)
    }

    async fn respond<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>>,
    {
        let (mut parts, body) = request.into_parts();
        if let Err(refused) = self.hosts.check(&parts) {
            return refuse(&parts, refused.refusal());
        }
        let who = self.logins.of(&parts.headers, now());
        if parts.uri.path() == TICKET {
            // It looks at method and page by itself.
            if let Some(who) = who {
                parts.extensions.insert(who);
            }
            let Ok(response) = self.mint.clone().oneshot(Request::from_parts(parts, ())).await;
            return response.map(full);
        }
        match (parts.uri.path(), &parts.method) {
            (LOG, &Method::GET) => {
                let after = parameter(&Request::from_parts(parts, ()), "after");
                json(&self.log.after(after.and_then(|after| after.parse().ok()).unwrap_or(0)))
            }
            (LOGIN, &Method::GET) => json(&Me { name: who.as_ref().map(|login| login.user.name()) }),
            (LOGIN | DROP | REVOKE | LOG_OUT, &Method::POST) => self.obey(&parts, body, who).await,
            (LOG, _) => not_allowed("GET"),
            (LOGIN, _) => not_allowed("GET, POST"),
            (DROP | REVOKE | LOG_OUT, _) => not_allowed("POST"),
            _ => text(StatusCode::NOT_FOUND, "not found"),
        }
    }

    /// Does what a page of the demo's own asks for.
    async fn obey<B>(&self, parts: &Parts, body: B, who: Option<Entry>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>>,
    {
        // Whoever sends no `Origin` with a `POST` is no browser, and has no cookies of anybody's.
        if let Err(refused) = self.origins.check(parts, Presented::Ambiently) {
            return refuse(parts, refused.refusal());
        }
        match (parts.uri.path(), who) {
            (LOGIN, who) => self.log_in(&parts.headers, body, who).await,
            (_, None) => text(StatusCode::UNAUTHORIZED, "nobody is logged in"),
            (DROP, Some(who)) => json(&Reached { streams: self.clients.cut(who.user.login(), None) }),
            (REVOKE, Some(who)) => {
                let name = who.user.name().to_owned();
                self.logins.forget(|user| user.name() == name);
                self.end(Selector::Subject(name))
            }
            (_, Some(who)) => {
                let login = who.user.login().to_owned();
                self.logins.forget(|user| user.login() == login);
                self.end(Selector::Session(login))
            }
        }
    }

    /// Believes whoever comes. What the browser was logged in as before ends.
    async fn log_in<B>(&self, headers: &HeaderMap, body: B, before: Option<Entry>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>>,
    {
        let says: Option<Says> = match Limited::new(body, BODY).collect().await {
            Ok(body) => serde_json::from_reader(body.aggregate().reader()).ok(),
            Err(_) => None,
        };
        let Some(user) = says.and_then(|says| User::new(&says.name, random())) else {
            return text(StatusCode::BAD_REQUEST, "a login is JSON: {\"name\": \"...\"}, at most 32 bytes");
        };
        let me = json(&Me { name: Some(user.name()) });
        let cookie = self.logins.enter(headers, user, now());
        if let Some(before) = before {
            self.sessions.revoke(Selector::Session(before.user.login().to_owned()), Close::Revoked);
        }
        with_cookie(me, cookie)
    }

    /// Ends what is open, and what tickets on their way would open.
    fn end(&self, selector: Selector) -> Response<Body> {
        let streams = self.sessions.revoke(selector, Close::Revoked);
        with_cookie(json(&Reached { streams }), self.logins.clear())
    }
}

fn refuse(parts: &Parts, refusal: Refusal) -> Response<Body> {
    Refusals::new().answer(refusal, Wanted::of(parts)).map(full)
}

fn with_cookie(mut response: Response<Body>, cookie: HeaderValue) -> Response<Body> {
    response.headers_mut().append(SET_COOKIE, cookie);
    response
}

/// Random bytes that nobody can guess, in hexadecimal.
fn random() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system has randomness");
    format!("{:032x}", u128::from_be_bytes(bytes))
}

const LOGIN: &str = "/login";
const TICKET: &str = "/login/ticket";
const LOG: &str = "/login/log";
const DROP: &str = "/login/drop";
const REVOKE: &str = "/login/revoke";
const LOG_OUT: &str = "/login/logout";

/// An event stream, and a WebSocket.
pub(crate) const FEED: &str = "/login/feed";
pub(crate) const SOCKET: &str = "/login/socket";

/// Bytes of what is sent to log in.
const BODY: usize = 1024;
