//! A client over HTTP/1.1, of servers of others, and of those that answer wrongly.
#![allow(clippy::unwrap_used)]

mod common;

use futures_util::{SinkExt, StreamExt};
use http::{HeaderValue, header};
use longwave_ws_hyper::{
    WebSocket,
    client::{self, Error, HandshakeError, Options, RequestError},
    handshake::{Subprotocol, accept_key},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use self::common::{PATIENCE, exchange};

/// What comes of an answer, in which `{accept}` stands for the correct one to the key.
async fn answered(answer: &str, options: &Options) -> Result<WebSocket<DuplexStream>, Error> {
    let (io, mut far) = tokio::io::duplex(256 * 1024);
    let answer = answer.to_owned();
    let server = tokio::spawn(async move {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            head.push(char::from(far.read_u8().await.unwrap()));
        }
        let key = head.lines().find_map(|line| line.strip_prefix("sec-websocket-key: ")).unwrap();
        let accept = String::from_utf8(accept_key(key).to_vec()).unwrap();
        far.write_all(answer.replace("{accept}", &accept).as_bytes()).await.unwrap();
        far
    });
    let uri = "ws://example.com/chat".parse().unwrap();
    let opened = timeout(PATIENCE, client::http1(io, &uri, options)).await.expect("an outcome");
    let far = server.await.unwrap();
    // Until here, so that no end of the connection explains anything.
    drop(far);
    opened.map(|(socket, _)| socket)
}

async fn failure(answer: &str, options: &Options) -> Error {
    answered(answer, options).await.expect_err("a failure")
}

/// A correct answer with something behind its last field.
fn switching(more: &str) -> String {
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: foo, upgrade\r\n\
         Sec-WebSocket-Accept: {{accept}}\r\n{more}\r\n"
    )
}

#[tokio::test]
async fn a_server_of_tungstenite_serves() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        while let Some(Ok(message)) = socket.next().await {
            if !message.is_close() {
                socket.send(message).await.unwrap();
            }
        }
    });
    let uri = format!("ws://{address}/").parse().unwrap();
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut socket, response) = client::http1(stream, &uri, &Options::new()).await.unwrap();
    assert_eq!(response.status(), 101);
    exchange(&mut socket, "hello").await;
    socket.close(None).await.unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn what_comes_in_one_packet_with_the_head_is_not_lost() {
    // "hi" as the first fragment of a text: what is all ASCII can be written so.
    let answer = switching("") + "\u{1}\u{2}hi";
    let mut socket = answered(&answer, &Options::new()).await.unwrap();
    let part = socket.recv_part().await.unwrap().unwrap();
    assert_eq!((&part.data[..], part.last), (&b"hi"[..], false));
}

