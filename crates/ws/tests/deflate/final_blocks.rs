//! Blocks with `BFINAL`, after which a stream begins anew in the same window (RFC 7692 §7.2.3.4).

use longwave_ws::deflate::InflateError;

use crate::drive::{cut, decompress, pair, without_takeover};

/// "Hello" in a final block, and again in one that refers to it.
const FINAL: [u8; 7] = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
const FINAL_AGAIN: [u8; 4] = [0xf3, 0x00, 0x11, 0x00];

#[test]
fn a_message_goes_on_behind_a_final_block() {
    let again = [0xf2, 0x00, 0x11, 0x00, 0x00];
    for mut inflater in [pair().1, without_takeover()] {
        let payload = [&FINAL[..], &again].concat();
        assert_eq!(decompress(&mut inflater, &payload), Ok(b"HelloHello".to_vec()));
    }
}

#[test]
fn s7_2_3_4_the_empty_block_behind_a_final_one_may_be_missing() {
    let (_, mut inflater) = pair();
    assert_eq!(decompress(&mut inflater, &FINAL), Ok(b"Hello".to_vec()));
    assert_eq!(decompress(&mut inflater, &FINAL_AGAIN), Ok(b"Hello".to_vec()));
    assert_eq!(decompress(&mut inflater, &[0xf2, 0x00, 0x11, 0x00, 0x00]), Ok(b"Hello".to_vec()));
}

#[test]
fn the_last_empty_block_may_itself_be_final() {
    let (_, mut inflater) = pair();
    for _ in 0..3 {
        // A stored block, then an empty final one whose end is not sent.
        assert_eq!(decompress(&mut inflater, b"\x00\x05\x00\xfa\xffHello\x01"), Ok(b"Hello".to_vec()));
        assert_eq!(decompress(&mut inflater, &[]), Ok(Vec::new()));
        assert_eq!(decompress(&mut inflater, &[0x00]), Ok(Vec::new()));
        assert_eq!(decompress(&mut inflater, &FINAL_AGAIN), Ok(b"Hello".to_vec()));
    }
}

#[test]
fn the_window_outlives_many_final_blocks_whatever_the_cut() {
    // 60 KiB of stored blocks, each of them final, and then a match as far back as it may be.
    let mut payload = Vec::new();
    let mut message = Vec::new();
    for block in 0..60_u8 {
        let data: Vec<u8> = (0..1024_u32).map(|i| (i * 7 + u32::from(block) * 31) as u8).collect();
        payload.extend_from_slice(&[0x01, 0x00, 0x04, 0xff, 0xfb]);
        payload.extend_from_slice(&data);
        message.extend_from_slice(&data);
    }
    // Fixed codes: length 3 (0000001), distance 32768 (11101 and 13 bits of ones), end, and an empty block.
    let bits = "0".to_owned() + "10" + "0000001" + "11101" + "1111111111111" + "0000000" + "000";
    let bytes = bits.as_bytes().chunks(8);
    payload.extend(
        bytes.map(|byte| byte.iter().enumerate().fold(0, |sum, (at, &bit)| sum | ((bit - b'0') << at))),
    );
    let back = message.len() - 32768;
    message.extend_from_within(back..back + 3);
    for size in [1, 5, 6, 1029, payload.len()] {
        let (_, mut inflater) = pair();
        assert_eq!(cut(&mut inflater, payload.chunks(size), usize::MAX), (message.clone(), None));
        assert_eq!(cut(&mut inflater, payload.chunks(size), 100), (message.clone(), None));
    }
}

#[test]
fn final_blocks_are_counted() {
    let ends = |count| [[0x03, 0x00].repeat(count), vec![0x00]].concat();
    let (_, mut inflater) = pair();
    for _ in 0..3 {
        assert_eq!(decompress(&mut inflater, &ends(1024)), Ok(Vec::new()));
    }
    let error = decompress(&mut inflater, &ends(1025)).unwrap_err();
    assert!(matches!(error, InflateError::TooManyFinalBlocks { max: 1024, .. }), "{error}");
    assert_eq!(error.close_code(), 1008);
}
