use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{HeaderMap, HeaderName, HeaderValue, Response, header};
use longwave_core::{Attach, StreamBody, StreamKind};
use pin_project_lite::pin_project;

pin_project! {
    /// The response of a [`HeartbeatService`](crate::HeartbeatService).
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: Attach<F>,
    }
}

impl<F> ResponseFuture<F> {
    pub(crate) const fn new(inner: Attach<F>) -> Self {
        Self { inner }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<StreamBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut response = ready!(self.project().inner.poll(cx))?;
        if StreamKind::of_response(&response) == StreamKind::EventStream {
            complete(response.headers_mut());
        }
        Poll::Ready(Ok(response))
    }
}

/// Adds the fields that get an event stream through proxies, unless it has its own.
fn complete(headers: &mut HeaderMap) {
    for (name, value) in [
        (X_ACCEL_BUFFERING, HeaderValue::from_static("no")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform")),
    ] {
        headers.entry(name).or_insert(value);
    }
}

/// By which nginx is told to pass a response on as it comes.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
