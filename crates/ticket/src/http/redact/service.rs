use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use longwave_core::StreamBody;
use tower_service::Service;

use super::ResponseFuture;
use crate::http::{
    Asked,
    strip::{Carried, Plan, strip},
};

/// Keeps credentials from the service inside; made by [`RedactLayer`](super::RedactLayer).
#[derive(Clone, Debug)]
pub struct RedactService<S> {
    inner: S,
    plan: Arc<Plan>,
}

impl<S> RedactService<S> {
    pub(super) const fn new(inner: S, plan: Arc<Plan>) -> Self {
        Self { inner, plan }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for RedactService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
{
    type Response = Response<StreamBody<ResBody>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        let asked = Asked::of(&parts);
        let stripped = strip(&mut parts, &self.plan);
        if !stripped.is_empty() {
            let stripped = match parts.extensions.remove() {
                Some(Carried(carried)) => carried.and(stripped),
                None => stripped,
            };
            parts.extensions.insert(Carried(stripped));
        }
        ResponseFuture::new(self.inner.call(Request::from_parts(parts, body)), asked)
    }
}
