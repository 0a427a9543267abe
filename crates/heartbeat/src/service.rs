use std::task::{Context, Poll};

use http::{Request, Response};
use longwave_core::{Attach, Heartbeat, Lifeline, StreamBody};
use tower_service::Service;

use crate::{ResponseFuture, negotiate::Settings};

/// Keeps event streams alive; made by [`HeartbeatLayer`](crate::HeartbeatLayer), which says how.
///
/// # Examples
///
/// Without a layer, around a function of hyper:
///
/// ```
/// use std::convert::Infallible;
///
/// use http::{Request, Response};
/// use hyper::{body::Incoming, service::service_fn};
/// use hyper_util::service::TowerToHyperService;
/// use longwave_heartbeat::{Heartbeat, HeartbeatService};
/// # use std::{future::{Ready, ready}, task::{Context, Poll}};
/// # #[derive(Clone)]
/// # struct Feed;
/// # impl tower_service::Service<Request<Incoming>> for Feed {
/// #     type Response = Response<String>;
/// #     type Error = Infallible;
/// #     type Future = Ready<Result<Response<String>, Infallible>>;
/// #     fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> { Poll::Ready(Ok(())) }
/// #     fn call(&mut self, _: Request<Incoming>) -> Self::Future { ready(Ok(Response::default())) }
/// # }
///
/// // Any tower service will do.
/// let service = TowerToHyperService::new(HeartbeatService::new(Feed, Heartbeat::default()));
/// # fn is<T: hyper::service::Service<Request<Incoming>>>(_: T) {}
/// # is(service);
/// ```
#[derive(Clone, Debug)]
pub struct HeartbeatService<S> {
    inner: S,
    settings: Settings,
}

impl<S> HeartbeatService<S> {
    /// Keeps the event streams of a service alive by this heartbeat.
    pub const fn new(inner: S, heartbeat: Heartbeat) -> Self {
        Self::with(inner, Settings::new(heartbeat))
    }

    pub(crate) const fn with(inner: S, settings: Settings) -> Self {
        Self { inner, settings }
    }

    /// The service inside.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for HeartbeatService<S>
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
        let heartbeat = self.settings.heartbeat(request.uri());
        let lifeline = Lifeline::of(request.extensions_mut());
        lifeline.set_heartbeat(heartbeat);
        ResponseFuture::new(Attach::new(self.inner.call(request), &lifeline))
    }
}
