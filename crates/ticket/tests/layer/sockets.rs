//! On real connections, over both versions of HTTP.

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::ws,
    response::{
        Sse,
        sse::{Event, KeepAlive},
    },
    routing::{any, get},
};
use futures_util::stream;
use http::{Request, Response, header};
use http_body_util::{BodyExt, Empty};
use hyper::{body::Incoming, client::conn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use longwave_backpressure::guard::{Guard, GuardedMakeService};
use longwave_ticket::{
    Audience, Context, Grant, Issuer, KeyRing, MemoryStore, Purpose, UnixMillis, Verifier,
    http::{Origins, RedactLayer, TicketLayer},
    live::{Close, Selector, Session, Sessions},
};
use longwave_ws_hyper::{
    Message, WebSocket, WebSocketUpgrade,
    client::{self, Http2, Options},
    handshake::Subprotocol,
    server,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tower::{ServiceBuilder, make::Shared};

use crate::support::{PAGE, User, ann, next_id};

struct Server {
    address: SocketAddr,
    issuer: Issuer<User, MemoryStore>,
    sessions: Sessions<User>,
    serving: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

#[derive(Clone, Copy, Debug)]
enum Wire {
    Http1,
    Http2,
}

/// Serves with the layers in the order that is recommended.
async fn serve() -> Server {
    let keys = KeyRing::ephemeral(|key| *key = *b"thirty-two bytes of a secret key").unwrap();
    let (audience, store) = (Audience::new("events").unwrap(), MemoryStore::new());
    let verifier = Verifier::<User, _>::new(&audience, &keys, store.clone()).unwrap();
    let issuer = Issuer::new(&audience, &keys, store).unwrap();
    let sessions = Sessions::builder().jitter(0.0).build();
    let origins = Origins::list([PAGE]).unwrap();
    let options = server::Options::new().protocol(Subprotocol::from_static("app.v1"));
    let router = Router::new()
        .route("/feed", get(feed))
        .route("/echo", any(echo).layer(axum::Extension(options)))
        .route("/others", any(others));
    let app = ServiceBuilder::new()
        .map_response(|response: Response<_>| response.map(Body::new))
        .layer(RedactLayer::new().query("ticket"))
        .layer(TicketLayer::new(verifier, origins, sessions.clone()))
        .service(router);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let listener = Guard::new().grace(Duration::from_millis(100)).listen(listener);
    let serving = tokio::spawn(async move {
        axum::serve(listener, GuardedMakeService::new(Shared::new(app))).await.unwrap();
    });
    Server { address, issuer, sessions, serving }
}

async fn feed(session: Session<User>) -> Sse<impl stream::Stream<Item = Result<Event, Infallible>>> {
    let hello = Event::default().data(format!("hello {}", session.claims().0));
    let events = stream::StreamExt::chain(stream::iter([Ok(hello)]), stream::pending());
    Sse::new(events).keep_alive(KeepAlive::default())
}

async fn echo(_: Session<User>, upgrade: WebSocketUpgrade) -> axum::response::Response {
    upgrade.on_upgrade(async |mut socket| {
        while let Some(Ok(message)) = socket.recv().await {
            if matches!(message, Message::Close(_)) || socket.send(message).await.is_err() {
                break;
            }
        }
    })
}

/// Somebody else's, who knows nothing of sessions.
async fn others(upgrade: ws::WebSocketUpgrade) -> axum::response::Response {
    upgrade.on_upgrade(async |mut socket| while let Some(Ok(_)) = socket.recv().await {})
}

impl Server {
    async fn mint(&self, lasts: Option<Duration>) -> String {
        let now = UnixMillis::from(std::time::SystemTime::now());
        let grant: Grant<User> = match lasts {
            Some(lasts) => ann().until(now.plus(lasts)),
            None => ann(),
        };
        let context = Context::new(Purpose::Connect, now);
        self.issuer.mint(&grant, &context, next_id()).await.unwrap().into_ticket().into_exposed()
    }

    fn revoke(&self) {
        assert_eq!(self.sessions.revoke(Selector::Subject("ann".into()), Close::Revoked), 1);
    }

    /// Until none is left.
    async fn over(&self) {
        within(async {
            while self.sessions.count(&Selector::All) > 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    }

    /// Opens a WebSocket, and gives the code and the reason that it is closed with.
    async fn closes(&self, wire: Wire, lasts: Option<Duration>) -> (u16, String) {
        let io = TcpStream::connect(self.address).await.unwrap();
        let ticket = self.mint(lasts).await;
        let plain = format!("ws://{}/echo", self.address);
        match wire {
            Wire::Http1 => {
                let ticket = Subprotocol::new(format!("lw.ticket.{ticket}")).unwrap();
                let options = Options::new().protocol(ticket).protocol(Subprotocol::from_static("app.v1"));
                let (socket, response) = client::http1(io, &plain.parse().unwrap(), &options).await.unwrap();
                assert_eq!(response.headers()[header::SEC_WEBSOCKET_PROTOCOL], "app.v1");
                self.close_of(socket, lasts).await
            }
            Wire::Http2 => {
                let connection = Http2::connect(io).await.unwrap();
                let uri = format!("{plain}?ticket={ticket}").parse().unwrap();
                let (socket, _) = connection.open(&uri, &Options::new()).await.unwrap();
                self.close_of(socket, lasts).await
            }
        }
    }

    async fn close_of<T>(&self, mut socket: WebSocket<T>, lasts: Option<Duration>) -> (u16, String)
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        socket.send("hello").await.unwrap();
        let message = within(socket.recv()).await.unwrap().unwrap();
        assert_eq!(message, Message::text("hello"));
        assert_eq!(self.sessions.count(&Selector::All), 1);
        if lasts.is_none() {
            self.revoke();
        }
        let message = within(socket.recv()).await.unwrap().unwrap();
        let Message::Close(Some(frame)) = message else { panic!("{message:?}") };
        (frame.code().get(), frame.reason().to_owned())
    }

    async fn get(&self, wire: Wire, ticket: &str) -> Response<Incoming> {
        let io = TokioIo::new(TcpStream::connect(self.address).await.unwrap());
        let request = Request::get(match wire {
            Wire::Http1 => format!("/feed?ticket={ticket}"),
            Wire::Http2 => format!("http://{}/feed?ticket={ticket}", self.address),
        });
        let request = request.header("accept", "text/event-stream").header("origin", PAGE);
        let request = request.header("host", self.address.to_string());
        let request = request.body(Empty::<bytes::Bytes>::new()).unwrap();
        match wire {
            Wire::Http1 => {
                let (mut sender, connection) = conn::http1::handshake(io).await.unwrap();
                tokio::spawn(connection);
                sender.send_request(request).await.unwrap()
            }
            Wire::Http2 => {
                let (mut sender, connection) =
                    conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
                tokio::spawn(connection);
                sender.send_request(request).await.unwrap()
            }
        }
    }
}

async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("it happens in time")
}

#[tokio::test]
async fn a_websocket_whose_login_is_revoked_is_closed_with_4403() {
    for wire in [Wire::Http1, Wire::Http2] {
        let server = serve().await;
        assert_eq!(server.closes(wire, None).await, (4403, "revoked".to_owned()), "{wire:?}");
        server.over().await;
    }
}

#[tokio::test]
async fn a_websocket_whose_login_expires_is_closed_with_4401() {
    let server = serve().await;
    for wire in [Wire::Http1, Wire::Http2] {
        let lasts = Some(Duration::from_millis(500));
        assert_eq!(server.closes(wire, lasts).await, (4401, "expired".to_owned()), "{wire:?}");
        server.over().await;
    }
}

#[tokio::test]
async fn somebody_elses_websocket_over_a_guarded_socket_ends_with_its_login() {
    for lasts in [None, Some(Duration::from_millis(500))] {
        let server = serve().await;
        let io = TcpStream::connect(server.address).await.unwrap();
        let ticket = server.mint(lasts).await;
        let uri = format!("ws://{}/others?ticket={ticket}", server.address).parse().unwrap();
        let (mut socket, _) = client::http1(io, &uri, &Options::new()).await.unwrap();
        assert_eq!(server.sessions.count(&Selector::All), 1);
        if lasts.is_none() {
            server.revoke();
        }
        let end = within(socket.recv()).await;
        assert!(!matches!(end, Some(Ok(_))), "{end:?}");
        server.over().await;
    }
}

#[tokio::test]
async fn an_event_stream_ends_with_its_login() {
    for wire in [Wire::Http1, Wire::Http2] {
        for lasts in [None, Some(Duration::from_millis(500))] {
            // A revocation means what is issued in the same millisecond, too.
            let server = serve().await;
            let ticket = server.mint(lasts).await;
            let response = server.get(wire, &ticket).await;
            assert_eq!(response.status(), 200);
            let mut body = response.into_body();
            let first = within(body.frame()).await.unwrap().unwrap().into_data().unwrap();
            assert_eq!(first, "data: hello ann\n\n");
            if lasts.is_none() {
                server.revoke();
            }
            let rest = within(body.collect()).await.unwrap().to_bytes();
            let said = if lasts.is_none() {
                "event: ended\nretry: 31536000000\ndata: revoked\n\n"
            } else {
                "event: login-required\ndata: expired\n\n"
            };
            assert_eq!(rest, said);
            assert_eq!(server.get(wire, &ticket).await.status(), 401);
            server.over().await;
        }
    }
}

#[tokio::test]
async fn a_client_that_leaves_leaves_no_session() {
    let server = serve().await;
    for wire in [Wire::Http1, Wire::Http2] {
        let response = server.get(wire, &server.mint(None).await).await;
        assert_eq!(server.sessions.count(&Selector::All), 1);
        drop(response);
        server.over().await;
    }
}
