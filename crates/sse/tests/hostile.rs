//! A peer that wants memory: what it gets is counted at the allocator, what it costs in calls.
//!
//! Nothing is timed. A decoder that copies what it holds again for every chunk would show in the number
//! of bytes allocated; one that grows a buffer step by step, in the number of reallocations.

use std::{
    alloc::System,
    sync::{Mutex, MutexGuard, PoisonError},
};

use longwave_sse::{Decoder, Item, Limits, Overflow};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, Stats, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The counters belong to the process, so the tests take turns.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;
/// How often 64 KiB are fed to make a gigabyte; of a debug build, which is that much slower, a sixteenth.
const GIGABYTE: usize = if cfg!(debug_assertions) { KIB } else { 16 * KIB };
/// What the process itself may allocate meanwhile, such as the test harness's threads.
const NOISE: usize = 32 * KIB;

/// What a stream has cost.
#[derive(Debug)]
struct Cost {
    /// The most bytes that were held after any chunk.
    peak: usize,
    /// The bytes still held at the end.
    held: usize,
    /// All bytes that were ever asked for.
    allocated: usize,
    /// How often the allocator was called for memory.
    calls: usize,
    /// How many items came out, and how many bytes of text were in them.
    items: usize,
    text: usize,
}

fn held(stats: Stats) -> usize {
    stats.bytes_allocated.saturating_sub(stats.bytes_deallocated)
}

/// Feeds the chunks, takes all items, and counts.
fn feed<'i>(decoder: &mut Decoder, chunks: impl Iterator<Item = &'i [u8]>) -> Cost {
    let region = Region::new(ALLOCATOR);
    let (mut peak, mut items, mut text) = (0, 0, 0);
    for chunk in chunks {
        let mut fed = decoder.feed(chunk);
        while let Some(item) = fed.next_item() {
            items += 1;
            text += match item.expect("within the limits") {
                Item::Event(event) => event.data().len(),
                Item::Comment(comment) => comment.len(),
                _ => 0,
            };
        }
        drop(fed);
        peak = peak.max(held(region.change()));
    }
    let stats = region.change();
    Cost {
        peak,
        held: held(stats),
        allocated: stats.bytes_allocated,
        calls: stats.allocations + stats.reallocations,
        items,
        text,
    }
}

/// One line of data of this many bytes, in chunks of this size, and its blank line.
fn long_line(len: usize, chunk: usize) -> Vec<u8> {
    let mut line = b"data: ".to_vec();
    line.resize(len, b'x');
    assert!(chunk <= len);
    line.extend_from_slice(b"\n\n");
    line
}

#[test]
fn a_long_line_in_small_chunks_is_held_once() {
    let _turn = turn();
    for (len, chunk) in [(4 * MIB, KIB), (256 * KIB, 10)] {
        let line = long_line(len, chunk);
        let mut decoder = Decoder::new();
        let cost = feed(&mut decoder, line.chunks(chunk));
        assert_eq!((cost.items, cost.text), (1, len - 6), "{cost:?}");
        assert!(cost.peak <= 2 * len + NOISE, "a buffer that doubles is at most twice its content: {cost:?}");
        assert!(cost.allocated <= 4 * len + NOISE, "nothing is copied for each chunk: {cost:?}");
        assert!(cost.calls <= 100, "growth is by doubling: {cost:?}");
        assert!(cost.held <= 256 * KIB + NOISE, "what a large event leaves behind is given back: {cost:?}");
    }
}

/// Twice the bytes, and twice the chunks, cost at most about twice as much.
#[test]
fn the_cost_of_a_long_line_is_linear() {
    let _turn = turn();
    let cost = |len: usize, chunk: usize| {
        let line = long_line(len, chunk);
        feed(&mut Decoder::new(), line.chunks(chunk))
    };
    for chunk in [10, 100, 1000] {
        let (one, four) = (cost(256 * KIB, chunk), cost(1024 * KIB, chunk));
        assert!(four.allocated <= 5 * one.allocated + NOISE, "{one:?}, {four:?}");
        assert!(four.calls <= one.calls + 20, "{one:?}, {four:?}");
    }
    let (coarse, fine) = (cost(MIB, 64 * KIB), cost(MIB, 16));
    assert!(
        fine.allocated <= 4 * coarse.allocated + NOISE,
        "smaller chunks cost no more: {coarse:?}, {fine:?}"
    );
}

