//! The ticker: two hundred prices, and what becomes of them on the way to readers of any speed.

#![allow(clippy::unwrap_used, reason = "here a failed unwrap is a failed test")]

mod common;
#[path = "common/guest.rs"]
#[allow(dead_code, reason = "every test binary uses its own part")]
mod guest;

use std::collections::VecDeque;
use std::net::SocketAddr;

use bytes::Bytes;
use common::{config, silent, start};
use guest::Guest;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::service::Service;
use longwave_demo::{Body, Demo, Transport};
use longwave_sse::{Decoder, OwnedItem};
use serde_json::{Value, json};

async fn get(demo: &Demo, uri: &str) -> Response<Body> {
    demo.call(Request::get(uri).body(Empty::<Bytes>::new()).unwrap()).await.unwrap()
}

/// A reader of events, in process and on a clock that passes when nothing else happens.
struct Reader {
    body: Body,
    decoder: Decoder,
    told: VecDeque<Value>,
    /// What it was told so far.
    changes: u64,
    lagged: Vec<u64>,
    conflated: u64,
    ended: Option<Value>,
    stats: Vec<Value>,
}

impl Reader {
    /// Opens a stream, which begins with a greeting and all prices.
    async fn open(demo: &Demo, query: &str) -> Self {
        let response = get(demo, &format!("/ticker?{query}")).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let mut reader = Self {
            body: response.into_body(),
            decoder: Decoder::new(),
            told: VecDeque::new(),
            changes: 0,
            lagged: Vec::new(),
            conflated: 0,
            ended: None,
            stats: Vec::new(),
        };
        let greeting = reader.next().await.unwrap();
        assert_eq!(greeting["reader"]["limit"], 256);
        loop {
            let told = reader.next().await.unwrap();
            if let Some(prices) = told["prices"].as_array() {
                assert_eq!(prices.len(), 200);
                return reader;
            }
            assert!(told["stats"].is_object(), "{told}");
        }
    }

    async fn next(&mut self) -> Option<Value> {
        while self.told.is_empty() {
            let chunk = self.body.frame().await?.unwrap().into_data().unwrap();
            let mut items = self.decoder.feed(&chunk);
            while let Some(item) = items.next_item() {
                if let OwnedItem::Event(event) = item.unwrap().into_owned() {
                    self.told.push_back(event.json().unwrap());
                }
            }
        }
        let told = self.told.pop_front()?;
        match told.as_object().unwrap().iter().next().unwrap() {
            (key, _) if key == "change" => self.changes += 1,
            (key, lagged) if key == "lagged" => self.lagged.push(lagged.as_u64().unwrap()),
            (key, replaced) if key == "conflated" => self.conflated += replaced.as_u64().unwrap(),
            (key, ended) if key == "ended" => self.ended = Some(ended.clone()),
            (key, stats) if key == "stats" => self.stats.push(stats.clone()),
            _ => {}
        }
        Some(told)
    }

    /// Reads until it was told so often how its outbox stands, four times a second, or to the end.
    async fn read(&mut self, stats: usize) {
        let until = self.stats.len() + stats;
        while self.stats.len() < until && self.next().await.is_some() {}
    }

    /// What was told last of this.
    fn last(&self, of: &str) -> u64 {
        self.stats.last().unwrap()[of].as_u64().unwrap()
    }

    fn most(&self, of: &str) -> u64 {
        self.stats.iter().filter_map(|stats| stats[of].as_u64()).max().unwrap_or(0)
    }
}

const POLICIES: [&str; 4] = ["drop_oldest", "drop_newest", "latest_by_key", "disconnect"];

