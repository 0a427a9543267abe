//! A service of event streams and WebSockets as one runs it in production: observed, limited, kept alive, guarded and drained.
//!
//! ```sh
//! cargo run -p longwave --example service --features full,axum
//! curl -N -H 'Accept: text/event-stream' http://127.0.0.1:3000/feed    # and then Ctrl-C in the first terminal
//! ```

use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::request::Parts,
    response::Response,
    routing::{any, get},
};
use futures_util::stream;
use longwave::{
    backpressure::{
        ClientAddress, StreamLimitLayer,
        guard::{Guard, GuardedMakeService},
    },
    core::{Closed, Observer, ObserverLayer, Opened},
    drain::{Drain, DrainLayer},
    heartbeat::HeartbeatLayer,
    sse::{Event, EventBody, response},
    ws_hyper::{Message, WebSocketUpgrade},
};
use tokio::{
    net::TcpListener,
    sync::oneshot,
    time::{sleep, timeout},
};
use tower::ServiceBuilder;

/// How long short requests may take after the last stream is gone.
const GRACE: Duration = Duration::from_secs(5);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Fits into the 30 s that an orchestrator mostly gives.
    let drain = Drain::new().window(Duration::from_secs(20)).deadline(Duration::from_secs(25));
    let peer = ClientAddress::new(|parts: &Parts| -> Option<IpAddr> {
        Some(parts.extensions.get::<ConnectInfo<SocketAddr>>()?.0.ip())
    });
    let layers = ServiceBuilder::new()
        .layer(ObserverLayer::new(Active::default()))
        .layer(DrainLayer::new(&drain).max_age(Duration::from_secs(3600)))
        .layer(StreamLimitLayer::new(50_000).per_key(100, move |parts: &Parts| peer.of(parts)))
        .layer(HeartbeatLayer::default());
    let app = Router::new()
        .route("/feed", get(feed))
        // Over HTTP/2 a WebSocket is a CONNECT.
        .route("/echo", any(echo))
        .layer(layers)
        .route_service("/ready", drain.readiness());

    let listener = Guard::new().listen(TcpListener::bind("127.0.0.1:3000").await?);
    let (stop, stopped) = oneshot::channel();
    let service = GuardedMakeService::new(app);
    let server = axum::serve(listener, service).with_graceful_shutdown(async { _ = stopped.await });
    let server = tokio::spawn(server.into_future());

    tokio::signal::ctrl_c().await?;
    println!("{} streams are open; they end one by one", drain.open());
    println!("{:?}", drain.run().await);
    _ = stop.send(());
    timeout(GRACE, server).await???;
    Ok(())
}

async fn feed() -> Response {
    let events = stream::unfold(0_u64, |n| async move {
        sleep(Duration::from_secs(n.min(60))).await;
        Some((Ok::<_, Infallible>(Event::new().id(n.into()).data("tick")), n + 1))
    });
    response(Body::new(EventBody::new(Box::pin(events))))
}

/// It ends with the code and the reason of the drain, and is kept alive by the heartbeat of the layer.
async fn echo(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(|mut socket| async move {
        while let Some(Ok(message)) = socket.recv().await {
            if matches!(message, Message::Close(_)) || socket.send(message).await.is_err() {
                break;
            }
        }
    })
}

/// How many streams are open, and how the others have ended.
#[derive(Default)]
struct Active(AtomicI64);

impl Observer for Active {
    fn opened(&self, opened: &Opened) {
        println!("{} open, one more: {}", self.0.fetch_add(1, Ordering::Relaxed) + 1, opened.kind.name());
    }

    fn closed(&self, closed: &Closed) {
        let why = closed.reason.as_ref().map_or("the peer has left".to_owned(), ToString::to_string);
        println!("{} open, one less: {why}", self.0.fetch_sub(1, Ordering::Relaxed) - 1);
    }
}
