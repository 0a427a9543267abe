//! What the layers do for the demo's streams, as curl and `/stats` see it.

#![allow(clippy::unwrap_used, reason = "here a failed unwrap is a failed test")]

mod common;
#[path = "common/curl.rs"]
#[allow(dead_code, reason = "every test binary uses its own part")]
mod curl;

use std::num::NonZeroUsize;
use std::time::Duration;

use common::{DEADLINE, config, silent, start, tls};
use curl::{Curl, Seen, ask, post};
use longwave_demo::{Demo, Transport};
use longwave_sse::OwnedItem;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};

/// How to reach the demo: over HTTP/1.1, and over HTTP/2 and TLS.
const HTTP1: &[&str] = &["--http1.1"];
const HTTP2: &[&str] = &["--http2", "-k"];

async fn origin(args: &[&str], demo: Demo) -> String {
    if args == HTTP1 {
        format!("http://{}", start(Transport::Clear, demo).await)
    } else {
        format!("https://{}", start(tls(), demo).await)
    }
}

async fn stats(args: &[&str], origin: &str) -> Value {
    serde_json::from_str(&ask(args, &format!("{origin}/stats?client=one")).await).unwrap()
}

/// Asks until the answer is as it should be.
async fn until(args: &[&str], origin: &str, is: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    let asking = async {
        loop {
            last = stats(args, origin).await;
            if is(&last) {
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
    };
    let asked = timeout(DEADLINE, asking).await;
    assert!(asked.is_ok(), "{last}");
    last
}

#[tokio::test]
async fn what_opens_and_ends_is_counted() {
    let origin = origin(HTTP1, Demo::start(silent())).await;
    let mut first = Curl::open(HTTP1, &format!("{origin}/feed?client=one")).await;
    first.event("hello").await;
    let mut second = Curl::open(HTTP1, &format!("{origin}/feed?client=two")).await;
    second.event("hello").await;
    let open = stats(HTTP1, &origin).await;
    assert_eq!((&open["open"]["sse"], &open["opened"], &open["stalled"]), (&json!(2), &json!(2), &json!(0)));
    assert_eq!(open["yours"]["open"][0]["path"], "/feed");
    assert_eq!(open["yours"]["open"].as_array().unwrap().len(), 1, "somebody else's is not told");

    post(HTTP1, &format!("{origin}/stop?client=one")).await;
    drop(second);
    let ended = until(HTTP1, &origin, |stats| stats["open"]["sse"] == 0).await;
    assert_eq!(ended["closed"], json!({ "closed": 1, "peer_left": 1 }));
    let metrics = ask(HTTP1, &format!("{origin}/metrics")).await;
    for line in [
        r#"connections_active{transport="sse"} 0"#,
        r#"connections_opened_total{transport="sse"} 2"#,
        r#"connections_closed_total{transport="sse",reason="closed",code="1000"} 1"#,
        r#"connections_closed_total{transport="sse",reason="peer_left",code=""} 1"#,
        "demo_generation 1",
    ] {
        assert!(metrics.lines().any(|metric| metric == line), "{line} in {metrics}");
    }
}

/// A page can tell how the server stands by its own stream, whose IDs know nothing of it.
#[tokio::test]
async fn stats_come_in_between_and_move_no_cursor() {
    let origin = origin(HTTP1, Demo::start(silent())).await;
    let mut curl = Curl::open(HTTP1, &format!("{origin}/feed?stats=one")).await;
    let hello = curl.event("hello").await;
    for _ in 0..2 {
        let stats = curl.event("stats").await;
        assert_eq!(stats.id, hello.id);
        assert_eq!(stats.data["open"]["sse"], 1);
    }
}

/// A page watches for life, so it asks for beats that it can see.
#[tokio::test]
async fn a_silent_stream_has_the_beats_its_client_asks_for() {
    let origin = origin(HTTP1, Demo::start(silent())).await;
    let mut curl = Curl::open(HTTP1, &format!("{origin}/silent?hb=event&hb=1")).await;
    assert_eq!(curl.next().await, Some(OwnedItem::Comment(String::new())));
    for _ in 0..2 {
        let Some(OwnedItem::Event(beat)) = curl.next().await else { panic!("no beat") };
        assert_eq!((beat.event_type(), beat.data()), ("ping", ""));
    }
    assert!(stats(HTTP1, &origin).await["beats"].as_u64().unwrap() >= 2);
}

async fn a_deploy_moves_a_stream_and_loses_nothing(args: &[&str]) {
    let config = config().history(NonZeroUsize::new(10_000).unwrap());
    let origin = origin(args, Demo::start(config)).await;
    let url = format!("{origin}/feed");
    let mut curl = Curl::open(args, &url).await;
    assert_eq!(curl.event("hello").await.data["generation"], 1);
    let mut seen = curl.feed(5).await;
    let deployed: Value = serde_json::from_str(&post(args, &format!("{origin}/deploy")).await).unwrap();
    assert_eq!(deployed, json!({ "generation": 2, "moving": 1 }));

    let rest = curl.rest().await;
    assert!(!rest.torn && rest.code == Some(0), "{rest:?}");
    let mut last_words = None;
    for item in rest.items {
        match item {
            OwnedItem::Event(event) => seen.push(Seen::new(&event)),
            OwnedItem::Retry(retry) => last_words = Some(retry.as_millis()),
            OwnedItem::Comment(_) | OwnedItem::Cursor(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(last_words.is_some_and(|ms| (150..=200).contains(&ms)), "{last_words:?}");

    let header = format!("Last-Event-ID: {}", seen.last().unwrap().id);
    let mut back = Curl::open(&[args, &["-H", &header]].concat(), &url).await;
    let hello = back.event("hello").await;
    assert_eq!((&hello.data["generation"], &hello.data["outcome"]), (&json!(2), &json!("resumed")));
    seen.extend(back.feed(10).await);
    let numbers: Vec<u64> = seen.iter().map(Seen::n).collect();
    let expected: Vec<u64> = (numbers[0]..).take(numbers.len()).collect();
    assert_eq!(numbers, expected);

    let is_over = |stats: &Value| {
        !stats["generations"][0]["report"].is_null() && stats["closed"] == json!({ "draining": 1 })
    };
    let stats = until(args, &origin, is_over).await;
    assert_eq!(stats["generations"][0]["report"], json!({ "ended": 1, "gone": 0, "left_over": 0 }));
    assert_eq!(stats["generations"][1]["open"], 1);
}

#[tokio::test]
async fn a_deploy_moves_a_stream_and_loses_nothing_over_http1() {
    a_deploy_moves_a_stream_and_loses_nothing(HTTP1).await;
}

#[tokio::test]
async fn a_deploy_moves_a_stream_and_loses_nothing_over_http2() {
    a_deploy_moves_a_stream_and_loses_nothing(HTTP2).await;
}

/// A server that ends sends new streams elsewhere, in the one way that an `EventSource` understands.
#[tokio::test]
async fn who_comes_while_the_server_ends_is_told_to_come_back() {
    let demo = Demo::start(silent());
    let origin = origin(HTTP1, demo.clone()).await;
    let report = demo.shut_down().await;
    assert_eq!((report.ended, report.left_over), (0, 0));
    let args = [HTTP1, &["-H", "Accept: text/event-stream"]].concat();
    let late = Curl::open(&args, &format!("{origin}/feed")).await;
    assert!(late.head.starts_with("http/1.1 200"), "{}", late.head);
    let rest = late.rest().await;
    assert!(rest.items.iter().any(|item| matches!(item, OwnedItem::Retry(_))), "{rest:?}");
    let stats = stats(HTTP1, &origin).await;
    assert_eq!(stats["refused"], json!({ "draining": 1 }));
    assert_eq!(stats["opened"], 0, "a refusal is no stream");
}

/// The socket sees what no timer in a body can; whoever reads beside it goes on undisturbed.
async fn a_reader_that_stops_is_ended_and_counted(args: &[&str]) {
    // At a pace at which the witness, whom nobody reads until later, has room for all.
    let config = config().every(Duration::from_millis(100)).history(NonZeroUsize::new(10_000).unwrap());
    let origin = origin(args, Demo::start(config)).await;
    let mut witness = Curl::open(args, &format!("{origin}/feed")).await;
    witness.event("hello").await;
    // It stops reading when nobody reads what it writes.
    let stopped = Curl::open(args, &format!("{origin}/flood?client=one")).await;

    until(args, &origin, |stats| stats["stalled"] == 1).await;
    let ended = until(args, &origin, |stats| stats["closed"]["stalled"] == 1).await;
    assert_eq!(ended["stalled"], 0);
    let gone = &ended["yours"]["gone"][0];
    let told = json!([gone["path"], gone["reason"], gone["code"]]);
    assert_eq!(told, json!(["/flood", "stalled", 4008]));
    let age = gone["age_ms"].as_u64().unwrap();
    assert!((4500..30_000).contains(&age), "{age}");
    drop(stopped);

    // All that came meanwhile, in full.
    let numbers: Vec<u64> = witness.feed(40).await.iter().map(Seen::n).collect();
    let expected: Vec<u64> = (numbers[0]..).take(40).collect();
    assert_eq!(numbers, expected);
}

#[tokio::test]
async fn a_reader_that_stops_is_ended_and_counted_over_http1() {
    a_reader_that_stops_is_ended_and_counted(HTTP1).await;
}

#[tokio::test]
async fn a_reader_that_stops_is_ended_and_counted_over_http2_and_tls() {
    a_reader_that_stops_is_ended_and_counted(HTTP2).await;
}
