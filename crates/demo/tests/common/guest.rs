//! Somebody with a WebSocket, by a client that is not ours over HTTP/1.1, and by ours over HTTP/2.

use std::net::SocketAddr;

use futures_util::{SinkExt, StreamExt};
use http::StatusCode;
use longwave_ws_hyper::client::{Http2, Options};
use longwave_ws_hyper::{Message, Upgraded, WebSocket};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::common::DEADLINE;

/// Somebody in the room, or wherever its `target` is.
pub(crate) enum Guest {
    Http1(Box<WebSocketStream<MaybeTlsStream<TcpStream>>>),
    Http2(Box<WebSocket<Upgraded>>),
}

/// What a guest hears.
#[derive(Debug, PartialEq)]
enum Heard {
    Told(Value),
    Closed(u16, String),
}

impl Guest {
    pub(crate) async fn over_http1(address: SocketAddr, query: &str) -> Self {
        Self::at_over_http1(address, &format!("/room?{query}")).await
    }

    pub(crate) async fn at_over_http1(address: SocketAddr, target: &str) -> Self {
        let (socket, response) = connect_async(format!("ws://{address}{target}")).await.unwrap();
        assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
        Self::Http1(Box::new(socket))
    }

    pub(crate) async fn over_http2(address: SocketAddr, query: &str) -> Self {
        Self::at_over_http2(address, &format!("/room?{query}")).await
    }

    pub(crate) async fn at_over_http2(address: SocketAddr, target: &str) -> Self {
        let connection = Http2::connect(TcpStream::connect(address).await.unwrap()).await.unwrap();
        let uri = format!("ws://{address}{target}").parse().unwrap();
        let (socket, response) = connection.open(&uri, &Options::new()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        Self::Http2(Box::new(socket))
    }

    pub(crate) async fn say(&mut self, text: &str) {
        self.send(json!({ "text": text }).to_string()).await;
    }

    pub(crate) async fn send(&mut self, message: String) {
        match self {
            Self::Http1(socket) => socket.send(message.into()).await.unwrap(),
            Self::Http2(socket) => socket.send(message.into()).await.unwrap(),
        }
    }

    async fn next(&mut self) -> Heard {
        timeout(DEADLINE, self.receive()).await.expect("something to hear")
    }

    async fn receive(&mut self) -> Heard {
        match self {
            Self::Http1(socket) => loop {
                match socket.next().await.unwrap().unwrap() {
                    tungstenite::Message::Text(text) => break told(&text),
                    tungstenite::Message::Close(Some(frame)) => {
                        break Heard::Closed(frame.code.into(), frame.reason.to_string());
                    }
                    tungstenite::Message::Ping(_) => {}
                    other => panic!("{other:?}"),
                }
            },
            Self::Http2(socket) => match socket.recv().await.unwrap().unwrap() {
                Message::Text(text) => told(&text),
                Message::Close(Some(frame)) => Heard::Closed(frame.code().get(), frame.reason().to_string()),
                other => panic!("{other:?}"),
            },
        }
    }

    /// The next thing that is told and has this key.
    pub(crate) async fn hear(&mut self, key: &str) -> Value {
        loop {
            match self.next().await {
                Heard::Told(mut told) if !told[key].is_null() => return told[key].take(),
                Heard::Told(_) => {}
                closed @ Heard::Closed(..) => panic!("{closed:?} before {key}"),
            }
        }
    }

    /// Goes on until the connection is over.
    pub(crate) async fn end(mut self) -> (u16, String) {
        let (code, reason) = loop {
            if let Heard::Closed(code, reason) = self.next().await {
                break (code, reason);
            }
        };
        if let Self::Http1(mut socket) = self {
            // Its answer has to go out.
            assert!(timeout(DEADLINE, socket.next()).await.unwrap().is_none());
        }
        (code, reason)
    }
}

fn told(text: &str) -> Heard {
    Heard::Told(serde_json::from_str(text).unwrap())
}
