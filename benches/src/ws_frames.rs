//! W1 and W2: decoding and encoding WebSocket messages in memory.

use crate::{
    bench::{Bench, LAX, Participant, micro},
    data::{Kind, Rng, SIZES, Tally, Wire, check_frames, size_label},
    io::{MemIo, Sink},
    table::Unit,
    ws::{Encode, WsPeer, peers},
};
use std::{cell::RefCell, rc::Rc};

pub fn decode(bench: &mut Bench) {
    let target = bench.target;
    for (kind, chunk) in Kind::ALL.into_iter().flat_map(|kind| [(kind, 4 << 10), (kind, 64 << 10)]) {
        let title = format!("ws-decode {}, reads of up to {}", kind.name(), size_label(chunk));
        let mut table = bench.table("w1", title, Unit::Ns);
        for size in SIZES {
            let wire = Wire::client_frames(kind, size, false);
            let spoilt = kind.is_text().then(|| Wire::client_frames(kind, size, true));
            let sink = Rc::new(RefCell::new(Sink::new(false)));
            let rows = peers().into_iter().map(|peer| {
                let lax = spoilt.as_ref().is_some_and(|wire| quietly(|| decode_all(peer, wire, chunk)));
                assert!(quietly(|| decode_all(peer, &wire, chunk)), "{}: wrong messages", peer.name());
                let name = if lax { format!("{}{LAX}", peer.name()) } else { peer.label() };
                let (wire, sink) = (&wire, sink.clone());
                micro(name, wire.messages, target, move || {
                    let (mut sink, mut tally) = (sink.borrow_mut(), Tally::new(false));
                    peer.decode(MemIo::new(&wire.bytes, wire.laps, chunk, &mut sink), wire, &mut tally);
                    assert_eq!(&tally, wire.expect(false), "{}: wrong messages", peer.name());
                })
            });
            table.column(size_label(size), Some(size), rows.collect());
        }
    }
    allocations(bench);
}

/// How often participants allocate for a message, the beginning of the connection included.
fn allocations(bench: &mut Bench) {
    let mut table =
        bench.table("w1", "ws-decode binary, reads of up to 4 KiB: allocations per message", Unit::Count);
    for size in SIZES {
        let wire = Wire::client_frames(Kind::Binary, size, false);
        let sink = Rc::new(RefCell::new(Sink::new(false)));
        let rows = peers().into_iter().map(|peer| {
            let (wire, sink) = (&wire, sink.clone());
            let sample = move || {
                let (mut sink, mut tally) = (sink.borrow_mut(), Tally::new(false));
                let io = MemIo::new(&wire.bytes, wire.laps, 4 << 10, &mut sink);
                crate::allocations::during(|| peer.decode(io, wire, &mut tally)) as f64 / wire.messages as f64
            };
            Participant { name: peer.label(), sample: Box::new(sample) }
        });
        table.column(size_label(size), None, rows.collect());
    }
}

/// Whether a peer yields the messages of `wire`, every byte of them.
fn decode_all(peer: &dyn WsPeer, wire: &Wire, chunk: usize) -> bool {
    let (mut sink, mut tally) = (Sink::new(false), Tally::new(true));
    peer.decode(MemIo::new(&wire.bytes, wire.laps, chunk, &mut sink), wire, &mut tally);
    &tally == wire.expect(true)
}

/// Runs a check that may panic, without its message; a panic counts as a failure.
fn quietly(check: impl FnOnce() -> bool) -> bool {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let passed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(check)).unwrap_or(false);
    std::panic::set_hook(hook);
    passed
}

pub fn encode(bench: &mut Bench) {
    let target = bench.target;
    for (client, batch) in [(false, 1), (false, 64), (true, 1), (true, 64)] {
        let role = if client { "client (masked)" } else { "server" };
        let title = format!("ws-encode {role}, one flush per {batch}");
        let mut table = bench.table("w2", title, Unit::Ns);
        for size in SIZES {
            let messages = ((1 << 20) / size).clamp(16, 4096);
            let job = Encode { client, payload: Rng::new(3).binary(size).into(), messages, batch };
            let sink = Rc::new(RefCell::new(Sink::new(false)));
            let rows = peers().into_iter().map(|peer| {
                let mut kept = Sink::new(true);
                peer.encode(MemIo::write_only(&mut kept), &job);
                check_frames(&kept.kept.unwrap(), &job.payload, messages, client);
                let (job, sink, total) = (&job, sink.clone(), kept.total);
                micro(peer.label(), messages, target, move || {
                    let mut sink = sink.borrow_mut();
                    sink.total = 0;
                    peer.encode(MemIo::write_only(&mut sink), job);
                    assert_eq!(sink.total, total, "{}: bytes missing", peer.name());
                })
            });
            table.column(size_label(size), Some(size), rows.collect());
        }
    }
}
