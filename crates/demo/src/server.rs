//! The sockets: HTTP/1.1 and HTTP/2 on the same port, in clear text or over TLS.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
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

/// Serves `service` to whoever connects, for ever. Dropping the future stops accepting; open connections end
/// with the runtime.
pub async fn serve<S, B>(listener: TcpListener, transport: Transport, service: S)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: hyper::body::Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + 'static,
{
    let builder = builder();
    loop {
        match listener.accept().await {
            Ok((socket, _)) => {
                tokio::spawn(connection(socket, transport.clone(), builder.clone(), service.clone()));
            }
            // The client is gone already, or no file descriptor is free: the next accept may do better.
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// How a failed connection ended is the client's business; it says so itself.
async fn connection<S, B>(
    socket: TcpStream,
    transport: Transport,
    builder: Builder<TokioExecutor>,
    service: S,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Send + 'static,
    S::Future: Send,
    B: hyper::body::Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + 'static,
{
    // Events are small and wait for no acknowledgement of the one before.
    let _ = socket.set_nodelay(true);
    match transport {
        Transport::Clear => http(socket, builder, service).await,
        Transport::Tls(config) => {
            let handshake = TlsAcceptor::from(config).accept(socket);
            if let Ok(Ok(socket)) = tokio::time::timeout(PATIENCE, handshake).await {
                http(socket, builder, service).await;
            }
        }
    }
}

async fn http<I, S, B>(io: I, builder: Builder<TokioExecutor>, service: S)
where
    I: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Send + 'static,
    S::Future: Send,
    B: hyper::body::Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + 'static,
{
    let _ = builder.serve_connection(TokioIo::new(io), service).await;
}

/// hyper takes about 400 KiB from a stream before it notices that nobody reads, on either protocol, and a
/// body is not polled again until the reader has caught up. Of small events that is minutes of old news, sent
/// to a client that may be long gone; with little room here the history decides what a slow reader misses.
fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().max_buf_size(STREAM_BUFFER).timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    builder.http2().max_send_buf_size(STREAM_BUFFER).timer(TokioTimer::new());
    builder
}

/// Bytes that may wait in a connection; also the most that an HTTP/1.1 request head may take.
const STREAM_BUFFER: usize = 16 * 1024;

const PATIENCE: Duration = Duration::from_secs(10);
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
