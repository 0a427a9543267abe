use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::{FusedStream, Stream};
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::again::{Again, again};
use crate::outbox::{Class, Delivery};

/// A receiver of [`tokio::sync::broadcast`] as a stream of deliveries.
///
/// Where the channel has overwritten what was not received yet, a [`Delivery::Lagged`] says how many values that
/// were; it knows no weights, so its `bytes` are 0. The stream ends when the channel is closed and all was received.
///
/// It takes one allocation, and none for a value. Cancel-safe: what was not returned comes next time.
///
/// # Examples
///
/// Into an event stream, with a policy for readers that lag:
///
/// ```
/// use std::convert::Infallible;
///
/// use longwave_backpressure::outbox::{Broadcast, Deliveries};
/// use longwave_sse::{Event, EventBody, EventType, response};
/// use tokio::sync::broadcast;
///
/// const LAG: EventType = EventType::from_static("lag");
///
/// let (prices, _) = broadcast::channel::<f64>(256);
/// let events = Broadcast::new(prices.subscribe())
///     .map_items(|price| Ok::<_, Infallible>(Event::new().data(price.to_string())))
///     .tell_lag(|lag| Ok(Event::new().event_type(LAG).data(lag.dropped.to_string())));
/// let response = response(EventBody::new(events));
/// # drop(response);
/// ```
pub struct Broadcast<T> {
    // Gone once the channel is closed.
    values: Option<Again<Result<T, RecvError>>>,
}

impl<T: Clone + Send + 'static> Broadcast<T> {
    /// Delivers what a receiver would receive from now on.
    #[must_use]
    pub fn new(receiver: Receiver<T>) -> Self {
        Self { values: Some(again(receiver, receive)) }
    }
}

impl<T: Clone + Send + 'static> From<Receiver<T>> for Broadcast<T> {
    fn from(receiver: Receiver<T>) -> Self {
        Self::new(receiver)
    }
}

impl<T> Stream for Broadcast<T> {
    type Item = Delivery<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Delivery<T>>> {
        let Some(values) = &mut self.values else { return Poll::Ready(None) };
        Poll::Ready(match ready!(values.as_mut().poll_again(cx)) {
            Ok(value) => Some(Delivery::Item(value)),
            Err(RecvError::Lagged(dropped)) => {
                Some(Delivery::Lagged { class: Class::Live, dropped, bytes: 0 })
            }
            Err(RecvError::Closed) => {
                self.values = None;
                None
            }
        })
    }
}

impl<T> FusedStream for Broadcast<T> {
    fn is_terminated(&self) -> bool {
        self.values.is_none()
    }
}

impl<T> fmt::Debug for Broadcast<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broadcast").field("ended", &self.values.is_none()).finish_non_exhaustive()
    }
}

async fn receive<T: Clone>(mut receiver: Receiver<T>) -> (Result<T, RecvError>, Receiver<T>) {
    (receiver.recv().await, receiver)
}
