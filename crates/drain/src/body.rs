use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use longwave_core::StreamBody;
use pin_project_lite::pin_project;

pin_project! {
    /// The response body of [`DrainService`](crate::DrainService): that of the service inside, or a refusal.
    #[derive(Debug)]
    #[must_use = "a body does nothing unless it is sent"]
    pub struct DrainBody<B> {
        #[pin]
        state: State<B>,
    }
}

pin_project! {
    #[derive(Debug)]
    #[project = StateProj]
    enum State<B> {
        Passing {
            #[pin]
            inner: StreamBody<B>,
        },
        Refused {
            words: Bytes,
        },
    }
}

impl<B> DrainBody<B> {
    pub(crate) const fn passing(inner: StreamBody<B>) -> Self {
        Self { state: State::Passing { inner } }
    }

    pub(crate) const fn refused(words: Bytes) -> Self {
        Self { state: State::Refused { words } }
    }
}

impl<B> Body for DrainBody<B>
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
        match self.project().state.project() {
            StateProj::Passing { inner } => inner.poll_frame(cx),
            StateProj::Refused { words } if words.is_empty() => Poll::Ready(None),
            StateProj::Refused { words } => Poll::Ready(Some(Ok(Frame::data(std::mem::take(words))))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.state {
            State::Passing { inner } => inner.is_end_stream(),
            State::Refused { words } => words.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.state {
            State::Passing { inner } => inner.size_hint(),
            State::Refused { words } => SizeHint::with_exact(words.len() as u64),
        }
    }
}
