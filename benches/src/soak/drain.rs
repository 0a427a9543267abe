//! Thousands of streams drained in a window: their ends are to be spread evenly, and none in the middle of an event.

use super::{
    DRAIN, Settings,
    clients::{Clients, open, steps},
    outcome::Outcome,
    site::Site,
};
use crate::clock::machine_time;
use axum::{
    Router,
    body::{Body, Bytes},
    response::Response,
    routing::get,
};
use futures::stream;
use http::{HeaderValue, header};
use longwave_backpressure::{StreamLimitLayer, guard::Guard};
use longwave_core::Heartbeat;
use longwave_drain::Drain;
use mio::{Events, Interest, Poll, Token, net::TcpStream};
use serde::{Deserialize, Serialize};
use std::{
    convert::Infallible,
    io::{ErrorKind, Read},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::time::sleep;

const WINDOW: Duration = Duration::from_secs(5);
const BINS: usize = 20;
/// How far an end may be from its place in the window: the machine pauses for a while now and then, and the ends
/// that were due then come together.
const AWAY: Duration = Duration::from_millis(300);
/// How long an event lies there by half, and the time between events.
const HALF: Duration = Duration::from_millis(50);
const PAUSE: Duration = Duration::from_millis(450);
/// The longest that an end may wait for the rest of an event, and what a busy machine may add.
const LATE: Duration = Duration::from_millis(1500);
/// Enough of the end of a stream to hold an event, the last words and the last chunk.
const TAIL: usize = 512;

pub async fn serve(settings: Settings) -> Outcome {
    let drain = Drain::new().window(WINDOW).deadline(WINDOW * 2);
    let (by_half, limit) = (Arc::new(AtomicUsize::new(0)), StreamLimitLayer::new(1 << 20));
    let count = by_half.clone();
    let feed = move || async move {
        // Streams are out of step with each other, so that the waits for the rest of an event are spread, too.
        let begins = rand_share(PAUSE + HALF);
        let halves = stream::unfold(Half { count, second: false }, move |mut half| async move {
            sleep(if half.second { HALF } else { PAUSE }).await;
            let bytes: &[u8] = if half.second { b" of an event\n\n" } else { b"id: 17\ndata: a half" };
            half.flip();
            Some((Ok::<_, Infallible>(Bytes::from_static(bytes)), half))
        });
        let halves = futures::StreamExt::flatten(stream::once(async move {
            sleep(begins).await;
            halves
        }));
        let mut response = Response::new(Body::from_stream(halves));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        response
    };
    let router = Router::new().route("/", get(feed));
    let site = Site::open(router, drain.clone(), limit, Heartbeat::default(), Guard::new());
    let mut clients = Clients::start(DRAIN, &settings, &[site.port]);
    assert_eq!(clients.line().await, "open");
    sleep(Duration::from_secs(1)).await;
    let opened = drain.open();
    let (start, in_events) = (machine_time(), by_half.load(Ordering::Relaxed));
    let report = drain.run().await;
    let took = machine_time() - start;
    sleep(Duration::from_secs(1)).await;
    clients.go_on();
    let seen: Seen = serde_json::from_str(&clients.line().await).expect("what the clients have seen");

    let mut bins = [0_usize; BINS];
    let (mut latest, mut away, window) = (Duration::ZERO, Duration::ZERO, WINDOW.as_nanos() as usize);
    // They come in the order in which they were seen.
    for (i, end) in seen.ends.iter().enumerate() {
        let after = Duration::from_nanos(*end).saturating_sub(start);
        latest = latest.max(after);
        away = away.max(after.abs_diff(WINDOW.mul_f64((i as f64 + 0.5) / seen.ends.len() as f64)));
        bins[(after.as_nanos() as usize * BINS / window).min(BINS - 1)] += 1;
    }
    let expected = seen.ends.len() as f64 / BINS as f64;
    let chi_square: f64 = bins.iter().map(|&n| (n as f64 - expected).powi(2) / expected).sum();
    let mut outcome = Outcome::default();
    outcome.figure("streams open", opened);
    outcome.figure("in the middle of an event at the start", in_events);
    outcome.figure("report", format!("{report:?}"));
    outcome.figure("drain took", format!("{:.2} s", took.as_secs_f64()));
    outcome.figure("last end", format!("{:.2} s", latest.as_secs_f64()));
    outcome.figure("ended as they should", seen.ends.len());
    outcome.figure("ended in the middle of an event", seen.in_event);
    outcome.figure("cut, or without a `retry`", seen.cut);
    outcome.figure("farthest from its place in the window", format!("{} ms", away.as_millis()));
    outcome.figure("chi-square, 19 degrees of freedom", format!("{chi_square:.1}"));
    for (i, n) in bins.iter().enumerate() {
        let bar = "#".repeat((*n as f64 / expected * 20.0).min(40.0) as usize);
        outcome.figure(
            &format!("  {:.2} s", (i + 1) as f64 * WINDOW.as_secs_f64() / BINS as f64),
            format!("{n} {bar:40}"),
        );
    }
    outcome.require(opened == settings.streams, format!("drain: {opened} streams were open"));
    outcome.require(seen.in_event == 0, format!("drain: {} streams were cut in an event", seen.in_event));
    outcome.require(seen.cut == 0, format!("drain: {} streams were cut", seen.cut));
    outcome.require(report.left_over == 0, format!("drain: {report:?}"));
    outcome.require(latest <= WINDOW + LATE, format!("drain: the last end was after {latest:?}"));
    outcome.require(away <= AWAY, format!("drain: ends are not even, one is {away:?} away from its place"));
    outcome
}

/// Counts the streams that stand in the middle of an event.
struct Half {
    count: Arc<AtomicUsize>,
    second: bool,
}

impl Half {
    fn flip(&mut self) {
        self.second = !self.second;
        if self.second {
            self.count.fetch_add(1, Ordering::Relaxed);
        } else {
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl Drop for Half {
    fn drop(&mut self) {
        if self.second {
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

/// A random part of a time.
fn rand_share(of: Duration) -> Duration {
    use std::hash::{BuildHasher, RandomState};
    of.mul_f64((RandomState::new().hash_one(()) >> 11) as f64 / (1_u64 << 53) as f64)
}

/// What the clients' process reports.
#[derive(Default, Deserialize, Serialize)]
struct Seen {
    /// Nanoseconds of the machine's time.
    ends: Vec<u64>,
    in_event: usize,
    cut: usize,
}

pub fn clients(settings: &Settings, port: u16) {
    let steps = steps();
    let (mut poll, mut events) = (Poll::new().unwrap(), Events::with_capacity(1024));
    let mut streams: Vec<Option<(TcpStream, Vec<u8>)>> = (0..settings.streams)
        .map(|i| {
            let (mut io, tail) = open(port, i, "/", None);
            poll.registry().register(&mut io, Token(i), Interest::READABLE).unwrap();
            Some((io, tail))
        })
        .collect();
    println!("open");
    let (mut seen, mut buffer) = (Seen::default(), vec![0; 16 << 10]);
    while steps.load(Ordering::Acquire) == 0 {
        poll.poll(&mut events, Some(Duration::from_millis(20))).unwrap();
        for event in &events {
            let slot = &mut streams[event.token().0];
            let Some((io, tail)) = slot else { continue };
            let over = loop {
                match io.read(&mut buffer) {
                    Ok(0) => break true,
                    Ok(n) => {
                        tail.extend_from_slice(&buffer[..n]);
                        tail.drain(..tail.len().saturating_sub(TAIL));
                    }
                    Err(e) => break e.kind() != ErrorKind::WouldBlock,
                }
            };
            if over || tail.ends_with(LAST_CHUNK) {
                match ended_well(tail) {
                    Some(true) => seen.ends.push(machine_time().as_nanos() as u64),
                    Some(false) => seen.in_event += 1,
                    None => seen.cut += 1,
                }
                *slot = None;
            }
        }
    }
    seen.cut += streams.iter().flatten().count();
    println!("{}", serde_json::to_string(&seen).unwrap());
    loop {
        std::thread::sleep(Duration::from_secs(1));
    }
}

const LAST_CHUNK: &[u8] = b"\r\n0\r\n\r\n";

/// Whether a stream that has ended with a `retry` stood between events before.
fn ended_well(tail: &[u8]) -> Option<bool> {
    let rest = tail.strip_suffix(LAST_CHUNK)?.strip_suffix(b"\n\n")?;
    let at = memchr::memmem::rfind(rest, b"retry: ")?;
    if !rest[at + 7..].iter().all(u8::is_ascii_digit) {
        return None;
    }
    let before = rest[..at].strip_suffix(b"\r\n")?;
    let size = before.iter().rev().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let before = before[..before.len() - size].strip_suffix(b"\r\n")?;
    Some(before.ends_with(b"\n\n"))
}
