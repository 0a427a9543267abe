//! What the response tells caches.

use http::{HeaderMap, Request, Response};
use http_body_util::Empty;
use longwave_ticket::http::{Require, Resume, TicketLayer};
use tower::{Layer, ServiceExt, service_fn};

use crate::support::{House, User, feed};

/// Headers of a handler.
type Said = &'static [(&'static str, &'static str)];

/// The head of an event stream that its handler has said something about already.
async fn head<A: longwave_ticket::http::Authenticator<User>>(
    layer: &TicketLayer<User, A>,
    request: http::request::Builder,
    said: Said,
) -> HeaderMap {
    let inner = service_fn(move |_: Request<()>| async move {
        let mut response = Response::builder().header("content-type", "text/event-stream");
        for (name, value) in said {
            response = response.header(*name, *value);
        }
        Ok::<_, std::convert::Infallible>(response.body(Empty::<bytes::Bytes>::new()).unwrap())
    });
    let response = layer.layer(inner).oneshot(request.body(()).unwrap()).await.unwrap();
    assert_eq!(response.status(), 200);
    response.into_parts().0.headers
}

fn all<'h>(headers: &'h HeaderMap, name: &str) -> Vec<&'h str> {
    headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect()
}

#[tokio::test]
async fn a_stream_of_somebodys_own_is_stored_nowhere_whatever_its_handler_says() {
    let house = House::new();
    let resume = Resume::new(house.verifier.clone(), house.issuer.clone(), "/feed").unwrap();
    let layer = house.layer_of(resume);
    // The first is what axum's has.
    let said: [(Said, &str); 6] = [
        (&[("cache-control", "no-cache")], "no-store"),
        (&[], "no-store"),
        (&[("cache-control", "max-age=9, No-Transform")], "no-store, no-transform"),
        (&[("cache-control", "no-cache"), ("cache-control", "no-transform")], "no-store, no-transform"),
        (&[("cache-control", "private, no-store")], "private, no-store"),
        (&[("cache-control", "x-no-store")], "no-store"),
    ];
    for (said, expected) in said {
        let headers = head(&layer, feed(&house.mint().await), said).await;
        assert!(headers.contains_key("set-cookie"));
        assert_eq!(all(&headers, "cache-control"), [expected], "{said:?}");
    }
}

#[tokio::test]
async fn what_a_stream_depends_on_is_said_once() {
    let house = House::new();
    let layer = house.layer();
    let said: [(Said, &[&str]); 5] = [
        (&[], &["cookie, authorization"]),
        (&[("vary", "accept-encoding")], &["accept-encoding", "cookie, authorization"]),
        (&[("vary", "Cookie"), ("vary", "x, Authorization")], &["Cookie", "x, Authorization"]),
        (&[("vary", "cookie")], &["cookie", "cookie, authorization"]),
        (&[("vary", "*")], &["*"]),
    ];
    for (said, expected) in said {
        let headers = head(&layer, feed(&house.mint().await), said).await;
        assert_eq!(all(&headers, "vary"), expected, "{said:?}");
    }
}

#[tokio::test]
async fn a_stream_for_nobody_in_particular_may_be_stored_if_its_handler_says_so() {
    let house = House::new();
    let layer = house.layer().require(Require::Optional);
    let anyone = || Request::get("/feed").header("accept", "text/event-stream");
    let headers = head(&layer, anyone(), &[("cache-control", "max-age=1")]).await;
    assert_eq!(all(&headers, "cache-control"), ["max-age=1"]);
    assert_eq!(all(&headers, "vary"), ["cookie, authorization"], "others get another one");
    assert_eq!(all(&head(&layer, anyone(), &[]).await, "cache-control"), ["no-store"]);
}
