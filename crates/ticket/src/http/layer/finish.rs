use http::{HeaderMap, HeaderName, HeaderValue, Response, header};
use longwave_core::{Lifeline, StreamKind};

use crate::http::asked::lists;

/// Has nobody keep a stream that is one's own, nor follow a link from it with its URL.
///
/// - `session`: the lifeline of the one there is.
pub(super) fn finish<B>(response: &mut Response<B>, session: Option<&Lifeline>, cookies: Vec<HeaderValue>) {
    if !response.status().is_success() {
        return;
    }
    let stream = StreamKind::of_response(response) == StreamKind::EventStream;
    let headers = response.headers_mut();
    // Handlers say `no-cache` of event streams, which lets them be stored.
    if stream && session.is_some() || !cookies.is_empty() {
        store_nowhere(headers);
    }
    if stream {
        headers.entry(header::CACHE_CONTROL).or_insert(NO_STORE);
        headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
        vary(headers);
    }
    for cookie in cookies {
        headers.append(header::SET_COOKIE, cookie);
    }
}

fn store_nowhere(headers: &mut HeaderMap) {
    if lists(headers, &header::CACHE_CONTROL, "no-store") {
        return;
    }
    // Without it, what compresses holds events back.
    let as_it_is = lists(headers, &header::CACHE_CONTROL, "no-transform");
    let value = if as_it_is { HeaderValue::from_static("no-store, no-transform") } else { NO_STORE };
    headers.insert(header::CACHE_CONTROL, value);
}

/// Says what the answer depends on, even one that is for everybody.
fn vary(headers: &mut HeaderMap) {
    let said = |name: &str| lists(headers, &header::VARY, name);
    let all = [header::COOKIE, header::AUTHORIZATION].iter().all(|name: &HeaderName| said(name.as_str()));
    if !all && !said("*") {
        headers.append(header::VARY, HeaderValue::from_static("cookie, authorization"));
    }
}

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
