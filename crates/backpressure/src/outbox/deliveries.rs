use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::{FusedStream, Stream};
use pin_project_lite::pin_project;

use super::{
    Delivery, Lag,
    lagging::{After, Lagging},
};

/// What can be done with a stream of deliveries, whatever it comes from: a [`Receiver`](super::Receiver), or a
/// channel of tokio (feature `tokio`).
///
/// What a transport sends is items; a delivery may also say that some are missing. One of three methods makes a
/// stream of items of it, and with that says what is done about lag. None of them makes an error of it, so that no
/// loop ends by mistake because its reader was slow for a moment.
///
/// | | items are missing | the outbox has ended early |
/// |---|---|---|
/// | [`tell_lag`](Self::tell_lag) | an item says so, and it goes on | an item says so, and it ends |
/// | [`end_on_lag`](Self::end_on_lag) | an item says so, and it ends | an item says so, and it ends |
/// | [`pass_over_lag`](Self::pass_over_lag) | it goes on | it ends |
///
/// A stream that has ended for one of these knows of it: [`Lagging::cut`].
///
/// # Examples
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use std::time::Duration;
///
/// use futures_util::StreamExt;
/// use longwave_backpressure::outbox::{Class, Deliveries, Limits, Outbox, Policy};
///
/// let outbox = Outbox::new(Limits::new(1024, 2)).policy(Policy::DropOldest);
/// let (sender, receiver) = outbox.open(Duration::ZERO);
/// for word in ["one", "two", "three"] {
///     sender.try_send(Class::Live, word, Duration::ZERO)?;
/// }
/// drop(sender);
///
/// let lines = receiver.map_items(str::to_uppercase).tell_lag(|lag| format!("{} missing", lag.dropped));
/// assert_eq!(lines.collect::<Vec<_>>().await, ["1 missing", "TWO", "THREE"]);
/// # Ok::<_, longwave_backpressure::outbox::SendError<&str>>(())
/// # }).unwrap();
/// ```
pub trait Deliveries: Stream<Item = Delivery<Self::Content>> + Sized {
    /// What is delivered.
    type Content;

    /// Changes each item, and leaves all else as it is: what is published into what is sent.
    ///
    /// - `change`: makes what goes out, such as an event, or an event in a `Result` where a transport wants that.
    fn map_items<U, F: FnMut(Self::Content) -> U>(self, change: F) -> MapItems<Self, F> {
        MapItems { source: self, change }
    }

    /// Says with an item where others are missing, and goes on.
    ///
    /// - `tell`: makes the item. If the outbox has ended early ([`Lag::end`]) it is the last.
    ///
    /// That an item has replaced older ones with its key is not told: it is all that counts.
    fn tell_lag<F: FnMut(Lag) -> Self::Content>(self, tell: F) -> Lagging<Self, F> {
        Lagging::new(self, Some(tell), After::GoOn)
    }

    /// Passes over in silence that items are missing, for readers to whom only the newest matters.
    ///
    /// If the outbox has ended early, the stream ends, and only [`Lagging::cut`] tells why.
    fn pass_over_lag(self) -> Lagging<Self, fn(Lag) -> Self::Content> {
        Lagging::new(self, None, After::GoOn)
    }

    /// Ends where items are missing, for readers who count on a position: after a gap it would be a lie.
    ///
    /// The reader then comes back with the position that it has, and gets what it has missed. The source is let go
    /// of at once. Items that were replaced by newer ones with their key are missing too.
    ///
    /// - `tell`: makes the last item, such as one that says where to resume.
    fn end_on_lag<F: FnMut(Lag) -> Self::Content>(self, tell: F) -> Lagging<Self, F> {
        Lagging::new(self, Some(tell), After::End)
    }
}

impl<T, S: Stream<Item = Delivery<T>>> Deliveries for S {
    type Content = T;
}

pin_project! {
    /// The stream of [`Deliveries::map_items`].
    #[derive(Debug)]
    #[must_use = "streams do nothing unless polled"]
    pub struct MapItems<S, F> {
        #[pin]
        source: S,
        change: F,
    }
}

impl<T, U, S, F> Stream for MapItems<S, F>
where
    S: Stream<Item = Delivery<T>>,
    F: FnMut(T) -> U,
{
    type Item = Delivery<U>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Delivery<U>>> {
        let this = self.project();
        let delivery = ready!(this.source.poll_next(cx));
        Poll::Ready(delivery.map(|delivery| delivery.map(this.change)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.source.size_hint()
    }
}

impl<T, U, S, F> FusedStream for MapItems<S, F>
where
    S: FusedStream<Item = Delivery<T>>,
    F: FnMut(T) -> U,
{
    fn is_terminated(&self) -> bool {
        self.source.is_terminated()
    }
}
