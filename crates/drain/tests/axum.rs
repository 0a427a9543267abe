//! The graceful shutdown of axum, without the layer and with it, over real sockets.
#![allow(clippy::unwrap_used)]

#[path = "common/sockets.rs"]
mod sockets;

use std::time::Duration;

use axum::{Router, body::Body, routing::get};
use longwave_drain::{Drain, DrainLayer};
use longwave_sse::response;
use sockets::{GRACE, HANGS, WINDOW, assert_all_were_told, assert_sent_elsewhere, clients, events, listen};
use tokio::{
    sync::oneshot,
    time::{Instant, timeout},
};

fn app() -> Router {
    Router::new().route("/feed", get(async || response(Body::new(events()))))
}

/// Room for so many different times that no two clients get the same.
fn drain() -> Drain {
    Drain::new().window(WINDOW).reconnect(Duration::from_secs(1)..=Duration::from_secs(1_000_000))
}

#[tokio::test]
async fn without_the_layer_a_shutdown_hangs() {
    let (listener, address) = listen().await;
    let (stop, stopped) = oneshot::channel::<()>();
    let server = axum::serve(listener, app()).with_graceful_shutdown(async { _ = stopped.await });
    let server = tokio::spawn(server.into_future());
    let clients = clients(address).await;
    stop.send(()).unwrap();
    assert!(timeout(HANGS, server).await.is_err(), "it waits for event streams");
    assert!(clients.iter().all(|client| !client.is_finished()));
}

#[tokio::test]
async fn with_the_layer_it_is_over_within_the_window() {
    let (listener, address) = listen().await;
    let drain = drain();
    let app = app().layer(DrainLayer::new(&drain)).route_service("/ready", drain.readiness());
    let (stop, stopped) = oneshot::channel::<()>();
    let server = axum::serve(listener, app).with_graceful_shutdown(async { _ = stopped.await });
    let server = tokio::spawn(server.into_future());
    let clients = clients(address).await;
    assert_eq!(drain.open(), clients.len());

    let start = Instant::now();
    drain.start();
    assert_sent_elsewhere(address).await;
    let report = drain.drained().await;
    assert_eq!((report.ended, report.gone, report.left_over), (clients.len(), 0, 0));
    stop.send(()).unwrap();
    timeout(GRACE, server).await.expect("it does not hang").unwrap().unwrap();
    assert!(start.elapsed() < WINDOW + GRACE);
    assert_all_were_told(clients).await;
}

/// The shutdown may start with the drain, too: then new connections are refused by the system.
#[tokio::test]
async fn the_drain_may_start_with_the_shutdown() {
    let (listener, address) = listen().await;
    let drain = drain();
    let (stop, stopped) = oneshot::channel::<()>();
    let starts = drain.clone();
    let app = app().layer(DrainLayer::new(&drain));
    let server = axum::serve(listener, app).with_graceful_shutdown(async move {
        _ = stopped.await;
        starts.start();
    });
    let server = tokio::spawn(server.into_future());
    let clients = clients(address).await;
    stop.send(()).unwrap();
    timeout(WINDOW + GRACE, server).await.expect("it does not hang").unwrap().unwrap();
    assert_eq!(drain.drained().await.ended, clients.len());
    assert_all_were_told(clients).await;
}
