//! tokio-tungstenite, which does not compress.

use futures_util::{SinkExt, StreamExt};
use http::{Version, header::SEC_WEBSOCKET_EXTENSIONS};
use serde_json::{Value, json};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_tungstenite::{
    WebSocketStream, accept_hdr_async, client_async,
    tungstenite::{
        self, Message, Utf8Bytes,
        handshake::server::{ErrorResponse, Request, Response},
        protocol::{
            CloseFrame,
            frame::{
                Frame,
                coding::{Data, OpCode},
            },
        },
    },
};

use crate::{
    client::{Peer, Says, exchange},
    report::{Bare, assert_seen, expected, with_frames},
    server::{Server, Transport},
    words::{TEXT, large, long, reason},
};

type Socket = WebSocketStream<TcpStream>;

#[tokio::test]
async fn is_a_client() {
    let mut server = Server::start(Transport::Clear).await;
    // It offers nothing, so that there is no difference.
    for kind in ["plain", "deflate"] {
        let report = Client { server: &server, kind }.exchange().await;
        let expected = expected("", Bare::WithoutACode);
        assert_eq!(report, with_frames(expected, &[("ping", json!("are you there?"))]));
        assert_seen(&mut server, kind, Version::HTTP_11, Bare::WithoutACode, false).await;
    }
}

struct Client<'a> {
    server: &'a Server,
    kind: &'a str,
}

impl Client<'_> {
    async fn open(&self, path: &str) -> (Socket, String) {
        let address = self.server.address;
        let tcp = TcpStream::connect(address).await.unwrap();
        tcp.set_nodelay(true).unwrap();
        let url = format!("ws://{address}/{}/{path}", self.kind);
        let (socket, response) = client_async(url, tcp).await.unwrap();
        let extensions = response.headers().get(SEC_WEBSOCKET_EXTENSIONS);
        (socket, extensions.map_or(String::new(), |value| value.to_str().unwrap().to_owned()))
    }

    async fn exchange(&self) -> Value {
        let mut report = json!({});
        let (mut echo, extensions) = self.open("echo").await;
        report["extensions"] = json!(extensions);
        report["text"] = text(&ask(&mut echo, TEXT.into()).await);
        report["empty"] = text(&ask(&mut echo, "".into()).await);
        let binary = ask(&mut echo, Message::binary(vec![0, 1, 127, 128, 255])).await;
        report["binary"] = json!(binary.into_data().to_vec());
        report["large"] = json!(ask(&mut echo, Message::binary(large())).await == Message::binary(large()));

        let long = long();
        for (index, part) in [&long[..1000], "", &long[1000..]].into_iter().enumerate() {
            let opcode = if index == 0 { Data::Text } else { Data::Continue };
            let frame = Frame::message(part.to_owned(), OpCode::Data(opcode), index == 2);
            echo.send(Message::Frame(frame)).await.unwrap();
            if index == 0 {
                echo.send(Message::Ping("hello?".into())).await.unwrap();
            }
        }
        // Between two fragments there is room for the answer.
        report["pong"] = text(&echo.next().await.unwrap().unwrap());
        report["fragmented"] = text(&echo.next().await.unwrap().unwrap());
        echo.close(Some(CloseFrame { code: 4001.into(), reason: reason().into() })).await.unwrap();
        report["closed"] = closed(&mut echo).await;

        let (mut fragments, _) = self.open("fragments").await;
        report["in_fragments"] = text(&ask(&mut fragments, long.into()).await);
        report["binary_in_fragments"] =
            json!(ask(&mut fragments, Message::binary(vec![0; 1000])).await.len());
        fragments.close(None).await.unwrap();
        report["closed_bare"] = closed(&mut fragments).await;

        let (mut closing, _) = self.open("close").await;
        closing.send("please".into()).await.unwrap();
        report["closed_by_server"] = closed(&mut closing).await;

        let (mut pings, _) = self.open("pings").await;
        loop {
            match pings.next().await.unwrap().unwrap() {
                // The first is the one that has words; the others are those of the heartbeat.
                Message::Ping(payload) if report.get("ping").is_none() => {
                    report["ping"] = json!(str::from_utf8(&payload).unwrap());
                }
                Message::Ping(_) => {}
                message => break report["pinged"] = text(&message),
            }
        }
        pings.close(Some(CloseFrame { code: 1000.into(), reason: "".into() })).await.unwrap();
        closed(&mut pings).await;

        let (mut limited, _) = self.open("limited").await;
        // It may come to know while it sends.
        limited.send(Message::binary(vec![0; 1 << 20])).await.ok();
        report["too_much"] = closed(&mut limited).await[0].clone();
        report
    }
}

