use longwave_core::StreamKind;

/// Which streams a drain ends first, in the extensions of a response; the lowest rank goes first.
///
/// A stream that is resumed without loss costs its client nothing, so it may go first; one whose end throws
/// away work goes last, and has the whole window to end by itself. Among equals, whoever has been silent for longest goes first. Without a
/// rank, event streams go before
/// WebSockets, and those before gRPC calls.
///
/// # Examples
///
/// ```
/// use http::Response;
/// use longwave_drain::DrainRank;
///
/// let mut response = Response::new("data: a cursor is in every event\n\n");
/// response.extensions_mut().insert(DrainRank::new(0));
/// assert!(DrainRank::new(0) < DrainRank::EVENT_STREAM);
/// ```
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct DrainRank(u8);

impl DrainRank {
    /// The rank of event streams that have no other.
    pub const EVENT_STREAM: Self = Self(64);
    /// The rank of WebSockets that have no other.
    pub const WEBSOCKET: Self = Self(128);
    /// The rank of gRPC calls that have no other.
    pub const GRPC: Self = Self(192);

    /// Makes a rank.
    #[must_use]
    pub const fn new(rank: u8) -> Self {
        Self(rank)
    }

    pub(crate) const fn of(kind: StreamKind) -> Self {
        match kind {
            StreamKind::EventStream => Self::EVENT_STREAM,
            StreamKind::WebSocket => Self::WEBSOCKET,
            _ => Self::GRPC,
        }
    }
}
