use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::{FusedStream, Stream};
use tokio::sync::watch::Receiver;

use super::again::{Again, again};
use crate::outbox::Delivery;

/// A receiver of [`tokio::sync::watch`] as a stream of deliveries: the latest value whenever there is another.
///
/// Values that were replaced before they were looked at are never seen, and not counted: the channel does not tell.
/// The stream ends when all senders are gone and the last value was delivered.
///
/// It takes one allocation, and none for a value. Cancel-safe: what was not returned comes next time.
///
/// # Examples
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use futures_util::StreamExt;
/// use longwave_backpressure::outbox::{Deliveries, Watch};
/// use tokio::sync::watch;
///
/// let (state, receiver) = watch::channel("starting");
/// let mut states = Watch::new(receiver).pass_over_lag();
/// assert_eq!(states.next().await, Some("starting"));
/// state.send("running").expect("there is a receiver");
/// state.send("stopping").expect("there is a receiver");
/// drop(state);
/// assert_eq!(states.next().await, Some("stopping"));
/// assert_eq!(states.next().await, None);
/// # });
/// ```
pub struct Watch<T> {
    // Gone once the channel is closed.
    values: Option<Again<Option<T>>>,
}

impl<T: Clone + Send + Sync + 'static> Watch<T> {
    /// Delivers the value that there is, and then the latest after each change.
    #[must_use]
    pub fn new(mut receiver: Receiver<T>) -> Self {
        receiver.mark_changed();
        Self::changes(receiver)
    }

    /// Delivers the latest value after each change, but not one that the receiver has seen already.
    #[must_use]
    pub fn changes(receiver: Receiver<T>) -> Self {
        Self { values: Some(again(receiver, change)) }
    }
}

impl<T: Clone + Send + Sync + 'static> From<Receiver<T>> for Watch<T> {
    fn from(receiver: Receiver<T>) -> Self {
        Self::new(receiver)
    }
}

impl<T> Stream for Watch<T> {
    type Item = Delivery<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Delivery<T>>> {
        let Some(values) = &mut self.values else { return Poll::Ready(None) };
        let value = ready!(values.as_mut().poll_again(cx));
        if value.is_none() {
            self.values = None;
        }
        Poll::Ready(value.map(Delivery::Item))
    }
}

impl<T> FusedStream for Watch<T> {
    fn is_terminated(&self) -> bool {
        self.values.is_none()
    }
}

impl<T> fmt::Debug for Watch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("ended", &self.values.is_none()).finish_non_exhaustive()
    }
}

async fn change<T: Clone>(mut receiver: Receiver<T>) -> (Option<T>, Receiver<T>) {
    let value = match receiver.changed().await {
        Ok(()) => Some(receiver.borrow_and_update().clone()),
        Err(_) => None,
    };
    (value, receiver)
}
