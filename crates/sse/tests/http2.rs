//! A million small events over HTTP/2 to hyper's own client, which counts small DATA frames.
#![cfg(feature = "body")]
#![allow(clippy::unwrap_used)]

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::Empty;
use hyper::{body::Incoming, client, server, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use longwave_sse::{Encode, Event, EventBody, EventStream, response};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};

const EVENTS: u64 = 1_000_000;

async fn get<B, F>(body: F) -> Response<Incoming>
where
    F: Fn() -> B + Send + 'static,
    B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    serve(body).await.0
}

/// Serves one body over a connection of its own, and hands the response to the client; also what serves it, to be
/// waited for.
async fn serve<B, F>(body: F) -> (Response<Incoming>, JoinHandle<()>)
where
    F: Fn() -> B + Send + 'static,
    B: Body<Data = Bytes, Error = Infallible> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let answer = service_fn(move |_| std::future::ready(Ok::<_, Infallible>(response(body()))));
        // A client that closes the connection is an error here, which the client's side is about.
        let _ = server::conn::http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .serve_connection(TokioIo::new(socket), answer)
            .await;
    });
    let socket = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) =
        client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(socket)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::get(format!("http://{address}/")).body(Empty::<Bytes>::new()).unwrap();
    let answer = sender.send_request(request).await.unwrap();
    // The connection lives as long as its sender and its streams.
    (answer, server)
}

fn events() -> impl Stream<Item = Result<Event, Infallible>> + Send {
    stream::iter(0..EVENTS).map(|i| Ok(Event::new().data(i.to_string())))
}

/// The same, but ready only every other time it is polled, as when each event comes by itself.
fn paced() -> impl Stream<Item = Result<Event, Infallible>> + Send {
    events().then(|event| async move {
        tokio::task::yield_now().await;
        event
    })
}

async fn count(answer: Response<Incoming>) -> Result<u64, String> {
    let mut events = EventStream::from_response(answer).map_err(|refused| refused.to_string())?;
    let mut expected = 0;
    while let Some(event) = events.next_event().await {
        let event = event.map_err(|error| format!("after {expected} events: {error:?}"))?;
        assert_eq!(event.data(), expected.to_string());
        expected += 1;
    }
    Ok(expected)
}

#[tokio::test]
async fn a_million_events_that_are_ready_arrive() {
    assert_eq!(count(get(|| EventBody::new(events())).await).await, Ok(EVENTS));
}

#[tokio::test]
async fn a_million_events_that_come_one_by_one_arrive_if_they_linger() {
    let body = || EventBody::new(Box::pin(paced())).linger(|| tokio::time::sleep(Duration::from_millis(20)));
    assert_eq!(count(get(body).await).await, Ok(EVENTS));
}

/// What the other tests would be without any of this: one frame for each event.
struct FramePerEvent<S>(S);

impl<S: Stream<Item = Result<Event, Infallible>> + Unpin> Body for FramePerEvent<S> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let event = std::task::ready!(self.0.poll_next_unpin(cx));
        Poll::Ready(event.map(|event| event.map(|event| Frame::data(event.into_bytes()))))
    }
}

#[tokio::test]
async fn a_frame_for_each_event_makes_the_client_close_the_connection() {
    let (answer, server) = serve(|| FramePerEvent(Box::pin(events()))).await;
    // Nobody reads until the connection is closed: otherwise it is chance whether the client is too slow.
    timeout(Duration::from_secs(60), server).await.unwrap().unwrap();
    let error = count(answer).await.unwrap_err();
    assert!(error.contains("ENHANCE_YOUR_CALM"), "{error}");
}
