//! axum with a heartbeat: its own event stream through the layer, its own WebSocket in `Beating`, and two clients.
//!
//! ```text
//! cargo run -p longwave-heartbeat --all-features --example axum_websocket
//! ```

use std::{convert::Infallible, error::Error, time::Duration};

use axum::{
    Extension, Router,
    extract::ws::{WebSocket, WebSocketUpgrade},
    response::{
        Response,
        sse::{Event, Sse},
    },
    routing::get,
};
use futures_util::{SinkExt, Stream, StreamExt, stream};
use longwave_core::{Cause, Lifeline};
use longwave_heartbeat::{Beating, Heartbeat, HeartbeatLayer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep, timeout},
};
use tokio_tungstenite::{connect_async, tungstenite::Message};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let router = Router::new()
        .route("/prices", get(prices))
        .route("/echo", get(upgrade))
        // A second, so that there is something to see.
        .layer(HeartbeatLayer::new(Heartbeat::every(Duration::from_secs(1))));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, router).await });

    let mut events = TcpStream::connect(address).await?;
    events.write_all(b"GET /prices HTTP/1.1\r\nhost: prices\r\n\r\n").await?;
    let (start, mut bytes) = (Instant::now(), [0; 1024]);
    for _ in 0..3 {
        let len = events.read(&mut bytes).await?;
        println!("event stream, after {:.1?}: {:?}", start.elapsed(), String::from_utf8_lossy(&bytes[..len]));
    }

    let (mut socket, _) = connect_async(format!("ws://{address}/echo")).await?;
    socket.send("hello".into()).await?;
    while let Ok(Some(message)) = timeout(Duration::from_secs(5), socket.next()).await {
        let message = message?;
        println!("WebSocket: {message:?}");
        if let Message::Close(_) = message {
            break;
        }
    }
    Ok(())
}

/// A stream with nothing to say.
async fn prices() -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    Sse::new(stream::pending())
}

async fn upgrade(Extension(lifeline): Extension<Lifeline>, upgrade: WebSocketUpgrade) -> Response {
    // Somebody takes the login back in three seconds.
    let somewhere = lifeline.clone();
    tokio::spawn(async move {
        sleep(Duration::from_secs(3)).await;
        somewhere.end(Cause::Revoked);
    });
    upgrade.on_upgrade(move |socket| echo(Beating::new(socket, &lifeline)))
}

async fn echo(mut socket: Beating<WebSocket>) {
    while let Some(Ok(message)) = socket.next().await {
        println!("handler: {message:?}");
        if socket.send(message).await.is_err() {
            break;
        }
    }
    println!("handler: over, {:?}, round trip {:?}", socket.lifeline().reason(), socket.round_trip());
}
