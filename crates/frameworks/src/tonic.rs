use std::{
    convert::Infallible,
    future::{self, Future},
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Buf, BufMut, Bytes};
use futures_util::{
    Stream, StreamExt,
    future::FutureExt,
    stream::{self, BoxStream},
};
use http::Request;
use longwave_backpressure::guard::Guard;
use tokio::{net::TcpListener, sync::oneshot};
use tonic::{
    Response, Status,
    body::Body,
    codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder},
    server::{Grpc, NamedService},
    transport::Server,
};
use tower::{Service, ServiceBuilder, service_fn};

use crate::{Dialect, FILL, Framework, HELLO, Layers, Wire, marks};

/// tonic, with a service like those its generator makes.
///
/// It has neither event streams nor WebSockets: a call that streams takes the part of the former. It speaks
/// HTTP/2 only.
#[derive(Clone, Copy, Debug)]
pub struct Tonic;

impl Framework for Tonic {
    const DIALECT: Dialect = Dialect::Grpc;
    const WIRES: &'static [Wire] = &[Wire::Http2];

    async fn serve(
        listener: TcpListener,
        guard: Guard,
        layers: Layers,
        stop: oneshot::Receiver<()>,
    ) -> io::Result<()> {
        let incoming = stream::unfold(listener, move |listener| async move {
            let accepted = listener.accept().await.map(|(socket, _)| guard.wrap(socket));
            Some((accepted, listener))
        });
        Server::builder()
            .layer(ServiceBuilder::new().map_request(marks::mark::<Body>).map_response(marks::tell))
            .layer(layers)
            .add_service(Streams)
            .serve_with_incoming_shutdown(incoming, stop.map(drop))
            .await
            .map_err(io::Error::other)
    }

    async fn plain_size(_: Layers) -> Option<u64> {
        None
    }
}

#[derive(Clone, Copy, Debug)]
struct Streams;

impl NamedService for Streams {
    const NAME: &'static str = "longwave.Streams";
}

impl Service<Request<Body>> for Streams {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<http::Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let mut grpc = Grpc::new(Raw);
        Box::pin(async move {
            Ok(match request.uri().path() {
                "/longwave.Streams/Feed" => grpc.server_streaming(streaming(stream::pending), request).await,
                "/longwave.Streams/Flood" => {
                    let flood = || stream::repeat(Bytes::from(vec![b'x'; FILL]));
                    grpc.server_streaming(streaming(flood), request).await
                }
                "/longwave.Streams/Plain" => grpc.unary(service_fn(plain), request).await,
                _ => Status::unimplemented("").into_http(),
            })
        })
    }
}

/// A method that streams.
fn streaming<S>(
    messages: impl Fn() -> S,
) -> impl Service<
    tonic::Request<Bytes>,
    Response = Response<BoxStream<'static, Result<Bytes, Status>>>,
    Error = Status,
    Future: Send,
>
where
    S: Stream<Item = Bytes> + Send + 'static,
{
    service_fn(move |_| future::ready(Ok(Response::new(messages().map(Ok).boxed()))))
}

async fn plain(request: tonic::Request<Bytes>) -> Result<Response<Bytes>, Status> {
    let mut response = Response::new(Bytes::from_static(HELLO.as_bytes()));
    marks::answer(request.extensions(), response.extensions_mut());
    Ok(response)
}

/// Messages are bytes.
#[derive(Clone, Copy, Debug)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        *self
    }

    fn decoder(&mut self) -> Self {
        *self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(message);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}
