use std::{fmt, hash::Hash, ops::RangeInclusive, sync::Arc, time::Duration};

use http::request::Parts;
use longwave_core::StreamKind;
use tower_layer::Layer;

use super::{
    StreamLimit,
    refusal::{EventStreams, Refusals},
    slots::{self, Slots},
};

/// Caps how many long-lived streams are open at once, in total and by key.
///
/// A stream counts from its request until its response body has ended or was dropped, not only until the
/// response head is there. All services that a layer makes, and its clones, share their slots.
///
/// # What counts
///
/// Requests that ask for a stream: by `Accept: text/event-stream`, or for a WebSocket over HTTP/1.1 or HTTP/2;
/// gRPC calls [on demand](Self::count_grpc). A client that does not say that it wants a stream is not counted.
/// Where one could be had that way, put the layer around the routes of the streams alone and
/// [count everything](Self::count_everything).
///
/// # What those are told for whom there is no slot
///
/// | request | in total | by key |
/// |---|---|---|
/// | `GET` for an event stream | `200`, a `retry:`, and the end | the same |
/// | gRPC | `grpc-status: 14` (unavailable) | `grpc-status: 8` (resource exhausted) |
/// | WebSocket, and all else | `503`, `Retry-After` | `429`, `Retry-After` |
///
/// An `EventSource` never comes back after any status but 200, so it is told to wait by the only means it
/// understands: a stream that ends. The times are another for each client. A refusal is a response, never an
/// error, and leaves the connection open. It says nothing about origins: a layer for CORS goes outside.
///
/// # WebSockets
///
/// Once a connection is upgraded there is no body left that could hold the slot, so somebody has to carry the
/// stream on. Over HTTP/1.1 the [`Connection`](longwave_core::Connection) does if the request has one among its extensions, which a guarded
/// listener puts there. Where there is none, and always over HTTP/2, the slot is given back after the response
/// head, unless the handler takes a [`Tether`](longwave_core::Tether) along:
///
/// ```
/// use axum::{Extension, extract::WebSocketUpgrade, response::Response};
/// use longwave_core::Lifeline;
///
/// async fn chat(Extension(lifeline): Extension<Lifeline>, upgrade: WebSocketUpgrade) -> Response {
///     let tether = lifeline.carry();
///     upgrade.on_upgrade(async move |mut socket| {
///         while let Some(Ok(_message)) = socket.recv().await {}
///         drop(tether);
///     })
/// }
/// ```
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use axum::{Router, routing::get};
/// use http::request::Parts;
/// use longwave_backpressure::StreamLimitLayer;
///
/// #[derive(Clone, Eq, Hash, PartialEq)]
/// struct UserId(u64);
///
/// let limit = StreamLimitLayer::new(50_000)
///     .per_key(6, |parts: &Parts| parts.extensions.get::<UserId>().cloned())
///     .retry_after(Duration::from_secs(10)..=Duration::from_secs(60));
/// let router: Router = Router::new().route("/feed", get(async || "hello")).layer(limit.clone());
/// assert_eq!(limit.open(), 0);
/// # drop(router);
/// ```
#[derive(Clone)]
#[must_use]
pub struct StreamLimitLayer {
    total: usize,
    settings: Arc<Settings>,
}

/// What the services of a layer share.
#[derive(Clone)]
pub(super) struct Settings {
    pub(super) slots: Arc<dyn Slots>,
    pub(super) counted: Counted,
    pub(super) refusals: Refusals,
}

/// Which requests count.
#[derive(Clone, Copy, Debug)]
pub(super) enum Counted {
    Everything,
    Streams,
    StreamsAndGrpc,
}

impl StreamLimitLayer {
    /// Allows this many open streams in total.
    pub fn new(total: usize) -> Self {
        let slots = slots::in_total(total);
        let settings = Settings { slots, counted: Counted::Streams, refusals: Refusals::default() };
        Self { total, settings: Arc::new(settings) }
    }

    /// Allows at most `max` open streams with the same key, besides the limit in total.
    ///
    /// The key is whatever tells one from the other: a user, an [address](crate::ClientAddress), a route. A
    /// request without one only counts in total. A layer has one key, for more put several around each other,
    /// each innermost where its key is known. A key is kept in memory only while it has an open stream.
    ///
    /// Slots are counted anew: this comes before the first [`layer`](Layer::layer).
    pub fn per_key<K, F>(self, max: usize, key_of: F) -> Self
    where
        F: Fn(&Parts) -> Option<K> + Send + Sync + 'static,
        K: Clone + Eq + Hash + Send + 'static,
    {
        let slots = slots::by_key(self.total, max, key_of);
        self.with(|settings| settings.slots = slots)
    }

    /// Counts gRPC calls too, all of which look alike until they stream.
    pub fn count_grpc(self) -> Self {
        self.with(|settings| settings.counted = Counted::StreamsAndGrpc)
    }

    /// Counts every request, whatever it asks for.
    pub fn count_everything(self) -> Self {
        self.with(|settings| settings.counted = Counted::Everything)
    }

    /// Sets after which time those come back for whom there is no slot; 5 to 30 s if not set.
    ///
    /// Each is told another time from the range, so that they do not all come at once.
    pub fn retry_after(self, range: RangeInclusive<Duration>) -> Self {
        self.with(|settings| settings.refusals.retry_after = range)
    }

    /// Answers event streams for which there is no slot with `204`, after which an `EventSource` never comes
    /// back by itself.
    pub fn dismiss_event_streams(self) -> Self {
        self.with(|settings| settings.refusals.event_streams = EventStreams::StayAway)
    }

    /// How many streams are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.settings.slots.open()
    }

    /// How many keys have an open stream.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.settings.slots.keys()
    }

    fn with(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(Arc::make_mut(&mut self.settings));
        self
    }
}

impl<S> Layer<S> for StreamLimitLayer {
    type Service = StreamLimit<S>;

    fn layer(&self, inner: S) -> Self::Service {
        StreamLimit::new(inner, self.settings.clone())
    }
}

impl Counted {
    pub(super) const fn includes(self, kind: StreamKind) -> bool {
        match kind {
            StreamKind::EventStream | StreamKind::WebSocket => true,
            StreamKind::Grpc => !matches!(self, Self::Streams),
            _ => matches!(self, Self::Everything),
        }
    }
}

impl fmt::Debug for StreamLimitLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamLimitLayer")
            .field("total", &self.total)
            .field("settings", &self.settings)
            .finish()
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("open", &self.slots.open())
            .field("counted", &self.counted)
            .field("refusals", &self.refusals)
            .finish()
    }
}