#[tokio::test(start_paused = true)]
async fn a_reader_that_keeps_up_gets_every_change_whatever_its_policy() {
    let demo = Demo::start(silent());
    for policy in POLICIES {
        let mut reader = Reader::open(&demo, &format!("policy={policy}")).await;
        reader.read(40).await;
        assert!((990..=1010).contains(&reader.changes), "{}", reader.changes);
        assert!(reader.lagged.is_empty() && reader.conflated == 0 && reader.ended.is_none());
        assert_eq!((reader.last("dropped"), reader.last("conflated")), (0, 0));
        assert!(reader.most("waiting") <= 1, "{:?}", reader.stats);
    }
}

#[tokio::test(start_paused = true)]
async fn who_drops_the_oldest_has_few_and_new_ones() {
    let demo = Demo::start(silent());
    let mut stalled = Reader::open(&demo, "policy=drop_oldest&rate=0").await;
    stalled.read(40).await;
    assert_eq!((stalled.changes, stalled.last("waiting")), (0, 256));
    assert!((700..=760).contains(&stalled.last("dropped")), "{:?}", stalled.stats);
    // The first that waits is one of the last 256 changes.
    assert!((2500..=2600).contains(&stalled.last("oldest_ms")), "{:?}", stalled.stats);

    let mut slow = Reader::open(&demo, "policy=drop_oldest&rate=20").await;
    slow.read(40).await;
    assert!((199..=202).contains(&slow.changes), "{}", slow.changes);
    assert!(slow.most("waiting") <= 256 && slow.last("dropped") > 500, "{:?}", slow.stats);
    // Most of what it gets was not the next.
    assert!(slow.lagged.len() > 50, "{:?}", slow.lagged);
    assert!(slow.lagged.iter().sum::<u64>() <= slow.last("dropped"));
}

#[tokio::test(start_paused = true)]
async fn who_drops_the_newest_has_many_and_old_ones() {
    let demo = Demo::start(silent());
    let mut slow = Reader::open(&demo, "policy=drop_newest&rate=20").await;
    slow.read(80).await;
    assert!(slow.most("waiting") <= 256 && slow.last("dropped") > 1000, "{:?}", slow.stats);
    assert!(slow.most("oldest_ms") > 5000, "{:?}", slow.stats);
    // It is passed over until half of what waited is gone, so there are few gaps and they are wide.
    assert!(slow.lagged.len() < 5 && slow.lagged.iter().any(|&lagged| lagged > 400), "{:?}", slow.lagged);
}

#[tokio::test(start_paused = true)]
async fn the_latest_by_key_are_never_more_than_there_are_keys() {
    let demo = Demo::start(silent());
    let mut stalled = Reader::open(&demo, "policy=latest_by_key&rate=0").await;
    let mut slow = Reader::open(&demo, "policy=latest_by_key&rate=20").await;
    for reader in [&mut stalled, &mut slow] {
        reader.read(80).await;
        assert_eq!((reader.last("dropped"), &reader.lagged[..]), (0, &[][..]));
        assert!(reader.last("conflated") > 500, "{:?}", reader.stats);
        assert!((150..=200).contains(&reader.most("waiting")), "{:?}", reader.stats);
    }
    assert_eq!((stalled.changes, stalled.conflated), (0, 0));
    assert!(slow.conflated > 100, "{}", slow.conflated);
}

#[tokio::test(start_paused = true)]
async fn who_is_to_be_disconnected_is_and_told_why() {
    let demo = Demo::start(silent());
    let mut stalled = Reader::open(&demo, "policy=disconnect&rate=0").await;
    stalled.read(400).await;
    // All that waited and all that came until that was found.
    let ended = stalled.ended.clone().unwrap();
    let dropped = ended["dropped"].as_u64().unwrap();
    assert!(ended["reason"] == "overflow" && (257..=300).contains(&dropped), "{ended}");
    assert_eq!(stalled.last("dropped"), dropped);
    assert!(stalled.most("waiting") <= 256 && stalled.stats.len() < 20, "{:?}", stalled.stats);
    assert_eq!(stalled.next().await, None);
    drop(stalled);
    let stats = get(&demo, "/stats").await.into_body().collect().await.unwrap().to_bytes();
    let stats: Value = serde_json::from_slice(&stats).unwrap();
    assert_eq!((&stats["open"]["sse"], &stats["closed"]), (&json!(0), &json!({ "stalled": 1 })));
    let metrics = get(&demo, "/metrics").await.into_body().collect().await.unwrap().to_bytes();
    let metrics = std::str::from_utf8(&metrics).unwrap();
    let lost = format!("queue_dropped_total{{policy=\"disconnect\"}} {dropped}");
    for line in [&lost, "queue_ended_total{reason=\"overflow\"} 1"] {
        assert!(metrics.lines().any(|metric| metric == line), "{line} in {metrics}");
    }
    // Whoever comes back has missed nothing that counts.
    Reader::open(&demo, "policy=disconnect").await;
}

