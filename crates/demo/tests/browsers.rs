//! The real `EventSource` of Chromium and Firefox against the demo, and the demo's own page in both.

#![allow(clippy::unwrap_used, reason = "here a failed unwrap is a failed test")]
#![cfg(unix)]

mod common;
#[path = "browsers/harness.rs"]
mod harness;
#[path = "browsers/login.rs"]
mod login;
#[path = "browsers/room.rs"]
mod room;
#[path = "browsers/ticker.rs"]
mod ticker;

use std::num::NonZeroUsize;
use std::time::Duration;

use common::{config, silent, tls};
use harness::{Asked, run};
use longwave_demo::{Config, Transport};
use longwave_testing::browser::Browser;
use serde_json::Value;

/// Long enough that no test on a slow machine falls out of it.
fn long_history() -> Config {
    config().history(NonZeroUsize::new(100_000).unwrap())
}

/// The requests for streams of this client.
fn feeds<'a>(asked: &'a [Asked], client: &str) -> Vec<&'a Asked> {
    let target = format!("/feed?client={client}");
    asked.iter().filter(|asked| asked.target == target).collect()
}

async fn events_arrive_in_order_and_a_cut_loses_nothing(
    browser: Browser,
    transport: Transport,
    protocol: &str,
) {
    let (report, asked) = run(browser, transport, long_history(), "feed").await;
    let events = report["events"].as_array().unwrap();
    let hellos = report["hellos"].as_array().unwrap();

    let (epoch, _) = hellos[0]["id"].as_str().unwrap().split_once('-').unwrap();
    let first = events[0]["n"].as_u64().unwrap();
    for (event, n) in events.iter().zip(first..) {
        assert_eq!(event["n"], n, "lost, doubled or out of order: {event}");
        assert_eq!(event["id"], format!("{epoch}-{n}"));
        assert!(["sample", "peak"].contains(&event["type"].as_str().unwrap()), "{event}");
    }
    assert!(events.iter().any(|event| event["type"] == "peak"));

    assert_eq!(hellos[0]["outcome"], "fresh");
    assert_eq!(hellos[0]["protocol"], protocol);
    assert_eq!(hellos[1]["outcome"], "resumed");
    assert_eq!(hellos[1]["last_event_id"], hellos[1]["before"]);
    let feeds = feeds(&asked, "one");
    assert_eq!(feeds.len(), 2);
    assert_eq!(feeds[0].last_event_id, None);
    assert_eq!(feeds[1].last_event_id.as_deref(), hellos[1]["before"].as_str());
    assert_eq!(report["opens"], 2);
    // One error, in the state CONNECTING.
    assert_eq!(report["errors"], serde_json::json!([0]));
}

async fn retry_is_honoured(browser: Browser) {
    let (_, asked) = run(browser, Transport::Clear, long_history(), "retry").await;
    let cut = asked.iter().find(|asked| asked.target.starts_with("/cut?client=patient")).unwrap();
    let order: Vec<_> = asked
        .iter()
        .filter(|asked| asked.at > cut.at)
        .filter_map(|asked| asked.target.strip_prefix("/feed?client="))
        .collect();
    // With a delay of its own, no browser would let one stream come back three times before the other once.
    assert_eq!(order, ["quick", "quick", "quick", "patient"]);
    let patient = feeds(&asked, "patient")[1];
    assert!(patient.at - cut.at >= Duration::from_millis(6900), "{:?}", patient.at - cut.at);
}

async fn a_204_stops_for_good(browser: Browser) {
    let (report, asked) = run(browser, Transport::Clear, long_history(), "stop").await;
    assert_eq!(report["state"], 2, "not CLOSED");
    assert_eq!(report["hellos"], 1);
    let statuses: Vec<_> = feeds(&asked, "stopped").iter().map(|asked| asked.status).collect();
    assert_eq!(statuses, [200, 204]);
    assert_eq!(feeds(&asked, "other").len(), 3);
}

