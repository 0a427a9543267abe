//! The one wrapper around a response body: beats, ends, and what is let go of when the stream is over.

mod attach;
mod beats;
mod carried;
mod grpc;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use longwave_sse::Boundary;
use pin_project_lite::pin_project;
use tokio::time::Sleep;

pub use self::attach::Attach;
use self::{
    beats::Beats,
    carried::{Idle, LastWord},
    grpc::Messages,
};
use crate::{EndReason, Ended, StreamKind, Tether};

pin_project! {
    /// The body of a response that has a [`Lifeline`]: it keeps an event stream alive, ends it when it is to end,
    /// and holds the [`Tether`] until it is over.
    ///
    /// The innermost layer puts it around the body ([`Attach`]); those further out find that there is one, and
    /// theirs passes everything through.
    ///
    /// - An **event stream** gets beats, where it stands between events. To end, it waits until it stands there,
    ///   for up to a second (not at all if a login is over), says its last words and ends.
    /// - A **gRPC** response ends between messages with `grpc-status: 14` (unavailable).
    /// - **Any other** body only holds its tether: it cannot be ended in a way that its client would not take for
    ///   the whole.
    ///
    /// A chunk that is ready costs one atomic load and a look at its last bytes.
    #[must_use = "a body does nothing unless it is sent"]
    pub struct StreamBody<B> {
        #[pin]
        inner: B,
        #[pin]
        carried: Option<Carried>,
        over: bool,
    }
}

pin_project! {
    /// What a body has that carries its stream.
    struct Carried {
        tether: Tether,
        stream: Stream,
        #[pin]
        ended: Ended,
        #[pin]
        beats: Beats,
        ending: Option<EndReason>,
        // For how long an end may wait until the stream stands between events.
        #[pin]
        patience: Option<Sleep>,
    }
}

/// Where the stream stands.
enum Stream {
    Events(Boundary),
    Messages(Messages),
    Opaque,
}

impl<B> StreamBody<B> {
    /// Wraps a body that carries its stream.
    fn carrying(inner: B, tether: Tether, kind: StreamKind) -> Self {
        let lifeline = tether.lifeline();
        let (stream, heartbeat) = match kind {
            StreamKind::EventStream => (Stream::Events(Boundary::new()), lifeline.heartbeat()),
            StreamKind::Grpc => (Stream::Messages(Messages::default()), None),
            _ => (Stream::Opaque, None),
        };
        // An opaque body may take its time between chunks for reasons of its own.
        match stream {
            Stream::Opaque => lifeline.pace().open(),
            Stream::Events(_) | Stream::Messages(_) => lifeline.pace().wait(),
        }
        let ended = lifeline.ended();
        let beats = Beats::new(heartbeat);
        let carried = Carried { tether, stream, ended, beats, ending: None, patience: None };
        Self { inner, carried: Some(carried), over: false }
    }

    /// Wraps a body that somebody else carries, or nobody.
    fn passing(inner: B) -> Self {
        Self { inner, carried: None, over: false }
    }

    /// The body inside.
    pub const fn get_ref(&self) -> &B {
        &self.inner
    }
}

impl<B> Body for StreamBody<B>
where
    B: Body<Data = Bytes>,
{
    type Data = Bytes;
    type Error = B::Error;

    #[inline]
    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let mut this = self.project();
        if *this.over {
            return Poll::Ready(None);
        }
        let Some(mut carried) = this.carried.as_mut().as_pin_mut() else {
            return this.inner.poll_frame(cx);
        };
        let frame = loop {
            match carried.as_mut().last_word() {
                None => {}
                Some(LastWord::Frame(frame)) => break Some(Ok(frame)),
                Some(LastWord::Cut) => break None,
            }
            match this.inner.as_mut().poll_frame(cx) {
                Poll::Ready(Some(Ok(frame))) => match carried.as_mut().pass(frame) {
                    Some(frame) => return Poll::Ready(Some(Ok(frame))),
                    None => continue,
                },
                Poll::Ready(end) => break end,
                Poll::Pending => {}
            }
            match carried.as_mut().poll_idle(cx) {
                Poll::Ready(Idle::Beat(beat)) => {
                    carried.tether.lifeline().pace().wait();
                    return Poll::Ready(Some(Ok(Frame::data(beat))));
                }
                Poll::Ready(Idle::Ended) => {}
                Poll::Ready(Idle::OutOfPatience) => break None,
                Poll::Pending => {
                    carried.tether.lifeline().pace().rest();
                    return Poll::Pending;
                }
            }
        };
        // The stream is over: let go of everything now, whenever the body is dropped.
        *this.over = true;
        this.carried.set(None);
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        let owes = self.carried.as_ref().is_some_and(|carried| {
            !matches!(carried.stream, Stream::Opaque) && carried.tether.lifeline().is_ended()
        });
        self.over || (self.inner.is_end_stream() && !owes)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.carried {
            _ if self.over => SizeHint::with_exact(0),
            Some(Carried { stream: Stream::Opaque, .. }) | None => self.inner.size_hint(),
            // It may grow by beats, or end early.
            Some(_) => SizeHint::new(),
        }
    }
}

impl<B> fmt::Debug for StreamBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lifeline = self.carried.as_ref().map(|carried| carried.tether.lifeline());
        f.debug_struct("StreamBody")
            .field("lifeline", &lifeline)
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}
