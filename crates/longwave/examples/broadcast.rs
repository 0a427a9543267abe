//! One feed for event streams and WebSockets, encoded once for each kind, in which readers that lag are told so.
//!
//! ```sh
//! cargo run -p longwave --example broadcast --features full,axum,tokio
//! curl -N http://127.0.0.1:3000/events
//! ```

use std::{convert::Infallible, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    response::Response,
    routing::{any, get},
};
use futures_util::StreamExt;
use longwave::{
    backpressure::outbox::{Broadcast, Deliveries, Forms},
    sse::{Event, EventBody, EventType, response},
    ws::Prepared,
    ws_hyper::WebSocketUpgrade,
};
use tokio::{net::TcpListener, sync::broadcast, time::interval};

const LAG: EventType = EventType::from_static("lag");

type Prices = broadcast::Sender<Forms<u64>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let prices = Prices::new(256);
    let app = Router::new().route("/events", get(events)).route("/socket", any(socket));
    let app = app.with_state(prices.clone());
    tokio::spawn(async move {
        let mut second = interval(Duration::from_secs(1));
        for price in 0.. {
            second.tick().await;
            // That nobody listens is fine.
            _ = prices.send(Forms::new(price));
        }
    });
    axum::serve(TcpListener::bind("127.0.0.1:3000").await?, app).await?;
    Ok(())
}

async fn events(State(prices): State<Prices>) -> Response {
    let encode = |price: &u64| Event::new().data(format!(r#"{{"price":{price}}}"#));
    let events = Broadcast::new(prices.subscribe())
        .map_items(move |price| Ok::<Bytes, Infallible>(price.event(encode)))
        .tell_lag(|lag| {
            let event = Event::new().event_type(LAG).data(format!(r#"{{"dropped":{}}}"#, lag.dropped));
            Ok(event.encode())
        });
    response(Body::new(EventBody::new(events)))
}

async fn socket(State(prices): State<Prices>, upgrade: WebSocketUpgrade) -> Response {
    let encode = |price: &u64| Prepared::text(format!(r#"{{"price":{price}}}"#));
    upgrade.on_upgrade(async move |socket| {
        let messages = Broadcast::new(prices.subscribe())
            .map_items(|price| price.message(encode))
            .tell_lag(|lag| Prepared::text(format!(r#"{{"dropped":{}}}"#, lag.dropped)));
        let (mut receiving, sending) = socket.split();
        tokio::select! {
            _ = messages.map(Ok).forward(sending.into_prepared_sink()) => {}
            // Somebody has to receive: pings are answered there, and it ends when the peer has closed.
            () = async { while let Some(Ok(_)) = receiving.recv().await {} } => {}
        }
    })
}