#[test]
fn many_lines_of_data_in_small_chunks_are_held_once() {
    let _turn = turn();
    let mut block = b"data: 23456789\n".repeat(MIB / 16);
    block.push(b'\n');
    let cost = feed(&mut Decoder::new(), block.chunks(7));
    assert_eq!((cost.items, cost.text), (1, MIB / 16 * 9 - 1), "{cost:?}");
    assert!(
        cost.peak <= 2 * MIB + NOISE && cost.allocated <= 4 * MIB + NOISE && cost.calls <= 100,
        "{cost:?}"
    );
}

#[test]
fn a_gigabyte_of_comment_costs_nothing() {
    let _turn = turn();
    let filler = vec![b'x'; 64 * KIB];
    let chunks =
        [b":".as_slice()].into_iter().chain((0..GIGABYTE).map(|_| &*filler)).chain([b"\n".as_slice()]);
    for (mut decoder, text) in [(Decoder::new().with_comments(), 256), (Decoder::new(), 0)] {
        let cost = feed(&mut decoder, chunks.clone());
        assert_eq!(cost.text, text, "{cost:?}");
        assert!(cost.peak <= NOISE && cost.allocated <= NOISE && cost.calls <= 32, "{cost:?}");
    }
}

#[test]
fn a_flood_of_heartbeats_costs_nothing() {
    let _turn = turn();
    let beats = b":\n\n: ping\n\n".repeat(64 * KIB / 11);
    let mut decoder = Decoder::new().with_comments();
    let cost = feed(&mut decoder, (0..GIGABYTE / 10).map(|_| &*beats));
    assert!(cost.items > 1_000_000, "{cost:?}");
    assert!(cost.allocated <= NOISE && cost.calls <= 32, "{cost:?}");
}

#[test]
fn a_flood_of_unknown_fields_costs_nothing() {
    let _turn = turn();
    let fields = b"unknown: field\nbar\n".repeat(64 * KIB / 19);
    let mut decoder = Decoder::new();
    let cost = feed(&mut decoder, (0..GIGABYTE / 10).map(|_| &*fields));
    assert_eq!(cost.items, 0);
    assert!(cost.peak <= NOISE && cost.allocated <= NOISE, "{cost:?}");
}

#[test]
fn a_gigabyte_in_one_skipped_line_costs_the_limit_at_most() {
    let _turn = turn();
    let limits = Limits::default().line(64 * KIB);
    for (chunk, times) in [(64 * KIB, GIGABYTE), (100, 16 * KIB)] {
        let filler = vec![b'x'; chunk];
        let chunks = [b"data:".as_slice()].into_iter().chain((0..times).map(|_| &*filler));
        let mut decoder = Decoder::new().limits(limits).overflow(Overflow::Skip);
        let cost = feed(&mut decoder, chunks.chain([b"\n\ndata: x\n\n".as_slice()]));
        assert_eq!((cost.items, cost.text), (2, 1), "{cost:?}");
        assert!(cost.peak <= 128 * KIB + NOISE && cost.allocated <= 256 * KIB + NOISE, "{cost:?}");
    }
}

#[test]
fn an_endless_skipped_block_costs_the_limit_at_most() {
    let _turn = turn();
    let lines = b"data: 23456789\n".repeat(4 * KIB);
    let mut decoder = Decoder::new().limits(Limits::default().event(64 * KIB)).overflow(Overflow::Skip);
    let cost = feed(&mut decoder, (0..GIGABYTE / 10).map(|_| &*lines));
    assert_eq!(cost.items, 0);
    assert!(cost.peak <= 128 * KIB + NOISE && cost.allocated <= 256 * KIB + NOISE, "{cost:?}");
}

#[test]
fn a_line_that_never_ends_fails_at_the_limit() {
    let _turn = turn();
    let region = Region::new(ALLOCATOR);
    let filler = [b'x'; KIB];
    let mut decoder = Decoder::new().limits(Limits::default().line(MIB));
    let failed = (0..2 * KIB).find(|_| matches!(decoder.feed(&filler).next_item(), Some(Err(_))));
    assert_eq!(failed, Some(KIB), "the first chunk over the limit fails");
    let stats = region.change();
    assert!(stats.bytes_allocated <= 4 * MIB + NOISE, "{stats:?}");
}

/// An id that comes again with each event is replaced in place.
#[test]
fn small_events_reuse_what_is_there() {
    let _turn = turn();
    let events = b"event: tick\nid: 12345\ndata: 1\ndata: 2\n\n".repeat(KIB);
    let mut decoder = Decoder::new();
    feed(&mut decoder, events.chunks(1000));
    let cost = feed(&mut decoder, (0..100).flat_map(|_| events.chunks(1000)));
    assert_eq!(cost.items, 100 * KIB);
    assert!(cost.allocated <= NOISE && cost.calls <= 64, "{cost:?}");
}
