//! The one wrapper around a response body: beats, ends, and what is let go of when the stream is over.

mod attach;
mod beats;
mod carrier;
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
use pin_project_lite::pin_project;

pub use self::attach::Attach;
use self::carrier::{Carrier, Idle, LastWord};
use crate::{Cause, StreamKind, Tether};

pin_project! {
    /// The body of a response that has a [`Lifeline`](crate::Lifeline): it keeps an event stream alive, ends it when
    /// it is to end, and holds the [`Tether`] until it is over.
    ///
    /// The innermost layer puts it around the body ([`Attach`]); those further out find that there is one, and
    /// theirs passes everything through.
    ///
    /// - An **event stream** gets beats, where it stands between events. To end, it waits until it stands there,
    ///   for up to a second (not at all if a login is over), says its last words and ends.
    /// - A **gRPC** response ends between messages with `grpc-status: 14` (unavailable), or after a login with 16
    ///   (unauthenticated) if it has expired and 7 (permission denied) if it was revoked.
    /// - **Any other** body only holds its tether until it is dropped, as servers do at its end: it cannot be
    ///   ended in a way that its client would not take for the whole.
    ///
    /// A chunk that is ready costs one atomic load and a look at its last bytes.
    #[must_use = "a body does nothing unless it is sent"]
    pub struct StreamBody<B> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = KindProj]
    enum Kind<B> {
        // An ordinary body, or one that somebody else carries.
        Plain {
            #[pin]
            inner: B,
            tether: Option<Tether>,
        },
        // A stream. There is none of it left when it is over.
        Stream {
            #[pin]
            inner: B,
            carrier: Option<Pin<Box<Carrier>>>,
        },
        // What a layer answers in place of the service inside.
        Answer {
            words: Bytes,
        },
    }
}

impl<B> StreamBody<B> {
    /// Wraps a body that carries its stream.
    fn carrying(inner: B, tether: Tether, kind: StreamKind) -> Self {
        let kind = match Carrier::new(tether, kind) {
            Ok(carrier) => Kind::Stream { inner, carrier: Some(Box::pin(carrier)) },
            Err(tether) => {
                // It may take its time between chunks for reasons of its own.
                tether.lifeline().pace().open();
                Kind::Plain { inner, tether: Some(tether) }
            }
        };
        Self { kind }
    }

    /// Wraps a body that somebody else carries, or nobody.
    const fn passing(inner: B) -> Self {
        Self { kind: Kind::Plain { inner, tether: None } }
    }

    const fn answer(words: Bytes) -> Self {
        Self { kind: Kind::Answer { words } }
    }

    /// The body inside; `None` if a layer has answered in place of the service that would have made one.
    pub const fn get_ref(&self) -> Option<&B> {
        match &self.kind {
            Kind::Plain { inner, .. } | Kind::Stream { inner, .. } => Some(inner),
            Kind::Answer { .. } => None,
        }
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
        match self.project().kind.project() {
            KindProj::Stream { inner, carrier } => poll_stream(inner, carrier, cx),
            KindProj::Plain { inner, .. } => inner.poll_frame(cx),
            KindProj::Answer { words } if words.is_empty() => Poll::Ready(None),
            KindProj::Answer { words } => Poll::Ready(Some(Ok(Frame::data(std::mem::take(words))))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Plain { inner, .. } => inner.is_end_stream(),
            Kind::Stream { carrier: None, .. } => true,
            Kind::Stream { inner, carrier: Some(carrier) } => inner.is_end_stream() && !carrier.owes(),
            Kind::Answer { words } => words.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Plain { inner, .. } => inner.size_hint(),
            Kind::Stream { carrier: None, .. } => SizeHint::with_exact(0),
            // It may grow by beats, or end early.
            Kind::Stream { .. } => SizeHint::new(),
            Kind::Answer { words } => SizeHint::with_exact(words.len() as u64),
        }
    }
}

#[inline]
fn poll_stream<B>(
    mut inner: Pin<&mut B>,
    carrier: &mut Option<Pin<Box<Carrier>>>,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<Frame<Bytes>, B::Error>>>
where
    B: Body<Data = Bytes>,
{
    let Some(current) = carrier else { return Poll::Ready(None) };
    let frame = loop {
        match current.as_mut().last_word() {
            None => {}
            Some(LastWord::Frame(frame)) => break Some(Ok(frame)),
            Some(LastWord::Cut) => break None,
        }
        let mut frame = inner.as_mut().poll_frame(cx);
        match &mut frame {
            Poll::Ready(Some(Ok(passing))) => {
                if current.as_mut().pass(passing) {
                    return frame;
                }
                continue;
            }
            Poll::Ready(Some(Err(_))) => {
                current.finish(Cause::Failed);
                return end(carrier, frame);
            }
            Poll::Ready(None) => {
                current.finish(Cause::Closed);
                return end(carrier, frame);
            }
            Poll::Pending => {}
        }
        match current.as_mut().poll_idle(cx) {
            Poll::Ready(Idle::Beat(beat)) => return Poll::Ready(Some(Ok(Frame::data(beat)))),
            Poll::Ready(Idle::Ended) => {}
            Poll::Ready(Idle::OutOfPatience) => break None,
            Poll::Pending => return Poll::Pending,
        }
    };
    end(carrier, Poll::Ready(frame))
}

/// Lets go of everything now, whenever the body is dropped.
#[cold]
fn end<T>(carrier: &mut Option<Pin<Box<Carrier>>>, frame: Poll<T>) -> Poll<T> {
    *carrier = None;
    frame
}

impl<B> fmt::Debug for StreamBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lifeline = match &self.kind {
            Kind::Plain { tether, .. } => tether.as_ref().map(Tether::lifeline),
            Kind::Stream { carrier, .. } => carrier.as_ref().map(|carrier| carrier.lifeline()),
            Kind::Answer { .. } => None,
        };
        f.debug_struct("StreamBody").field("lifeline", &lifeline).finish_non_exhaustive()
    }
}
