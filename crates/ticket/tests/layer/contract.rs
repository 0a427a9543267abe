//! What a layer owes to the service inside, and to the body that comes out.

use std::{
    convert::Infallible,
    future::{poll_fn, ready},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures_util::FutureExt;
use http::{Request, Response};
use http_body::Body;
use http_body_util::{BodyExt, Empty, Full};
use tower::{limit::ConcurrencyLimit, service_fn};
use tower_layer::Layer;
use tower_service::Service;

use crate::support::{House, feed, socket};

/// Has one place, which it takes when it is asked whether it is ready. Of clones, each has to be asked.
fn one_place<B>(
    body: B,
) -> ConcurrencyLimit<
    impl Service<Request<()>, Response = Response<B>, Error = Infallible, Future: Send> + Clone + Send + Sync,
>
where
    B: Clone + Send + Sync + 'static,
{
    ConcurrencyLimit::new(service_fn(move |_| ready(Ok(Response::new(body.clone())))), 1)
}

/// Whatever is asked of the layer comes to the very service that has said it is ready, however long that takes.
#[tokio::test(start_paused = true)]
async fn readiness_is_that_of_the_service_inside_which_is_the_one_that_is_called() {
    let house = House::new();
    house.store.slow_down(Duration::from_millis(100));
    let inner = one_place(Full::<Bytes>::from("hello"));
    let mut service = house.layer().layer(inner);
    let mut other = service.clone();
    poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
    let call = service.call(socket(&house.mint().await).body(()).unwrap());
    // The place is taken until the service is called, which is after the store has answered.
    assert!(poll_fn(|cx| service.poll_ready(cx)).now_or_never().is_none());
    assert!(poll_fn(|cx| other.poll_ready(cx)).now_or_never().is_none());
    let body = call.await.unwrap().into_body();
    assert_eq!(body.collect().await.unwrap().to_bytes(), "hello");
    poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
    // One that is refused leaves the place with the service, which is ready still.
    let refused = service.call(socket("nonsense").body(()).unwrap()).await.unwrap();
    assert_eq!(refused.status(), 401);
    let call = service.call(socket(&house.mint().await).body(()).unwrap());
    assert_eq!(call.await.unwrap().status(), 200);
}

/// A call that is given up gives its place back.
#[tokio::test]
async fn a_service_that_was_ready_and_is_not_called_keeps_nobody_out() {
    let house = House::new();
    let layer = house.layer().authorize(|_, _| std::future::pending());
    let mut service = layer.layer(one_place(Empty::<Bytes>::new()));
    poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
    let mut call = Box::pin(service.call(feed(&house.mint().await).body(()).unwrap()));
    assert!(call.as_mut().now_or_never().is_none());
    drop(call);
    assert!(poll_fn(|cx| service.poll_ready(cx)).now_or_never().is_some());
}

#[tokio::test]
async fn what_a_body_says_of_its_size_is_true() {
    async fn open<B: Body<Data = Bytes> + Clone + Send + Sync + 'static>(
        body: B,
    ) -> longwave_core::StreamBody<B> {
        let house = House::new();
        let request = feed(&house.mint().await).body(()).unwrap();
        let mut service = house.layer().layer(one_place(body));
        poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
        service.call(request).await.unwrap().into_body()
    }

    let body = open(Full::<Bytes>::from("hello")).await;
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(5), false));
    let body = open(Empty::<Bytes>::new()).await;
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(0), true));

    let house = House::new();
    let refused = house.ask(&house.layer(), feed("nonsense")).await.into_body();
    let len = refused.size_hint().exact().unwrap();
    assert_eq!(refused.collect().await.unwrap().to_bytes().len() as u64, len);
    let stream = house.ask(&house.layer(), feed(&house.mint().await)).await.into_body();
    assert_eq!((stream.size_hint().exact(), stream.is_end_stream()), (None, false));
}

#[tokio::test]
async fn all_is_let_go_of_when_a_body_is_dropped_early() {
    let house = House::new();
    let held = Arc::new(());
    let (guard, mut handler) = (held.clone(), house.handler.clone());
    let service = tower::service_fn(move |mut request: Request<()>| {
        longwave_core::Lifeline::of(request.extensions_mut()).hold(guard.clone());
        handler.call(request)
    });
    let before = Arc::strong_count(&held);
    let request = feed(&house.mint().await).body(()).unwrap();
    let mut body = Box::pin(house.layer().layer(service.clone()).call(request).await.unwrap().into_body());
    assert!(body.frame().now_or_never().is_none());
    assert_eq!(Arc::strong_count(&held), before + 1);
    drop(body);
    assert_eq!(Arc::strong_count(&held), before);
    drop(service);
}

#[test]
fn everything_can_go_to_another_thread() {
    fn is<T: Clone + Send + Sync + 'static>(_: &T) {}
    fn goes<T: Send>(_: &T) {}

    let house = House::new();
    let layer = house.layer();
    is(&layer);
    let mut service = layer.layer(house.handler.clone());
    is(&service);
    goes(&service.call(feed("nonsense").body(()).unwrap()));
    assert!(!format!("{layer:?} {service:?}").contains("secret"));
}
