//! A page as far as the server can tell: its origin, its cookies, and what it asks for.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, COOKIE, ORIGIN, SEC_WEBSOCKET_PROTOCOL, SET_COOKIE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite};

use crate::common::DEADLINE;

/// A page in a browser of its own, over HTTP/1.1.
#[derive(Clone)]
pub(crate) struct Page {
    pub(crate) address: SocketAddr,
    pub(crate) origin: String,
    pub(crate) cookies: BTreeMap<String, String>,
}

pub(crate) type Socket = WebSocketStream<TcpStream>;

impl Page {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, origin: format!("http://{address}"), cookies: BTreeMap::new() }
    }

    pub(crate) async fn logged_in(address: SocketAddr, name: &str) -> Self {
        let mut page = Self::new(address);
        let (status, me) = page.post("/login", &json!({ "name": name }).to_string()).await;
        assert_eq!((status, &me["name"]), (StatusCode::OK, &json!(name)));
        page
    }

    /// The cookies that a browser would send there.
    fn cookie(&self, target: &str) -> Option<HeaderValue> {
        let goes = |name: &str| !name.contains("lw_r_") || target.starts_with("/login/feed");
        let pairs = self.cookies.iter().filter(|(name, _)| goes(name));
        let pairs: Vec<String> = pairs.map(|(name, value)| format!("{name}={value}")).collect();
        (!pairs.is_empty()).then(|| pairs.join("; ").parse().unwrap())
    }

    async fn send(&mut self, request: http::request::Builder, body: &str) -> Response<Incoming> {
        let mut request = request.header("host", self.address.to_string());
        let target = request.uri_ref().unwrap().to_string();
        if let Some(cookie) = self.cookie(&target) {
            request = request.header(COOKIE, cookie);
        }
        let request: Request<Full<Bytes>> = request.body(body.to_owned().into()).unwrap();
        let io = TokioIo::new(TcpStream::connect(self.address).await.unwrap());
        let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
        tokio::spawn(connection);
        let response = timeout(DEADLINE, sender.send_request(request)).await.unwrap().unwrap();
        for line in response.headers().get_all(SET_COOKIE) {
            let line = line.to_str().unwrap();
            assert!(line.contains("; HttpOnly") && line.contains("; SameSite=Strict"), "{line}");
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if line.contains("; Max-Age=0;") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        response
    }

    pub(crate) async fn post(&mut self, target: &str, body: &str) -> (StatusCode, Value) {
        let request = Request::builder().method(Method::POST).uri(target).header(ORIGIN, &self.origin);
        answer(self.send(request.header(CONTENT_TYPE, "application/json"), body).await).await
    }

    pub(crate) async fn get(&mut self, target: &str) -> (StatusCode, Value) {
        answer(self.send(Request::get(target).header("sec-fetch-site", "same-origin"), "").await).await
    }

    pub(crate) async fn mint(&mut self) -> String {
        let (status, minted) = self.post("/login/ticket", "").await;
        assert_eq!(status, StatusCode::OK, "{minted}");
        minted["ticket"].as_str().unwrap().to_owned()
    }

    /// As an `EventSource` asks for it, of a page of this origin or of another one.
    pub(crate) async fn stream(&mut self, ticket: &str) -> Response<Incoming> {
        let request =
            Request::get(format!("/login/feed?ticket={ticket}")).header(ACCEPT, "text/event-stream");
        let request = if self.origin.ends_with(&self.address.to_string()) {
            request.header("sec-fetch-site", "same-origin")
        } else {
            request.header(ORIGIN, &self.origin)
        };
        self.send(request, "").await
    }

    /// Asks for an event stream that it does not get.
    pub(crate) async fn refused(&mut self, ticket: &str) -> (StatusCode, Value) {
        answer(self.stream(ticket).await).await
    }

    pub(crate) async fn socket(&self, ticket: &str) -> Result<Socket, StatusCode> {
        let mut request = format!("ws://{}/login/socket", self.address).into_client_request().unwrap();
        let headers = request.headers_mut();
        headers.insert(ORIGIN, self.origin.parse().unwrap());
        headers.insert(SEC_WEBSOCKET_PROTOCOL, format!("demo.login.v1, lw.ticket.{ticket}").parse().unwrap());
        headers.extend(self.cookie("/login/socket").map(|cookie| (COOKIE, cookie)));
        let io = TcpStream::connect(self.address).await.unwrap();
        match timeout(DEADLINE, client_async(request, io)).await.unwrap() {
            Ok((socket, response)) => {
                assert_eq!(response.headers()[SEC_WEBSOCKET_PROTOCOL], "demo.login.v1");
                Ok(socket)
            }
            Err(tungstenite::Error::Http(response)) => Err(response.status()),
            Err(other) => panic!("{other}"),
        }
    }
}

async fn answer(response: Response<Incoming>) -> (StatusCode, Value) {
    let status = response.status();
    let body = timeout(DEADLINE, response.into_body().collect()).await.unwrap().unwrap().to_bytes();
    let text = std::str::from_utf8(&body).unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_else(|_| text.trim().into()))
}
