//! Clients that come by the hundred thousand and drop their connections wherever they happen to be: in the request,
//! in an event, in a beat, in a refusal, after an upgrade. Nothing of them may be left.

use super::{
    CHURN, Settings,
    clients::{Clients, address, steps},
    outcome::{Outcome, mib},
    site::{self, Site},
};
use crate::{data::Rng, memory::reset_on_close};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::Request,
    response::Response,
    routing::get,
};
use futures::stream;
use http::{HeaderValue, StatusCode, header, request::Parts};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use longwave_backpressure::{StreamLimitLayer, guard::Guard};
use longwave_core::Heartbeat;
use longwave_drain::Drain;
use std::{
    cell::Cell,
    convert::Infallible,
    rc::Rc,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};

/// So often that clients meet beats.
const BEAT: Duration = Duration::from_millis(10);
/// How many clients there are at a time.
const AT_ONCE: usize = 64;
/// How many users they are of, and how many streams each may have: some are refused.
const USERS: usize = 24;
const PER_USER: usize = 2;
/// How long a client waits for anything.
const PATIENCE: Duration = Duration::from_millis(300);
/// How long the server has to let go of everything.
const SETTLES: Duration = Duration::from_secs(15);
const TENTHS: usize = 10;

pub async fn serve(settings: Settings) -> Outcome {
    let site = |drain: &Drain| {
        let limit = StreamLimitLayer::new(AT_ONCE / 2)
            .per_key(PER_USER, |parts: &Parts| parts.uri.query().map(str::to_owned));
        Site::open(
            router(),
            drain.clone(),
            limit,
            Heartbeat::every(BEAT),
            Guard::new().stall(Duration::from_secs(5)),
        )
    };
    let (open, draining) = (site(&Drain::new()), site(&Drain::new()));
    draining.drain.start();
    // Before there is any client.
    tokio::task::yield_now().await;
    let idle = site::tasks();
    let mut clients = Clients::start(CHURN, &settings, &[open.port, draining.port]);
    let (mut memory, start) = (Vec::new(), Instant::now());
    for _ in 0..TENTHS {
        assert_eq!(clients.line().await, "tenth");
        memory.push(site::memory());
    }
    let took = start.elapsed().as_secs_f64();
    let tally = clients.line().await;
    let (settles, sites) = (Instant::now(), [&open, &draining]);
    let left = || {
        let sum = |of: fn(&Site) -> usize| sites.into_iter().map(of).sum::<usize>();
        [
            sum(|s| s.limit.open()),
            sum(|s| s.limit.keys()),
            sum(|s| s.drain.open()),
            sum(|s| s.drain.in_flight()),
            site::tasks() - idle,
        ]
    };
    while left() != [0; 5] && settles.elapsed() < SETTLES {
        sleep(Duration::from_millis(10)).await;
    }
    let settled = settles.elapsed();
    let [streams, keys, drained, in_flight, tasks] = left();
    let mut outcome = Outcome::default();
    outcome.figure("connections", settings.cycles);
    outcome.figure("connections per second", format!("{:.0}", settings.cycles as f64 / took));
    outcome.figure("of which", tally);
    outcome.figure("memory after each tenth", memory.iter().map(|m| mib(*m)).collect::<Vec<_>>().join(", "));
    outcome.figure("left after", format!("{:.2} s", settled.as_secs_f64()));
    let left = [
        ("limit.open()", streams),
        ("limit.keys()", keys),
        ("drain.open()", drained),
        ("drain.in_flight()", in_flight),
        ("tasks", tasks),
    ];
    for (name, left) in left {
        outcome.figure(&format!("  {name}"), left);
        outcome.require(left == 0, format!("churn: {name} is {left} after {SETTLES:?}"));
    }
    let (first, last) = (memory[0], memory[TENTHS - 1]);
    let grows = last > first + first / 20 + (1 << 20);
    outcome.require(!grows, format!("churn: memory grows from {} to {}", mib(first), mib(last)));
    outcome
}

fn router() -> Router {
    let halves = || async {
        let halves = stream::unfold(false, |second| async move {
            sleep(Duration::from_millis(1)).await;
            let half: &[u8] = if second { b" of an event\n\n" } else { b"id: 17\ndata: a half" };
            Some((Ok::<_, Infallible>(Bytes::from_static(half)), !second))
        });
        event_stream(Body::from_stream(halves))
    };
    let silent = || async { event_stream(Body::from_stream(stream::pending::<Result<Bytes, Infallible>>())) };
    Router::new()
        .route("/halves", get(halves))
        .route("/silent", get(silent))
        .route("/plain", get(|| async { "hello" }))
        .route("/claimed", get(|request: Request| upgrade(request, true)))
        .route("/unclaimed", get(|request: Request| upgrade(request, false)))
}

fn event_stream(body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response
}

/// A WebSocket whose handler knows nothing of lifelines: it reads to the end, or takes no part at all.
async fn upgrade(mut request: Request, claimed: bool) -> Response {
    if claimed {
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            if let Ok(socket) = upgrade.await {
                let _ = tokio::io::copy(&mut TokioIo::new(socket), &mut tokio::io::sink()).await;
            }
        });
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    response
}

