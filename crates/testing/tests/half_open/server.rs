//! A server with all the layers, whose streams are seen from inside.

use std::{
    convert::Infallible,
    net::SocketAddr,
    time::{Duration, Instant},
};

use axum::{
    Extension, Router,
    extract::{Request, State, WebSocketUpgrade},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response, sse},
    routing::get,
};
use futures_util::{SinkExt, Stream, StreamExt, stream};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use longwave_backpressure::{
    StreamLimitLayer,
    guard::{Guard, GuardedMakeService, GuardedService, LowBuffers},
};
use longwave_core::{Cause, Lifeline};
use longwave_drain::{Drain, DrainLayer};
use longwave_heartbeat::{Beating, Heartbeat, HeartbeatLayer};
use tokio::{
    net::TcpListener,
    sync::{mpsc, oneshot},
    time::{sleep, timeout},
};
use tower::ServiceBuilder;

pub(crate) const BEAT: Duration = Duration::from_secs(1);
/// How long a WebSocket may take to answer a ping if it has answered one at once.
pub(crate) const ANSWER: Duration = Duration::from_secs(5);
/// Far longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A stream that a server has opened.
pub(crate) struct Opened {
    lifeline: Lifeline,
    over: oneshot::Receiver<()>,
}

impl Opened {
    /// Waits until the stream has let go of what it held: after how long, and for which reason if for one of ours.
    pub(crate) async fn over(&mut self) -> (Duration, Option<Cause>) {
        let start = Instant::now();
        let over = timeout(PATIENCE, &mut self.over).await;
        assert!(over.is_ok(), "the stream is still held");
        (start.elapsed(), self.lifeline.reason().map(|reason| reason.cause()))
    }

    /// Waits until the stream is ended for a reason of ours: after how long, and which.
    pub(crate) async fn ended(&self) -> (Duration, Option<Cause>) {
        let start = Instant::now();
        let reason = timeout(PATIENCE, self.lifeline.ended()).await.expect("an end in time");
        (start.elapsed(), Some(reason.cause()))
    }

    pub(crate) fn is_open(&mut self) -> bool {
        self.over.try_recv() == Err(oneshot::error::TryRecvError::Empty)
    }
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) limit: StreamLimitLayer,
    opened: mpsc::UnboundedReceiver<Opened>,
}

impl Server {
    /// axum's, guarded.
    pub(crate) async fn guarded(guard: Guard) -> Self {
        let (listener, app, server) = Self::prepare(None).await;
        tokio::spawn(async move {
            axum::serve(guard.listen(listener), GuardedMakeService::new(app)).await.unwrap();
        });
        server
    }

    /// axum's, as it is.
    pub(crate) async fn unguarded() -> Self {
        let (listener, app, server) = Self::prepare(None).await;
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        server
    }

    /// axum's, guarded, whose streams may not be open for longer than about this.
    pub(crate) async fn with_max_age(max_age: Duration) -> Self {
        let (listener, app, server) = Self::prepare(Some(max_age)).await;
        tokio::spawn(async move {
            axum::serve(Guard::new().listen(listener), GuardedMakeService::new(app)).await.unwrap();
        });
        server
    }

    /// hyper-util's, guarded, which also pings the connections of HTTP/2.
    pub(crate) async fn pinging(interval: Duration, patience: Duration) -> Self {
        let (listener, app, server) = Self::prepare(None).await;
        let mut http = Builder::new(TokioExecutor::new());
        http.low_buffers();
        http.http2().timer(TokioTimer::new()).keep_alive_interval(interval).keep_alive_timeout(patience);
        tokio::spawn(async move {
            loop {
                let socket = Guard::new().wrap(listener.accept().await.unwrap().0);
                let service = TowerToHyperService::new(app.clone());
                let service = GuardedService::new(service, socket.connection().clone());
                let http = http.clone();
                tokio::spawn(async move { http.serve_connection(TokioIo::new(socket), service).await.ok() });
            }
        });
        server
    }

    async fn prepare(max_age: Option<Duration>) -> (TcpListener, Router, Self) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (sender, opened) = mpsc::unbounded_channel();
        let drain = DrainLayer::new(&Drain::new());
        let limit = StreamLimitLayer::new(100);
        let layers = ServiceBuilder::new()
            .layer(max_age.map_or(drain.clone(), |max_age| drain.max_age(max_age)))
            .layer(limit.clone())
            .layer(HeartbeatLayer::new(Heartbeat::every(BEAT)))
            .layer(from_fn_with_state(sender.clone(), open));
        let app =
            Router::new()
                .route("/beats", get(async || events(stream::pending())))
                .route("/flood", get(async || events(flood())))
                .route("/chat", get(chat))
                .layer(layers)
                // Only the limit is around this one, for the same handler makes no sound at all.
                .merge(Router::new().route("/silent", get(async || events(stream::pending()))).layer(
                    ServiceBuilder::new().layer(limit.clone()).layer(from_fn_with_state(sender, open)),
                ));
        (listener, app, Self { address, limit, opened })
    }

    pub(crate) async fn opened(&mut self) -> Opened {
        self.opened.recv().await.unwrap()
    }
}

/// Tells of a stream, and holds something for as long as it is open.
async fn open(
    State(opened): State<mpsc::UnboundedSender<Opened>>,
    Extension(lifeline): Extension<Lifeline>,
    request: Request,
    next: Next,
) -> Response {
    let (permit, over) = oneshot::channel::<()>();
    lifeline.hold(permit);
    opened.send(Opened { lifeline, over }).ok();
    next.run(request).await
}

/// Fills every buffer in a fraction of a second, and leaves the machine to the others.
fn flood() -> impl Stream<Item = String> {
    stream::repeat("x".repeat(16 * 1024)).then(async |text| {
        sleep(Duration::from_millis(10)).await;
        text
    })
}

fn events(texts: impl Stream<Item = String> + Send + 'static) -> Response {
    sse::Sse::new(texts.map(|text| Ok::<_, Infallible>(sse::Event::default().data(text)))).into_response()
}

async fn chat(Extension(lifeline): Extension<Lifeline>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async move |socket| {
        let mut socket = Beating::new(socket, &lifeline);
        while let Some(Ok(message)) = socket.next().await {
            if socket.send(message).await.is_err() {
                break;
            }
        }
    })
}
