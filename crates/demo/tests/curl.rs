//! The feed as curl sees it: HTTP/1.1, HTTP/2 in clear text and HTTP/2 over TLS.

#![allow(clippy::unwrap_used, reason = "here a failed unwrap is a failed test")]

mod common;
#[path = "common/curl.rs"]
mod curl;

use std::num::NonZeroUsize;
use std::time::Duration;

use common::{config, silent, start, tls};
use curl::{Curl, Rest, post};
use longwave_demo::{Config, Demo, Transport};
use longwave_sse::OwnedItem;

/// With a history that a slow machine does not fall out of.
fn lasting() -> Config {
    config().history(NonZeroUsize::new(10_000).unwrap())
}

/// A way to reach the demo.
#[derive(Clone, Copy)]
enum Wire {
    Http1,
    Http2,
    Http2Tls,
}

impl Wire {
    fn args(self) -> &'static [&'static str] {
        match self {
            Self::Http1 => &["--http1.1"],
            Self::Http2 => &["--http2-prior-knowledge"],
            Self::Http2Tls => &["--http2", "-k"],
        }
    }

    /// Starts a demo; returns its origin.
    async fn start(self, config: Config) -> String {
        let (scheme, transport) = match self {
            Self::Http1 | Self::Http2 => ("http", Transport::Clear),
            Self::Http2Tls => ("https", tls()),
        };
        format!("{scheme}://{}", start(transport, Demo::start(config)).await)
    }

    async fn open(self, url: &str, last_event_id: Option<&str>) -> Curl {
        let header = last_event_id.map(|id| format!("Last-Event-ID: {id}"));
        let mut args = self.args().to_vec();
        if let Some(header) = &header {
            args.extend(["-H", header]);
        }
        Curl::open(&args, url).await
    }
}

