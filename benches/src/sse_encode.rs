//! W5: encoding events into body bytes in memory, for one subscriber and for many.

use crate::{
    bench::{Bench, REFERENCE, micro, with_setup},
    io::Sink,
    sse::{Chunks, Corpus, Event, Events, Floor, SseEncoder, SseParser, encoders, tally},
    table::Unit,
};
use bytes::Bytes;
use std::{cell::RefCell, rc::Rc};

const SUBSCRIBERS: usize = 1000;

/// The least that has to be done with data of any content: one search for line ends and one copy.
struct ScanAndCopy;

impl SseEncoder for ScanAndCopy {
    fn name(&self) -> &'static str {
        "scan+memcpy"
    }

    fn is_reference(&self) -> bool {
        true
    }

    fn encode(&self, events: Vec<Event>, sink: &mut Sink) {
        let mut out = Vec::new();
        for event in events {
            let data = event.data.as_bytes();
            std::hint::black_box(memchr::memchr2_iter(b'\r', b'\n', data).count());
            out.clear();
            out.extend_from_slice(data);
            sink.push(&out);
        }
    }
}

pub fn run(bench: &mut Bench) {
    let wanted: Vec<_> = encoders().into_iter().filter(|e| bench.wants(&e.label())).collect();
    one_subscriber(bench, &wanted);
    many_subscribers(bench, &wanted);
}

fn one_subscriber(bench: &mut Bench, wanted: &[&'static dyn SseEncoder]) {
    let target = bench.target;
    let mut table = bench.table("w5", "sse-encode", Unit::Ns);
    table.yardstick("scan+memcpy*", "longwave");
    for name in ["tokens", "tiny 9 B", "id+event+data", "4 KiB line", "multi-line 16K"] {
        let corpus = Corpus::new(name);
        // Batches small enough to stay in the cache, so that their untimed cloning does not cool it.
        let batch = if name == "4 KiB line" { 64 } else { 256 };
        let batch = &corpus.events[..corpus.events.len().min(batch)];
        let data: usize = batch.iter().map(|e| e.data.len()).sum();
        let sink = Rc::new(RefCell::new(Sink::new(false)));
        let mut rows = Vec::new();
        for &encoder in wanted.iter().chain([&(&ScanAndCopy as &dyn SseEncoder)]) {
            let mut kept = Sink::new(true);
            encoder.encode(batch.to_vec(), &mut kept);
            let total = kept.total;
            if encoder.name() != ScanAndCopy.name() {
                verify(encoder, kept, batch);
            }
            let sink = sink.clone();
            let encode = move |events| {
                let mut sink = sink.borrow_mut();
                sink.total = 0;
                encoder.encode(events, &mut sink);
                assert_eq!(sink.total, total, "{}: bytes missing", encoder.name());
            };
            rows.push(with_setup(encoder.label(), batch.len(), target, || batch.to_vec(), encode));
        }
        table.column(corpus.name, Some(data / batch.len()), rows);
    }
}

/// One event for [`SUBSCRIBERS`] bodies; the cost is that of one subscriber.
fn many_subscribers(bench: &mut Bench, wanted: &[&'static dyn SseEncoder]) {
    let target = bench.target;
    let title = format!("sse-encode one event for {SUBSCRIBERS} subscribers, per subscriber");
    let mut table = bench.table("w5", title, Unit::Ns);
    table.yardstick("Bytes clone*", "longwave");
    for name in ["tokens", "tiny 9 B", "id+event+data", "4 KiB line", "multi-line 16K"] {
        let event = &Corpus::new(name).events[0];
        let mut rows = Vec::new();
        let mut encoded = Bytes::new();
        // Bodies that put several events into a frame have nothing to gather here.
        for &encoder in wanted.iter().filter(|e| e.fans_out()) {
            let mut kept = Sink::new(true);
            encoder.fan_out(event, SUBSCRIBERS, &mut kept);
            let total = kept.total;
            encoded = Bytes::copy_from_slice(&kept.kept.as_ref().unwrap()[..total / SUBSCRIBERS]);
            verify(encoder, kept, &vec![event.clone(); SUBSCRIBERS]);
            let mut sink = Sink::new(false);
            rows.push(micro(encoder.label(), SUBSCRIBERS, target, move || {
                sink.total = 0;
                encoder.fan_out(event, SUBSCRIBERS, &mut sink);
                assert_eq!(sink.total, total, "{}: bytes missing", encoder.name());
            }));
        }
        let mut sink = Sink::new(false);
        rows.push(micro(format!("Bytes clone{REFERENCE}"), SUBSCRIBERS, target, move || {
            (0..SUBSCRIBERS).for_each(|_| sink.push(&encoded.clone()));
        }));
        table.column(name, Some(event.data.len()), rows);
    }
}

/// Parses what was encoded, and compares the type, ID and data of every event.
fn verify(encoder: &dyn SseEncoder, sink: Sink, expect: &[Event]) {
    let encoded = Corpus::encoded(sink.kept.expect("the sink keeps what it gets").into());
    let mut events = Events::new(true);
    Floor.parse(Chunks::new(&encoded, usize::MAX), &mut events);
    assert_eq!(events, tally(expect, true), "{}: wrong events", encoder.name());
}
