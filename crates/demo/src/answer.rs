//! Plain answers, and what is read from a request.

use std::fmt::Display;

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HOST, ORIGIN};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use serde::Serialize;

use crate::stream::CutShort;

/// What the demo answers with.
pub type Body = UnsyncBoxBody<Bytes, CutShort>;

pub(crate) fn parameter<B>(req: &Request<B>, name: &str) -> Option<String> {
    let query = req.uri().query().unwrap_or_default();
    let (_, value) = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name)?;
    (!value.is_empty() && value.len() <= MAX_PARAMETER).then(|| value.into_owned())
}

/// Whether a page of somebody else's made the browser send this. What is no browser does not say, and may.
pub(crate) fn is_foreign<B>(req: &Request<B>) -> bool {
    let Some(origin) = req.headers().get(ORIGIN) else {
        return req.headers().get("sec-fetch-site").is_some_and(|site| site != "same-origin");
    };
    let host = match req.uri().authority() {
        Some(authority) => Some(authority.as_str()),
        None => req.headers().get(HOST).and_then(|host| host.to_str().ok()),
    };
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    host.is_none() || origin.map(|(_, host)| host) != host
}

pub(crate) fn json(value: &impl Serialize) -> Response<Body> {
    let mut json = serde_json::to_vec(value).expect("maps with keys that are text always serialize");
    json.push(b'\n');
    typed("application/json", json)
}

/// An answer that is true only now.
pub(crate) fn typed(content_type: &'static str, content: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(full(content));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

pub(crate) fn not_allowed(allow: &'static str) -> Response<Body> {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "method not allowed");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    response
}

pub(crate) fn text(status: StatusCode, text: impl Display) -> Response<Body> {
    let mut response = Response::new(full(format!("{text}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

pub(crate) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(full(""));
    *response.status_mut() = status;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

pub(crate) fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// Long enough for any ID of ours, short enough to be kept for many clients.
const MAX_PARAMETER: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn foreign(fields: &[(&str, &str)]) -> bool {
        let request = fields
            .iter()
            .fold(Request::post("/deploy"), |request, (name, value)| request.header(*name, *value));
        is_foreign(&request.body(()).unwrap())
    }

    #[test]
    fn a_page_of_another_origin_is_told_from_ours() {
        assert!(!foreign(&[("host", "127.0.0.1:8080")]), "curl");
        assert!(!foreign(&[("host", "127.0.0.1:8080"), ("origin", "http://127.0.0.1:8080")]));
        assert!(!foreign(&[("host", "demo"), ("sec-fetch-site", "same-origin")]));
        assert!(foreign(&[("host", "127.0.0.1:8080"), ("origin", "http://elsewhere.test")]));
        assert!(foreign(&[("host", "127.0.0.1:8080"), ("origin", "null")]));
        assert!(foreign(&[("origin", "http://127.0.0.1:8080")]));
        assert!(foreign(&[("host", "demo"), ("sec-fetch-site", "cross-site")]));
    }
}
