//! W13 and W14: what an event stream costs the server that has nothing to say on it: memory, and the beats. The
//! server is a child process of its own; this process holds the client ends.

use crate::{
    bench::{Bench, Participant, REFERENCE},
    clock::process_cpu_time,
    memory::{self, CONNECTIONS, listen, open_streams, settled_memory, start_server, stop_server},
    table::Unit,
};
use axum::{
    Router,
    response::sse::{Event, KeepAlive, Sse},
    routing::get,
};
use bytes::Bytes;
use futures::{StreamExt, stream};
use http::{HeaderValue, Request, Response, header};
use http_body::{Body, Frame};
use http_body_util::StreamBody;
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use longwave_backpressure::{
    StreamLimitLayer,
    guard::{Guard, GuardedMakeService, GuardedService},
};
use longwave_drain::{Drain, DrainLayer};
use longwave_heartbeat::{Heartbeat, HeartbeatLayer};
use mio::{Events, Interest, Poll, Token};
use std::{
    convert::Infallible,
    io::{ErrorKind, Read},
    net::TcpStream,
    time::{Duration, Instant},
};
use tokio::net::TcpListener;
use tower::{Service, service_fn};

/// The argument that makes this program such a server.
pub const SERVE: &str = "__serve-streams";

const HYPER: &str = "hyper";
const AXUM: &str = "axum";
const KEEP_ALIVE: &str = "axum KeepAlive";
const HYPER_LAYERS: &str = "longwave layers on hyper";
const HYPER_GUARD: &str = "longwave layers, guard on hyper";
const AXUM_HEARTBEAT: &str = "longwave Heartbeat on axum";
const AXUM_LAYERS: &str = "longwave layers on axum";
const AXUM_GUARD: &str = "longwave layers, guard on axum";

/// How often streams beat while beats are measured, and for how long they are.
const BEAT: Duration = Duration::from_secs(2);
const MEASURED: Duration = Duration::from_secs(4);
/// In how many parts streams are opened over the time of a beat.
const BATCHES: usize = 200;
/// A beat as an HTTP/1.1 chunk, of every server here.
const CHUNK: &[u8] = b"3\r\n:\n\n\r\n";
/// Beats in a minute of 10,000 streams, at the default interval of 15 s.
const BEATS_PER_MINUTE: f64 = 40_000.0;
const HOUR: Duration = Duration::from_secs(3600);

/// A body with a timer and nothing else, to compare beats with.
fn floor() -> String {
    format!("hyper, interval{REFERENCE}")
}

/// A body that begins with a comment, as all those with beats do, so that there was something to write.
fn first_comment() -> String {
    format!("hyper, first comment{REFERENCE}")
}

/// W13: resident memory per stream.
pub fn memory(bench: &mut Bench) {
    memory::raise_file_limit();
    let rounds = std::mem::replace(&mut bench.rounds, 1);
    let title = format!("resident memory per idle event stream, {CONNECTIONS} streams over HTTP/1.1");
    let mut table = bench.table("w13", title, Unit::Bytes);
    table.added_to(HYPER);
    let servers =
        [HYPER, AXUM, KEEP_ALIVE, HYPER_LAYERS, HYPER_GUARD, AXUM_HEARTBEAT, AXUM_LAYERS, AXUM_GUARD];
    let names = servers.into_iter().map(String::from).chain([first_comment(), floor()]);
    let rows = names.map(|name| {
        let label = name.clone();
        Participant { name, sample: Box::new(move || memory_per_stream(&label)) }
    });
    table.column("idle", None, rows.collect());
    drop(table);
    bench.rounds = rounds;
}

fn memory_per_stream(name: &str) -> f64 {
    // No beat until it is over.
    let (mut server, port) = start_server(&[SERVE, name, "3600000"]);
    // A first stream pays for everything that is shared.
    let mut clients = open_streams(port, 1);
    let base = settled_memory(&server);
    clients.extend(open_streams(port, CONNECTIONS));
    let memory = settled_memory(&server).saturating_sub(base) as f64 / CONNECTIONS as f64;
    drop(clients);
    stop_server(&mut server);
    memory
}

