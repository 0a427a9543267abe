use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use longwave_core::StreamBody;
use pin_project_lite::pin_project;

pin_project! {
    /// The body of a response that went through a [`StreamLimit`](crate::StreamLimit).
    ///
    /// One that counts holds its slot until it ends or is dropped; one that does not is passed through.
    #[must_use = "a body does nothing unless it is sent"]
    pub struct StreamLimitBody<B> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = KindProj]
    enum Kind<B> {
        // Boxed because it is large, and the others, which are moved just as often, are not.
        Counted { #[pin] body: Pin<Box<StreamBody<B>>> },
        Passed { #[pin] body: B },
        Refused { body: Bytes },
    }
}

impl<B> StreamLimitBody<B> {
    pub(super) fn counted(body: StreamBody<B>) -> Self {
        Self { kind: Kind::Counted { body: Box::pin(body) } }
    }

    pub(super) const fn passed(body: B) -> Self {
        Self { kind: Kind::Passed { body } }
    }

    pub(super) const fn refused(body: Bytes) -> Self {
        Self { kind: Kind::Refused { body } }
    }

    /// The body inside, unless the request was refused.
    pub fn get_ref(&self) -> Option<&B> {
        match &self.kind {
            Kind::Counted { body } => Some(body.as_ref().get_ref().get_ref()),
            Kind::Passed { body } => Some(body),
            Kind::Refused { .. } => None,
        }
    }
}

impl<B> Body for StreamLimitBody<B>
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
            KindProj::Counted { body } => body.poll_frame(cx),
            KindProj::Passed { body } => body.poll_frame(cx),
            KindProj::Refused { body } if body.is_empty() => Poll::Ready(None),
            KindProj::Refused { body } => Poll::Ready(Some(Ok(Frame::data(std::mem::take(body))))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Counted { body } => body.is_end_stream(),
            Kind::Passed { body } => body.is_end_stream(),
            Kind::Refused { body } => body.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Counted { body } => body.size_hint(),
            Kind::Passed { body } => body.size_hint(),
            Kind::Refused { body } => SizeHint::with_exact(body.len() as u64),
        }
    }
}

impl<B> fmt::Debug for StreamLimitBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Counted { .. } => "Counted",
            Kind::Passed { .. } => "Passed",
            Kind::Refused { .. } => "Refused",
        };
        f.debug_tuple("StreamLimitBody").field(&format_args!("{kind}")).finish()
    }
}
