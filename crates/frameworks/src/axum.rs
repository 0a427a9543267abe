use std::{convert::Infallible, io};

use axum::{
    Router,
    body::{Body, HttpBody},
    extract::{Request, WebSocketUpgrade, ws::WebSocket},
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
    routing::{any, get},
};
use futures_util::stream;
use longwave_backpressure::guard::{Guard, GuardedMakeService};
use tokio::{net::TcpListener, sync::oneshot};
use tower::{ServiceBuilder, ServiceExt};

use crate::{Dialect, FILL, Framework, HELLO, Layers, Wire, echo, marks};

/// axum, with its `Sse`, its `WebSocketUpgrade` and `axum::serve`.
#[derive(Clone, Copy, Debug)]
pub struct Axum;

impl Framework for Axum {
    const DIALECT: Dialect = Dialect::Events;
    const WIRES: &'static [Wire] = &[Wire::Http1, Wire::Http2];

    async fn serve(
        listener: TcpListener,
        guard: Guard,
        layers: Layers,
        stop: oneshot::Receiver<()>,
    ) -> io::Result<()> {
        axum::serve(guard.listen(listener), GuardedMakeService::new(router(layers)))
            .with_graceful_shutdown(async { _ = stop.await })
            .await
    }

    async fn plain_size(layers: Layers) -> Option<u64> {
        let mut request = Request::new(Body::empty());
        *request.uri_mut() = http::Uri::from_static("/plain");
        let Ok(response) = router(layers).oneshot(request).await;
        response.body().size_hint().exact()
    }
}

fn router(layers: Layers) -> Router {
    Router::new()
        .route("/feed", get(async || Sse::new(stream::pending::<Result<Event, Infallible>>())))
        .route("/flood", get(async || Sse::new(stream::repeat_with(|| Ok::<_, Infallible>(fill())))))
        .route("/plain", get(plain))
        .route("/socket", get(async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(listen)))
        .route(
            "/echo",
            any(async |upgrade: longwave_ws_hyper::WebSocketUpgrade| upgrade.on_upgrade(echo::serve)),
        )
        .layer(layers)
        .layer(ServiceBuilder::new().map_request(marks::mark::<Body>).map_response(marks::tell::<Body>))
}

fn fill() -> Event {
    Event::default().data("x".repeat(FILL))
}

async fn plain(request: Request) -> Response {
    let mut response = HELLO.into_response();
    marks::answer(request.extensions(), response.extensions_mut());
    response
}

/// Pings are answered while somebody receives.
async fn listen(mut socket: WebSocket) {
    while let Some(Ok(_)) = socket.recv().await {}
}