/// W14: server CPU per beat.
pub fn beats(bench: &mut Bench) {
    memory::raise_file_limit();
    let rounds = bench.rounds;
    bench.rounds = rounds.min(3);
    let title = format!("beats of {CONNECTIONS} idle event streams, every {} s", BEAT.as_secs());
    let mut table = bench.table("w14", format!("{title}: server CPU per beat"), Unit::Ns);
    let names = [
        floor(),
        KEEP_ALIVE.into(),
        HYPER_LAYERS.into(),
        HYPER_GUARD.into(),
        AXUM_LAYERS.into(),
        AXUM_GUARD.into(),
    ];
    let costs = std::cell::RefCell::new(Vec::new());
    let rows = names.into_iter().map(|name: String| {
        let (label, costs) = (name.clone(), &costs);
        let sample = move || {
            let cost = cost_per_beat(&label);
            costs.borrow_mut().push((label.clone(), cost));
            cost
        };
        Participant { name, sample: Box::new(sample) }
    });
    table.column("per beat", None, rows.collect());
    drop(table);
    // The same figures, as what they come to.
    let costs = costs.into_inner();
    let mut table =
        bench.table("w14", "CPU seconds per minute of 10,000 streams that beat every 15 s", Unit::Seconds);
    let mut names: Vec<&String> = Vec::new();
    costs.iter().for_each(|(name, _)| {
        if !names.contains(&name) {
            names.push(name)
        }
    });
    let rows = names.into_iter().map(|name| {
        let mut own = costs.iter().filter(move |(of, _)| of == name).map(|(_, cost)| cost * BEATS_PER_MINUTE);
        Participant { name: name.clone(), sample: Box::new(move || own.next().expect("one per round")) }
    });
    table.column("per minute", None, rows.collect());
    drop(table);
    bench.rounds = rounds;
}

fn cost_per_beat(name: &str) -> f64 {
    let (mut server, port) = start_server(&[SERVE, name, &BEAT.as_millis().to_string()]);
    // Not all at once: streams that are opened together beat together, and share wake-ups that others pay for.
    let some = || {
        std::thread::sleep(BEAT / BATCHES as u32);
        open_streams(port, CONNECTIONS / BATCHES)
    };
    let mut clients = Clients::new((0..BATCHES).flat_map(|_| some()).collect());
    clients.read_for(BEAT);
    let cpu = process_cpu_time(server.id());
    let bytes = clients.read_for(MEASURED);
    let cpu = process_cpu_time(server.id()) - cpu;
    let beats = bytes as f64 / CHUNK.len() as f64;
    let expected = CONNECTIONS as f64 * MEASURED.as_secs_f64() / BEAT.as_secs_f64();
    assert!((0.8..1.2).contains(&(beats / expected)), "{name}: {beats} beats instead of {expected}");
    drop(clients);
    stop_server(&mut server);
    cpu.as_nanos() as f64 / beats
}

/// Reads whatever comes on many sockets.
struct Clients {
    poll: Poll,
    sockets: Vec<mio::net::TcpStream>,
}

impl Clients {
    fn new(sockets: Vec<TcpStream>) -> Self {
        let poll = Poll::new().unwrap();
        let sockets = sockets.into_iter().enumerate().map(|(i, socket)| {
            socket.set_nonblocking(true).unwrap();
            let mut socket = mio::net::TcpStream::from_std(socket);
            poll.registry().register(&mut socket, Token(i), Interest::READABLE).unwrap();
            socket
        });
        let sockets = sockets.collect();
        Clients { poll, sockets }
    }

    /// How many bytes came.
    fn read_for(&mut self, time: Duration) -> usize {
        let (end, mut events, mut bytes) = (Instant::now() + time, Events::with_capacity(1024), 0);
        let mut buffer = [0; 4096];
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            self.poll.poll(&mut events, Some(left)).unwrap();
            for event in &events {
                loop {
                    match self.sockets[event.token().0].read(&mut buffer) {
                        Ok(0) => panic!("the server has ended a stream"),
                        Ok(n) => bytes += n,
                        Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                        Err(e) => panic!("the server has cut a stream: {e}"),
                    }
                }
            }
        }
        bytes
    }
}

