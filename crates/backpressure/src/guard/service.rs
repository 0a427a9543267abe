use std::task::{Context, Poll};

use http::Request;
use longwave_core::Connection;
use tower_service::Service;

/// The service of one connection: puts the [`Connection`] into the extensions of each request.
///
/// A service of tower, and with the feature `hyper` one of hyper.
#[derive(Clone, Debug)]
pub struct GuardedService<S> {
    inner: S,
    connection: Connection,
}

impl<S> GuardedService<S> {
    /// Wraps the service of a connection, whose handle is [`GuardedIo::connection`](super::GuardedIo::connection).
    pub const fn new(inner: S, connection: Connection) -> Self {
        Self { inner, connection }
    }
}

impl<S, B> Service<Request<B>> for GuardedService<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        request.extensions_mut().insert(self.connection.clone());
        self.inner.call(request)
    }
}

#[cfg(feature = "hyper")]
impl<S, B> hyper::service::Service<Request<B>> for GuardedService<S>
where
    S: hyper::service::Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn call(&self, mut request: Request<B>) -> S::Future {
        request.extensions_mut().insert(self.connection.clone());
        self.inner.call(request)
    }
}
