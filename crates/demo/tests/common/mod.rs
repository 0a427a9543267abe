//! The demo in process, on a free loopback port.

#![allow(dead_code, reason = "every test binary uses its own part")]

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::service::Service;
use longwave_demo::{Config, Demo, Transport, serve};
use tokio::net::TcpListener;

/// Far longer than anything here takes, far shorter than a hung test.
pub(crate) const DEADLINE: Duration = Duration::from_secs(50);

/// A feed fast enough for tests: 20 ms an event, back within 200 ms.
pub(crate) fn config() -> Config {
    Config::default()
        .every(Duration::from_millis(20))
        .retry(Duration::from_millis(150)..=Duration::from_millis(200))
}

/// A feed that never publishes anything.
pub(crate) fn silent() -> Config {
    config().every(Duration::from_secs(3600))
}

/// TLS with the demo's own kind of certificate.
pub(crate) fn tls() -> Transport {
    Transport::Tls(longwave_demo::self_signed(Ipv4Addr::LOCALHOST.into()).unwrap())
}

/// Serves until the test's runtime ends.
pub(crate) async fn start<S, B>(transport: Transport, service: S) -> SocketAddr
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Future: Send,
    B: Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + 'static,
{
    let (listener, address) = listen().await;
    tokio::spawn(serve(listener, transport, service));
    address
}

/// A free port, for a service that has to know where it is before it is there.
pub(crate) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// A demo that knows where it is, so that one can log in.
pub(crate) async fn demo(transport: Transport, config: Config) -> (SocketAddr, Demo) {
    let (listener, address) = listen().await;
    let demo = Demo::start(config.at(&transport, address));
    tokio::spawn(serve(listener, transport, demo.clone()));
    (address, demo)
}
