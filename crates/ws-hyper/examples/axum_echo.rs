//! Sends every message back to where it came from, in axum, over HTTP/1.1 and HTTP/2.
//!
//! ```text
//! cargo run -p longwave-ws-hyper --features axum --example axum_echo -- [address]
//! ```

use std::{env, io};

use axum::{Extension, Router, response::Response, routing::any};
use longwave_ws_hyper::{
    Error, Message, Upgraded, WebSocket, WebSocketUpgrade,
    handshake::{OriginPolicy, Subprotocol},
    server::Options,
};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> io::Result<()> {
    // Pages from everywhere may come, as this server does nothing for anybody.
    let options =
        Options::new().protocol(Subprotocol::from_static("echo")).origins(OriginPolicy::unchecked());
    // For any method: over HTTP/2 a WebSocket is opened by CONNECT.
    let app = Router::new().route("/", any(open)).layer(Extension(options));
    let address = env::args().nth(1).unwrap_or_else(|| "127.0.0.1:9001".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    axum::serve(listener, app).await
}

async fn open(upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(|socket| async {
        if let Err(err) = echo(socket).await {
            println!("{err}");
        }
    })
}

async fn echo(mut socket: WebSocket<Upgraded>) -> Result<(), Error> {
    while let Some(message) = socket.recv().await.transpose()? {
        match message {
            Message::Close(_) => {}
            message => socket.send(message).await?,
        }
    }
    Ok(())
}
