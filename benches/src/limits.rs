//! W6: what the machine can do, as a yardstick for the other workloads.

use crate::{
    bench::{Bench, micro},
    data::{Rng, size_label},
    sse::Corpus,
    table::Unit,
};
use std::hint::black_box;

/// XORs `buf` with the repeated key, the fastest way found here.
#[inline]
pub fn mask_in_place(buf: &mut [u8], key: [u8; 4]) {
    #[cfg(target_arch = "x86_64")]
    if buf.len() >= 128 {
        if buf.len() >= 1024 && is_x86_feature_detected!("avx512bw") {
            // SAFETY: the CPU has AVX-512 F and BW.
            return unsafe { mask_avx512(buf, key) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the CPU has AVX2.
            return unsafe { mask_avx2(buf, key) };
        }
    }
    mask_words(buf, key);
}

/// Word by word: the compiler turns this into the widest vectors it may assume.
#[inline(always)]
fn mask_words(buf: &mut [u8], key: [u8; 4]) {
    let key4 = u32::from_ne_bytes(key);
    let key8 = u64::from(key4) << 32 | u64::from(key4);
    let (words, rest) = buf.as_chunks_mut::<8>();
    for word in words {
        *word = (u64::from_ne_bytes(*word) ^ key8).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}

fn mask_baseline(buf: &mut [u8], key: [u8; 4]) {
    mask_words(buf, key);
}

fn mask_bytes(buf: &mut [u8], key: [u8; 4]) {
    for (byte, key) in buf.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn mask_avx2(buf: &mut [u8], key: [u8; 4]) {
    mask_words(buf, key);
}

/// Aligned to cache lines, with masked loads and stores at both ends.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw")]
fn mask_avx512(buf: &mut [u8], key: [u8; 4]) {
    use std::arch::x86_64::*;
    #[target_feature(enable = "avx512f,avx512bw")]
    fn part(bytes: &mut [u8], keys: __m512i) {
        let (lanes, at) = ((1u64 << bytes.len()) - 1, bytes.as_mut_ptr().cast());
        // SAFETY: the mask selects exactly the bytes of the slice, which is shorter than 64.
        unsafe {
            _mm512_mask_storeu_epi8(at, lanes, _mm512_xor_si512(_mm512_maskz_loadu_epi8(lanes, at), keys))
        };
    }
    let keys =
        |skip: usize| _mm512_set1_epi32(u32::from_le_bytes(key).rotate_right(8 * (skip as u32 % 4)) as i32);
    let lead = if buf.len() < 512 { 0 } else { buf.as_ptr().align_offset(64) };
    let (head, rest) = buf.split_at_mut(lead);
    part(head, keys(0));
    let (blocks, tail) = rest.as_chunks_mut::<64>();
    let keys = keys(lead);
    for block in blocks {
        let at = block.as_mut_ptr().cast();
        // SAFETY: `at` points to the 64 bytes of the block, and the accesses are unaligned ones.
        unsafe { _mm512_storeu_si512(at, _mm512_xor_si512(_mm512_loadu_si512(at), keys)) };
    }
    part(tail, keys);
}

type Mask = fn(&mut [u8], [u8; 4]);

fn masks() -> Vec<(&'static str, Mask)> {
    let mut masks: Vec<(&str, Mask)> =
        vec![("xor byte loop*", mask_bytes), ("xor u64 words, baseline*", mask_baseline)];
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the CPU has AVX2.
            masks.push(("xor u64 words, avx2*", |b, k| unsafe { mask_avx2(b, k) }));
        }
        if is_x86_feature_detected!("avx512bw") {
            // SAFETY: the CPU has AVX-512 F and BW.
            masks.push(("xor avx512 intrinsics*", |b, k| unsafe { mask_avx512(b, k) }));
        }
    }
    masks
}

/// Visits every CR and LF by a bit mask per 64 bytes, with AVX2 where there is such a thing.
fn line_ends(bytes: &[u8], visit: impl Fn(usize)) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the CPU has AVX2.
        return unsafe { line_ends_avx2(bytes, visit) };
    }
    memchr::memchr2_iter(b'\n', b'\r', bytes).for_each(visit);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn line_ends_avx2(bytes: &[u8], visit: impl Fn(usize)) {
    use std::arch::x86_64::*;
    let (lf, cr) = (_mm256_set1_epi8(b'\n' as i8), _mm256_set1_epi8(b'\r' as i8));
    let hits = |block: &[u8; 32]| {
        // SAFETY: the block has 32 bytes, and the load is an unaligned one.
        let block = unsafe { _mm256_loadu_si256(block.as_ptr().cast()) };
        let hits = _mm256_or_si256(_mm256_cmpeq_epi8(block, lf), _mm256_cmpeq_epi8(block, cr));
        u64::from(_mm256_movemask_epi8(hits) as u32)
    };
    let (blocks, tail) = bytes.as_chunks::<64>();
    let mut last = [0; 64];
    last[..tail.len()].copy_from_slice(tail);
    for (i, block) in blocks.iter().chain([&last]).enumerate() {
        let (halves, _) = block.as_chunks::<32>();
        let mut mask = hits(&halves[0]) | hits(&halves[1]) << 32;
        while mask != 0 {
            visit(64 * i + mask.trailing_zeros() as usize);
            mask &= mask - 1;
        }
    }
}

