//! Where a ticket is optional.

use http::Request;
use longwave_ticket::http::{Hosts, Require};

use crate::support::{House, PAGE, feed};

#[tokio::test]
async fn whoever_presents_nothing_passes_as_nobody_and_whoever_presents_something_invalid_does_not() {
    let house = House::new();
    let layer = house.layer().require(Require::Optional);
    let anonymous =
        || Request::get("/feed").header("accept", "text/event-stream").header("host", "app.example.com");
    assert_eq!(house.status(&layer, anonymous().header("origin", PAGE)).await, 200);
    assert!(house.handler.last().session.is_none());
    for ticket in ["", "nonsense", "lwt1_AQEBAAAA"] {
        assert_eq!(house.status(&layer, feed(ticket)).await, 401, "{ticket}");
    }
    assert_eq!(house.handler.calls(), 0);
    let ticket = house.mint().await;
    assert_eq!(house.status(&layer, feed(&ticket)).await, 200);
    assert!(house.handler.last().session.is_some());
    assert_eq!(house.status(&layer, feed(&ticket)).await, 401, "spent, and not anonymous");
}

#[tokio::test]
async fn what_opens_no_stream_passes_and_a_foreign_page_that_wants_one_does_not() {
    let house = House::new();
    let layer = house.layer().require(Require::Optional).hosts(Hosts::list(["app.example.com"]).unwrap());
    let request = |method| Request::builder().method(method).uri("/").header("host", "app.example.com");
    for method in ["GET", "POST", "HEAD"] {
        assert_eq!(house.status(&layer, request(method).header("origin", "https://evil.test")).await, 200);
        house.handler.last();
    }
    let stream = request("GET").header("accept", "text/event-stream").header("origin", "https://evil.test");
    assert_eq!(house.status(&layer, stream).await, 403);
    let rebound = Request::get("/").header("host", "evil.test");
    assert_eq!(house.status(&layer, rebound).await, 403);
    let head = request("HEAD").uri(format!("/?ticket={}", house.mint().await));
    assert_eq!(house.status(&layer, head).await, 405, "a ticket is for a stream");
    assert_eq!(house.handler.calls(), 0);
}
