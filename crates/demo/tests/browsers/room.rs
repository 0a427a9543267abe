//! The room: two pages in one browser, over a WebSocket of their own each.

use longwave_demo::Transport;
use longwave_testing::browser::Browser;
use serde_json::Value;

use crate::common::{config, tls};
use crate::harness::run;

async fn two_pages_talk_and_a_deploy_moves_them(browser: Browser, transport: Transport, protocol: &str) {
    let (report, _) = run(browser, transport, config(), "room").await;
    for page in report["pages"].as_array().unwrap() {
        assert_eq!((&page["transport"], &page["overflow"]), (&Value::from(protocol), &Value::from(false)));
        let round_trip = page["trip"].as_str().unwrap();
        assert!(round_trip.strip_suffix(" ms").unwrap().parse::<f64>().unwrap() > 0.0, "{round_trip}");
        let lines: Vec<_> =
            page["lines"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        let [first, second, closed, back, last] = lines[..] else { panic!("{lines:?}") };
        assert_eq!([first, second], ["from the first", "<b>from the second</b>"]);
        assert_eq!(closed, "closed: 1012, server restarts");
        assert!(back.starts_with("back after ") && back.ends_with(" s, with generation 2"), "{back}");
        assert_eq!(last, "after the deploy");
    }
    assert_eq!(report["own"], serde_json::json!([true, false]));
}

#[tokio::test]
async fn chromium_over_http1() {
    two_pages_talk_and_a_deploy_moves_them(Browser::Chromium, Transport::Clear, "HTTP/1.1").await;
}

#[tokio::test]
async fn chromium_over_http2() {
    two_pages_talk_and_a_deploy_moves_them(Browser::Chromium, tls(), "HTTP/2").await;
}

#[tokio::test]
async fn firefox_over_http1() {
    two_pages_talk_and_a_deploy_moves_them(Browser::Firefox, Transport::Clear, "HTTP/1.1").await;
}
