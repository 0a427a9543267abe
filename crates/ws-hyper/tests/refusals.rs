//! Handshakes that are refused, over a real connection: the status, the fields, and a text that names what is wrong.
#![allow(clippy::unwrap_used)]

mod common;

use longwave_ws_hyper::{handshake::OriginPolicy, server::Options};

use self::common::{Server, echo, request, serve};

async fn server() -> Server {
    let origins = OriginPolicy::listed().allow("https://example.com".parse().unwrap());
    serve(echo(Options::new().origins(origins))).await
}

/// Sends a request, and expects to be refused and hung up on.
async fn refused(request: String, status: &str, says: &str) -> String {
    let answer = server().await.tell(&request).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{answer}");
    assert!(body.contains(says), "{answer}");
    let fields = head.to_lowercase();
    assert!(fields.contains("content-type: text/plain"), "{answer}");
    assert!(
        fields.contains("connection: close") || fields.contains("connection: upgrade, close"),
        "{answer}"
    );
    fields
}

#[tokio::test]
async fn a_plain_request_is_told_to_upgrade() {
    let fields = refused(request(&[("Upgrade: websocket\r\n", "")]), "426", "Upgrade ").await;
    assert!(fields.contains("upgrade: websocket"), "{fields}");
    assert!(fields.contains("sec-websocket-version: 13"), "{fields}");
}

#[tokio::test]
async fn a_request_that_a_proxy_would_not_pass_on_is_told_to_upgrade() {
    refused(request(&[("keep-alive, Upgrade", "keep-alive")]), "426", "Connection ").await;
}

#[tokio::test]
async fn another_version_is_told_which_there_is() {
    let fields = refused(request(&[("Version: 13", "Version: 8")]), "426", "Sec-WebSocket-Version ").await;
    assert!(fields.contains("sec-websocket-version: 13"), "{fields}");
    let fields =
        refused(request(&[("Sec-WebSocket-Version: 13\r\n", "")]), "400", "Sec-WebSocket-Version ").await;
    assert!(fields.contains("sec-websocket-version: 13"), "{fields}");
}

#[tokio::test]
async fn another_method_is_told_which_there_is() {
    let fields = refused(request(&[("GET", "POST")]), "405", "GET").await;
    assert!(fields.contains("allow: get"), "{fields}");
}

#[tokio::test]
async fn a_page_from_elsewhere_is_forbidden() {
    let from = |origin| request(&[("Host: ", &format!("Origin: {origin}\r\nHost: "))]);
    refused(from("https://evil.example"), "403", "Origin ").await;
    refused(from("null"), "403", "Origin ").await;
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    for key in ["", "Sec-WebSocket-Key: short\r\n", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=\r\n"] {
        let line = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        refused(request(&[(line, key)]), "400", "Sec-WebSocket-Key ").await;
    }
}

#[tokio::test]
async fn a_body_is_refused() {
    let with = |field: &str| request(&[("Host: ", &format!("{field}\r\nHost: "))]);
    refused(with("Content-Length: 4") + "body", "400", "Content-Length").await;
    refused(with("Transfer-Encoding: chunked") + "0\r\n\r\n", "400", "Transfer-Encoding").await;
}

#[tokio::test]
async fn a_host_that_is_none_is_refused() {
    refused(request(&[("Host: example.com\r\n", "")]), "400", "Host ").await;
}

#[tokio::test]
async fn offers_that_cannot_be_read_are_refused() {
    let with = |field: &str| request(&[("Host: ", &format!("{field}\r\nHost: "))]);
    refused(with("Sec-WebSocket-Protocol: a, a"), "400", "Sec-WebSocket-Protocol").await;
    refused(with("Sec-WebSocket-Extensions: a;;"), "400", "Sec-WebSocket-Extensions").await;
}

#[tokio::test]
async fn an_old_version_of_http_is_refused() {
    let answer = server().await.tell(request(&[("HTTP/1.1", "HTTP/1.0")])).await;
    assert!(answer.contains(" 505 "), "{answer}");
}
