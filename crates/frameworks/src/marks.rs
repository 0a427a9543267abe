//! What a middleware around all layers and a handler inside of them say to each other.

use http::{Extensions, HeaderMap, HeaderValue, Request, Response};

/// In the extensions of a request, from the middleware.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark;

/// In the extensions of a response, from the handler: whether it has seen a [`Mark`].
#[derive(Clone, Copy, Debug)]
struct Answer {
    marked: bool,
}

/// The middleware, on the way in.
pub(crate) fn mark<B>(mut request: Request<B>) -> Request<B> {
    request.extensions_mut().insert(Mark);
    request
}

/// The handler.
pub(crate) fn answer(request: &Extensions, response: &mut Extensions) {
    response.insert(Answer { marked: request.get::<Mark>().is_some() });
}

/// The middleware, on the way out.
pub(crate) fn tell<B>(mut response: Response<B>) -> Response<B> {
    let answer = response.extensions().get::<Answer>().copied();
    tell_in(answer, response.headers_mut());
    response
}

/// The middleware, on the way out, of a framework whose responses are others.
pub(crate) fn tell_of(extensions: &Extensions, headers: &mut HeaderMap) {
    tell_in(extensions.get().copied(), headers);
}

fn tell_in(answer: Option<Answer>, headers: &mut HeaderMap) {
    if let Some(Answer { marked }) = answer {
        headers.insert(TOLD, HeaderValue::from_static("yes"));
        if marked {
            headers.insert(MARKED, HeaderValue::from_static("yes"));
        }
    }
}

/// In a response if the handler has seen what a middleware outside had put into the request's extensions.
pub const MARKED: &str = "x-marked";
/// In a response if a middleware outside has seen what the handler had put into the response's extensions.
pub const TOLD: &str = "x-told";
