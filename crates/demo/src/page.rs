//! The page and its files. Everything is in the binary and nothing comes from another origin.

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, Response};

/// The answer for a path of the page.
pub(crate) fn asset(path: &str) -> Option<Response<Bytes>> {
    let (content_type, content) = match path {
        "/" => ("text/html; charset=utf-8", include_str!("../assets/index.html")),
        "/demo.css" => ("text/css; charset=utf-8", include_str!("../assets/demo.css")),
        "/cells.js" => ("text/javascript; charset=utf-8", include_str!("../assets/cells.js")),
        "/chart.js" => ("text/javascript; charset=utf-8", include_str!("../assets/chart.js")),
        "/wire.js" => ("text/javascript; charset=utf-8", include_str!("../assets/wire.js")),
        "/login.js" => ("text/javascript; charset=utf-8", include_str!("../assets/login.js")),
        "/room.js" => ("text/javascript; charset=utf-8", include_str!("../assets/room.js")),
        "/ticker.js" => ("text/javascript; charset=utf-8", include_str!("../assets/ticker.js")),
        "/trials.js" => ("text/javascript; charset=utf-8", include_str!("../assets/trials.js")),
        "/demo.js" => ("text/javascript; charset=utf-8", include_str!("../assets/demo.js")),
        _ => return None,
    };
    let mut response = Response::new(Bytes::from_static(content.as_bytes()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    Some(response)
}

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";
