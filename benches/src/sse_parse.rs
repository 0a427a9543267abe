//! W4: parsing event streams in memory.

use crate::{
    bench::{Bench, Participant, micro},
    data::size_label,
    sse::{Chunks, Corpus, Events, SseParser, parsers},
    table::Unit,
};
use std::{
    hint::black_box,
    time::{Duration, Instant},
};

/// The least that has to be done with every byte that is kept: one copy and one validation.
const COPY: &str = "memcpy+utf8*";

/// A verified run over a long line that takes longer than this leaves the parser out of the column.
const PATIENCE: Duration = Duration::from_secs(1);

pub fn run(bench: &mut Bench) {
    let groups = [("short events", Corpus::short()), ("long events, comments", Corpus::long())];
    for chunk in [16, 1400, 16 << 10, 64 << 10] {
        for (title, corpora) in &groups {
            let title = format!("sse-parse {title}, chunks of {}", size_label(chunk));
            columns(bench, title, Unit::Ns, corpora.iter().map(|corpus| (corpus, chunk)));
        }
    }
    let lines = [
        (Corpus::one_line("4 MiB in 1 KiB", 4 << 20), 1 << 10),
        (Corpus::one_line("256 KiB in 10 B", 256 << 10), 10),
    ];
    let title = "sse-parse one long line, in chunks".into();
    columns(bench, title, Unit::Throughput, lines.iter().map(|(corpus, chunk)| (corpus, *chunk)));
}

fn columns<'a>(
    bench: &mut Bench,
    title: String,
    unit: Unit,
    columns: impl Iterator<Item = (&'a Corpus, usize)>,
) {
    let target = bench.target;
    let wanted: Vec<_> = parsers().into_iter().filter(|p| bench.wants(&p.label())).collect();
    let mut table = bench.table("w4", title, unit);
    table.yardstick(COPY, "longwave");
    for (corpus, chunk) in columns {
        // Operations are bytes where the cells are GB/s.
        let ops = if matches!(unit, Unit::Throughput) { corpus.bytes.len() } else { corpus.blocks };
        let mut rows: Vec<Participant<'_>> = Vec::new();
        for &parser in &wanted {
            if let Err(reason) = verify(parser, corpus, chunk) {
                let (name, chunk) = (parser.name(), size_label(chunk));
                println!("w4: {name} left out of {:?} in chunks of {chunk}: {reason}", corpus.name);
                continue;
            }
            rows.push(micro(parser.label(), ops, target, move || {
                let mut events = Events::new(false);
                parser.parse(Chunks::new(corpus, chunk), &mut events);
                assert_eq!(events.count, corpus.events.len() as u64);
            }));
        }
        let mut copy = Vec::with_capacity(chunk);
        rows.push(micro(COPY, ops, target, move || {
            for chunk in Chunks::new(corpus, chunk) {
                copy.clear();
                copy.extend_from_slice(&chunk);
                // A chunk may split its last character: that is no error here, and the work is done.
                let _ = black_box(simdutf8::basic::from_utf8(black_box(&copy)));
            }
        }));
        table.column(corpus.name, Some(corpus.bytes.len() / corpus.blocks), rows);
    }
}

/// Compares the type, ID and data of every event.
fn verify(parser: &dyn SseParser, corpus: &Corpus, chunk: usize) -> Result<(), String> {
    let start = Instant::now();
    let mut events = Events::new(true);
    parser.parse(Chunks::new(corpus, chunk).until(start + PATIENCE), &mut events);
    if start.elapsed() > PATIENCE {
        return Err(format!("one run takes more than {} s", PATIENCE.as_secs()));
    }
    if events == corpus.expect(true) { Ok(()) } else { Err("wrong events".into()) }
}
