//! The memory that compression takes is what the table in the documentation says.
#![cfg(feature = "deflate")]

use std::alloc::System;

use longwave_ws::deflate::{Agreed, Deflater, Flush, Inflater, Settings, Status};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// The only test, as the allocator counts for the whole process.
#[test]
fn memory_is_as_documented() {
    let rows = table();
    assert_eq!(rows.len(), 7);
    for row in rows {
        let bits = u8::try_from(row[0] / 1024).unwrap_or_default();
        for (mem_level, told) in [1, 5, 8, 9].into_iter().zip(&row[1..]) {
            let settings = Settings::new().own_window_bits(bits).mem_level(mem_level);
            let what = format!("compressor, {bits} bits, mem_level {mem_level}");
            assert_close(*told, &what, || compressor(settings));
        }
        let settings = Settings::new().own_window_bits(bits).peer_window_bits(bits);
        assert_close(row[5], &format!("decompressor, {bits} bits"), || decompressor(settings));
        assert_close(row[6], &format!("kept of a compressor, {bits} bits"), || kept(settings)[0]);
        assert_close(row[6], &format!("kept of a decompressor, {bits} bits"), || kept(settings)[1]);
    }
}

/// The numbers of the table, row by row, each times 1024: so that KiB are bytes.
fn table() -> Vec<Vec<usize>> {
    let cells = |line: &'static str| line.strip_prefix("//! | ")?.strip_suffix(" |");
    let numbers = |row: &str| row.split(" | ").map(number).collect::<Option<Vec<_>>>();
    include_str!("../src/deflate/mod.rs").lines().filter_map(cells).filter_map(numbers).collect()
}

fn number(cell: &str) -> Option<usize> {
    let (whole, tenths) = cell.split_once('.').unwrap_or((cell, "0"));
    Some(whole.parse::<usize>().ok()? * 1024 + tenths.parse::<usize>().ok()? * 1024 / 10)
}

/// The test's own harness may allocate meanwhile, but not each time.
fn assert_close(told: usize, what: &str, measure: impl Fn() -> usize) {
    let held: Vec<_> = (0..5).map(|_| measure()).collect();
    let is_close = |held: &usize| held.abs_diff(told) * 20 <= told;
    assert!(held.iter().any(is_close), "{what}: {held:?} bytes, not {told}");
}

/// What is held when a message has passed, and no window beside it is kept.
fn compressor(settings: Settings) -> usize {
    let agreed = agree(settings.own_no_context_takeover());
    let mut payload = Vec::with_capacity(1000);
    let region = Region::new(ALLOCATOR);
    let mut deflater = Deflater::new(&agreed);
    deflater.compress(b"Hello", &mut payload, Flush::Message);
    held(&region)
}

fn decompressor(settings: Settings) -> usize {
    let agreed = agree(settings.peer_no_context_takeover());
    let mut message = Vec::with_capacity(1000);
    let region = Region::new(ALLOCATOR);
    let mut inflater = Inflater::new(&agreed);
    inflate(&mut inflater, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], &mut message);
    held(&region)
}

/// What is held after a message as long as any window, when what can be given away is.
fn kept(settings: Settings) -> [usize; 2] {
    let agreed = agree(settings);
    let mut payload = Vec::with_capacity(LONG);
    let region = Region::new(ALLOCATOR);
    let mut deflater = Deflater::new(&agreed);
    deflater.compress(&vec![7; LONG], &mut payload, Flush::Message);
    deflater.park();
    let sent = held(&region);

    let mut message = Vec::with_capacity(2 * LONG);
    let region = Region::new(ALLOCATOR);
    let mut inflater = Inflater::new(&agreed);
    inflate(&mut inflater, &payload, &mut message);
    inflater.park();
    [sent, held(&region)]
}

fn inflate(inflater: &mut Inflater, mut payload: &[u8], message: &mut Vec<u8>) {
    assert_eq!(inflater.decompress(&mut payload, message, usize::MAX), Ok(Status::Done));
    assert_eq!(inflater.finish(message, usize::MAX), Ok(Status::Done));
}

/// With a client that makes its window as small as it is told.
fn agree(settings: Settings) -> Agreed {
    let offer = [("permessage-deflate", [("client_max_window_bits", None)])];
    settings.negotiate(offer).expect("the offer is acceptable").0
}

fn held(region: &Region<'_, System>) -> usize {
    let stats = region.change();
    stats.bytes_allocated.saturating_sub(stats.bytes_deallocated)
}

/// Bytes: as many as the largest window has, and more.
const LONG: usize = 40_000;
