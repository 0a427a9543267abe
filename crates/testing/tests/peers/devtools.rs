//! The protocol of Chromium's developer tools, as far as it tells of WebSockets.

use std::{fs, path::Path, time::Duration};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::sleep};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, protocol::WebSocketConfig},
};

/// A session with a page.
pub(crate) struct DevTools {
    socket: WebSocketStream<TcpStream>,
    session: Value,
    id: u64,
    /// The status of the response to each handshake so far.
    pub(crate) handshakes: Vec<u64>,
}

impl DevTools {
    /// What a browser is started with.
    pub(crate) const ARGUMENT: &str = "--remote-debugging-port=0";

    /// Attaches to the one page that a browser has open.
    ///
    /// - `profile`: where the browser says on which port it listens.
    pub(crate) async fn attach(profile: &Path) -> Self {
        let (port, path) = loop {
            let file = fs::read_to_string(profile.join("DevToolsActivePort")).unwrap_or_default();
            if let Some((port, path)) = file.split_once('\n').filter(|(_, path)| path.starts_with('/')) {
                break (port.parse::<u16>().unwrap(), path.trim().to_owned());
            }
            sleep(LOOK).await;
        };
        let tcp = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let url = format!("ws://127.0.0.1:{port}{path}");
        // It says of each message of the page what is in it.
        let limitless = WebSocketConfig::default().max_frame_size(None).max_message_size(None);
        let (socket, _) = client_async_with_config(url, tcp, Some(limitless)).await.unwrap();
        let mut this = Self { socket, session: Value::Null, id: 0, handshakes: Vec::new() };
        let page = loop {
            let targets = this.call("Target.getTargets", json!({})).await;
            let mut targets = targets["targetInfos"].as_array().unwrap().iter();
            if let Some(page) = targets.find(|target| target["type"] == "page") {
                break page["targetId"].clone();
            }
            sleep(LOOK).await;
        };
        let attached = this.call("Target.attachToTarget", json!({ "targetId": page, "flatten": true })).await;
        this.session = attached["sessionId"].clone();
        this.call("Network.enable", json!({})).await;
        this
    }

    /// Goes to another page.
    pub(crate) async fn navigate(&mut self, url: &str) {
        self.call("Page.navigate", json!({ "url": url })).await;
    }

    /// Waits until all that it has to say of what has happened is said.
    pub(crate) async fn sync(&mut self) {
        self.call("Network.enable", json!({})).await;
    }

    async fn call(&mut self, method: &str, params: Value) -> Value {
        self.id += 1;
        let mut call = json!({ "id": self.id, "method": method, "params": params });
        if !self.session.is_null() {
            call["sessionId"] = self.session.clone();
        }
        self.socket.send(call.to_string().into()).await.unwrap();
        loop {
            let said = self.next().await;
            if said["id"] == self.id {
                assert!(said.get("error").is_none(), "{method}: {said}");
                return said["result"].clone();
            }
        }
    }

    /// The next that it says, but for what is too long to be of interest.
    pub(crate) async fn next(&mut self) -> Value {
        let message = loop {
            match self.socket.next().await.expect("no end of the browser").unwrap() {
                Message::Text(text) if text.len() < OF_INTEREST => break text,
                _ => {}
            }
        };
        let said: Value = serde_json::from_str(&message).unwrap();
        if said["method"] == "Network.webSocketHandshakeResponseReceived" {
            self.handshakes.push(said["params"]["response"]["status"].as_u64().unwrap());
        }
        said
    }
}

const OF_INTEREST: usize = 1 << 20;
const LOOK: Duration = Duration::from_millis(10);