/// Which clients there were.
const KINDS: [&str; 4] = ["HTTP/1.1", "WebSocket", "HTTP/2", "draining"];

pub async fn clients(settings: Settings, ports: Vec<u16>) {
    let _steps = steps();
    let (done, tally) = (Rc::new(Cell::new(0)), Rc::new([const { Cell::new(0_usize) }; KINDS.len()]));
    let (open, draining) = (ports[0], ports[1]);
    let workers = (0..AT_ONCE).map(|seed| {
        let (done, tally) = (done.clone(), tally.clone());
        tokio::task::spawn_local(async move {
            let mut rng = Rng::new(seed as u64 + 1);
            loop {
                let n = done.get();
                if n == settings.cycles {
                    break;
                }
                done.set(n + 1);
                let kind = [0, 0, 0, 0, 1, 2, 2, 3][rng.below(8)];
                tally[kind].set(tally[kind].get() + 1);
                let port = if KINDS[kind] == "draining" { draining } else { open };
                // A server that is done first, or a client that is cut, is no matter here.
                let _ = match KINDS[kind] {
                    "WebSocket" => websocket(&mut rng, port).await,
                    "HTTP/2" => http2(&mut rng, port).await,
                    _ => http1(&mut rng, port).await,
                };
                if (n + 1) * TENTHS / settings.cycles > n * TENTHS / settings.cycles {
                    println!("tenth");
                }
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.expect("a client");
    }
    println!(
        "{}",
        (0..KINDS.len()).map(|i| format!("{} {}", tally[i].get(), KINDS[i])).collect::<Vec<_>>().join(", ")
    );
    std::future::pending().await
}

async fn connect(rng: &mut Rng, port: u16) -> std::io::Result<TcpStream> {
    let io = TcpStream::connect(address(port, rng.below(1 << 16))).await?;
    // Half of them end with a reset.
    if rng.below(2) == 0 {
        reset_on_close(&io);
    }
    Ok(io)
}

fn path(rng: &mut Rng) -> &'static str {
    ["/halves", "/halves", "/silent", "/plain"][rng.below(4)]
}

async fn http1(rng: &mut Rng, port: u16) -> std::io::Result<()> {
    let mut io = connect(rng, port).await?;
    let (path, user) = (path(rng), rng.below(USERS));
    let head = format!("GET {path}?{user} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n");
    send_and_drop(rng, &mut io, head.as_bytes()).await
}

async fn websocket(rng: &mut Rng, port: u16) -> std::io::Result<()> {
    let mut io = connect(rng, port).await?;
    let (path, user) = (["/claimed", "/unclaimed"][rng.below(2)], rng.below(USERS));
    let head = format!(
        "GET {path}?{user} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    send_and_drop(rng, &mut io, head.as_bytes()).await?;
    let noise = rng.below(64);
    io.write_all(&rng.binary(noise)).await
}

/// Sends a request or a part of it, and reads nothing, a part of the head, or of the body up to some beats.
async fn send_and_drop(rng: &mut Rng, io: &mut TcpStream, head: &[u8]) -> std::io::Result<()> {
    let point = rng.below(4);
    if point == 0 {
        io.write_all(&head[..rng.below(head.len())]).await?;
        tokio::task::yield_now().await;
        return Ok(());
    }
    io.write_all(head).await?;
    let mut buffer = [0; 512];
    let wanted = match point {
        1 => 0,
        2 => rng.below(40),
        _ => rng.below(500),
    };
    let mut read = 0;
    while read < wanted {
        let most = (wanted - read).min(buffer.len());
        match timeout(PATIENCE, io.read(&mut buffer[..most])).await {
            Ok(Ok(n)) if n > 0 => read += n,
            _ => break,
        }
    }
    Ok(())
}

async fn http2(rng: &mut Rng, port: u16) -> std::io::Result<()> {
    let mut io = connect(rng, port).await?;
    if rng.below(8) == 0 {
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
        return io.write_all(&preface[..rng.below(preface.len() + 1)]).await;
    }
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(io));
    let Ok((mut send, connection)) = handshake.await else { return Ok(()) };
    let connection = tokio::spawn(connection);
    let (mut responses, mut bodies) = (Vec::new(), Vec::new());
    for _ in 0..=rng.below(4) {
        let (path, user) = (path(rng), rng.below(USERS));
        let request = http::Request::get(format!("http://localhost{path}?{user}"))
            .header("accept", "text/event-stream")
            .body(Empty::<Bytes>::new())
            .unwrap();
        responses.push(Box::pin(send.send_request(request)));
    }
    for response in responses {
        match rng.below(3) {
            // Given up before there is an answer.
            0 => drop(response),
            frames => {
                let Ok(Ok(response)) = timeout(PATIENCE, response).await else { continue };
                let mut body = response.into_body();
                for _ in 0..(frames - 1) * rng.below(6) {
                    let _ = timeout(PATIENCE, body.frame()).await;
                }
                // Some are reset by themselves, some go with the connection.
                if rng.below(2) == 0 {
                    bodies.push(body);
                }
            }
        }
    }
    if rng.below(2) == 0 {
        connection.abort();
    }
    drop((bodies, send));
    let _ = timeout(PATIENCE, connection).await;
    Ok(())
}
