use std::{
    fmt,
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
};

use http::{Response, Version};
use longwave_core::{Attach, StreamBody};
use pin_project_lite::pin_project;

use super::response::redact;
use crate::http::{Asked, Refusals};

pin_project! {
    /// The response future of [`RedactService`](super::RedactService).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: Attach<F>,
        version: Version,
    }
}

impl<F> ResponseFuture<F> {
    pub(super) const fn new(inner: F, version: Version) -> Self {
        Self { inner: Attach::passing(inner), version }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<StreamBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match ready!(this.inner.poll(cx)) {
            Ok(mut response) => match redact(response.headers_mut()) {
                Ok(()) => Poll::Ready(Ok(response)),
                Err(leak) => {
                    pin!(Attach::<F>::answer(Refusals::new().answer(leak, Asked::websocket(*this.version))))
                        .poll(cx)
                }
            },
            Err(error) => Poll::Ready(Err(error)),
        }
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").field("inner", &self.inner).finish_non_exhaustive()
    }
}
