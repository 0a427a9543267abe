//! The ticker: one reader as fast as it can be, and four that are as slow as a slider says.

use longwave_demo::Transport;
use longwave_testing::browser::Browser;
use serde_json::{Value, json};

use crate::common::{config, tls};
use crate::harness::run;

async fn slow_readers_lose_what_their_policy_says(browser: Browser, transport: Transport) {
    let (report, _) = run(browser, transport, config(), "ticker").await;
    let policies = json!(["drop_oldest", "drop_newest", "latest_by_key", "disconnect"]);
    assert_eq!((&report["policies"], &report["prices"]), (&policies, &json!(200)));
    assert_eq!(report["stalled"], "nothing: stalled");
    assert_eq!(report["fast"], "as fast as they come");

    let told = report["told"].as_str().unwrap();
    let missing =
        told.strip_prefix("ended for overflow, ").and_then(|told| told.split_once(" missing · ended "));
    let (missing, _times) = missing.unwrap_or_else(|| panic!("{told}"));
    assert!(missing.parse::<u64>().unwrap() > 256, "{told}");
    assert!(report["stale"].as_array().unwrap().iter().all(|stale| stale.as_u64() > Some(0)), "{report}");
    assert_eq!(report["lines"], 16, "a chart for each of four numbers of four readers");

    for (policy, most) in report["most"].as_object().unwrap() {
        let bound = if policy == "latest_by_key" { 200 } else { 256 };
        assert!((100..=bound).contains(&most.as_u64().unwrap()), "{policy}: {most}");
    }
    assert_eq!(report["before"], report["after"], "a reader that keeps up has lost something");
    let [oldest, newest, latest, disconnected] = &report["after"].as_array().unwrap()[..] else {
        panic!("{report}")
    };
    for dropping in [oldest, newest, disconnected] {
        assert!(dropping[0].as_u64() > Some(0) && dropping[1] == 0, "{report}");
    }
    assert!(latest[0] == 0 && latest[1].as_u64() > Some(0), "{report}");
    assert_eq!(report["healthy"], 0, "the slow ones have cost the other something");
    assert_eq!(report["overflow"], Value::from(false));
}

#[tokio::test]
async fn chromium_over_http1() {
    slow_readers_lose_what_their_policy_says(Browser::Chromium, Transport::Clear).await;
}

#[tokio::test]
async fn chromium_over_http2() {
    slow_readers_lose_what_their_policy_says(Browser::Chromium, tls()).await;
}

#[tokio::test]
async fn firefox_over_http1() {
    slow_readers_lose_what_their_policy_says(Browser::Firefox, Transport::Clear).await;
}
