use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use longwave_sse::Event;

/// How a stream is kept alive: the settings that a layer puts on a [`Lifeline`](crate::Lifeline), and that
/// whoever carries the stream goes by.
///
/// The interval has to be shorter than the shortest idle timeout on the way, with room for a round trip: half of
/// it is a good rule. Common ones are 55 s (Heroku), 60 s (nginx, AWS load balancers), 100 s (Cloudflare); see
/// the table in `longwave-heartbeat`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use longwave_core::Heartbeat;
/// use longwave_sse::{Event, EventType};
///
/// const PING: EventType = EventType::from_static("ping");
///
/// // A browser's `EventSource` does not show comments, so a page that watches for life needs events.
/// let heartbeat = Heartbeat::every(Duration::from_secs(20)).event(&Event::new().event_type(PING).data(""));
/// assert_eq!(heartbeat.interval(), Duration::from_secs(20));
/// ```
#[derive(Clone)]
#[must_use]
pub struct Heartbeat {
    interval: Duration,
    beat: Beat,
    prelude: Bytes,
}

#[derive(Clone)]
enum Beat {
    Fixed(Bytes),
    Made(Arc<dyn Fn() -> Event + Send + Sync>),
}

impl Heartbeat {
    /// Makes a heartbeat for streams that may be silent for this long; an event stream gets a comment.
    pub fn every(interval: Duration) -> Self {
        let comment = Bytes::from_static(COMMENT);
        Self { interval, beat: Beat::Fixed(comment.clone()), prelude: comment }
    }

    /// Sends this event to event streams instead of a comment.
    pub fn event(self, event: &Event) -> Self {
        Self { beat: Beat::Fixed(event.encode()), ..self }
    }

    /// Sends to event streams what `make` makes at each beat: for one, a cursor (an event with an id alone),
    /// which keeps the client's last event ID up to date while there is nothing else to say.
    pub fn with(self, make: impl Fn() -> Event + Send + Sync + 'static) -> Self {
        Self { beat: Beat::Made(Arc::new(make)), ..self }
    }

    /// Begins event streams that have nothing to say at first with a comment of this many bytes, which gets the
    /// head and later events through proxies and clients that hold back the first ones; 2 KiB is what the worst
    /// of them want. By default it is 3 bytes, which is enough for most.
    pub fn prelude(self, bytes: usize) -> Self {
        let mut prelude = vec![b' '; bytes.max(COMMENT.len())];
        prelude[0] = b':';
        let end = prelude.len() - 2;
        prelude[end..].fill(b'\n');
        Self { prelude: prelude.into(), ..self }
    }

    /// How long a stream may be silent.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        self.interval
    }

    /// The bytes of a beat for an event stream.
    #[must_use]
    pub fn beat(&self) -> Bytes {
        match &self.beat {
            Beat::Fixed(bytes) => bytes.clone(),
            Beat::Made(make) => make().encode(),
        }
    }

    /// The bytes that begin an event stream.
    #[must_use]
    pub fn opening(&self) -> Bytes {
        self.prelude.clone()
    }
}

impl fmt::Debug for Heartbeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heartbeat").field("interval", &self.interval).finish_non_exhaustive()
    }
}

const COMMENT: &[u8] = b":\n\n";
