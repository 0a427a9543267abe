use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Method, Request, Response, Version, request::Builder, request::Parts};
use http_body_util::Full;
use longwave_ticket::http::{Refusal, Source, Sources, collect};
use tower_service::Service;

/// As long as a real one, and no eight characters of it twice.
pub(crate) const TICKET: &str = "lwt1_AQEBBwAAAAF7Kd0LmZ2cTJk4Vh9eGqXbWnYsPzRuOiCyDfGaHjKlQwErTtUv8x3N5M6o-_p1S4d9F0g7H2b6V3c8Z5a1X9q2W7e4R6t8Y0u3I5o1P-wE5r";
pub(crate) const OTHER: &str = "lwt1_zzzzyyyyxxxxwwww";

/// Whether any eight characters of the ticket are in a text.
pub(crate) fn leaks(text: &str) -> bool {
    TICKET.as_bytes().windows(8).any(|part| text.as_bytes().windows(8).any(|window| window == part))
}

pub(crate) fn parts(request: Builder) -> Parts {
    request.body(()).unwrap().into_parts().0
}

pub(crate) fn get(uri: &str) -> Builder {
    Request::get(uri)
}

pub(crate) fn feed(uri: &str) -> Builder {
    get(uri).header("accept", "text/event-stream")
}

pub(crate) fn socket(uri: &str) -> Builder {
    get(uri)
        .header("upgrade", "websocket")
        .header("connection", "Upgrade")
        .header("sec-websocket-version", "13")
}

pub(crate) fn connect(uri: &str) -> Builder {
    let request = Request::builder().method(Method::CONNECT).version(Version::HTTP_2).uri(uri);
    request.header("sec-websocket-version", "13")
}

/// All that there is.
pub(crate) fn sources() -> Sources {
    Sources::new([
        Source::Subprotocol,
        Source::Query("ticket".into()),
        Source::Authorization,
        Source::Cookie("__Host-ticket".into()),
    ])
}

/// What is found, in a word, and what is left.
pub(crate) fn collected(request: Builder) -> (String, Parts) {
    let mut parts = parts(request);
    let found = match collect(&mut parts, &sources()).credential() {
        Ok(None) => "nothing".to_owned(),
        Ok(Some(credential)) => credential.as_str().to_owned(),
        Err(Refusal::Ambiguous) => "ambiguous".to_owned(),
        Err(Refusal::MissingSubprotocol) => "alone".to_owned(),
        Err(other) => panic!("{other:?}"),
    };
    (found, parts)
}

/// All of a request that a log could have.
pub(crate) fn dump(parts: &Parts) -> String {
    use std::fmt::Write;

    let mut text = format!("{} {parts:?}", parts.uri);
    for (name, value) in &parts.headers {
        write!(text, "\n{name}: {}", String::from_utf8_lossy(value.as_bytes())).unwrap();
    }
    text
}

/// Answers with what a function makes of the head of the request.
#[derive(Clone, Debug)]
pub(crate) struct Echo<F>(pub(crate) F);

impl<F, B> Service<Request<B>> for Echo<F>
where
    F: FnMut(Parts) -> Response<()>,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ready(Ok((self.0)(request.into_parts().0).map(|()| Full::from("hello"))))
    }
}
