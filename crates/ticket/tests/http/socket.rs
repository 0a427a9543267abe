//! On a real connection.

use axum::{Router, routing::get};
use longwave_ticket::http::{OriginLayer, Origins};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

#[tokio::test]
async fn nothing_can_be_sent_through_a_connection_whose_upgrade_was_refused() {
    let layer = OriginLayer::new(Origins::list(["https://app.example.com"]).unwrap());
    let app: Router = Router::new().route("/chat", get(async || "smuggled")).layer(layer);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(axum::serve(listener, app).into_future());

    let mut client = TcpStream::connect(address).await.unwrap();
    let upgrade = "GET /chat HTTP/1.1\r\nhost: app.example.com\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                   origin: https://evil.test\r\nsec-websocket-version: 13\r\n\r\n";
    let tunnelled = "GET /chat HTTP/1.1\r\nhost: app.example.com\r\n\r\n";
    client.write_all(format!("{upgrade}{tunnelled}").as_bytes()).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert!(answer.contains(r#""code":"origin_not_allowed""#), "{answer}");
    assert!(!answer.contains("smuggled") && !answer.contains("evil"), "{answer}");
    server.abort();
}
