use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
};

use http::{HeaderValue, Request, Response, StatusCode, header};
use tower_service::Service;

use crate::Drain;

/// Tells a load balancer whether it may send anything here: `200`, or `503` once the drain has started.
///
/// It is not what tells whether the process is alive: that it is, until the last stream is gone.
///
/// # Examples
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use http::Request;
/// use longwave_drain::Drain;
/// use tower_service::Service;
///
/// let drain = Drain::new();
/// let mut readiness = drain.readiness();
/// assert_eq!(readiness.call(Request::new(())).await?.status(), 200);
/// drain.start();
/// assert_eq!(readiness.call(Request::new(())).await?.status(), 503);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Readiness {
    drain: Drain,
}

impl Readiness {
    pub(crate) const fn new(drain: Drain) -> Self {
        Self { drain }
    }
}

impl<B> Service<Request<B>> for Readiness {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<B>) -> Self::Future {
        let (status, words) = if self.drain.is_draining() {
            (StatusCode::SERVICE_UNAVAILABLE, "draining\n")
        } else {
            (StatusCode::OK, "ready\n")
        };
        let mut response = Response::new(words.to_owned());
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        ready(Ok(response))
    }
}
