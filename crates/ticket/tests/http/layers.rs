//! What every layer owes to the service inside, and to the body that comes out.

use std::{
    future::{Ready, poll_fn, ready},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Empty, Full};
use longwave_ticket::http::{HostLayer, Hosts, OriginLayer, Origins, RedactLayer};
use tower_layer::Layer;
use tower_service::Service;

use crate::common::socket;

/// Panics if it is called without having been asked whether it is ready; is so the third time.
#[derive(Clone, Debug)]
struct Probe<B> {
    asked: u32,
    body: B,
}

impl<B: Clone> Service<Request<()>> for Probe<B> {
    type Response = Response<B>;
    type Error = &'static str;
    type Future = Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.asked += 1;
        match self.asked {
            1 | 2 => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            3 => Poll::Ready(Ok(())),
            _ => Poll::Ready(Err("worn out")),
        }
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        assert_eq!(self.asked, 3, "called while not ready");
        ready(Ok(Response::new(self.body.clone())))
    }
}

/// Says nothing, and holds something.
#[derive(Clone, Debug)]
struct Holding {
    _held: Arc<()>,
}

impl Body for Holding {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Pending
    }
}

/// A request that each of the layers lets in.
fn welcome() -> Request<()> {
    socket("/chat")
        .header("host", "app.example.com")
        .header("origin", "https://app.example.com")
        .body(())
        .unwrap()
}

/// One that those refuse that refuse.
fn unwelcome() -> Request<()> {
    socket("/chat").header("host", "evil.test").header("origin", "https://evil.test").body(()).unwrap()
}

fn redact() -> RedactLayer {
    RedactLayer::new()
}

fn origin() -> OriginLayer {
    OriginLayer::new(Origins::list(["https://app.example.com"]).unwrap())
}

fn host() -> HostLayer {
    HostLayer::new(Hosts::list(["app.example.com"]).unwrap())
}

async fn open<R, S>(mut service: S, request: Request<()>) -> R
where
    S: Service<Request<()>, Response = Response<R>, Error = &'static str>,
{
    poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
    service.call(request).await.unwrap().into_body()
}

macro_rules! owed_by {
    ($($layer:ident),*) => {$(
        mod $layer {
            use super::*;

            fn around<B: Clone>(body: B) -> <super::Layers as Kind>::$layer<Probe<B>> {
                super::$layer().layer(Probe { asked: 0, body })
            }

            #[tokio::test]
            async fn readiness_is_that_of_the_service_inside() {
                let mut service = around(Full::<Bytes>::from("hello"));
                assert!(poll_fn(|cx| service.poll_ready(cx)).await.is_ok());
                let response = service.call(welcome()).await.unwrap();
                assert_eq!(response.into_body().collect().await.unwrap().to_bytes(), "hello");
                assert_eq!(poll_fn(|cx| service.poll_ready(cx)).await, Err("worn out"), "and so are its errors");
            }

            #[tokio::test]
            async fn what_a_body_says_of_its_size_is_true() {
                let body = open(around(Full::<Bytes>::from("hello")), welcome()).await;
                assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(5), false));
                let body = open(around(Empty::<Bytes>::new()), welcome()).await;
                assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(0), true));
                let body = open(around(Holding { _held: Arc::default() }), welcome()).await;
                assert_eq!((body.size_hint().upper(), body.is_end_stream()), (None, false));
            }

            #[tokio::test]
            async fn all_is_let_go_of_when_a_body_is_dropped_early() {
                let held = Arc::new(());
                let service = around(Holding { _held: held.clone() });
                let mut body = Box::pin(open(service, welcome()).await);
                assert!(body.frame().now_or_never().is_none());
                assert_eq!(Arc::strong_count(&held), 2);
                drop(body);
                assert_eq!(Arc::strong_count(&held), 1);
            }
        }
    )*};
}

/// What a layer makes of a service.
trait Kind {
    #![allow(non_camel_case_types)]
    type redact<S>;
    type origin<S>;
    type host<S>;
}

struct Layers;

impl Kind for Layers {
    type redact<S> = <RedactLayer as Layer<S>>::Service;
    type origin<S> = <OriginLayer as Layer<S>>::Service;
    type host<S> = <HostLayer as Layer<S>>::Service;
}

owed_by!(redact, origin, host);

#[tokio::test]
async fn a_refusal_knows_its_size() {
    let probe = || Probe { asked: 2, body: Full::<Bytes>::from("hello") };
    let bodies =
        [open(origin().layer(probe()), unwelcome()).await, open(host().layer(probe()), unwelcome()).await];
    for mut body in bodies {
        let len = body.size_hint().exact().unwrap();
        assert!(!body.is_end_stream());
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap().len() as u64, len);
        assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(0), true));
    }
}