/// Runs a scenario once per wire, each as a test of its own.
macro_rules! on_every_wire {
    ($($(#[$doc:meta])* async fn $name:ident($wire:ident: Wire) $body:block)*) => {
        mod scenario {
            use super::*;
            $($(#[$doc])* pub(super) async fn $name($wire: Wire) $body)*
        }
        mod http1 { $(#[tokio::test] async fn $name() { super::scenario::$name(super::Wire::Http1).await; })* }
        mod http2 { $(#[tokio::test] async fn $name() { super::scenario::$name(super::Wire::Http2).await; })* }
        mod http2_tls { $(#[tokio::test] async fn $name() { super::scenario::$name(super::Wire::Http2Tls).await; })* }
    };
}

on_every_wire! {
    /// The head keeps caches and proxies from holding the stream back.
    async fn the_head_is_that_of_an_event_stream(wire: Wire) {
        let origin = wire.start(silent()).await;
        let curl = wire.open(&format!("{origin}/feed"), None).await;
        let mut lines = curl.head.lines();
        let expected = if matches!(wire, Wire::Http1) { "http/1.1 200" } else { "http/2 200" };
        assert!(lines.next().unwrap().starts_with(expected), "{}", curl.head);
        let fields: Vec<_> = lines.collect();
        assert!(fields.iter().any(|field| field.starts_with("content-type: text/event-stream")), "{fields:?}");
        let cache = fields.iter().find(|field| field.starts_with("cache-control:")).unwrap();
        assert!(cache.contains("no-store") && cache.contains("no-transform"), "{cache}");
        assert!(fields.contains(&"x-accel-buffering: no"), "{fields:?}");
        assert!(!fields.iter().any(|field| field.starts_with("content-length")), "{fields:?}");
    }

    /// A silent stream still opens at once: with a delay, a cursor and a greeting.
    async fn a_stream_opens_with_retry_and_cursor(wire: Wire) {
        let origin = wire.start(silent()).await;
        let mut curl = wire.open(&format!("{origin}/feed"), None).await;
        let mut opening = vec![curl.next().await.unwrap(), curl.next().await.unwrap()];
        // The delay takes effect at the end of its line, the cursor at the blank line after it.
        let Some(OwnedItem::Cursor(cursor)) = opening.pop() else { panic!("no cursor") };
        let Some(OwnedItem::Retry(retry)) = opening.pop() else { panic!("no retry") };
        assert!((150..=200).contains(&retry.as_millis()), "{retry:?}");
        assert!(cursor.ends_with("-0"), "{cursor}");
        let hello = curl.event("hello").await;
        assert_eq!(hello.id, cursor);
        assert_eq!(hello.data["outcome"], "fresh");
        assert_eq!(hello.data["protocol"], if matches!(wire, Wire::Http1) { "HTTP/1.1" } else { "HTTP/2" });
    }

    /// Numbers and IDs go up by one, nothing missing, nothing twice.
    async fn events_arrive_in_order(wire: Wire) {
        let origin = wire.start(lasting()).await;
        let mut curl = wire.open(&format!("{origin}/feed"), None).await;
        let hello = curl.event("hello").await;
        let (epoch, _) = hello.id.split_once('-').unwrap();
        let events = curl.feed(25).await;
        let first = events[0].n();
        for (event, n) in events.iter().zip(first..) {
            assert_eq!(event.n(), n);
            assert_eq!(event.id, format!("{epoch}-{n}"));
        }
    }

    /// The header and the query name the same place, and exactly what came after it is sent again.
    async fn a_resume_gives_exactly_what_was_missed(wire: Wire) {
        let origin = wire.start(lasting()).await;
        let url = format!("{origin}/feed");
        let mut witness = wire.open(&url, None).await;
        witness.event("hello").await;
        let seen = witness.feed(20).await;

        let mut back = wire.open(&url, Some(&seen[4].id)).await;
        let hello = back.event("hello").await;
        assert_eq!(hello.data["outcome"], "resumed");
        assert_eq!(hello.data["last_event_id"], seen[4].id);
        assert!(hello.data["replayed"].as_u64().unwrap() >= 15, "{:?}", hello.data);
        assert_eq!(back.feed(15).await, seen[5..]);

        let mut back = wire.open(&format!("{url}?lastEventId={}", seen[9].id), None).await;
        assert_eq!(back.event("hello").await.data["outcome"], "resumed");
        assert_eq!(back.feed(10).await, seen[10..]);
    }

    /// Whoever comes back too late is told so in the stream, and then gets all that is left.
    async fn a_client_that_was_away_too_long_gets_a_gap(wire: Wire) {
        let origin = wire.start(config().history(NonZeroUsize::new(4).unwrap())).await;
        let url = format!("{origin}/feed");
        let mut witness = wire.open(&url, None).await;
        witness.event("hello").await;
        let seen = witness.feed(12).await;

        let mut back = wire.open(&url, Some(&seen[0].id)).await;
        assert_eq!(back.event("hello").await.data["outcome"], "gap");
        let gap = back.event("gap").await;
        let missed = gap.data["missed"].as_u64().unwrap();
        assert!(missed >= 7, "{missed}");
        let (_, cursor) = gap.id.rsplit_once('-').unwrap();
        assert_eq!(cursor.parse::<u64>().unwrap(), seen[0].n() + missed);
        // All that was in the history, whatever happens after.
        let numbers: Vec<u64> = back.feed(4).await.iter().map(curl::Seen::n).collect();
        let expected: Vec<u64> = (seen[0].n() + missed + 1..).take(4).collect();
        assert_eq!(numbers, expected);
    }

    /// IDs of another run, and bytes that are no ID at all, are a gap of unknown size and never an error.
    async fn an_unknown_id_is_a_gap(wire: Wire) {
        let origin = wire.start(lasting()).await;
        let url = format!("{origin}/feed");
        for id in ["0-7", "nonsense", "-1", "\u{1F4FB}"] {
            let mut curl = wire.open(&url, Some(id)).await;
            assert_eq!(curl.event("hello").await.data["outcome"], "gap", "{id}");
            assert_eq!(curl.event("gap").await.data["missed"], serde_json::Value::Null, "{id}");
            curl.feed(3).await;
        }
        let mut curl = wire.open(&format!("{url}?lastEventId=a%00b"), None).await;
        assert_eq!(curl.event("gap").await.data["missed"], serde_json::Value::Null);
    }

    /// The half event at the cut is not delivered, and the resume starts with exactly that one.
    async fn a_cut_stream_breaks_off_in_an_event_and_resumes_with_it(wire: Wire) {
        let origin = wire.start(lasting()).await;
        let url = format!("{origin}/feed?client=one");
        let mut curl = wire.open(&url, None).await;
        curl.event("hello").await;
        let seen = curl.feed(3).await;
        let answer = post(wire.args(), &format!("{origin}/cut?client=one")).await;
        assert_eq!(answer, r#"{"streams":1}"#);
        let rest = curl.rest().await;
        assert!(rest.torn, "the cut fell between two events");
        assert_ne!(rest.code, Some(0), "curl noticed nothing");
        let mut numbers: Vec<u64> = seen.iter().map(curl::Seen::n).collect();
        let mut last = seen.last().unwrap().id.clone();
        for item in rest.items {
            if let OwnedItem::Event(event) = item {
                event.last_event_id().clone_into(&mut last);
                numbers.push(event.json::<serde_json::Value>().unwrap()["n"].as_u64().unwrap());
            }
        }
        let mut back = wire.open(&url, Some(&last)).await;
        assert_eq!(back.event("hello").await.data["outcome"], "resumed");
        numbers.extend(back.feed(5).await.iter().map(curl::Seen::n));
        let expected: Vec<u64> = (numbers[0]..).take(numbers.len()).collect();
        assert_eq!(numbers, expected);
    }

    /// A silent stream is not taken for dead on the way.
    async fn a_silent_stream_has_heartbeats(wire: Wire) {
        let origin = wire.start(silent().heartbeat(Duration::from_millis(50))).await;
        let mut curl = wire.open(&format!("{origin}/feed"), None).await;
        curl.event("hello").await;
        for _ in 0..3 {
            // Nothing but a colon and the end of an event.
            assert_eq!(curl.next().await, Some(OwnedItem::Comment(String::new())));
        }
    }

    /// A stopped client's stream ends cleanly, and its next connect is the last.
    async fn a_stopped_client_gets_204(wire: Wire) {
        let origin = wire.start(silent()).await;
        let mut curl = wire.open(&format!("{origin}/feed?client=one"), None).await;
        curl.event("hello").await;
        assert_eq!(post(wire.args(), &format!("{origin}/stop?client=one")).await, r#"{"streams":1}"#);
        assert_eq!(curl.rest().await, Rest { items: vec![], torn: false, code: Some(0) });
        let stopped = wire.open(&format!("{origin}/feed?client=one"), None).await;
        assert!(stopped.head.lines().next().unwrap().contains(" 204"), "{}", stopped.head);
        let other = wire.open(&format!("{origin}/feed?client=two"), None).await;
        assert!(other.head.lines().next().unwrap().contains(" 200"), "{}", other.head);
    }
}

#[tokio::test]
async fn paths_and_methods_are_checked() {
    let origin = Wire::Http1.start(silent()).await;
    for (args, path, status) in [
        (&[][..], "/", " 200"),
        (&["-I"], "/", " 200"),
        (&[], "/demo.css", " 200"),
        (&[], "/demo.js", " 200"),
        (&[], "/chart.js", " 200"),
        (&[], "/trials.js", " 200"),
        (&[], "/wire.js", " 200"),
        (&[], "/stats", " 200"),
        (&[], "/metrics", " 200"),
        (&[], "/nothing", " 404"),
        (&["-X", "POST"], "/feed", " 405"),
        (&["-X", "DELETE"], "/", " 405"),
        (&[], "/cut?client=one", " 405"),
        (&["-X", "POST"], "/flood", " 405"),
        (&[], "/deploy", " 405"),
        (&["-X", "POST", "-H", "Origin: http://elsewhere.test"], "/deploy", " 403"),
        (&["-X", "POST"], "/cut", " 400"),
        (&["-X", "POST"], "/cut?client=one&away=soon", " 400"),
        (&["-X", "POST"], "/cut?client=one&away=60001", " 400"),
        (&["-X", "POST"], "/cut?client=nobody", " 200"),
    ] {
        let curl = Curl::open(args, &format!("{origin}{path}")).await;
        assert!(curl.head.lines().next().unwrap().contains(status), "{path}: {}", curl.head);
    }
}
