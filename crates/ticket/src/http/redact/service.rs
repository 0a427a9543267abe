use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use longwave_core::StreamBody;
use tower_service::Service;

use super::ResponseFuture;
use crate::http::strip::{Carried, Plan, Stripped};

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

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let mut stripped = Stripped::default();
        stripped.take_from_uri(request.uri_mut(), &self.plan);
        stripped.take_from_extensions(request.extensions_mut(), &self.plan);
        stripped.take_from_headers(request.headers_mut(), &self.plan);
        if !stripped.is_empty() {
            request.extensions_mut().insert(Carried(stripped));
        }
        let version = request.version();
        ResponseFuture::new(self.inner.call(request), version)
    }
}
