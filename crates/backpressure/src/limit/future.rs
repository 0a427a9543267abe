use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::Response;
use longwave_core::Attach;
use pin_project_lite::pin_project;

use super::StreamLimitBody;

pin_project! {
    /// The response future of a [`StreamLimit`](crate::StreamLimit).
    #[must_use = "futures do nothing unless polled"]
    pub struct StreamLimitFuture<F> {
        #[pin]
        kind: Kind<F>,
    }
}

pin_project! {
    #[project = KindProj]
    enum Kind<F> {
        Counted { #[pin] inner: Attach<F> },
        Passed { #[pin] inner: F },
        Refused { response: Option<Response<Bytes>> },
    }
}

impl<F> StreamLimitFuture<F> {
    pub(super) const fn counted(inner: Attach<F>) -> Self {
        Self { kind: Kind::Counted { inner } }
    }

    pub(super) const fn passed(inner: F) -> Self {
        Self { kind: Kind::Passed { inner } }
    }

    pub(super) const fn refused(response: Response<Bytes>) -> Self {
        Self { kind: Kind::Refused { response: Some(response) } }
    }
}

impl<F, B, E> Future for StreamLimitFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<StreamLimitBody<B>>, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match self.project().kind.project() {
            KindProj::Counted { inner } => {
                ready!(inner.poll(cx)).map(|response| response.map(StreamLimitBody::counted))
            }
            KindProj::Passed { inner } => {
                ready!(inner.poll(cx)).map(|response| response.map(StreamLimitBody::passed))
            }
            KindProj::Refused { response } => {
                let response = response.take().expect("a future is not polled after it is ready");
                Ok(response.map(StreamLimitBody::refused))
            }
        })
    }
}

impl<F> fmt::Debug for StreamLimitFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Counted { .. } => "Counted",
            Kind::Passed { .. } => "Passed",
            Kind::Refused { .. } => "Refused",
        };
        f.debug_tuple("StreamLimitFuture").field(&format_args!("{kind}")).finish()
    }
}
