//! W10: event streams over loopback TCP, through hyper on both sides. The server's stream of events is always
//! ready; the client reads the body as fast as it can. Servers differ in the body alone, so the table shows
//! what its frames cost: each is an HTTP/1.1 chunk or an HTTP/2 DATA frame.

use crate::{
    bench::{Bench, REFERENCE},
    server::{Cost, CpuCosts, Server, participant},
    table::Unit,
};
use axum::response::{IntoResponse, sse as axum_sse};
use bytes::Bytes;
use futures::{future::BoxFuture, stream};
use http::{Request, Response};
use http_body_util::{BodyExt, Empty, StreamBody, combinators::UnsyncBoxBody};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use longwave_sse::{Event, EventBody};
use sse_stream::{Sse, SseBody};
use std::{
    convert::Infallible,
    time::{Duration, Instant},
};
use tokio::net::TcpStream;

const WARM_UP: Duration = Duration::from_millis(20);
const MEASURE: Duration = Duration::from_millis(100);
/// Bytes to compare in the run that verifies.
const VERIFIED: usize = 1 << 20;

/// What every event carries; 101 bytes on the wire.
const DATA: &str =
    r#"{"symbol":"LNGW","price":"104.25","volume":1200,"time":"2026-01-01T12:00:00Z","seq":"000001"}"#;

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Body = UnsyncBoxBody<Bytes, BoxError>;

#[derive(Clone, Copy)]
enum Version {
    Http1,
    Http2,
}

/// The bodies, each with an endless stream of events that are built from owned text.
fn bodies() -> Vec<(String, fn() -> Body)> {
    fn boxed<B>(body: B) -> Body
    where
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        body.map_err(Into::into).boxed_unsync()
    }
    vec![
        ("axum".into(), || {
            let event = || Ok::<_, Infallible>(axum_sse::Event::default().data(String::from(DATA)));
            boxed(axum_sse::Sse::new(stream::repeat_with(event)).into_response().into_body())
        }),
        ("sse-stream".into(), || {
            let event = || Ok::<_, Infallible>(Sse::default().data(DATA));
            boxed(SseBody::new(stream::repeat_with(event)))
        }),
        ("longwave EventBody".into(), || {
            let event = || Ok::<_, Infallible>(Event::new().data(DATA));
            boxed(EventBody::new(stream::repeat_with(event)))
        }),
        ("longwave EventBody, Bytes".into(), || {
            let event = Event::new().data(DATA).encode();
            boxed(EventBody::new(stream::repeat_with(move || Ok::<_, Infallible>(event.clone()))))
        }),
        (format!("16 KiB frames{REFERENCE}"), || {
            let frame = Bytes::from(wire().repeat((16 << 10) / wire().len()));
            let frame = move || Ok::<_, Infallible>(http_body::Frame::data(frame.clone()));
            boxed(StreamBody::new(stream::repeat_with(frame)))
        }),
    ]
}

/// The encoded event.
fn wire() -> Vec<u8> {
    format!("data: {DATA}\n\n").into_bytes()
}

pub fn run(bench: &mut Bench) {
    let mut cpu = Vec::new();
    let title = format!("sse-serve over loopback TCP, events of {} B", wire().len());
    let mut table = bench.table("w10", format!("{title}: by the wall clock"), Unit::Rate);
    for (label, version) in [("HTTP/1.1", Version::Http1), ("HTTP/2", Version::Http2)] {
        let costs = CpuCosts::default();
        let rows = bodies().into_iter().map(|(name, body)| {
            let handler = move |io| -> BoxFuture<'static, ()> { Box::pin(serve(io, version, body)) };
            let read = move |server: &Server, verify| read(server, version, verify);
            participant(name, &costs, handler, read)
        });
        table.column(label, Some(wire().len()), rows.collect());
        cpu.push((label, costs));
    }
    drop(table);
    let mut table = bench.table("w10", format!("{title}: server CPU"), Unit::Ns);
    for (label, costs) in cpu {
        table.column(label, Some(wire().len()), costs.into_participants());
    }
}

async fn serve(io: TcpStream, version: Version, body: fn() -> Body) {
    let answer = service_fn(|_: Request<Incoming>| async move { Ok::<_, Infallible>(Response::new(body())) });
    let io = TokioIo::new(io);
    // The client hangs up in the middle of the body, which is an error to the server.
    let _ = match version {
        Version::Http1 => hyper::server::conn::http1::Builder::new().serve_connection(io, answer).await,
        Version::Http2 => {
            hyper::server::conn::http2::Builder::new(TokioExecutor::new()).serve_connection(io, answer).await
        }
    };
}

/// Reads the body for a while; to verify, it compares the first bytes, and measures nothing.
fn read(server: &Server, version: Version, verify: bool) -> Cost {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut body = open(server, version).await;
        if verify {
            compare(&mut body).await;
            return Cost { wall: 0.0, cpu: 0.0 };
        }
        let warm_up = Instant::now() + WARM_UP;
        while Instant::now() < warm_up {
            frame(&mut body).await;
        }
        let (start, cpu) = (Instant::now(), server.cpu_time());
        let (mut bytes, mut frames) = (0, 0_u32);
        // The clock is not read for every frame, so as not to slow down the client of small ones.
        while !frames.is_multiple_of(32) || start.elapsed() < MEASURE {
            bytes += frame(&mut body).await.len();
            frames += 1;
        }
        Cost::per(bytes as f64 / wire().len() as f64, start.elapsed(), server.cpu_time() - cpu)
    })
}

async fn open(server: &Server, version: Version) -> Incoming {
    let io = TcpStream::connect(server.addr).await.unwrap();
    io.set_nodelay(true).unwrap();
    let io = TokioIo::new(io);
    let request = Request::builder().uri("http://localhost/").body(Empty::<Bytes>::new()).unwrap();
    let response = match version {
        Version::Http1 => {
            let (mut send, connection) = hyper::client::conn::http1::handshake(io).await.unwrap();
            tokio::spawn(connection);
            send.send_request(request).await
        }
        Version::Http2 => {
            let executor = TokioExecutor::new();
            let (mut send, connection) = hyper::client::conn::http2::handshake(executor, io).await.unwrap();
            tokio::spawn(connection);
            send.send_request(request).await
        }
    };
    response.unwrap().into_body()
}

async fn frame(body: &mut Incoming) -> Bytes {
    body.frame().await.expect("the body is endless").expect("the connection stands").into_data().unwrap()
}

async fn compare(body: &mut Incoming) {
    let mut expected = wire().into_iter().cycle();
    let mut compared = 0;
    while compared < VERIFIED {
        for byte in frame(body).await {
            assert_eq!(Some(byte), expected.next(), "wrong byte at {compared}");
            compared += 1;
        }
    }
}