async fn a_client_is_resumable_before_its_first_event(browser: Browser) {
    let (report, asked) = run(browser, Transport::Clear, silent(), "greeting").await;
    assert_eq!(report["events"], 0);
    let cursor = report["hellos"][0]["id"].as_str().unwrap();
    assert!(cursor.ends_with("-0"), "{cursor}");
    assert_eq!(feeds(&asked, "one")[1].last_event_id.as_deref(), Some(cursor));
    assert_eq!(report["hellos"][1]["outcome"], "resumed");
}

/// Not so in Firefox, which takes an ID only from an event that it dispatches.
async fn a_cursor_without_an_event_is_sent_back(browser: Browser) {
    let (_, asked) = run(browser, Transport::Clear, silent(), "cursor").await;
    let cursors = asked.iter().filter(|asked| asked.target == "/cursor");
    let ids: Vec<_> = cursors.map(|asked| asked.last_event_id.as_deref()).collect();
    assert_eq!(ids[..2], [None, Some("cursor-1")]);
}

async fn the_page_shows_it_all(browser: Browser, transport: Transport, protocol: &str) {
    // The history reaches back five seconds at most: the page stays away for 7.75 s.
    let config = config().every(Duration::from_millis(50)).history(NonZeroUsize::new(100).unwrap());
    let (report, _) = run(browser, transport, config.retry(FAST..=FAST), "page").await;
    assert!(report["trace"].as_f64().unwrap() > 10.0, "{report}");
    for (part, resumes, gaps) in [("live", 0, 0), ("cut", 1, 0), ("away", 1, 1), ("again", 1, 1)] {
        let numbers = &report[part];
        assert_eq!(numbers["missed"], 0, "{part}: {report}");
        assert_eq!(numbers["twice"], 0, "{part}: {report}");
        assert_eq!(numbers["received"], numbers["expected"], "{part}: {report}");
        assert_eq!(
            (&numbers["resumes"], &numbers["gaps"]),
            (&Value::from(resumes), &Value::from(gaps)),
            "{report}"
        );
    }
    assert_eq!(report["stopped"], "stopped");
    assert_eq!(report["protocol"], protocol);
    assert_eq!(report["overflow"], false, "the page is wider than its window");
}

/// Nothing is lost, nothing comes twice, and nobody had to say so.
fn assert_whole(numbers: &Value, resumes: u64) {
    assert_eq!(numbers["received"], numbers["expected"], "{numbers}");
    assert_eq!(numbers["twice"], 0, "{numbers}");
    assert_eq!(numbers["gaps"], 0, "{numbers}");
    assert_eq!(numbers["resumes"], resumes, "{numbers}");
}

async fn a_deploy_moves_the_page_and_loses_nothing(browser: Browser, transport: Transport) {
    let (report, _) = run(browser, transport, long_history(), "deploy").await;
    assert_eq!(report["generation"], "generation 2");
    assert_whole(&report["after"], 1);
    let said = report["said"].as_str().unwrap();
    assert!(said.starts_with("Generation 2 serves. The main stream was away for "), "{said}");
    // The raw text follows the page's own stream, and may leave before the drain gets to it.
    let ended = ["4 streams.", "3 streams, 1 went by itself.", "2 streams, 2 went by themselves."];
    let (_, drained) =
        said.split_once(": none is lost. The drain ended ").unwrap_or_else(|| panic!("{said}"));
    assert!(ended.contains(&drained), "{said}");
}

/// - `said`: what the page says of it, among other things.
async fn the_page_shows_a_reader_that_stops(browser: Browser, said: &str) {
    let (report, _) = run(browser, Transport::Clear, long_history(), "stall").await;
    let text = report["said"].as_str().unwrap();
    assert!(text.contains(said), "{text}");
    assert!(text.ends_with(" events and was not disturbed."), "{text}");
    if browser == Browser::Chromium {
        assert_eq!(report["stalled"], 1, "{report}");
    }
    assert_eq!(report["enabled"], true);
    assert_whole(&report["after"], 0);
}

