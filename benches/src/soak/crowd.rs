//! Thousands of event streams that all get the same events, while some readers stop and some are slow.

use super::{
    CROWD, Settings,
    clients::{Clients, open, steps},
    latencies::{Latencies, millis},
    outcome::{self, Outcome, mib},
    site::{self, Site},
};
use crate::clock::{machine_time, process_cpu_time};
use axum::{Extension, Router, routing::get};
use bytes::Bytes;
use futures::{StreamExt, stream};
use http::Uri;
use longwave_backpressure::{StreamLimitLayer, guard::Guard};
use longwave_core::{Cause, Heartbeat, Lifeline};
use longwave_drain::Drain;
use longwave_sse::{EventBody, response};
use mio::{Events, Interest, Poll, Token, net::TcpStream};
use serde::{Deserialize, Serialize};
use std::{
    convert::Infallible,
    io::{ErrorKind, Read},
    sync::{Arc, Mutex, atomic::Ordering},
    time::{Duration, Instant},
};
use tokio::sync::broadcast::{self, error::RecvError};

const GRACE: Duration = Duration::from_secs(1);
/// What timers and a busy machine may add.
const SLACK: Duration = Duration::from_secs(3);
const EVENT: usize = 256;
/// What is before the time in an event.
const MARK: &[u8] = b"data: T";
/// Digits of the time, in nanoseconds.
const DIGITS: usize = 20;
/// What a stream begins with that asks for the past: enough to stall a reader that reads none of it.
const HISTORY: usize = 64 << 10;
/// Bytes per second of a slow reader, and the buffer that its kernel has for it.
const TRICKLE: usize = 1024;
const SMALL_BUFFER: usize = 4096;

/// What a reader has to take while others are taken for stalled: the kernel tells of reading in steps.
const STEP: usize = 24 << 10;

/// How streams ended that did.
type Ends = Arc<Mutex<Vec<End>>>;

struct End {
    cause: Option<Cause>,
    /// Since the request.
    after: Duration,
    /// Whether its reader is one of those who stop.
    stops: bool,
}

/// Notes the end of a stream when the lifeline lets go of it.
struct Note {
    lifeline: Lifeline,
    since: Instant,
    stops: bool,
    ends: Ends,
}

impl Drop for Note {
    fn drop(&mut self) {
        let cause = self.lifeline.reason().map(|reason| reason.cause());
        self.ends.lock().unwrap().push(End { cause, after: self.since.elapsed(), stops: self.stops });
    }
}

