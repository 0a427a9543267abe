//! The server behind the proxies: the same routes with the layers and, under `/bare`, without.

use std::{convert::Infallible, net::SocketAddr, ops::RangeInclusive, time::Duration};

use axum::{
    Extension, Router,
    extract::ws::WebSocketUpgrade,
    response::{IntoResponse, Response, sse},
    routing::get,
};
use futures_util::{SinkExt, StreamExt, stream};
use longwave_backpressure::{
    StreamLimitLayer,
    guard::{Guard, GuardedMakeService},
};
use longwave_core::Lifeline;
use longwave_drain::{Drain, DrainLayer};
use longwave_heartbeat::{Beating, Heartbeat, HeartbeatLayer};
use tokio::{net::TcpListener, sync::broadcast, time::sleep};
use tower::ServiceBuilder;

use crate::BEAT;

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) drain: Drain,
    news: broadcast::Sender<String>,
}

impl Server {
    /// Serves until the test's runtime ends.
    pub(crate) async fn start() -> Self {
        let drain = Drain::new().reconnect(RECONNECT);
        let (news, _) = broadcast::channel::<String>(16);
        let layers = ServiceBuilder::new()
            .layer(DrainLayer::new(&drain))
            .layer(StreamLimitLayer::new(100))
            .layer(HeartbeatLayer::new(Heartbeat::every(BEAT)));
        let routes = |chat| {
            let news = news.clone();
            Router::new().route("/feed", get(async move || feed(news.subscribe()))).route("/chat", chat)
        };
        let app = routes(get(beating_chat)).layer(layers).nest("/bare", routes(get(bare_chat)));

        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            axum::serve(Guard::new().listen(listener), GuardedMakeService::new(app)).await.unwrap();
        });
        Self { address, drain, news }
    }

    /// Sends an event to everybody, as soon as there is somebody.
    pub(crate) async fn say(&self, text: &str) {
        while self.news.receiver_count() == 0 {
            sleep(Duration::from_millis(5)).await;
        }
        self.news.send(text.to_owned()).unwrap();
    }
}

fn feed(news: broadcast::Receiver<String>) -> Response {
    let events = stream::unfold(news, async |mut news| {
        let text = news.recv().await.ok()?;
        Some((Ok::<_, Infallible>(sse::Event::default().data(text)), news))
    });
    sse::Sse::new(events).into_response()
}

async fn beating_chat(Extension(lifeline): Extension<Lifeline>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async move |socket| {
        let mut socket = Beating::new(socket, &lifeline);
        while let Some(Ok(message)) = socket.next().await {
            if socket.send(message).await.is_err() {
                break;
            }
        }
    })
}

/// As in axum's documentation.
async fn bare_chat(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async |mut socket| {
        while let Some(Ok(message)) = socket.recv().await {
            if socket.send(message).await.is_err() {
                break;
            }
        }
    })
}

/// From which a client that is drained gets its time to come back: not the default, so that it shows.
pub(crate) const RECONNECT: RangeInclusive<Duration> = Duration::from_secs(40)..=Duration::from_secs(50);
