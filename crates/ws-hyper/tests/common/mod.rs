//! A server of hyper on a TCP port, for tests that open WebSockets at it.
#![allow(dead_code, clippy::unwrap_used)]

pub(crate) mod counted;

use std::{convert::Infallible, future::ready, net::SocketAddr, time::Duration};

use http::{Request, Response, Uri};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use longwave_ws_hyper::{
    Message, Upgraded, WebSocket,
    server::{Options, Upgrading},
    upgrade,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::timeout,
};

/// Longer than anything takes that is not broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A server that answers each request by a function.
pub(crate) async fn serve<F>(answer: F) -> Server
where
    F: Fn(Request<Incoming>) -> Response<String> + Clone + Send + 'static,
{
    serve_by(answer, true).await
}

/// A server that takes no extended CONNECTs over HTTP/2.
pub(crate) async fn serve_without_connect<F>(answer: F) -> Server
where
    F: Fn(Request<Incoming>) -> Response<String> + Clone + Send + 'static,
{
    serve_by(answer, false).await
}

async fn serve_by<F>(answer: F, extended_connect: bool) -> Server
where
    F: Fn(Request<Incoming>) -> Response<String> + Clone + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            tokio::spawn(connection(stream, answer.clone(), extended_connect));
        }
    });
    Server { address }
}

/// Serves one connection, over anything that reads and writes.
pub(crate) async fn connection<T, F>(io: T, answer: F, extended_connect: bool)
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    F: Fn(Request<Incoming>) -> Response<String> + Clone + Send + 'static,
{
    let service = service_fn(move |request| ready(Ok::<_, Infallible>(answer(request))));
    let mut server = auto::Builder::new(TokioExecutor::new());
    if extended_connect {
        server.http2().enable_connect_protocol();
    }
    // Some tests break the connection.
    let _ = server.serve_connection_with_upgrades(TokioIo::new(io), service).await;
}

/// Answers requests for a WebSocket with these options, and echoes.
pub(crate) fn echo(
    options: Options,
) -> impl Fn(Request<Incoming>) -> Response<String> + Clone + Send + 'static {
    move |mut request| {
        let (response, upgrading) = match upgrade(&mut request, &options) {
            Ok(upgrade) => upgrade,
            Err(rejection) => return rejection.response(),
        };
        tokio::spawn(echo_over(upgrading));
        response
    }
}

pub(crate) async fn echo_over(upgrading: Upgrading) {
    let mut socket: WebSocket<Upgraded> = upgrading.await.unwrap();
    while let Some(Ok(message)) = socket.recv().await {
        if !matches!(message, Message::Close(_)) {
            socket.send(message).await.unwrap();
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
}

impl Server {
    pub(crate) fn uri(self) -> Uri {
        format!("ws://{}/chat?room=1", self.address).parse().unwrap()
    }

    pub(crate) async fn dial(self) -> TcpStream {
        let stream = TcpStream::connect(self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// Sends bytes, and reads until the server hangs up.
    pub(crate) async fn tell(self, bytes: impl AsRef<[u8]>) -> String {
        let mut stream = self.dial().await;
        stream.write_all(bytes.as_ref()).await.unwrap();
        let mut answer = String::new();
        timeout(PATIENCE, stream.read_to_string(&mut answer)).await.expect("an end").unwrap();
        answer
    }
}

/// A correct request, whose lines can be replaced.
pub(crate) fn request(replace: &[(&str, &str)]) -> String {
    let mut request = "GET /chat HTTP/1.1\r\n\
        Host: example.com\r\n\
        Upgrade: websocket\r\n\
        Connection: keep-alive, Upgrade\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
        Sec-WebSocket-Version: 13\r\n\r\n"
        .to_owned();
    for (line, other) in replace {
        assert!(request.contains(line), "{line} is not in the request");
        request = request.replacen(line, other, 1);
    }
    request
}

/// Sends a message and expects it back.
pub(crate) async fn exchange<T>(socket: &mut WebSocket<T>, text: &str)
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    socket.send(text).await.unwrap();
    let message = timeout(PATIENCE, socket.recv()).await.expect("an answer");
    assert_eq!(message.unwrap().unwrap(), Message::text(text));
}
