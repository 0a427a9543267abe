use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::{Attach, Lifeline, Observer, StreamBody, observer::Shared};

/// Tells an [`Observer`] of the streams of a service; it goes outside of all other layers for streams.
///
/// Where there are several, the outermost is told.
///
/// # Examples
///
/// ```
/// # struct Metrics;
/// # impl longwave_core::Observer for Metrics {}
/// use axum::{Router, routing::get};
/// use longwave_core::ObserverLayer;
///
/// let router: Router = Router::new().route("/feed", get(async || "…")).layer(ObserverLayer::new(Metrics));
/// ```
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is put around a service"]
pub struct ObserverLayer {
    observer: Shared,
}

/// Tells an [`Observer`] of the streams of the service inside; made by [`ObserverLayer`].
#[derive(Clone, Debug)]
pub struct Observed<S> {
    inner: S,
    observer: Shared,
}

impl ObserverLayer {
    /// Makes a layer that tells this observer.
    pub fn new(observer: impl Observer) -> Self {
        Self { observer: Shared(Arc::new(observer)) }
    }
}

impl<S> Layer<S> for ObserverLayer {
    type Service = Observed<S>;

    fn layer(&self, inner: S) -> Observed<S> {
        Observed { inner, observer: self.observer.clone() }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Observed<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
{
    type Response = Response<StreamBody<ResBody>>;
    type Error = S::Error;
    type Future = Attach<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<ReqBody>) -> Self::Future {
        let lifeline = Lifeline::of(request.extensions_mut());
        lifeline.set_observer(self.observer.0.clone());
        Attach::new(self.inner.call(request), &lifeline)
    }
}
