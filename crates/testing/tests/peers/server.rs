//! Our server, for peers that are clients.

use std::{convert::Infallible, error::Error as StdError, net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response, StatusCode, Version,
    header::{CONTENT_TYPE, SEC_WEBSOCKET_EXTENSIONS},
};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use longwave_core::Heartbeat;
use longwave_ws_hyper::{Limits, Message, Upgraded, WebSocket, deflate, server::Options, upgrade};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
};
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    counted::Wire,
    words::{PATIENCE, close_frame, config, shown},
};

/// Where WebSockets are opened: with and without compression, whatever the client offers.
///
/// `/plain/echo`, `/plain/fragments`, `/plain/close`, `/plain/pings` and `/plain/limited`, and the same under
/// `/deflate`.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    over: mpsc::UnboundedReceiver<Over>,
    reports: mpsc::UnboundedReceiver<Value>,
}

/// A WebSocket that is over.
#[derive(Debug)]
pub(crate) struct Over {
    pub(crate) path: String,
    pub(crate) version: Version,
    /// What was agreed on.
    pub(crate) extensions: String,
    /// How it was closed, or what went wrong.
    pub(crate) end: String,
    /// How much has come and gone meanwhile.
    pub(crate) wire: [usize; 2],
}

/// What is in front of HTTP.
pub(crate) enum Transport {
    Clear,
    Tls(TlsAcceptor),
}

#[derive(Clone)]
struct App {
    over: mpsc::UnboundedSender<Over>,
    reports: mpsc::UnboundedSender<Value>,
    wire: Wire,
}

impl Server {
    /// Serves until the test's runtime ends.
    pub(crate) async fn start(transport: Transport) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let ((tell, over), (report, reports)) = (mpsc::unbounded_channel(), mpsc::unbounded_channel());
        let app = App { over: tell, reports: report, wire: Wire::default() };
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                socket.set_nodelay(true).unwrap();
                let (socket, app) = (app.wire.on(socket), app.clone());
                match &transport {
                    Transport::Clear => drop(tokio::spawn(serve(socket, app))),
                    Transport::Tls(acceptor) => {
                        let handshake = acceptor.accept(socket);
                        tokio::spawn(async move { serve(handshake.await?, app).await });
                    }
                }
            }
        });
        Self { address, over, reports }
    }

    /// The next WebSockets that are over, by their paths.
    pub(crate) async fn over<const N: usize>(&mut self) -> [Over; N] {
        let mut over = Vec::new();
        while over.len() < N {
            let next = timeout(PATIENCE, self.over.recv()).await;
            over.push(next.unwrap_or_else(|_| panic!("no more than {over:?}")).unwrap());
        }
        over.sort_by(|a, b| a.path.cmp(&b.path));
        over.try_into().unwrap()
    }

    /// What a page has to report.
    pub(crate) async fn report(&mut self) -> Value {
        self.reports.recv().await.unwrap()
    }
}

type BoxError = Box<dyn StdError + Send + Sync>;

async fn serve(io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, app: App) -> Result<(), BoxError> {
    let service = service_fn(move |request| app.clone().answer(request));
    let mut http = auto::Builder::new(TokioExecutor::new());
    http.http2().enable_connect_protocol();
    http.serve_connection_with_upgrades(TokioIo::new(io), service).await
}

impl App {
    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        Ok(match (request.method(), request.uri().path()) {
            (&Method::GET, "/page") => file("text/html", include_str!("browsers/page.html")),
            (&Method::GET, "/exchange.js") => file("text/javascript", include_str!("exchange.js")),
            (&Method::POST, "/report") => {
                let body = request.into_body().collect().await.unwrap().to_bytes();
                self.reports.send(serde_json::from_slice(&body).unwrap()).ok();
                Response::default()
            }
            (_, "/favicon.ico") => status(StatusCode::NOT_FOUND),
            _ => self.open(request),
        })
    }

    fn open(self, mut request: Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path().to_owned();
        let mut options = Options::new();
        let behaviour = match path.split_once("/plain").or_else(|| path.split_once("/deflate")) {
            Some(("", behaviour)) => behaviour.to_owned(),
            _ => return status(StatusCode::NOT_FOUND),
        };
        if path.starts_with("/deflate") {
            // The compiler does nothing for the compressor of a test.
            options = options.deflate(deflate::Settings::new().level(1));
        }
        let config = config();
        options = options.config(match behaviour.as_str() {
            "/fragments" => config.fragment_size(7),
            "/limited" => config.limits(Limits::default().frame(64 * 1024).message(64 * 1024)),
            "/pings" => config.heartbeat(Heartbeat::every(OFTEN)),
            _ => config,
        });
        let before = self.wire.counts();
        let (response, upgrading) = match upgrade(&mut request, &options) {
            Ok(upgrade) => upgrade,
            Err(rejection) => return rejection.response(),
        };
        let version = request.version();
        let extensions = response.headers().get(SEC_WEBSOCKET_EXTENSIONS);
        let extensions = extensions.map_or(String::new(), |value| value.to_str().unwrap().to_owned());
        tokio::spawn(async move {
            let socket = upgrading.await.unwrap();
            let end = behave(&behaviour, socket).await.unwrap_or_else(|error| {
                error.close_code().map_or_else(|| error.to_string(), |code| format!("told {}", code.get()))
            });
            let after = self.wire.counts();
            let wire = [after[0] - before[0], after[1] - before[1]];
            self.over.send(Over { path, version, extensions, end, wire }).ok();
        });
        response
    }
}

async fn behave(
    behaviour: &str,
    mut socket: WebSocket<Upgraded>,
) -> Result<String, longwave_ws_hyper::Error> {
    match behaviour {
        "/close" => {
            let message = socket.recv().await.transpose()?;
            assert_eq!(message, Some(Message::text("please")));
            socket.close(close_frame(4002)).await?;
            return Ok("closed by the server".to_owned());
        }
        "/pings" => {
            socket.ping(b"are you there?").await?;
            // Nobody tells that its own ping was answered, but there is then a round trip.
            while socket.round_trip().is_none() {
                tokio::select! {
                    message = socket.recv() => panic!("{message:?} before it was asked for"),
                    () = sleep(Duration::from_millis(10)) => {}
                }
            }
            socket.send("it answers").await?;
        }
        _ => {}
    }
    while let Some(message) = socket.recv().await.transpose()? {
        match message {
            Message::Close(frame) => return Ok(shown(frame.as_ref())),
            message => socket.send(message).await?,
        }
    }
    Ok("nothing".to_owned())
}

/// A certificate for the loopback address, and how it is offered: with HTTP/2 first.
pub(crate) fn tls() -> (CertificateDer<'static>, Transport) {
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let certificate = certified.cert.der().clone();
    let key = PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key.into())
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    (certificate, Transport::Tls(TlsAcceptor::from(Arc::new(config))))
}

fn file(content_type: &'static str, content: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(content.into()));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}

const OFTEN: Duration = Duration::from_millis(100);