#[tokio::test]
async fn an_answer_without_the_right_fields_opens_nothing() {
    let options = Options::new();
    let wrong = [
        ("{accept}", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", HandshakeError::Accept),
        ("Upgrade: WebSocket\r\n", "", HandshakeError::Upgrade),
        ("foo, upgrade", "foo", HandshakeError::Connection),
    ];
    for (part, other, expected) in wrong {
        match failure(&switching("").replace(part, other), &options).await {
            Error::Handshake(error) => assert_eq!(error, expected),
            error => panic!("{error:?} for {expected:?}"),
        }
    }
}

#[tokio::test]
async fn only_what_was_offered_can_be_agreed_on() {
    let options = Options::new().protocol(Subprotocol::from_static("a"));
    let agreed = answered(&switching("Sec-WebSocket-Protocol: a\r\n"), &options).await.unwrap();
    assert_eq!(agreed.protocol().map(Subprotocol::as_str), Some("a"));
    for protocols in
        ["Sec-WebSocket-Protocol: b\r\n", "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: a\r\n"]
    {
        let error = failure(&switching(protocols), &options).await;
        assert!(matches!(error, Error::Handshake(HandshakeError::Protocol)), "{error:?}");
    }
    let error = failure(&switching("Sec-WebSocket-Extensions: permessage-deflate\r\n"), &options).await;
    assert!(matches!(error, Error::Handshake(HandshakeError::ExtensionNotOffered)), "{error:?}");
}

#[cfg(feature = "deflate")]
#[tokio::test]
async fn only_a_compression_that_was_offered_can_be_agreed_on() {
    let options = Options::new().deflate(longwave_ws_hyper::deflate::Settings::new());
    let with = |extensions: &str| switching(&format!("Sec-WebSocket-Extensions: {extensions}\r\n"));
    answered(&with("permessage-deflate"), &options).await.unwrap();
    let error = failure(&with("permessage-deflate; of_another_kind"), &options).await;
    assert!(matches!(error, Error::Deflate(_)), "{error:?}");
    let error = failure(&with("permessage-deflate, permessage-deflate"), &options).await;
    assert!(matches!(error, Error::Handshake(HandshakeError::ExtensionNotOffered)), "{error:?}");
}

#[tokio::test]
async fn any_other_answer_is_for_the_caller() {
    for (status, field) in [("200 OK", ""), ("302 Found", "Location: /login\r\n"), ("404 Not Found", "")] {
        let answer = format!("HTTP/1.1 {status}\r\n{field}Content-Length: 2\r\n\r\nno");
        let error = failure(&answer, &Options::new()).await;
        let response = error.response().unwrap();
        assert_eq!(response.status().to_string(), status);
        let location = response.headers().get(header::LOCATION);
        assert_eq!(location.is_some(), !field.is_empty());
        assert!(error.to_string().contains(&status[..3]), "{error}");
    }
}

#[tokio::test]
async fn a_head_may_not_be_huge() {
    let field = format!("X-Filler: {}\r\n", "x".repeat(1000));
    let options = Options::new();
    answered(&switching(&field.repeat(10)), &options).await.unwrap();
    let error = failure(&switching(&field.repeat(20)), &options).await;
    assert!(matches!(&error, Error::Hyper(error) if error.is_parse_too_large()), "{error:?}");
    answered(&switching(&field.repeat(20)), &options.clone().max_head(32 * 1024)).await.unwrap();
    let error = failure(&switching(&field.repeat(10)), &options.clone().max_head(0)).await;
    assert!(matches!(&error, Error::Hyper(error) if error.is_parse_too_large()), "{error:?}");
    let error = failure(&switching(&"X: y\r\n".repeat(200)), &options).await;
    assert!(matches!(&error, Error::Hyper(error) if error.is_parse_too_large()), "{error:?}");
}

#[tokio::test]
async fn what_is_not_http_is_told() {
    let error = failure("SSH-2.0-OpenSSH_9.6\r\n", &Options::new()).await;
    assert!(matches!(&error, Error::Hyper(error) if error.is_parse()), "{error:?}");

    let (io, mut far) = tokio::io::duplex(1024);
    tokio::spawn(async move { far.read_u8().await });
    let uri = "ws://example.com/chat".parse().unwrap();
    let error = client::http1(io, &uri, &Options::new()).await.unwrap_err();
    assert!(matches!(&error, Error::Hyper(_)), "{error:?}");
}

#[tokio::test]
async fn what_cannot_be_asked_for_is_not() {
    let ask = async |uri: &str, options: &Options| {
        let (io, _far) = tokio::io::duplex(1024);
        match client::http1(io, &uri.parse().unwrap(), options).await {
            Err(Error::Request(error)) => error,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(ask("ftp://example.com", &Options::new()).await, RequestError::Scheme);
    assert_eq!(ask("ws://me@example.com", &Options::new()).await, RequestError::UserInfo);
    let options = Options::new().header(header::UPGRADE, HeaderValue::from_static("h2c"));
    assert!(matches!(ask("ws://example.com", &options).await, RequestError::Reserved { .. }));
}

#[tokio::test]
async fn a_request_has_what_was_set() {
    let (io, mut far) = tokio::io::duplex(1024);
    let options = Options::new()
        .protocol(Subprotocol::from_static("a"))
        .header(header::AUTHORIZATION, HeaderValue::from_static("Bearer of-news"))
        .origin("https://example.com".parse().unwrap());
    let uri = "ws://example.com:80/chat?room=1".parse().unwrap();
    let asking = tokio::spawn(async move { client::http1(io, &uri, &options).await.map(drop) });
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        head.push(char::from(far.read_u8().await.unwrap()));
    }
    assert!(head.starts_with("GET /chat?room=1 HTTP/1.1\r\n"), "{head}");
    let fields = ["host: example.com", "origin: https://example.com", "authorization: Bearer of-news"];
    for field in fields.into_iter().chain(["sec-websocket-protocol: a", "sec-websocket-version: 13"]) {
        assert!(head.contains(&format!("\r\n{field}\r\n")), "{head}");
    }
    drop(far);
    asking.await.unwrap().unwrap_err();
}

#[tokio::test]
async fn a_future_that_is_dropped_drops_the_connection() {
    let (io, mut far) = tokio::io::duplex(1024);
    let uri = "ws://example.com/chat".parse().unwrap();
    let asked = timeout(std::time::Duration::from_millis(20), client::http1(io, &uri, &Options::new())).await;
    assert!(asked.is_err());
    let mut head = Vec::new();
    far.read_to_end(&mut head).await.unwrap();
    assert!(head.starts_with(b"GET /chat"));
}
