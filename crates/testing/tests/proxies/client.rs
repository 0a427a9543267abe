//! Clients that take note of what comes and of how it ends.

use std::{collections::VecDeque, net::SocketAddr, time::Duration};

use futures_util::{SinkExt, StreamExt};
use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use longwave_sse::{Decoder, OwnedItem};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

/// An event stream over HTTP/1.1.
pub(crate) struct Feed {
    body: Incoming,
    decoder: Decoder,
    items: VecDeque<OwnedItem>,
    end: Option<End>,
}

/// How a stream has ended.
#[derive(Debug, PartialEq)]
pub(crate) enum End {
    /// The body was ended as HTTP has it.
    Clean,
    /// A WebSocket was closed, with this code.
    Closed(Option<u16>),
    /// The connection is gone.
    Cut,
}

impl Feed {
    /// Waits for the head of the response.
    ///
    /// # Errors
    ///
    /// There is none.
    pub(crate) async fn open(address: SocketAddr, path: &str) -> Result<Self, hyper::Error> {
        let socket = TcpStream::connect(address).await.unwrap();
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket)).await?;
        tokio::spawn(connection);
        let request = Request::get(path)
            .header("host", "localhost")
            .header("accept", "text/event-stream")
            .body(Empty::<&[u8]>::new())
            .unwrap();
        let response = timeout(PATIENCE, sender.send_request(request)).await.expect("a head, or an end")?;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        let body = response.into_body();
        Ok(Self { body, decoder: Decoder::new().with_comments(), items: VecDeque::new(), end: None })
    }

    /// The next item; `None` at the end.
    async fn next(&mut self) -> Option<OwnedItem> {
        while self.items.is_empty() && self.end.is_none() {
            match self.body.frame().await {
                Some(Ok(frame)) => {
                    let mut items = self.decoder.feed(frame.data_ref().expect("data alone"));
                    while let Some(item) = items.next_item() {
                        self.items.push_back(item.unwrap().into_owned());
                    }
                }
                Some(Err(_)) => self.end = Some(End::Cut),
                None => self.end = Some(End::Clean),
            }
        }
        self.items.pop_front()
    }

    /// How many comments come within a time in which nothing else does.
    pub(crate) async fn comments(&mut self, within: Duration) -> usize {
        let (until, mut comments) = (Instant::now() + within, 0);
        while let Ok(item) = timeout_at(until, self.next()).await {
            assert!(
                matches!(item, Some(OwnedItem::Comment(_))),
                "{item:?} after {comments} comments, {:?}",
                self.end
            );
            comments += 1;
        }
        comments
    }

    /// The data of the next event.
    pub(crate) async fn event(&mut self) -> Option<String> {
        loop {
            let item = timeout(PATIENCE, self.next()).await.expect("an event in time")?;
            if let OwnedItem::Event(event) = item {
                return Some(event.data().to_owned());
            }
        }
    }

    /// The next time that it is told to stay away for.
    pub(crate) async fn retry(&mut self) -> Duration {
        loop {
            match timeout(PATIENCE, self.next()).await.expect("a retry in time") {
                Some(OwnedItem::Retry(retry)) => return retry,
                Some(_) => {}
                None => panic!("no retry before the end, {:?}", self.end),
            }
        }
    }

    /// Waits for the end, but not longer than that.
    pub(crate) async fn end(&mut self, within: Duration) -> End {
        let rest = async { while self.next().await.is_some() {} };
        timeout(within, rest).await.expect("an end in time");
        self.end.take().unwrap()
    }
}

/// A WebSocket, which answers pings while it is read from.
pub(crate) struct Chat {
    socket: WebSocketStream<TcpStream>,
}

impl Chat {
    pub(crate) async fn open(address: SocketAddr, path: &str) -> Self {
        let socket = TcpStream::connect(address).await.unwrap();
        let handshake = client_async(format!("ws://localhost{path}"), socket);
        let (socket, _) = timeout(PATIENCE, handshake).await.expect("a handshake in time").unwrap();
        Self { socket }
    }

    /// How many pings come within a time in which nothing else does.
    pub(crate) async fn pings(&mut self, within: Duration) -> usize {
        let (until, mut pings) = (Instant::now() + within, 0);
        while let Ok(message) = timeout_at(until, self.socket.next()).await {
            assert!(matches!(message, Some(Ok(Message::Ping(_)))), "{message:?} after {pings} pings");
            pings += 1;
        }
        pings
    }

    /// Says something and waits for the answer.
    pub(crate) async fn echo(&mut self, text: &str) -> String {
        self.socket.send(text.into()).await.unwrap();
        loop {
            match timeout(PATIENCE, self.socket.next()).await.expect("an echo in time") {
                Some(Ok(Message::Text(text))) => return text.as_str().to_owned(),
                Some(Ok(Message::Ping(_))) => {}
                other => panic!("{other:?} instead of an echo"),
            }
        }
    }

    /// Waits for the end, but not longer than that.
    pub(crate) async fn end(&mut self, within: Duration) -> End {
        let rest = async {
            let mut end = End::Cut;
            loop {
                match self.socket.next().await {
                    Some(Ok(Message::Close(close))) => {
                        end = End::Closed(close.map(|close| close.code.into()));
                    }
                    Some(Ok(Message::Ping(_))) => {}
                    Some(Ok(message)) => panic!("{message:?} before the end"),
                    // A server may go without a word after the closing handshake.
                    Some(Err(_)) | None => break end,
                }
            }
        };
        timeout(within, rest).await.expect("an end in time")
    }
}

/// Far longer than anything here takes that is not waited for on purpose.
const PATIENCE: Duration = Duration::from_secs(20);
