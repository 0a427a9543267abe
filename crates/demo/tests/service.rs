//! The demo as a service, without a socket and on a clock that the tests move.

#![allow(clippy::unwrap_used, reason = "here a failed unwrap is a failed test")]

mod common;

use std::num::NonZeroUsize;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::service::Service;
use longwave_demo::{Body, Config, Demo};
use longwave_sse::{Decoder, OwnedEvent, OwnedItem};

async fn get(demo: &Demo, uri: &str) -> Response<Body> {
    demo.call(Request::get(uri).body(Empty::<Bytes>::new()).unwrap()).await.unwrap()
}

/// The events of the next frame.
async fn frame(body: &mut Body, decoder: &mut Decoder) -> Vec<OwnedEvent> {
    let chunk = body.frame().await.unwrap().unwrap().into_data().unwrap();
    let mut events = Vec::new();
    let mut items = decoder.feed(&chunk);
    while let Some(item) = items.next_item() {
        if let OwnedItem::Event(event) = item.unwrap().into_owned() {
            events.push(event);
        }
    }
    events
}

/// A reader that hyper stops polling for is no different from one that was away.
#[tokio::test(start_paused = true)]
async fn a_reader_that_stops_reading_is_told_of_its_gap() {
    let history = NonZeroUsize::new(4).unwrap();
    let demo = Demo::start(Config::default().every(Duration::from_millis(200)).history(history));
    let mut body = get(&demo, "/feed").await.into_body();
    let mut decoder = Decoder::new();
    assert_eq!(frame(&mut body, &mut decoder).await[0].event_type(), "hello");

    tokio::time::sleep(Duration::from_millis(2100)).await;
    let events = frame(&mut body, &mut decoder).await;
    assert_eq!(events[0].event_type(), "gap");
    let missed = events[0].json::<serde_json::Value>().unwrap()["missed"].as_u64().unwrap();
    // Ten ticks, of which some may have been peaks too, less the four that are kept.
    assert!((6..=8).contains(&missed), "{missed}");
    let ids: Vec<_> = events.iter().map(|event| event.last_event_id().rsplit_once('-').unwrap().1).collect();
    let expected: Vec<_> = (missed..=missed + 4).map(|n| n.to_string()).collect();
    assert_eq!(ids, expected);
}

/// Everything the page needs comes from the demo itself.
#[tokio::test]
async fn the_page_names_no_other_origin() {
    let demo = Demo::start(common::silent());
    for path in [
        "/",
        "/demo.css",
        "/demo.js",
        "/cells.js",
        "/chart.js",
        "/room.js",
        "/ticker.js",
        "/trials.js",
        "/wire.js",
    ] {
        let response = get(&demo, path).await;
        let policy = response.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'"), "{policy}");
        let text = response.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(text.to_vec()).unwrap().replace("http://www.w3.org/2000/svg", "");
        assert!(!text.contains("://"), "{path}");
    }
}