fn visit(at: usize) {
    black_box(at);
}

pub fn run(bench: &mut Bench) {
    let target = bench.target;
    let mut table = bench.table("w6", "memory, masking and UTF-8", Unit::Throughput);
    for size in [16, 125, 1 << 10, 16 << 10, 1 << 20, 64 << 20] {
        let mut rng = Rng::new(1);
        let text = if size < 1 << 26 { rng.text(size) } else { rng.text(1 << 20).repeat(64) };
        let (mut copy, mut masked) = (vec![0; size], text.clone());
        let masked = &mut masked;
        check_masks(&text[..size.min(1 << 16)]);
        let mut rows = vec![
            micro("memcpy*", size, target, || {
                copy.copy_from_slice(black_box(&text));
                black_box(&mut copy);
            }),
            micro("memchr newline*", size, target, || {
                black_box(memchr::memchr(b'\n', black_box(&text)));
            }),
            micro("std utf8*", size, target, || {
                assert!(std::str::from_utf8(black_box(&text)).is_ok());
            }),
            micro("simdutf8 basic*", size, target, || {
                assert!(simdutf8::basic::from_utf8(black_box(&text)).is_ok());
            }),
        ];
        // The variants take turns on one buffer, as the participants never run at the same time.
        let shared = std::rc::Rc::new(std::cell::RefCell::new(masked));
        for (name, mask) in masks() {
            let shared = shared.clone();
            rows.push(micro(name, size, target, move || {
                let mut buf = shared.borrow_mut();
                mask(black_box(&mut buf[..]), black_box([0x12, 0x34, 0x56, 0x78]));
            }));
        }
        table.column(size_label(size), None, rows);
    }
    drop(table);

    let mut table = bench.table("w6", "scans of the SSE corpora", Unit::Throughput);
    for corpus in Corpus::all() {
        let size = corpus.bytes.len();
        let mut copy = vec![0; size];
        check_line_ends(&corpus.bytes);
        let rows = vec![
            micro("memcpy*", size, target, || {
                copy.copy_from_slice(black_box(&corpus.bytes));
                black_box(&mut copy);
            }),
            micro("memchr count newlines*", size, target, || {
                let lines = memchr::memchr_iter(b'\n', black_box(&corpus.bytes)).count();
                assert_eq!(lines, corpus.lines);
            }),
            micro("memchr visit newlines*", size, target, || {
                memchr::memchr_iter(b'\n', black_box(&corpus.bytes)).for_each(visit);
            }),
            micro("memchr2 visit CR and LF*", size, target, || {
                memchr::memchr2_iter(b'\n', b'\r', black_box(&corpus.bytes)).for_each(visit);
            }),
            micro("avx2 visit CR and LF*", size, target, || line_ends(black_box(&corpus.bytes), visit)),
            micro("std utf8*", size, target, || {
                assert!(std::str::from_utf8(black_box(&corpus.bytes)).is_ok());
            }),
            micro("simdutf8 basic*", size, target, || {
                assert!(simdutf8::basic::from_utf8(black_box(&corpus.bytes)).is_ok());
            }),
        ];
        table.column(corpus.name, None, rows);
    }
}

fn check_line_ends(bytes: &[u8]) {
    let found = std::cell::RefCell::new(Vec::new());
    line_ends(bytes, |at| found.borrow_mut().push(at));
    let ends = (0..bytes.len()).filter(|&i| matches!(bytes[i], b'\r' | b'\n'));
    assert!(ends.eq(found.into_inner()), "wrong line ends");
}

/// All maskers agree with the definition, at every alignment and length.
fn check_masks(text: &[u8]) {
    let key = [0x12, 0x34, 0x56, 0x78];
    for (start, end) in
        [(0, text.len()), (1, text.len()), (3, text.len() - 2), (5, 5), (7, 8), (0, 63), (1, 66), (2, 999)]
    {
        let Some(slice) = text.get(start..end) else { continue };
        let want: Vec<u8> = slice.iter().zip(key.iter().cycle()).map(|(b, k)| b ^ k).collect();
        for (name, mask) in masks() {
            let mut got = slice.to_vec();
            mask(&mut got, key);
            assert!(got == want, "{name}: wrong result for {start}..{end}");
        }
    }
}