#[tokio::test]
async fn what_is_no_policy_and_no_rate_is_refused() {
    let demo = Demo::start(silent());
    for (query, why) in
        [("policy=wait", "policy: drop_oldest, "), ("rate=-1", "rate: "), ("rate=fast", "rate: ")]
    {
        let answer = get(&demo, &format!("/ticker?{query}")).await;
        assert_eq!(answer.status(), 400);
        let text = answer.into_body().collect().await.unwrap().to_bytes();
        assert!(text.starts_with(why.as_bytes()), "{text:?}");
    }
}

/// Listens until it is told that its outbox stands so.
async fn until(guest: &mut Guest, is: impl Fn(&Value) -> bool) {
    while !is(&guest.hear("stats").await) {}
}

async fn a_reader_changes_its_pace_on_the_way(mut guest: Guest) {
    assert_eq!(guest.hear("reader").await["policy"], "latest_by_key");
    assert_eq!(guest.hear("prices").await.as_array().unwrap().len(), 200);
    until(&mut guest, |stats| stats["conflated"].as_u64() > Some(0)).await;
    for nonsense in ["{\"rate\": -1}", "{\"pace\": 1}", "fast"] {
        guest.send(nonsense.to_owned()).await;
        assert!(guest.hear("refused").await.is_string(), "{nonsense}");
    }
    guest.send(json!({ "rate": null }).to_string()).await;
    assert!(guest.hear("conflated").await.as_u64() > Some(0));
    until(&mut guest, |stats| stats["waiting"] == 0).await;
    guest.send(json!({ "rate": 0 }).to_string()).await;
    until(&mut guest, |stats| stats["waiting"].as_u64() > Some(20)).await;
}

const STALLED: &str = "/ticker/socket?policy=latest_by_key&rate=0";

#[tokio::test]
async fn a_reader_changes_its_pace_on_the_way_over_http1() {
    let address = start(Transport::Clear, Demo::start(silent())).await;
    a_reader_changes_its_pace_on_the_way(Guest::at_over_http1(address, STALLED).await).await;
}

#[tokio::test]
async fn a_reader_changes_its_pace_on_the_way_over_http2() {
    let address = start(Transport::Clear, Demo::start(silent())).await;
    a_reader_changes_its_pace_on_the_way(Guest::at_over_http2(address, STALLED).await).await;
}

async fn disconnected(address: SocketAddr) -> Guest {
    let mut guest = Guest::at_over_http1(address, "/ticker/socket?policy=disconnect&rate=0").await;
    guest.hear("prices").await;
    guest
}

#[tokio::test]
async fn a_socket_is_closed_for_a_full_outbox_and_for_a_deploy() {
    let demo = Demo::start(config());
    let address = start(Transport::Clear, demo.clone()).await;
    let mut guest = disconnected(address).await;
    assert_eq!(guest.hear("ended").await["reason"], "overflow");
    assert_eq!(guest.end().await, (4008, "outbox ended: overflow".to_owned()));

    let guest = disconnected(address).await;
    let deployed = demo.call(Request::post("/deploy").body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
    assert_eq!(deployed.status(), 200);
    assert_eq!(guest.end().await, (1012, "server restarts".to_owned()));
}