/// The child process: serves silent event streams until its standard input closes.
pub fn serve(name: &str, interval: &str) {
    memory::raise_file_limit();
    let interval = Duration::from_millis(interval.parse().expect("milliseconds"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    memory::serve_until_stopped();
    runtime.block_on(async {
        let listener = listen();
        println!("{}", listener.local_addr().unwrap().port());
        let (drain, limit) = (DrainLayer::new(&Drain::new()).max_age(HOUR), StreamLimitLayer::new(1 << 20));
        let heartbeat = HeartbeatLayer::new(Heartbeat::every(interval));
        let stack = tower::ServiceBuilder::new().layer(drain).layer(limit).layer(heartbeat.clone());
        match name {
            HYPER => accept(listener, service_fn(silent), None).await,
            HYPER_LAYERS => accept(listener, stack.service(service_fn(silent)), None).await,
            HYPER_GUARD => accept(listener, stack.service(service_fn(silent)), Some(Guard::new())).await,
            AXUM => axum::serve(listener, router(None)).await.unwrap(),
            KEEP_ALIVE => axum::serve(listener, router(Some(interval))).await.unwrap(),
            AXUM_HEARTBEAT => axum::serve(listener, router(None).layer(heartbeat)).await.unwrap(),
            AXUM_LAYERS => axum::serve(listener, router(None).layer(stack)).await.unwrap(),
            AXUM_GUARD => {
                let app = GuardedMakeService::new(router(None).layer(stack));
                axum::serve(Guard::new().listen(listener), app).await.unwrap();
            }
            _ if name == first_comment() => {
                let comment =
                    || stream::once(async { Ok::<_, Infallible>(Frame::data(Bytes::from_static(b":\n\n"))) });
                let body = move || StreamBody::new(Box::pin(comment().chain(stream::pending())));
                let service = service_fn(move |_| async move { Ok(event_stream(body())) });
                accept(listener, service, None).await;
            }
            _ if name == floor() => {
                let beats = service_fn(move |_| async move { Ok(event_stream(beating(interval))) });
                accept(listener, beats, None).await;
            }
            _ => panic!("no such server: {name}"),
        }
    });
}

fn router(keep_alive: Option<Duration>) -> Router {
    let feed = move || async move {
        let sse = Sse::new(stream::pending::<Result<Event, Infallible>>());
        match keep_alive {
            None => axum::response::IntoResponse::into_response(sse),
            Some(interval) => axum::response::IntoResponse::into_response(
                sse.keep_alive(KeepAlive::new().interval(interval)),
            ),
        }
    };
    Router::new().route("/", get(feed))
}

async fn silent(
    _: Request<Incoming>,
) -> Result<Response<impl Body<Data = Bytes, Error = Infallible> + Send>, Infallible> {
    Ok(event_stream(StreamBody::new(stream::pending::<Result<Frame<Bytes>, Infallible>>())))
}

fn beating(interval: Duration) -> impl Body<Data = Bytes, Error = Infallible> + Send {
    let timer = tokio::time::interval_at(tokio::time::Instant::now() + interval, interval);
    StreamBody::new(Box::pin(stream::unfold(timer, |mut timer| async {
        timer.tick().await;
        Some((Ok(Frame::data(Bytes::from_static(b":\n\n"))), timer))
    })))
}

fn event_stream<B>(body: B) -> Response<B> {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response
}

/// Serves HTTP/1.1 by hyper alone.
async fn accept<S, B>(listener: TcpListener, service: S, guard: Option<Guard>)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
    B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>> + Send + 'static,
{
    loop {
        let (io, _) = listener.accept().await.unwrap();
        io.set_nodelay(true).unwrap();
        let service = TowerToHyperService::new(service.clone());
        match guard {
            None => {
                let connection = http1::Builder::new().serve_connection(TokioIo::new(io), service);
                tokio::spawn(connection);
            }
            Some(guard) => {
                let io = guard.wrap(io);
                let service = GuardedService::new(service, io.connection().clone());
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(io), service));
            }
        }
    }
}
