//! W3: echo over loopback TCP. The server runs on one core (tokio, current thread), the load generator on the
//! other: it pipelines pre-encoded frames, keeping up to `depth` of them in flight per connection, and counts
//! the bytes that come back. Both sides skip the HTTP upgrade, but for the rows that are about one: those have it
//! behind them when the time begins.
//!
//! Each run yields two figures: messages per second by the wall clock, and the CPU time (user and system) that
//! the server thread spends per message, which other load on the machine hardly disturbs.

use crate::{
    bench::{Bench, REFERENCE},
    data::{Rng, push_frame, size_label},
    server::{Cost, CpuCosts, Server, participant},
    table::Unit,
    ws::{servers, upgrade},
};
use futures::future::BoxFuture;
use mio::{Events, Interest, Poll, Token, net::TcpStream as MioStream};
use std::{
    io::{ErrorKind, Read, Write},
    time::{Duration, Instant},
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

const WARM_UP: Duration = Duration::from_millis(10);
const MEASURE: Duration = Duration::from_millis(50);
/// Messages that a measurement takes at least, however long that is.
const ENOUGH: f64 = 50.0;
const STALLED: Duration = Duration::from_secs(5);

pub fn run(bench: &mut Bench) {
    for size in [16, 1 << 10, 64 << 10] {
        let payload = Rng::new(9).binary(size);
        let (mut request, mut response) = (Vec::new(), Vec::new());
        push_frame(&mut request, 2, &payload, Some([1, 2, 3, 4]));
        push_frame(&mut response, 2, &payload, None);
        let title = format!("ws-echo over loopback TCP, {}", size_label(size));
        let mut cpu = Vec::new();
        let mut table = bench.table("w3", format!("{title}: messages by the wall clock"), Unit::Rate);
        for (conns, depth) in [(1, 1), (1, 64), (64, 1), (64, 64)] {
            let load = |raw, upgrade| {
                let load = Load {
                    conns,
                    depth,
                    upgrade,
                    request: &request,
                    response: if raw { &request } else { &response },
                };
                move |server: &Server, verify| load.run(server, verify)
            };
            let costs = CpuCosts::default();
            let raw = |io| -> BoxFuture<'static, ()> { Box::pin(raw_echo(io)) };
            let upgraded = |io| -> BoxFuture<'static, ()> { Box::pin(upgrade::answer(io, raw_echo)) };
            let mut rows = vec![
                participant(format!("raw tokio echo{REFERENCE}"), &costs, raw, load(true, false)),
                participant(
                    format!("raw echo, hyper upgrade{REFERENCE}"),
                    &costs,
                    upgraded,
                    load(true, true),
                ),
            ];
            for peer in servers() {
                // Without pipelining there is nothing to batch, so one variant is enough.
                for batch in [false, true] {
                    let wanted = if peer.is_reference() { batch } else { !batch || depth > 1 };
                    if wanted && peer.can_echo(batch) {
                        let name = peer.label() + if batch && !peer.is_reference() { " +batch" } else { "" };
                        let load = load(false, peer.wants_upgrade());
                        rows.push(participant(name, &costs, move |io| peer.echo(io, batch), load));
                    }
                }
            }
            let label = format!("{conns} conn x{depth}");
            table.column(label.clone(), None, rows);
            cpu.push((label, costs));
        }
        drop(table);
        let mut table = bench.table("w3", format!("{title}: server CPU per message"), Unit::Ns);
        for (label, costs) in cpu {
            table.column(label, None, costs.into_participants());
        }
    }
}

/// The bytes come back as they are: what the sockets and the runtime cost by themselves.
async fn raw_echo(mut io: impl AsyncRead + AsyncWrite + Unpin) {
    let mut buf = vec![0; 64 << 10];
    while let Ok(n @ 1..) = io.read(&mut buf).await {
        if io.write_all(&buf[..n]).await.is_err() {
            return;
        }
    }
}

struct Load<'a> {
    conns: usize,
    depth: usize,
    upgrade: bool,
    request: &'a [u8],
    response: &'a [u8],
}

struct Conn {
    io: MioStream,
    sent: usize,
    received: usize,
}

impl Load<'_> {
    /// Runs the load for a while; to verify, it compares every byte that comes back, and measures nothing.
    fn run(&self, server: &Server, verify: bool) -> Cost {
        let mut poll = Poll::new().unwrap();
        let mut conns: Vec<Conn> = (0..self.conns)
            .map(|i| {
                let mut io = std::net::TcpStream::connect(server.addr).unwrap();
                io.set_nodelay(true).unwrap();
                if self.upgrade {
                    upgrade::ask(&mut io);
                }
                io.set_nonblocking(true).unwrap();
                let mut io = MioStream::from_std(io);
                poll.registry().register(&mut io, Token(i), Interest::READABLE | Interest::WRITABLE).unwrap();
                Conn { io, sent: 0, received: 0 }
            })
            .collect();
        let burst = self.request.repeat(self.depth);
        let mut buf = vec![0; 256 << 10];
        let mut events = Events::with_capacity(256);
        let begin = Instant::now();
        let (mut warm, mut last) = (None, (begin, 0));
        loop {
            poll.poll(&mut events, Some(Duration::from_millis(100))).unwrap();
            for event in &events {
                let conn = &mut conns[event.token().0];
                self.receive(conn, &mut buf, verify);
                self.send(conn, &burst);
            }
            let now = Instant::now();
            let total: usize = conns.iter().map(|c| c.received).sum();
            if total > last.1 {
                last = (now, total);
            }
            assert!(now - last.0 < STALLED, "no progress after {total} bytes");
            let Some((start, cpu, before)) = warm else {
                if now - begin > WARM_UP && total > 0 {
                    warm = Some((now, server.cpu_time(), total));
                }
                continue;
            };
            let messages = (total - before) as f64 / self.response.len() as f64;
            if verify || now - start > MEASURE && messages > ENOUGH {
                return Cost::per(messages, now - start, server.cpu_time() - cpu);
            }
        }
    }

    fn receive(&self, conn: &mut Conn, buf: &mut [u8], verify: bool) {
        loop {
            match conn.io.read(buf) {
                Ok(0) => panic!("the server has closed the connection"),
                Ok(n) => {
                    if verify {
                        let start = conn.received % self.response.len();
                        let expect = self.response.iter().cycle().skip(start);
                        assert!(buf[..n].iter().zip(expect).all(|(a, b)| a == b), "wrong echo");
                    }
                    conn.received += n;
                    // A short read means that the socket is drained.
                    if n < buf.len() {
                        return;
                    }
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => return,
                Err(e) => panic!("{e}"),
            }
        }
    }

    fn send(&self, conn: &mut Conn, burst: &[u8]) {
        let limit = (conn.received / self.response.len() + self.depth) * self.request.len();
        while conn.sent < limit {
            let at = conn.sent % burst.len();
            let n = (limit - conn.sent).min(burst.len() - at);
            match conn.io.write(&burst[at..at + n]) {
                Ok(n) => conn.sent += n,
                Err(e) if e.kind() == ErrorKind::WouldBlock => return,
                Err(e) => panic!("{e}"),
            }
        }
    }
}
