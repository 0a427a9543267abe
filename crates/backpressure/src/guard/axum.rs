use std::{
    fmt,
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::{
    extract::ConnectInfo,
    serve::{IncomingStream, Listener},
};
use http::Request;
use longwave_core::Connection;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{Guard, GuardedIo, GuardedService, Socket};

/// A listener whose sockets are guarded; made by [`Guard::listen`].
#[derive(Debug)]
pub struct GuardedListener<L> {
    inner: L,
    guard: Guard,
}

impl<L> GuardedListener<L> {
    pub(super) const fn new(inner: L, guard: Guard) -> Self {
        Self { inner, guard }
    }
}

impl<L> Listener for GuardedListener<L>
where
    L: Listener<Io: Socket>,
{
    type Io = GuardedIo<L::Io>;
    type Addr = L::Addr;

    async fn accept(&mut self) -> (Self::Io, L::Addr) {
        let (io, address) = self.inner.accept().await;
        (self.guard.wrap(io), address)
    }

    fn local_addr(&self) -> io::Result<L::Addr> {
        self.inner.local_addr()
    }
}

/// Makes the service of each connection of a [`GuardedListener`]: puts the [`Connection`] into the extensions of
/// each request, and the address for axum's [`ConnectInfo`].
///
/// # Examples
///
/// ```no_run
/// # async fn serve() -> std::io::Result<()> {
/// use std::net::SocketAddr;
///
/// use axum::{Router, extract::ConnectInfo, routing::get};
/// use longwave_backpressure::guard::{Guard, GuardedMakeService};
///
/// let hello = |ConnectInfo(address): ConnectInfo<SocketAddr>| async move { format!("hello, {address}") };
/// let app = Router::new().route("/", get(hello));
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
/// axum::serve(Guard::new().listen(listener), GuardedMakeService::new(app)).await
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct GuardedMakeService<M> {
    inner: M,
}

impl<M> GuardedMakeService<M> {
    /// Wraps what makes the services: a router, or what it was made into.
    pub const fn new(inner: M) -> Self {
        Self { inner }
    }
}

impl<'a, M, L> Service<IncomingStream<'a, GuardedListener<L>>> for GuardedMakeService<M>
where
    M: Service<IncomingStream<'a, GuardedListener<L>>>,
    L: Listener<Io: Socket, Addr: Clone>,
{
    type Response = GuardedService<WithAddress<M::Response, L::Addr>>;
    type Error = M::Error;
    type Future = Making<M::Future, L::Addr>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), M::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, stream: IncomingStream<'a, GuardedListener<L>>) -> Self::Future {
        let (connection, address) = (stream.io().connection().clone(), stream.remote_addr().clone());
        Making { inner: self.inner.call(stream), made: Some((connection, address)) }
    }
}

pin_project! {
    /// Makes the service of one connection.
    #[must_use = "futures do nothing unless polled"]
    pub struct Making<F, A> {
        #[pin]
        inner: F,
        made: Option<(Connection, A)>,
    }
}

impl<F, A, S, E> Future for Making<F, A>
where
    F: Future<Output = Result<S, E>>,
{
    type Output = Result<GuardedService<WithAddress<S, A>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let inner = ready!(this.inner.poll(cx))?;
        let Some((connection, address)) = this.made.take() else { return Poll::Pending };
        Poll::Ready(Ok(GuardedService::new(WithAddress { inner, address }, connection)))
    }
}

impl<F, A> fmt::Debug for Making<F, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Making").finish_non_exhaustive()
    }
}

/// The service of one connection, which knows the address of its peer.
#[derive(Clone, Debug)]
pub struct WithAddress<S, A> {
    inner: S,
    address: A,
}

impl<S, A, B> Service<Request<B>> for WithAddress<S, A>
where
    S: Service<Request<B>>,
    A: Clone + Send + Sync + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        request.extensions_mut().insert(ConnectInfo(self.address.clone()));
        self.inner.call(request)
    }
}
