//! What is made to cost: bounded in memory and in time.

use std::time::{Duration, Instant};

use longwave_ws::deflate::{InflateError, InflateLimits, Inflater, Settings, Status};

use crate::drive::{agree, compress, cut, decompress, pair};

fn limited(limits: InflateLimits) -> Inflater {
    Inflater::new(&agree(Settings::new(), &[])).limits(limits)
}

fn zeros(len: usize) -> Vec<u8> {
    compress(&mut pair().0, &vec![0; len])
}

#[test]
fn a_message_of_just_the_limit_passes() {
    for len in [1, 100, 256, 257, 4096, 16 << 10, 100_000] {
        let payload = zeros(len);
        for max in [1, 7, usize::MAX] {
            let mut inflater = limited(InflateLimits::new().message(len));
            assert_eq!(cut(&mut inflater, [&payload[..]], max), (vec![0; len], None), "{len}");
            let mut inflater = limited(InflateLimits::new().message(len - 1));
            let (out, error) = cut(&mut inflater, payload.chunks(3), max);
            assert_eq!(out, vec![0; len - 1]);
            assert!(matches!(error, Some(InflateError::TooLarge { max, .. }) if max == len - 1), "{error:?}");
            assert_eq!(error.map(InflateError::close_code), Some(1009));
        }
    }
}

#[test]
fn the_limit_counts_anew_in_each_message() {
    let mut inflater = limited(InflateLimits::new().message(5));
    let (mut deflater, _) = pair();
    for _ in 0..3 {
        let payload = compress(&mut deflater, b"Hello");
        assert_eq!(decompress(&mut inflater, &payload), Ok(b"Hello".to_vec()));
    }
}

#[test]
fn a_limit_of_nothing_lets_empty_messages_pass() {
    let mut inflater = limited(InflateLimits::new().message(0));
    assert_eq!(decompress(&mut inflater, &[0x00]), Ok(Vec::new()));
    assert!(decompress(&mut inflater, &zeros(1)).is_err());
}

#[test]
fn a_bomb_is_cut_within_the_limit() {
    let bomb = zeros(16 << 20);
    assert!(bomb.len() < 20 << 10);
    let mut inflater = limited(InflateLimits::new().message(1_000_000));
    let (mut out, mut input, begun) = (Vec::new(), &bomb[..], Instant::now());
    let error = inflater.decompress(&mut input, &mut out, usize::MAX).unwrap_err();
    assert!(matches!(error, InflateError::TooLarge { max: 1_000_000, .. }));
    assert_eq!(out.len(), 1_000_000);
    assert!(out.capacity() <= 1_000_001 + (16 << 10), "{}", out.capacity());
    // Hardly more was read than it took, and it took no time: this is ten times what it does in a debug build.
    assert!(bomb.len() - input.len() < 3_000);
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[test]
fn a_bomb_can_be_taken_in_pieces_and_left() {
    let bomb = zeros(1 << 20);
    let mut inflater = limited(InflateLimits::new().message(usize::MAX));
    let (mut out, mut input) = (Vec::new(), &bomb[..]);
    for _ in 0..10 {
        assert_eq!(inflater.decompress(&mut input, &mut out, 1000), Ok(Status::More));
        assert_eq!(out.len(), 1000);
        assert!(out.capacity() <= 2048);
        out.clear();
    }
}

#[test]
fn growth_is_limited_beyond_its_floor() {
    let payload = zeros(1 << 20);
    let strict = InflateLimits::new().ratio(100, 64 << 10);
    let (out, error) = cut(&mut limited(strict), [&payload[..]], usize::MAX);
    assert!(matches!(error, Some(InflateError::Ratio { max: 100, .. })), "{error:?}");
    assert!(out.len() > 64 << 10 && out.len() <= (64 << 10) + (200 << 10), "{}", out.len());
    assert_eq!(error.map(InflateError::close_code), Some(1008));
    let floor = InflateLimits::new().ratio(100, 1 << 20);
    assert_eq!(cut(&mut limited(floor), [&payload[..]], usize::MAX).1, None);
    let ratio = InflateLimits::new().ratio(1040, 0);
    assert_eq!(cut(&mut limited(ratio), [&payload[..]], usize::MAX).1, None);
    assert!(decompress(&mut limited(InflateLimits::new().ratio(0, 0)), &zeros(1)).is_err());
}

#[test]
fn small_messages_take_little_memory() {
    let mut out = Vec::new();
    let mut inflater = limited(InflateLimits::new());
    let payload = zeros(10);
    let _ = inflater.decompress(&mut &payload[..], &mut out, usize::MAX).unwrap();
    assert!(out.capacity() <= 256);
}

#[test]
fn a_payload_takes_as_much_memory_as_it_has_bytes() {
    let payload = zeros(8 << 20);
    assert!(payload.len() > 8 << 10);
    assert!(payload.capacity() <= 2 * payload.len() + (16 << 10), "{}", payload.capacity());
}

#[test]
fn errors_say_which_limit() {
    let error = decompress(&mut limited(InflateLimits::new().message(3)), &zeros(4)).unwrap_err();
    assert_eq!(error.to_string(), "message has more than 3 bytes uncompressed");
    let error = decompress(&mut limited(InflateLimits::new().ratio(1, 9)), &zeros(100)).unwrap_err();
    assert_eq!(error.to_string(), "message grows to more than 1 times its size");
}
