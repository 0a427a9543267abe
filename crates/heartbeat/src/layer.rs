use std::{ops::RangeInclusive, time::Duration};

use longwave_core::Heartbeat;
use tower_layer::Layer;

use crate::{HeartbeatService, negotiate::Settings};

/// Keeps the event streams of a service alive, and tells its WebSockets how to stay so.
///
/// The service may be anybody's: a router of axum, a method of tonic, a function of hyper. What is not an event
/// stream passes through untouched; so does one that is compressed already, so this layer goes *inside* of
/// compression. Of an event stream
///
/// - the first byte goes out at once, and with it the head;
/// - a beat goes out when there was nothing else for an interval, and never in the middle of an event;
/// - nothing is buffered, copied or cut anew;
/// - the head gets `X-Accel-Buffering: no` and `Cache-Control: no-store, no-transform`, unless it has such fields.
///
/// The heartbeat is also put on the [`Lifeline`](longwave_core::Lifeline) of each request, where
/// [`Beating`](crate::Beating) and other sockets look for it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use axum::{Router, response::sse::{Event, Sse}, routing::get};
/// use futures_util::stream;
/// use longwave_heartbeat::{Heartbeat, HeartbeatLayer};
///
/// let router: Router = Router::new()
///     .route("/prices", get(|| async { Sse::new(stream::pending::<Result<Event, axum::Error>>()) }))
///     .layer(HeartbeatLayer::new(Heartbeat::every(Duration::from_secs(20))));
/// ```
///
/// Beats that a page can see, or that move its cursor, are set on the [`Heartbeat`]:
///
/// ```
/// use std::{sync::{Arc, atomic::{AtomicU64, Ordering}}, time::Duration};
///
/// use longwave_heartbeat::{Heartbeat, HeartbeatLayer};
/// use longwave_sse::{Event, EventId};
///
/// let newest = Arc::new(AtomicU64::new(0));
/// let cursor = move || Event::new().id(EventId::from(newest.load(Ordering::Relaxed)));
/// // An event without data moves the client's `Last-Event-ID`, and is not shown to the page.
/// let layer = HeartbeatLayer::new(Heartbeat::default().with(cursor).prelude(2048));
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a layer does nothing until it is put around a service"]
pub struct HeartbeatLayer {
    settings: Settings,
}

impl HeartbeatLayer {
    /// Makes a layer with this heartbeat; [`HeartbeatLayer::default`] has the default one.
    pub const fn new(heartbeat: Heartbeat) -> Self {
        Self { settings: Settings::new(heartbeat) }
    }

    /// Lets clients choose in the query of their requests.
    ///
    /// - `hb=<seconds>`: the interval, as near to it as the range allows.
    /// - `hb=event`: an event `ping` instead of whatever the beat was, for a page that watches for life.
    ///   `EventSource` does not show comments.
    ///
    /// Anything else in their place is ignored, and so is every `hb` of a layer that was not told to negotiate.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use longwave_heartbeat::HeartbeatLayer;
    ///
    /// // GET /prices?hb=40&hb=event
    /// let layer = HeartbeatLayer::default().negotiate(Duration::from_secs(5)..=Duration::from_secs(45));
    /// ```
    pub fn negotiate(self, intervals: RangeInclusive<Duration>) -> Self {
        Self { settings: self.settings.negotiate(intervals) }
    }
}

impl<S> Layer<S> for HeartbeatLayer {
    type Service = HeartbeatService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        HeartbeatService::with(inner, self.settings.clone())
    }
}
