use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::{FusedStream, Stream};
use pin_project_lite::pin_project;

use super::{Delivery, End};

/// What is missing from a stream of deliveries at some place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Lag {
    /// How many items.
    pub dropped: u64,
    /// Their weight in bytes; 0 if they had none, as in a channel of tokio.
    pub bytes: u64,
    /// Why the outbox has ended, if it was before its sender was done: then nothing comes after this.
    pub end: Option<End>,
}

pin_project! {
    /// A stream of items, made of deliveries by one of the methods of [`Deliveries`](super::Deliveries).
    ///
    /// Polling it again after its end is fine. Nothing is held back: it is pending only if its source is.
    #[must_use = "streams do nothing unless polled"]
    pub struct Lagging<S, F> {
        // Gone once it has ended, with all that it holds.
        #[pin]
        source: Option<S>,
        tell: Option<F>,
        after: After,
        cut: Option<Lag>,
    }
}

/// What comes after a gap.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum After {
    GoOn,
    End,
}

impl<S, F> Lagging<S, F> {
    pub(super) const fn new(source: S, tell: Option<F>, after: After) -> Self {
        Self { source: Some(source), tell, after, cut: None }
    }

    /// What has ended it before its source was over; [`None`] if nothing has, or not yet.
    ///
    /// A WebSocket is closed with another code for it, or a metric is counted.
    #[must_use]
    pub const fn cut(&self) -> Option<Lag> {
        self.cut
    }
}

impl<T, S, F> Stream for Lagging<S, F>
where
    S: Stream<Item = Delivery<T>>,
    F: FnMut(Lag) -> T,
{
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut this = self.project();
        loop {
            let Some(source) = this.source.as_mut().as_pin_mut() else { return Poll::Ready(None) };
            let Some(delivery) = ready!(source.poll_next(cx)) else {
                this.source.set(None);
                return Poll::Ready(None);
            };
            let lag = match delivery {
                Delivery::Item(item) => return Poll::Ready(Some(item)),
                Delivery::Lagged { dropped, bytes, .. } => Lag { dropped, bytes, end: None },
                Delivery::Conflated { replaced } if *this.after == After::End => {
                    Lag { dropped: replaced, bytes: 0, end: None }
                }
                Delivery::Conflated { .. } => continue,
                Delivery::Ended { reason, dropped, bytes } => Lag { dropped, bytes, end: Some(reason) },
            };
            if *this.after == After::End || lag.end.is_some() {
                *this.cut = Some(lag);
                this.source.set(None);
            }
            if let Some(tell) = this.tell {
                return Poll::Ready(Some(tell(lag)));
            }
        }
    }
}

impl<T, S, F> FusedStream for Lagging<S, F>
where
    S: Stream<Item = Delivery<T>>,
    F: FnMut(Lag) -> T,
{
    fn is_terminated(&self) -> bool {
        self.source.is_none()
    }
}

impl<S, F> fmt::Debug for Lagging<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lagging")
            .field("ended", &self.source.is_none())
            .field("cut", &self.cut)
            .finish_non_exhaustive()
    }
}