pub async fn serve(settings: Settings) -> Outcome {
    let (publisher, _) = broadcast::channel::<Bytes>(64);
    let (ends, stall) = (Ends::default(), Duration::from_secs(settings.stall));
    let (channel, noted) = (publisher.clone(), ends.clone());
    let feed = move |Extension(lifeline): Extension<Lifeline>, uri: Uri| async move {
        let stops = uri.query() == Some("past");
        lifeline.hold(Note { lifeline: lifeline.clone(), since: Instant::now(), stops, ends: noted });
        let past = if stops { HISTORY / EVENT } else { 0 };
        let past = stream::repeat_with(|| event(0)).take(past).map(Ok::<_, Infallible>);
        let live = stream::unfold(channel.subscribe(), |mut live| async move {
            loop {
                match live.recv().await {
                    Ok(event) => return Some((Ok(event), live)),
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                }
            }
        });
        response(EventBody::new(Box::pin(past.chain(live)))).map(axum::body::Body::new)
    };
    let site = Site::open(
        Router::new().route("/", get(feed)),
        Drain::new(),
        StreamLimitLayer::new(1 << 20),
        Heartbeat::default(),
        Guard::new().stall(stall).grace(GRACE).unsent(Some(4096)),
    );
    let mut clients = Clients::start(CROWD, &settings, &[site.port]);
    assert_eq!(clients.line().await, "open");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let (before, opened) = (site::memory(), site.limit.open());
    clients.go_on();
    assert_eq!(clients.line().await, "stopped");
    let (cpu, start) = (process_cpu_time(std::process::id()), Instant::now());
    let (mut peak, mut published) = (before, 0_u64);
    let mut timer = tokio::time::interval(Duration::from_secs(1) / settings.rate as u32);
    while start.elapsed() < Duration::from_secs(settings.seconds) {
        timer.tick().await;
        let _ = publisher.send(event(machine_time().as_nanos() as u64));
        published += 1;
        peak = peak.max(crate::memory::resident(std::process::id()));
    }
    let cpu = (process_cpu_time(std::process::id()) - cpu).as_secs_f64() / start.elapsed().as_secs_f64();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let slow_left = site.limit.open();
    clients.go_on();
    assert_eq!(clients.line().await, "closed");
    tokio::time::sleep(Duration::from_secs(2)).await;
    let after = site::memory();
    clients.go_on();
    let heard: Heard = serde_json::from_str(&clients.line().await).expect("what the clients have heard");
    let healthy = settings.streams - 2 * settings.streams / 20;

    let ends = ends.lock().unwrap();
    let (stops, others): (Vec<&End>, Vec<&End>) =
        ends.iter().filter(|end| end.cause == Some(Cause::Stalled)).partition(|end| end.stops);
    let mut stalled: Vec<Duration> = stops.iter().map(|end| end.after).collect();
    stalled.sort_unstable();
    let (median, last) = (stalled.get(stalled.len() / 2), stalled.last());
    let seconds =
        |time: Option<&Duration>| time.map_or("-".into(), |time| format!("{:.2} s", time.as_secs_f64()));
    let mut outcome = Outcome::default();
    outcome.figure("streams open before", opened);
    outcome.figure("events published", published);
    outcome.figure("server memory before", mib(before));
    outcome.figure("server memory, peak", mib(peak));
    outcome.figure("server memory after, slow ones gone", mib(after));
    outcome.figure("server CPU, of one core", format!("{:.0} %", cpu * 100.0));
    outcome
        .figure("delivered to healthy readers", format!("{:.3} %", share(heard.events, published, healthy)));
    outcome.figure("delivery, p50", millis(heard.latencies.quantile(0.5)));
    outcome.figure("delivery, p99", millis(heard.latencies.quantile(0.99)));
    outcome.figure("delivery, longest", millis(heard.latencies.longest));
    outcome.figure("readers that stop, and that are slow", format!("{} + {}", settings.slow, settings.slow));
    outcome.figure("ended as stalled", format!("{} + {}", stalled.len(), others.len()));
    outcome.figure("who stopped, from request to end: median", seconds(median));
    outcome.figure("who stopped, from request to end: longest", seconds(last));
    outcome.number("before", before as f64);
    outcome.number("after", after as f64);
    outcome.number("p99", heard.latencies.quantile(0.99) as f64);
    let expected = settings.streams - 2 * settings.streams / 20 + settings.slow;
    outcome.require(opened == expected, format!("{opened} streams were open instead of {expected}"));
    let cut = others.len();
    outcome.require(stalled.len() == settings.slow, "not all who stopped reading were ended as stalled");
    if TRICKLE * settings.stall as usize >= STEP {
        outcome.require(cut == 0, format!("{cut} slow readers were taken for stalled"));
    }
    outcome.require(
        cut == heard.slow_cut as usize,
        format!("{} slow readers were cut, {cut} as stalled", heard.slow_cut),
    );
    let left = opened - cut;
    outcome.require(slow_left == left, format!("{slow_left} streams were open at the end instead of {left}"));
    outcome.require(heard.healthy_cut == 0, format!("{} healthy readers were cut", heard.healthy_cut));
    outcome.require(share(heard.events, published, healthy) > 99.9, "healthy readers have missed events");
    let bound = stall + GRACE + SLACK;
    if let Some(&last) = last {
        outcome.require(last <= bound, format!("a stalled reader was let go after {last:?}, not {bound:?}"));
    }
    outcome
}

/// Prints both runs; the one without slow readers is what the other is held against.
pub fn compare(settings: &Settings, control: &Outcome, mut crowd: Outcome) -> Vec<String> {
    let title =
        format!("soak crowd: {} streams, {} events/s of {EVENT} B each", settings.streams, settings.rate);
    outcome::print(&title, &[("all healthy", control), ("a tenth is not", &crowd)]);
    let after = |outcome: &Outcome| outcome.numbers["after"];
    // A twentieth, and what the allocator does not give back of pages that are used in part.
    let bound = after(control) * 1.05 + f64::from(4 << 20);
    crowd.require(
        crowd.numbers["after"] <= bound,
        format!(
            "memory does not come back: {} instead of {}",
            mib(after(&crowd) as usize),
            mib(bound as usize)
        ),
    );
    control
        .broken
        .iter()
        .map(|bound| format!("crowd, all healthy: {bound}"))
        .chain(crowd.broken.iter().map(|bound| format!("crowd: {bound}")))
        .collect()
}

