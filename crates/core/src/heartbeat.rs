use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use longwave_sse::Event;

use crate::StreamKind;

/// How a stream is kept alive: the settings that a layer puts on a [`Lifeline`](crate::Lifeline), and that
/// whoever carries the stream goes by. It is cheap to clone.
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
    settings: Arc<Settings>,
}

#[derive(Clone)]
struct Settings {
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
        let beat = Beat::Fixed(comment.clone());
        let settings = Settings { interval, websocket_interval: interval, beat, prelude: comment };
        Self { settings: Arc::new(settings) }
    }

    /// Sets how long a stream may be silent, of either kind.
    pub fn with_interval(self, interval: Duration) -> Self {
        self.set(|settings| (settings.interval, settings.websocket_interval) = (interval, interval))
    }

    /// Sets how long a WebSocket may be silent, if not as long as an event stream.
    pub fn with_websocket_interval(self, interval: Duration) -> Self {
        self.set(|settings| settings.websocket_interval = interval)
    }

    /// Sends this event to event streams instead of a comment.
    pub fn event(self, event: &Event) -> Self {
        self.set(|settings| settings.beat = Beat::Fixed(event.encode()))
    }

    /// Sends to event streams what `make` makes at each beat: for one, a cursor (an event with an id alone),
    /// which keeps the client's last event ID up to date while there is nothing else to say.
    ///
    /// A cursor must not be ahead of what this very stream has sent, or its client will never ask for what lies
    /// between; the newest id of a server is, wherever streams may lag.
    pub fn with(self, make: impl Fn() -> Event + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.beat = Beat::Made(Arc::new(make)))
    }

    /// Begins event streams that have nothing to say at first with a comment of this many bytes, which gets the
    /// head and later events through proxies and clients that hold back the first ones; 2 KiB is what the worst
    /// of them want. By default it is 3 bytes, which is enough for most.
    pub fn prelude(self, bytes: usize) -> Self {
        let mut prelude = vec![b' '; bytes.max(COMMENT.len())];
        prelude[0] = b':';
        let end = prelude.len() - 2;
        prelude[end..].fill(b'\n');
        self.set(|settings| settings.prelude = prelude.into())
    }

    fn set(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(Arc::make_mut(&mut self.settings));
        self
    }

    /// How long an event stream may be silent.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.settings.interval
    }

    /// How long a WebSocket may be silent.
    #[must_use]
    pub fn websocket_interval(&self) -> Duration {
        self.settings.websocket_interval
    }

    /// How long a stream of this kind may be silent, if it gets beats at all.
    pub(crate) fn interval_of(&self, kind: StreamKind) -> Option<Duration> {
        match kind {
            StreamKind::EventStream => Some(self.interval()),
            StreamKind::WebSocket => Some(self.websocket_interval()),
            StreamKind::Grpc | StreamKind::Other => None,
        }
    }

    /// The bytes of a beat for an event stream.
    #[must_use]
    pub fn beat(&self) -> Bytes {
        match &self.settings.beat {
            Beat::Fixed(bytes) => bytes.clone(),
            Beat::Made(make) => make().encode(),
        }
    }

    /// The bytes that begin an event stream.
    #[must_use]
    pub fn opening(&self) -> Bytes {
        self.settings.prelude.clone()
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
            .field("interval", &self.interval())
            .field("websocket_interval", &self.websocket_interval())
            .finish_non_exhaustive()
    }
}

/// What the standard of event streams advises (HTML, section 9.2.7).
const EVENT_STREAM: Duration = Duration::from_secs(15);
/// Under half of the 60 s that most proxies wait.
const WEBSOCKET: Duration = Duration::from_secs(25);

const COMMENT: &[u8] = b":\n\n";
