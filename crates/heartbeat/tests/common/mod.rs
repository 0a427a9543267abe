//! Services and bodies that the tests put behind the layer.
#![allow(clippy::unwrap_used, dead_code)]

pub(crate) mod socket;

use std::{
    convert::Infallible,
    future::{Ready, ready},
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response, response::Builder};
use http_body::{Body, Frame};
use longwave_heartbeat::{HeartbeatLayer, ResponseFuture};
use tokio::sync::mpsc;
use tower_layer::Layer;
use tower_service::Service;

/// Answers every request with a head, and a body that is made anew.
#[derive(Clone)]
pub(crate) struct Answer<F>(pub(crate) F);

impl<F, B, R> Service<Request<R>> for Answer<F>
where
    F: Fn() -> Response<B>,
{
    type Response = Response<B>;
    type Error = Infallible;
    type Future = Ready<Result<Response<B>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<R>) -> Self::Future {
        ready(Ok((self.0)()))
    }
}

/// Calls the service once, behind the layer.
pub(crate) fn call<F, B>(
    layer: &HeartbeatLayer,
    request: Request<()>,
    answer: F,
) -> ResponseFuture<Ready<Result<Response<B>, Infallible>>>
where
    F: Fn() -> Response<B>,
{
    layer.layer(Answer(answer)).call(request)
}

/// A response with this type.
pub(crate) fn of_type(content_type: &str) -> Builder {
    Response::builder().header("content-type", content_type)
}

/// A body that is fed by the test, and never ends before its feed does.
pub(crate) struct Fed(mpsc::UnboundedReceiver<Bytes>);

impl Fed {
    pub(crate) fn new() -> (mpsc::UnboundedSender<Bytes>, Self) {
        let (feed, body) = mpsc::unbounded_channel();
        (feed, Self(body))
    }
}

impl Body for Fed {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(cx).map(|data| data.map(|data| Ok(Frame::data(data))))
    }
}

/// A body without a word.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Silent;

impl Body for Silent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}
