//! The response as it is, as what an axum handler returns.
#![cfg(feature = "body")]

use std::convert::Infallible;

use axum::{Router, body::Body, extract::Request, routing::get};
use futures_util::{Stream, stream};
use http::Response;
use longwave_sse::{Event, EventBody, EventStream, LastEventId, response};
use tower::ServiceExt;

async fn feed(request: Request) -> Response<EventBody<impl Stream<Item = Result<Event, Infallible>>>> {
    let last = LastEventId::of(request.headers(), request.uri()).expect("a valid id");
    let last = last.map_or_else(String::new, |last| last.as_str().to_owned());
    response(EventBody::new(stream::iter([Ok(Event::new().data(format!("after {last}")))])))
}

#[tokio::test]
async fn a_handler_returns_the_response_as_it_is() {
    let router: Router = Router::new().route("/feed", get(feed));
    let request = Request::get("/feed").header("last-event-id", "17").body(Body::empty()).expect("valid");
    let answer = router.oneshot(request).await.expect("infallible");
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut events = EventStream::from_response(answer).expect("an event stream");
    assert_eq!(events.next_event().await.expect("an event").expect("no error").data(), "after 17");
}
