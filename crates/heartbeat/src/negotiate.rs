use std::{ops::RangeInclusive, time::Duration};

use http::Uri;
use longwave_core::{Heartbeat, Schedule};
use longwave_sse::{Event, EventType};

/// The heartbeat, and how far a client may change it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    heartbeat: Heartbeat,
    negotiable: Option<RangeInclusive<Duration>>,
}

impl Settings {
    pub(crate) const fn new(heartbeat: Heartbeat) -> Self {
        Self { heartbeat, negotiable: None }
    }

    pub(crate) fn negotiate(self, intervals: RangeInclusive<Duration>) -> Self {
        Self { negotiable: Some(intervals), ..self }
    }

    /// The heartbeat for a request.
    pub(crate) fn heartbeat(&self, uri: &Uri) -> Heartbeat {
        let mut heartbeat = self.heartbeat.clone();
        let (Some(intervals), Some(query)) = (&self.negotiable, uri.query()) else { return heartbeat };
        for wish in query.split('&').filter_map(|pair| pair.strip_prefix(PARAMETER)) {
            if wish == "event" {
                heartbeat = heartbeat.event(&Event::new().event_type(PING).data(""));
            } else if let Ok(seconds) = wish.parse() {
                let wish = Some(Duration::from_secs(seconds));
                let interval = Schedule::negotiate(wish, heartbeat.interval(), intervals.clone());
                heartbeat = heartbeat.with_interval(interval);
            }
        }
        heartbeat
    }
}

const PARAMETER: &str = "hb=";
const PING: EventType = EventType::from_static("ping");

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    fn negotiated(query: &str) -> Heartbeat {
        let uri = format!("/feed?{query}").parse().expect("a valid target");
        Settings::default().negotiate(secs(5)..=secs(45)).heartbeat(&uri)
    }

    #[test]
    fn an_interval_is_as_near_to_the_wish_as_allowed() {
        for (query, interval) in [("hb=30", 30), ("a=1&hb=1&b", 5), ("hb=3600", 45)] {
            assert_eq!(negotiated(query).interval(), secs(interval), "{query}");
            assert_eq!(negotiated(query).websocket_interval(), secs(interval), "{query}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_ignored() {
        for query in ["", "hb", "hb=", "hb=-1", "hb=1e9", "hb=99999999999999999999", "xhb=30", "HB=30"] {
            let heartbeat = negotiated(query);
            assert_eq!(
                (heartbeat.interval(), heartbeat.websocket_interval()),
                (secs(15), secs(25)),
                "{query}"
            );
            assert_eq!(heartbeat.beat(), ":\n\n", "{query}");
        }
    }

    #[test]
    fn a_page_can_ask_for_events() {
        let heartbeat = negotiated("hb=event&hb=10");
        assert_eq!(
            (heartbeat.beat().as_ref(), heartbeat.interval()),
            (&b"event: ping\ndata: \n\n"[..], secs(10))
        );
    }

    #[test]
    fn nobody_is_asked_who_was_not_to_be() {
        let heartbeat = Settings::default().heartbeat(&Uri::from_static("/?hb=30&hb=event"));
        assert_eq!((heartbeat.beat().as_ref(), heartbeat.interval()), (&b":\n\n"[..], secs(15)));
    }
}
