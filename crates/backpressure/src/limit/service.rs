use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use longwave_core::{Attach, Lifeline, StreamBody, StreamKind};
use tower_service::Service;

use super::{layer::Settings, refusal::Asker};

/// Counts the streams that a service has open; made by [`StreamLimitLayer`](crate::StreamLimitLayer).
///
/// # Examples
///
/// ```
/// # use std::convert::Infallible;
/// # use bytes::Bytes;
/// # use http::{Request, Response};
/// # use http_body_util::Full;
/// use longwave_backpressure::StreamLimitLayer;
/// use tower::{Layer, ServiceExt, service_fn};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// # let handler = service_fn(|_| async { Ok::<_, Infallible>(Response::new(Full::new(Bytes::new()))) });
/// let service = StreamLimitLayer::new(10_000).layer(handler);
///
/// let request = Request::get("/feed").header("accept", "text/event-stream").body(())?;
/// let response = service.clone().oneshot(request).await?;
/// assert_eq!(service.open(), 1, "the body is still there");
/// drop(response);
/// assert_eq!(service.open(), 0);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct StreamLimit<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S> StreamLimit<S> {
    pub(super) const fn new(inner: S, settings: Arc<Settings>) -> Self {
        Self { inner, settings }
    }

    /// How many streams are open, of all services that the layer has made.
    #[must_use]
    pub fn open(&self) -> usize {
        self.settings.slots.open()
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for StreamLimit<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
{
    type Response = Response<StreamBody<ResBody>>;
    type Error = S::Error;
    type Future = Attach<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let kind = StreamKind::of_request(&request);
        if !self.settings.counted.includes(kind) {
            return Attach::passing(self.inner.call(request));
        }
        let asker = Asker::of(&request, kind);
        let (parts, body) = request.into_parts();
        let permit = match self.settings.slots.clone().acquire(&parts) {
            Ok(permit) => permit,
            Err(full) => {
                if let Some(lifeline) = parts.extensions.get::<Lifeline>() {
                    lifeline.refused(kind, full.name());
                }
                return Attach::answer(self.settings.refusals.answer(asker, full));
            }
        };
        let mut request = Request::from_parts(parts, body);
        let lifeline = Lifeline::of(request.extensions_mut());
        // Carried before the permit is handed over, so that it is not kept if the inner service panics.
        let _tether = lifeline.carry();
        lifeline.hold(permit);
        Attach::new(self.inner.call(request), &lifeline)
    }
}