async fn ask(socket: &mut Socket, message: Message) -> Message {
    socket.send(message).await.unwrap();
    socket.next().await.unwrap().unwrap()
}

fn text(message: &Message) -> Value {
    json!(message.to_text().unwrap())
}

/// Waits for the end: the code, the reason, and whether there was nothing wrong with it.
async fn closed(socket: &mut Socket) -> Value {
    let close = socket.next().await;
    let Some(Ok(Message::Close(frame))) = close else { panic!("{close:?} instead of a close frame") };
    let (code, reason) =
        frame.map_or((1005, Utf8Bytes::default()), |frame| (frame.code.into(), frame.reason));
    let is_clean = socket.next().await.is_none();
    json!([code, reason.as_str(), is_clean])
}

#[tokio::test]
async fn is_a_server() {
    let mut peer = start_server().await;
    exchange(&mut peer, false).await;
}

#[tokio::test]
async fn is_a_server_that_declines_to_compress() {
    let mut peer = start_server().await;
    exchange(&mut peer, true).await;
}

impl Says for mpsc::UnboundedReceiver<Value> {
    async fn says(&mut self) -> Value {
        self.recv().await.unwrap()
    }
}

/// Serves until the test's runtime ends.
async fn start_server() -> Peer<mpsc::UnboundedReceiver<Value>> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (say, said) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let say = say.clone();
            tokio::spawn(async move {
                let mut path = String::new();
                #[expect(clippy::result_large_err, reason = "so is the callback")]
                let learn = |request: &Request, response: Response| {
                    request.uri().path().clone_into(&mut path);
                    Ok::<_, ErrorResponse>(response)
                };
                let socket = accept_hdr_async(tcp, learn).await.unwrap();
                let frame = serve(&path, socket).await.unwrap();
                let (code, reason) =
                    frame.map_or((1005, Utf8Bytes::default()), |f| (f.code.into(), f.reason));
                say.send(json!({ "path": path, "code": code, "reason": reason.as_str() })).ok();
            });
        }
    });
    Peer { port, said, tells_of_pings: true, counts_fragments: false, deflates: false }
}

/// Does what the path says, until the client has closed; how is the answer.
async fn serve(path: &str, mut socket: Socket) -> Result<Option<CloseFrame>, tungstenite::Error> {
    if path == "/pings" {
        socket.send(Message::Ping("are you there?".into())).await?;
    }
    let mut last = None;
    while let Some(message) = socket.next().await.transpose()? {
        match message {
            Message::Close(frame) => last = frame,
            Message::Pong(payload) => {
                socket.send(format!("pong: {}", str::from_utf8(&payload).unwrap()).into()).await?;
            }
            Message::Ping(payload) => {
                socket.send(format!("ping: {}", str::from_utf8(&payload).unwrap()).into()).await?;
            }
            _ if path == "/close" => {
                socket.close(Some(CloseFrame { code: 4002.into(), reason: reason().into() })).await?;
            }
            message if path == "/fragments" => {
                let opcode = if message.is_text() { Data::Text } else { Data::Binary };
                let data = message.into_data();
                let last = data.len().div_ceil(7) - 1;
                for (index, part) in data.chunks(7).enumerate() {
                    let opcode = if index == 0 { opcode } else { Data::Continue };
                    let frame = Frame::message(part.to_vec(), OpCode::Data(opcode), index == last);
                    socket.feed(Message::Frame(frame)).await?;
                }
                socket.flush().await?;
            }
            message => socket.send(message).await?,
        }
    }
    Ok(last)
}
