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
    assert!(report["stale"].as_object().unwrap().values().all(|stale| stale.as_u64() > Some(0)), "{report}");
    assert_eq!(report["lines"], 16, "a chart for each of four numbers of four readers");

    for (policy, most) in report["most"].as_object().unwrap() {
        let bound = if policy == "latest_by_key" { 200 } else { 256 };
        assert!((100..=bound).contains(&most.as_u64().unwrap()), "{policy}: {most}");
    }
    // On a busy machine one symbol may change twice before its reader has its turn, but nothing is dropped.
    assert_eq!(report["before"], report["after"], "a reader that keeps up has lost something: {report}");
    let is_above_zero = |of: &str| {
        report[of].as_array().unwrap().iter().map(|number| number.as_u64() > Some(0)).collect::<Vec<_>>()
    };
    assert_eq!(is_above_zero("after"), [true, true, false, true], "{report}");
    assert_eq!(is_above_zero("conflated"), [false, false, true, false], "{report}");
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
