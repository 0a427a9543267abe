//! What the tests share.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use futures_util::{Stream, StreamExt, stream};
use longwave_backpressure::outbox::{Class, Delivery, Lag, Limits, Outbox, Policy, Receiver, Sender};
use tokio::sync::mpsc;

pub(crate) const ZERO: Duration = Duration::ZERO;
pub(crate) const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// All that is there now.
pub(crate) fn ready<S: Stream + Unpin>(stream: &mut S) -> Vec<S::Item> {
    std::iter::from_fn(|| poll_once(stream.next()).flatten()).collect()
}

pub(crate) fn text(lag: Lag) -> String {
    let end = lag.end.map_or("", |end| end.name());
    format!("-{}/{}{end}", lag.dropped, lag.bytes)
}

/// An outbox for words, each of which counts as many bytes as it has.
pub(crate) fn outbox(items: usize, policy: Policy) -> Outbox<String> {
    Outbox::new(Limits::new(1 << 20, items)).policy(policy)
}

pub(crate) fn send<T>(sender: &Sender<T>, items: impl IntoIterator<Item = impl Into<T>>) {
    for item in items {
        let sent = sender.try_send(Class::Live, item.into(), ZERO);
        assert!(sent.is_ok(), "it has room");
    }
}

/// Deliveries, short enough to compare with.
pub(crate) fn short<T: ToString>(delivery: Delivery<T>) -> String {
    match delivery {
        Delivery::Item(item) => item.to_string(),
        Delivery::Lagged { dropped, bytes, .. } => format!("-{dropped}/{bytes}"),
        Delivery::Conflated { replaced, .. } => format!("~{replaced}"),
        Delivery::Ended { reason, dropped, bytes, .. } => format!("-{dropped}/{bytes}{}", reason.name()),
        _ => panic!("it is new"),
    }
}

pub(crate) fn all<T: ToString>(receiver: &mut Receiver<T>) -> String {
    std::iter::from_fn(|| receiver.try_recv().ok()).map(short).collect::<Vec<_>>().join(" ")
}

/// A stream that yields what is sent to it.
pub(crate) fn source<T>() -> (mpsc::UnboundedSender<T>, impl Stream<Item = T> + Unpin) {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    (sender, stream::poll_fn(move |cx| receiver.poll_recv(cx)))
}
