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
    websocket_interval: Duration,
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
        Self { interval, websocket_interval: interval, beat: Beat::Fixed(comment.clone()), prelude: comment }
    }

    /// Sets how long a stream may be silent, of either kind.
    pub fn with_interval(self, interval: Duration) -> Self {
        Self { interval, websocket_interval: interval, ..self }
    }

    /// Sets how long a WebSocket may be silent, if not as long as an event stream.
    pub fn with_websocket_interval(self, interval: Duration) -> Self {
        Self { websocket_interval: interval, ..self }
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

    /// How long an event stream may be silent.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        self.interval
    }

    /// How long a WebSocket may be silent.
    #[must_use]
    pub const fn websocket_interval(&self) -> Duration {
        self.websocket_interval
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

/// A comment every 15 s for an event stream, a ping every 25 s for a WebSocket.
impl Default for Heartbeat {
    fn default() -> Self {
        Self::every(EVENT_STREAM).with_websocket_interval(WEBSOCKET)
    }
}

impl fmt::Debug for Heartbeat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heartbeat")
            .field("interval", &self.interval)
            .field("websocket_interval", &self.websocket_interval)
            .finish_non_exhaustive()
    }
}

/// What the standard of event streams advises (HTML, section 9.2.7).
const EVENT_STREAM: Duration = Duration::from_secs(15);
/// Under half of the 60 s that most proxies wait.
const WEBSOCKET: Duration = Duration::from_secs(25);

const COMMENT: &[u8] = b":\n\n";
