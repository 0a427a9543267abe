//! The graceful shutdown of hyper-util, without the layer and with it, over real sockets.
#![allow(clippy::unwrap_used)]

#[path = "common/sockets.rs"]
mod sockets;

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
use hyper::{body::Incoming, server};
use hyper_util::{rt::TokioIo, server::graceful::GracefulShutdown, service::TowerToHyperService};
use longwave_drain::{Drain, DrainLayer};
use longwave_sse::response;
use sockets::{GRACE, HANGS, WINDOW, assert_all_were_told, assert_sent_elsewhere, clients, events, listen};
use tokio::{
    net::TcpListener,
    sync::oneshot,
    time::{Instant, timeout},
};
use tower::{Service, service_fn};
use tower_layer::Layer;

type Get = Request<Incoming>;
type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// A feed, and what a load balancer asks.
fn app(
    drain: &Drain,
) -> impl Service<Get, Response = Answer, Error = Infallible, Future: Send> + Clone + Send + 'static {
    let readiness = drain.readiness();
    service_fn(move |request: Get| {
        let mut readiness = readiness.clone();
        async move {
            if request.uri().path() == "/ready" {
                return readiness.call(request).await.map(|response| response.map(BodyExt::boxed_unsync));
            }
            Ok(response(events().boxed_unsync()))
        }
    })
}

/// Serves connections until it is stopped, and then shuts down those that are left.
async fn serve<S, B>(listener: TcpListener, service: S, mut stopped: oneshot::Receiver<()>)
where
    S: Service<Get, Response = Response<B>, Error = Infallible, Future: Send>,
    S: Clone + Send + 'static,
    B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    let graceful = GracefulShutdown::new();
    loop {
        let socket = tokio::select! {
            _ = &mut stopped => break,
            accepted = listener.accept() => TokioIo::new(accepted.unwrap().0),
        };
        let service = TowerToHyperService::new(service.clone());
        let connection = server::conn::http1::Builder::new().serve_connection(socket, service);
        tokio::spawn(graceful.watch(connection));
    }
    drop(listener);
    graceful.shutdown().await;
}

#[tokio::test]
async fn without_the_layer_a_shutdown_hangs() {
    let (listener, address) = listen().await;
    let (stop, stopped) = oneshot::channel();
    let server = tokio::spawn(serve(listener, app(&Drain::new()), stopped));
    let clients = clients(address).await;
    stop.send(()).unwrap();
    assert!(timeout(HANGS, server).await.is_err(), "it waits for event streams");
    assert!(clients.iter().all(|client| !client.is_finished()));
}

#[tokio::test]
async fn with_the_layer_it_is_over_within_the_window() {
    let (listener, address) = listen().await;
    // Room for so many different times that no two clients get the same.
    let reconnect = Duration::from_secs(1)..=Duration::from_secs(1_000_000);
    let drain = Drain::new().window(WINDOW).reconnect(reconnect);
    let (stop, stopped) = oneshot::channel();
    let service = DrainLayer::new(&drain).layer(app(&drain));
    let server = tokio::spawn(serve(listener, service, stopped));
    let clients = clients(address).await;
    assert_eq!(drain.open(), clients.len());

    let start = Instant::now();
    drain.start();
    assert_sent_elsewhere(address).await;
    let report = drain.drained().await;
    assert_eq!((report.ended, report.gone, report.left_over), (clients.len(), 0, 0));
    stop.send(()).unwrap();
    timeout(GRACE, server).await.expect("it does not hang").unwrap();
    assert!(start.elapsed() < WINDOW + GRACE);
    assert_all_were_told(clients).await;
}
