//! On a real connection.

use axum::{Router, body::Body, extract::Request, routing::any};
use http::{Method, Response, Uri};
use http_body_util::BodyExt;
use hyper::ext::Protocol;
use hyper_util::rt::{TokioExecutor, TokioIo};
use longwave_ticket::http::{Asked, Found, OriginLayer, Origins, RedactLayer, collect};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tower::ServiceBuilder;

use crate::common::{TICKET, sources};

/// Says what is found in requests, and what is left of them.
async fn report(request: Request) -> String {
    let (mut parts, _) = request.into_parts();
    let asked = Asked::of(&parts);
    let found = collect(&mut parts, &sources());
    let whole = matches!(found, Found::One(credential) if credential.as_str() == TICKET);
    format!("{} {whole} {} {:?}", asked.kind().name(), parts.uri, asked.admit())
}

async fn serve() -> (TcpStream, JoinHandle<()>) {
    let layer = OriginLayer::new(Origins::list(["https://app.example.com"]).unwrap());
    let router: Router = Router::new().route("/chat", any(report)).layer(layer);
    let app = ServiceBuilder::new().map_response(|response: Response<_>| response.map(Body::new));
    let app = app.layer(RedactLayer::new()).service(router);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let server = tokio::spawn(async {
        axum::serve(listener, tower::make::Shared::new(app)).await.unwrap();
    });
    (client, server)
}

#[tokio::test]
async fn nothing_can_be_sent_through_a_connection_whose_upgrade_was_refused() {
    let (mut client, server) = serve().await;
    let upgrade = "GET /chat HTTP/1.1\r\nhost: app.example.com\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
                   origin: https://evil.test\r\nsec-websocket-version: 13\r\n\r\n";
    let tunnelled = "GET /chat HTTP/1.1\r\nhost: app.example.com\r\n\r\n";
    client.write_all(format!("{upgrade}{tunnelled}").as_bytes()).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    assert!(answer.contains(r#""code":"origin_not_allowed""#), "{answer}");
    assert!(!answer.contains("other") && !answer.contains("evil"), "{answer}");
    server.abort();
}

#[tokio::test]
async fn a_websocket_over_http2_is_one_for_each_of_the_layers() {
    let (client, server) = serve().await;
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(client)).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut send = async |method: Method, protocol: Option<&'static str>, origin: &str| {
        let uri: Uri = format!("https://app.example.com/chat?a=1&ticket={TICKET}").parse().unwrap();
        let mut request = http::Request::builder().method(method).uri(uri).header("origin", origin);
        if let Some(protocol) = protocol {
            request = request.extension(Protocol::from_static(protocol));
            request = request.header("sec-websocket-version", "13");
        }
        let response = sender.send_request(request.body(Body::empty()).unwrap()).await.unwrap();
        (response.status().as_u16(), response.into_parts().1)
    };
    let page = "https://app.example.com";
    // Without the settings of the server, which come with the first answer, a client may not ask.
    let (status, body) = send(Method::GET, None, "https://evil.test").await;
    assert_eq!(status, 200);
    let body = body.collect().await.unwrap().to_bytes();
    assert_eq!(body, "other true https://app.example.com/chat?a=1 Err(UpgradeRequired)");

    let (status, body) = send(Method::CONNECT, Some("websocket"), page).await;
    assert_eq!(status, 200);
    drop(body);
    let (status, _) = send(Method::CONNECT, Some("websocket"), "https://evil.test").await;
    assert_eq!(status, 403);
    connection.abort();
    server.abort();
}
