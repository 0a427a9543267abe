//! The sockets: HTTP/1.1 and HTTP/2 on the same port, in clear text or over TLS.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use longwave_backpressure::guard::{Guard, GuardedIo, GuardedService, LowBuffers};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// What is between the socket and HTTP.
#[derive(Clone, Debug)]
pub enum Transport {
    /// Nothing; HTTP/2 needs a client that knows it beforehand.
    Clear,
    /// TLS; the client picks the protocol (ALPN).
    Tls(Arc<ServerConfig>),
}

/// The address that a request came from, in its extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Serves `service` to whoever connects, for ever. Dropping the future stops accepting; open connections end
/// with the runtime.
pub async fn serve<S, B>(listener: TcpListener, transport: Transport, service: S)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: hyper::body::Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + 'static,
{
    serve_until(listener, transport, service, std::future::pending()).await;
}

/// Serves `service` to whoever connects until `stop` is ready, and then what is under way for a moment longer.
pub async fn serve_until<S, B>(
    listener: TcpListener,
    transport: Transport,
    service: S,
    stop: impl Future<Output = ()>,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: hyper::body::Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + 'static,
{
    let (builder, guard, graceful) = (builder(), Guard::new().stall(STALL), GracefulShutdown::new());
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, peer)) => {
                // Below TLS, where it is seen what the kernel takes.
                let socket = guard.wrap(socket);
                let service = WithPeer { service: service.clone(), peer: Peer(peer) };
                let service = GuardedService::new(service, socket.connection().clone());
                let watcher = graceful.watcher();
                tokio::spawn(connection(socket, transport.clone(), builder.clone(), service, watcher));
            }
            // The client is gone already, or no file descriptor is free: the next accept may do better.
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
    drop(listener);
    let _ = tokio::time::timeout(GRACE, graceful.shutdown()).await;
}

/// How a failed connection ended is the client's business; it says so itself.
async fn connection<S, B>(
    socket: GuardedIo<TcpStream>,
    transport: Transport,
    builder: Builder<TokioExecutor>,
    service: S,
    watcher: Watcher,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Send + 'static,
    S::Future: Send,
    B: hyper::body::Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + 'static,
{
    match transport {
        Transport::Clear => http(socket, builder, service, watcher).await,
        Transport::Tls(config) => {
            let handshake = TlsAcceptor::from(config).accept(socket);
            if let Ok(Ok(socket)) = tokio::time::timeout(PATIENCE, handshake).await {
                http(socket, builder, service, watcher).await;
            }
        }
    }
}

async fn http<I, S, B>(io: I, builder: Builder<TokioExecutor>, service: S, watcher: Watcher)
where
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Send + 'static,
    S::Future: Send,
    B: hyper::body::Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + 'static,
{
    let _ = watcher.watch(builder.serve_connection_with_upgrades(TokioIo::new(io), service)).await;
}

/// With little room in a connection, the history decides what a slow reader misses.
fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.low_buffers();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    builder.http2().timer(TokioTimer::new()).enable_connect_protocol();
    builder
}

/// Tells the service where its requests come from.
#[derive(Clone, Debug)]
struct WithPeer<S> {
    service: S,
    peer: Peer,
}

impl<S, B> Service<Request<B>> for WithPeer<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn call(&self, mut req: Request<B>) -> Self::Future {
        req.extensions_mut().insert(self.peer);
        self.service.call(req)
    }
}

/// For how long a reader may stop: not long, so that somebody who watches sees what becomes of it.
const STALL: Duration = Duration::from_secs(5);

/// What is under way at the end has so long.
const GRACE: Duration = Duration::from_millis(500);

const PATIENCE: Duration = Duration::from_secs(10);
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
