//! salvo, and what it takes to guard its sockets.

mod connections;
mod guarded;
mod known_size;

use std::{convert::Infallible, io, mem};

use futures_util::stream;
use http::{Uri, uri::Scheme};
use http_body::Body;
use longwave_backpressure::guard::Guard;
use salvo::{
    conn::{ConnCtrl, SocketAddr},
    http::{ReqBody, ResBody, StatusError},
    prelude::*,
    sse::{self, SseEvent},
};
use tokio::{net::TcpListener, sync::oneshot};

pub use self::{
    connections::{Connections, Listed},
    guarded::GuardedAcceptor,
    known_size::KnownSize,
};
use crate::{Dialect, FILL, Framework, HELLO, Layers, Wire, marks};

/// salvo, with its `sse`, its `WebSocketUpgrade` and its `Server`.
#[derive(Clone, Copy, Debug)]
pub struct Salvo;

impl Framework for Salvo {
    const DIALECT: Dialect = Dialect::Events;
    const WIRES: &'static [Wire] = &[Wire::Http1, Wire::Http2];

    async fn serve(
        listener: TcpListener,
        guard: Guard,
        layers: Layers,
        stop: oneshot::Receiver<()>,
    ) -> io::Result<()> {
        let acceptor = GuardedAcceptor::new(listener, guard)?;
        let service = Service::new(router(layers)).hoop(acceptor.connections());
        let mut server = Server::new(acceptor);
        server.http2_mut().enable_connect_protocol();
        let handle = server.handle();
        let stopped = async {
            _ = stop.await;
            handle.stop_graceful(None);
        };
        tokio::join!(server.try_serve(service), stopped).0
    }

    async fn plain_size(layers: Layers) -> Option<u64> {
        plain_size(router(layers)).await
    }
}

async fn plain_size(router: Router) -> Option<u64> {
    let mut request = Request::new();
    request.set_uri(Uri::from_static("/plain"));
    let (here, there) = (SocketAddr::Unknown, SocketAddr::Unknown);
    let handler = Service::new(router).hyper_handler(here, there, Scheme::HTTP, None, ConnCtrl::new(), None);
    handler.handle(request).await.body.size_hint().exact()
}

fn router(layers: Layers) -> Router {
    Router::new()
        .hoop(marked)
        .hoop(layers.compat::<ReqBody>())
        .hoop(KnownSize)
        .push(Router::with_path("feed").get(feed))
        .push(Router::with_path("flood").get(flood))
        .push(Router::with_path("plain").get(plain))
        .push(Router::with_path("socket").get(chat))
        .push(Router::with_path("echo").goal(echo))
}

#[handler]
async fn marked(request: &mut Request, depot: &mut Depot, response: &mut Response, ctrl: &mut FlowCtrl) {
    request.extensions_mut().insert(marks::Mark);
    ctrl.call_next(request, depot, response).await;
    let mut headers = mem::take(response.headers_mut());
    marks::tell_of(&response.extensions, &mut headers);
    *response.headers_mut() = headers;
}

#[handler]
async fn feed(response: &mut Response) {
    sse::stream(response, stream::pending::<Result<SseEvent, Infallible>>());
}

#[handler]
async fn flood(response: &mut Response) {
    let event = || Ok::<_, Infallible>(SseEvent::default().text("x".repeat(FILL)));
    sse::stream(response, stream::repeat_with(event));
}

#[handler]
async fn plain(request: &mut Request, response: &mut Response) {
    response.render(HELLO);
    marks::answer(request.extensions(), &mut response.extensions);
}

#[handler]
async fn chat(request: &mut Request, response: &mut Response) -> Result<(), StatusError> {
    WebSocketUpgrade::new().upgrade(request, response, listen).await
}

/// Salvo has requests and responses of its own, which can be those of `http` for a while.
#[handler]
async fn echo(request: &mut Request, response: &mut Response) -> Result<(), StatusError> {
    let mut stripped = request.strip_to_hyper::<ReqBody>().map_err(|_| StatusError::bad_request())?;
    response.merge_hyper(crate::echo::echo::<_, ResBody>(&mut stripped));
    Ok(())
}

/// Pings are answered while somebody receives.
async fn listen(mut socket: salvo::websocket::WebSocket) {
    while let Some(Ok(_)) = socket.recv().await {}
}

#[cfg(test)]
mod tests {
    use tower::layer::util::Identity;

    use super::*;

    /// As long as this holds, [`KnownSize`] is needed.
    #[tokio::test]
    async fn salvo_forgets_sizes_behind_a_layer_that_does_nothing() {
        let router = || Router::with_path("plain").get(plain);
        assert_eq!(plain_size(router()).await, Some(HELLO.len() as u64));
        assert_eq!(plain_size(router().hoop(Identity::new().compat::<ReqBody>())).await, None);
    }
}
