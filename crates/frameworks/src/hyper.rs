use std::{convert::Infallible, io};

use bytes::Bytes;
use futures_util::stream;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body::Body;
use http_body_util::{BodyExt, Empty, Full, combinators::UnsyncBoxBody};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::{conn::auto::Builder, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use longwave_backpressure::guard::{Guard, GuardedService, LowBuffers};
use longwave_sse::{Event, EventBody, response};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::oneshot,
};
use tower::{Service, ServiceBuilder, ServiceExt, service_fn};

use crate::{Dialect, FILL, Framework, HELLO, Layers, Wire, echo::echo, marks};

/// hyper with what hyper-util has for servers; event streams are longwave's own, as hyper has none.
#[derive(Clone, Copy, Debug)]
pub struct Hyper;

impl Framework for Hyper {
    const DIALECT: Dialect = Dialect::Events;
    const WIRES: &'static [Wire] = &[Wire::Http1, Wire::Http2];

    async fn serve(
        listener: TcpListener,
        guard: Guard,
        layers: Layers,
        mut stop: oneshot::Receiver<()>,
    ) -> io::Result<()> {
        let mut server = Builder::new(TokioExecutor::new());
        server.low_buffers();
        server.http2().enable_connect_protocol();
        let (app, graceful) = (app(layers), GracefulShutdown::new());
        loop {
            let socket = tokio::select! {
                _ = &mut stop => break,
                accepted = listener.accept() => guard.wrap(accepted?.0),
            };
            let service = GuardedService::new(app.clone(), socket.connection().clone());
            let service = TowerToHyperService::new(service);
            let connection = server.serve_connection_with_upgrades(TokioIo::new(socket), service);
            tokio::spawn(graceful.watch(connection.into_owned()));
        }
        drop(listener);
        graceful.shutdown().await;
        Ok(())
    }

    async fn plain_size(layers: Layers) -> Option<u64> {
        let mut request = Request::new(Empty::<Bytes>::new());
        *request.uri_mut() = http::Uri::from_static("/plain");
        let Ok(response) = app(layers).oneshot(request).await;
        response.body().size_hint().exact()
    }
}

fn app<B: Send + 'static>(
    layers: Layers,
) -> impl Service<
    Request<B>,
    Response = Response<impl Body<Data = Bytes, Error = Infallible> + Send + 'static>,
    Error = Infallible,
    Future: Send + 'static,
> + Clone
+ Send
+ 'static {
    ServiceBuilder::new()
        .map_request(marks::mark::<B>)
        .map_response(marks::tell)
        .layer(layers)
        .service(service_fn(async |request: Request<B>| Ok::<_, Infallible>(route(request))))
}

fn route<B>(mut request: Request<B>) -> Response<UnsyncBoxBody<Bytes, Infallible>> {
    match request.uri().path() {
        "/feed" => {
            let silence = stream::pending::<Result<Event, Infallible>>();
            response(EventBody::new(silence)).map(BodyExt::boxed_unsync)
        }
        "/flood" => {
            let event = || Ok::<_, Infallible>(Event::new().data("x".repeat(FILL)));
            response(EventBody::new(stream::repeat_with(event))).map(BodyExt::boxed_unsync)
        }
        "/plain" => {
            let mut response = Response::new(Full::from(HELLO).boxed_unsync());
            marks::answer(request.extensions(), response.extensions_mut());
            response
        }
        "/socket" => {
            tokio::spawn(listen(hyper::upgrade::on(&mut request)));
            let mut response = Response::new(Empty::new().boxed_unsync());
            *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            let upgrade = HeaderValue::from_static("websocket");
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
            response.headers_mut().insert(header::UPGRADE, upgrade);
            response
        }
        "/echo" => echo::<_, Full<Bytes>>(&mut request).map(BodyExt::boxed_unsync),
        _ => {
            let mut response = Response::new(Empty::new().boxed_unsync());
            *response.status_mut() = StatusCode::NOT_FOUND;
            response
        }
    }
}

/// As much of a WebSocket as a test needs: each frame of a client is an empty ping, and is answered.
async fn listen(upgrade: hyper::upgrade::OnUpgrade) -> io::Result<()> {
    let mut socket = TokioIo::new(upgrade.await.map_err(io::Error::other)?);
    loop {
        socket.read_exact(&mut [0; 6]).await?;
        socket.write_all(&[0x8a, 0]).await?;
    }
}
