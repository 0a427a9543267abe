use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{Response, Version};
use http_body::Body;
use longwave_core::{Attach, Cause, Lifeline, StreamBody, StreamKind};
use pin_project_lite::pin_project;
use tokio::time::Instant;

use crate::{
    DrainRank,
    jitter::{about, part, random},
    refusal::close,
    registry::{InFlight, Plan},
};

pin_project! {
    /// The response future of [`DrainService`](crate::DrainService).
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: Attach<F>,
        visit: Option<Visit>,
    }
}

/// A request that was let in, of which nobody knows yet whether it becomes a stream.
pub(crate) struct Visit {
    pub(crate) in_flight: InFlight,
    pub(crate) lifeline: Lifeline,
    pub(crate) asked: StreamKind,
    pub(crate) version: Version,
    pub(crate) max_age: Option<Duration>,
}

impl<F> ResponseFuture<F> {
    pub(crate) const fn asking(inner: Attach<F>, visit: Visit) -> Self {
        Self { inner, visit: Some(visit) }
    }

    pub(crate) fn refused(response: Response<Bytes>) -> Self {
        Self { inner: Attach::answer(response), visit: None }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body<Data = Bytes>,
{
    type Output = Result<Response<StreamBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(cx));
        if let (Ok(response), Some(visit)) = (&mut response, this.visit.take()) {
            visit.answered(response);
        }
        Poll::Ready(response)
    }
}

impl Visit {
    /// The response tells what has become of the request. Its body carries the stream, here or further
    /// inside.
    fn answered<B: Body<Data = Bytes>>(self, response: &mut Response<StreamBody<B>>) {
        let plan = self.in_flight.registry().plan();
        let kind = match StreamKind::of_response(response) {
            // Over HTTP/2 a WebSocket is accepted by any success (RFC 8441, section 5).
            StreamKind::Other if self.asked == StreamKind::WebSocket && response.status().is_success() => {
                StreamKind::WebSocket
            }
            kind => kind,
        };
        if plan.is_some() && kind != StreamKind::WebSocket {
            close(self.version, response.headers_mut());
        }
        if kind != StreamKind::Other {
            let rank = response.extensions().get().copied().unwrap_or(DrainRank::of(kind));
            return self.opened(rank);
        }
        // Of one that is short the server takes care.
        if response.body().size_hint().exact().is_none() {
            self.lifeline.hold(self.in_flight);
        }
    }

    fn opened(self, rank: DrainRank) {
        let end_after = |after, reason| {
            if let Some(at) = Instant::now().checked_add(after) {
                self.lifeline.end_at(at, reason);
            }
        };
        if let Some(max_age) = self.max_age {
            end_after(about(max_age, random()), Cause::AgedOut.into());
        }
        if let Some(Plan { close, reason, .. }) = self.in_flight.registry().enter(&self.lifeline, rank) {
            let left = close.saturating_duration_since(Instant::now());
            end_after(part(left.max(LATE), random()), reason.clone());
        }
    }
}

impl<F> fmt::Debug for ResponseFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").field("inner", &self.inner).finish_non_exhaustive()
    }
}

/// What streams that turn up late are spread over at least.
const LATE: Duration = Duration::from_secs(1);