/// Well below what the history of the page's test holds.
const FAST: Duration = Duration::from_millis(150);

mod chromium {
    use super::*;

    const CHROMIUM: Browser = Browser::Chromium;

    #[tokio::test]
    async fn events_arrive_in_order_and_a_cut_loses_nothing() {
        super::events_arrive_in_order_and_a_cut_loses_nothing(CHROMIUM, Transport::Clear, "HTTP/1.1").await;
    }

    #[tokio::test]
    async fn events_arrive_in_order_and_a_cut_loses_nothing_over_http2() {
        super::events_arrive_in_order_and_a_cut_loses_nothing(CHROMIUM, tls(), "HTTP/2").await;
    }

    #[tokio::test]
    async fn retry_is_honoured() {
        super::retry_is_honoured(CHROMIUM).await;
    }

    #[tokio::test]
    async fn a_204_stops_for_good() {
        super::a_204_stops_for_good(CHROMIUM).await;
    }

    #[tokio::test]
    async fn a_client_is_resumable_before_its_first_event() {
        super::a_client_is_resumable_before_its_first_event(CHROMIUM).await;
    }

    #[tokio::test]
    async fn a_cursor_without_an_event_is_sent_back() {
        super::a_cursor_without_an_event_is_sent_back(CHROMIUM).await;
    }

    #[tokio::test]
    async fn the_page_shows_it_all() {
        super::the_page_shows_it_all(CHROMIUM, Transport::Clear, "HTTP/1.1").await;
    }

    #[tokio::test]
    async fn the_page_shows_it_all_over_http2() {
        super::the_page_shows_it_all(CHROMIUM, tls(), "HTTP/2").await;
    }

    #[tokio::test]
    async fn a_deploy_moves_the_page_and_loses_nothing() {
        super::a_deploy_moves_the_page_and_loses_nothing(CHROMIUM, Transport::Clear).await;
    }

    #[tokio::test]
    async fn a_deploy_moves_the_page_and_loses_nothing_over_http2() {
        super::a_deploy_moves_the_page_and_loses_nothing(CHROMIUM, tls()).await;
    }

    #[tokio::test]
    async fn the_page_shows_a_reader_that_stops() {
        super::the_page_shows_a_reader_that_stops(CHROMIUM, ": stalled (4008). Meanwhile").await;
    }
}

mod firefox {
    use super::*;

    const FIREFOX: Browser = Browser::Firefox;

    #[tokio::test]
    async fn events_arrive_in_order_and_a_cut_loses_nothing() {
        super::events_arrive_in_order_and_a_cut_loses_nothing(FIREFOX, Transport::Clear, "HTTP/1.1").await;
    }

    #[tokio::test]
    async fn retry_is_honoured() {
        super::retry_is_honoured(FIREFOX).await;
    }

    #[tokio::test]
    async fn a_204_stops_for_good() {
        super::a_204_stops_for_good(FIREFOX).await;
    }

    #[tokio::test]
    async fn a_client_is_resumable_before_its_first_event() {
        super::a_client_is_resumable_before_its_first_event(FIREFOX).await;
    }

    #[tokio::test]
    async fn the_page_shows_it_all() {
        super::the_page_shows_it_all(FIREFOX, Transport::Clear, "HTTP/1.1").await;
    }
    #[tokio::test]
    async fn a_deploy_moves_the_page_and_loses_nothing() {
        super::a_deploy_moves_the_page_and_loses_nothing(FIREFOX, Transport::Clear).await;
    }

    /// It never stops, whatever its page does.
    #[tokio::test]
    async fn the_page_shows_a_reader_that_stops() {
        super::the_page_shows_a_reader_that_stops(FIREFOX, "This browser took all 64 MiB ").await;
    }
}
