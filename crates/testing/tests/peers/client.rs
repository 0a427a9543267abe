//! Our client, for peers that are servers.

use http::{Uri, header::SEC_WEBSOCKET_EXTENSIONS};
use longwave_ws_hyper::{
    Last, Message, WebSocket,
    client::{Options, http1},
    deflate,
};
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};

use crate::{
    counted::{Counted, Wire},
    report::assert_wire,
    words::{PATIENCE, TEXT, close_frame, config, large, long, reason, shown},
};

/// What a peer that is a server says.
pub(crate) trait Says {
    /// Waits for the next line.
    async fn says(&mut self) -> Value;
}

/// A server that is not ours, and what is different from one to the other.
pub(crate) struct Peer<S> {
    pub(crate) port: u16,
    pub(crate) said: S,
    /// It tells of pings that have come.
    pub(crate) tells_of_pings: bool,
    /// It tells how many fragments a message has come in, at `/count`.
    pub(crate) counts_fragments: bool,
    /// It knows how to compress.
    pub(crate) deflates: bool,
}

/// Opens a WebSocket, offering compression or not.
async fn open(port: u16, path: &str, offer: bool) -> (WebSocket<Counted<TcpStream>>, String, Wire) {
    let wire = Wire::default();
    let tcp = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    tcp.set_nodelay(true).unwrap();
    let uri: Uri = format!("ws://127.0.0.1:{port}{path}").parse().unwrap();
    let mut options = Options::new().config(config());
    if offer {
        // The compiler does nothing for the compressor of a test.
        options = options.deflate(deflate::Settings::new().level(1));
    }
    let (socket, response) = http1(wire.on(tcp), &uri, &options).await.unwrap();
    let extensions = response.headers().get(SEC_WEBSOCKET_EXTENSIONS);
    let extensions = extensions.map_or(String::new(), |value| value.to_str().unwrap().to_owned());
    (socket, extensions, wire)
}

/// Does all that there is to do with a server, offering compression or not.
pub(crate) async fn exchange<S: Says>(peer: &mut Peer<S>, offer: bool) {
    let all = async {
        echo(peer, offer).await;
        fragments(peer, offer).await;
        closed_by_the_server(peer, offer).await;
        pinged(peer, offer).await;
    };
    timeout(PATIENCE, all).await.expect("all is done in time");
}

async fn echo<S: Says>(peer: &mut Peer<S>, offer: bool) {
    let (mut socket, extensions, wire) = open(peer.port, "/echo", offer).await;
    let is_compressed = offer && peer.deflates;
    assert_eq!(extensions.starts_with("permessage-deflate"), is_compressed, "{extensions}");
    for message in [
        Message::text(TEXT),
        Message::text(""),
        Message::binary(vec![0, 1, 127, 128, 255]),
        Message::text(long()),
        Message::binary(large()),
    ] {
        socket.send(message.clone()).await.unwrap();
        // Sixteen mebibytes are not for the eye.
        assert!(hears(&mut socket).await == message, "another message than the one sent");
    }

    let long = long();
    let (first, rest) = long.split_at(1000);
    socket.send_text_fragment(first, Last::No).await.unwrap();
    socket.ping(b"hello!").await.unwrap();
    socket.send_text_fragment("", Last::No).await.unwrap();
    socket.send_text_fragment(rest, Last::Yes).await.unwrap();
    if peer.tells_of_pings {
        assert_eq!(hears(&mut socket).await, Message::text("ping: hello!"));
    }
    assert_eq!(hears(&mut socket).await, Message::text(long));

    socket.close(close_frame(4001)).await.unwrap();
    assert_eq!(peer.said.says().await, json!({ "path": "/echo", "code": 4001, "reason": reason() }));
    println!("{extensions:?}, {:?} bytes", wire.counts());
    assert_wire(wire.counts(), is_compressed);
}

async fn fragments<S: Says>(peer: &mut Peer<S>, offer: bool) {
    let (mut socket, ..) = open(peer.port, "/fragments", offer).await;
    for message in [Message::text(long()), Message::binary(vec![1; 1000])] {
        socket.send(message.clone()).await.unwrap();
        assert_eq!(hears(&mut socket).await, message);
    }
    socket.close(None).await.unwrap();
    assert_eq!(peer.said.says().await, json!({ "path": "/fragments", "code": 1005, "reason": "" }));

    if peer.counts_fragments {
        let (mut socket, ..) = open(peer.port, "/count", offer).await;
        socket.send_text_fragment(&long(), Last::No).await.unwrap();
        socket.send_text_fragment(TEXT, Last::No).await.unwrap();
        socket.send_text_fragment(&long(), Last::Yes).await.unwrap();
        assert_eq!(hears(&mut socket).await, Message::text("3 fragments"));
        socket.close(None).await.unwrap();
        peer.said.says().await;
    }
}

async fn closed_by_the_server<S: Says>(peer: &mut Peer<S>, offer: bool) {
    let (mut socket, ..) = open(peer.port, "/close", offer).await;
    socket.send("please").await.unwrap();
    let Message::Close(frame) = hears(&mut socket).await else { panic!("not closed") };
    assert_eq!(shown(frame.as_ref()), format!("4002 {}", reason()));
    assert!(socket.recv().await.is_none());
    // It is answered with the code alone.
    assert_eq!(peer.said.says().await, json!({ "path": "/close", "code": 4002, "reason": "" }));
}

async fn pinged<S: Says>(peer: &mut Peer<S>, offer: bool) {
    let (mut socket, ..) = open(peer.port, "/pings", offer).await;
    assert_eq!(hears(&mut socket).await, Message::text("pong: are you there?"));
    socket.close(close_frame(1000)).await.unwrap();
    assert_eq!(peer.said.says().await, json!({ "path": "/pings", "code": 1000, "reason": reason() }));
}

async fn hears(socket: &mut WebSocket<Counted<TcpStream>>) -> Message {
    socket.recv().await.expect("no end").unwrap()
}
