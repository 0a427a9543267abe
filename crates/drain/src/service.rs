use std::{
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use longwave_core::{Attach, Lifeline, StreamBody, StreamKind};
use tower_service::Service;

use crate::{
    Drain, ResponseFuture,
    future::Visit,
    refusal::{is_refused, refuse},
};

/// Registers the streams of the service inside with a [`Drain`]; made by [`DrainLayer`](crate::DrainLayer).
#[derive(Clone, Debug)]
pub struct DrainService<S> {
    inner: S,
    drain: Drain,
    max_age: Option<Duration>,
}

impl<S> DrainService<S> {
    pub(crate) const fn new(inner: S, drain: Drain, max_age: Option<Duration>) -> Self {
        Self { inner, drain, max_age }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for DrainService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: Body<Data = Bytes>,
{
    type Response = Response<StreamBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let asked = StreamKind::of_request(&request);
        let version = request.version();
        let registry = self.drain.registry();
        if let Some(plan) = registry.plan()
            && is_refused(asked, request.method())
        {
            if let Some(lifeline) = request.extensions().get::<Lifeline>() {
                lifeline.refused(asked, plan.reason.cause().name());
            }
            return ResponseFuture::refused(refuse(asked, version, &plan.reason));
        }
        let lifeline = Lifeline::of(request.extensions_mut());
        let in_flight = registry.visit();
        let inner = Attach::new(self.inner.call(request), &lifeline);
        let visit = Visit { in_flight, lifeline, asked, version, max_age: self.max_age };
        ResponseFuture::asking(inner, visit)
    }
}