fn share(events: u64, published: u64, readers: usize) -> f64 {
    events as f64 * 100.0 / (published as f64 * readers as f64)
}

/// An event of 256 bytes that says when it was sent.
fn event(time: u64) -> Bytes {
    let mut event = format!("data: T{time:0DIGITS$} ");
    event.extend(std::iter::repeat_n('x', EVENT - 2 - event.len()));
    event.push_str("\n\n");
    event.into()
}

/// What the clients' process reports.
#[derive(Default, Deserialize, Serialize)]
struct Heard {
    events: u64,
    healthy_cut: u64,
    slow_cut: u64,
    latencies: Latencies,
}

struct Reader {
    io: TcpStream,
    /// The end of what was read, if an event may have begun in it.
    tail: Vec<u8>,
}

pub fn clients(settings: &Settings, port: u16) {
    let steps = steps();
    let step = |n| steps.load(Ordering::Acquire) >= n;
    let (mut poll, mut events) = (Poll::new().unwrap(), Events::with_capacity(1024));
    let healthy = settings.streams - 2 * settings.streams / 20;
    let mut readers: Vec<Reader> = (0..healthy)
        .map(|i| {
            let (mut io, tail) = open(port, i, "/", None);
            poll.registry().register(&mut io, Token(i), Interest::READABLE).unwrap();
            Reader { io, tail }
        })
        .collect();
    let start = Instant::now();
    // Each reads once a second, at a time of its own.
    let mut slow: Vec<(TcpStream, Instant)> = (0..settings.slow)
        .map(|i| {
            let due = start + Duration::from_secs(1).mul_f64(i as f64 / settings.slow as f64);
            (open(port, i, "/", Some(SMALL_BUFFER)).0, due)
        })
        .collect();
    println!("open");
    while !step(1) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let mut stopped: Vec<TcpStream> =
        (0..settings.slow).map(|i| open(port, i, "/?past", Some(SMALL_BUFFER)).0).collect();
    println!("stopped");

    let (mut heard, mut buffer, mut closed) = (Heard::default(), vec![0; 64 << 10], false);
    while !step(3) {
        poll.poll(&mut events, Some(Duration::from_millis(20))).unwrap();
        for event in &events {
            let reader = &mut readers[event.token().0];
            if !reader.read(&mut buffer, &mut heard) {
                heard.healthy_cut += 1;
                let _ = poll.registry().deregister(&mut reader.io);
            }
        }
        let now = Instant::now();
        slow.retain_mut(|(io, due)| {
            if *due > now {
                return true;
            }
            *due += Duration::from_secs(1);
            let stands = match io.read(&mut buffer[..TRICKLE]) {
                Ok(n) => n > 0,
                Err(e) => e.kind() == ErrorKind::WouldBlock,
            };
            heard.slow_cut += u64::from(!stands);
            stands
        });
        if step(2) && !closed {
            slow.clear();
            stopped.clear();
            println!("closed");
            closed = true;
        }
    }
    println!("{}", serde_json::to_string(&heard).unwrap());
    while step(0) {
        std::thread::sleep(Duration::from_secs(1));
    }
}

impl Reader {
    /// Reads all there is, and notes the age of the events in it. Whether the stream stands.
    fn read(&mut self, buffer: &mut [u8], heard: &mut Heard) -> bool {
        loop {
            let kept = self.tail.len();
            buffer[..kept].copy_from_slice(&self.tail);
            let n = match self.io.read(&mut buffer[kept..]) {
                Ok(0) => return false,
                Ok(n) => n,
                Err(e) => return e.kind() == ErrorKind::WouldBlock,
            };
            let (now, mut rest) = (machine_time().as_nanos() as u64, &buffer[..kept + n]);
            while let Some(at) = memchr::memmem::find(rest, MARK) {
                let Some(digits) = rest.get(at + MARK.len()..at + MARK.len() + DIGITS) else { break };
                let sent: u64 = std::str::from_utf8(digits).unwrap().parse().expect("a time");
                heard.events += 1;
                heard.latencies.add(now.saturating_sub(sent) / 1000);
                rest = &rest[at + MARK.len() + DIGITS..];
            }
            self.tail.clear();
            // Less than a mark and its time: more holds one that is there as a whole, and counted.
            self.tail.extend_from_slice(&rest[rest.len().saturating_sub(MARK.len() + DIGITS - 1)..]);
        }
    }
}
