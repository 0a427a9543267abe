//! The examples of RFC 7692, byte for byte, and the rules next to them.

use longwave_ws::deflate::{Deflater, Flush, InflateError, Inflater, Settings};

use crate::drive::{agree, compress, cut, decompress, pair, without_takeover};

const HELLO: [u8; 7] = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];

#[test]
fn s7_2_3_1_one_compressed_block() {
    let (mut deflater, mut inflater) = pair();
    assert_eq!(compress(&mut deflater, b"Hello"), HELLO);
    assert_eq!(cut(&mut inflater, [&HELLO[..3], &HELLO[3..]], 2), (b"Hello".to_vec(), None));
}

#[test]
fn s7_2_3_2_sharing_the_window() {
    let (mut deflater, mut inflater) = pair();
    assert_eq!(compress(&mut deflater, b"Hello"), HELLO);
    let second = [0xf2, 0x00, 0x11, 0x00, 0x00];
    assert_eq!(compress(&mut deflater, b"Hello"), second);
    assert_eq!(decompress(&mut inflater, &HELLO), Ok(b"Hello".to_vec()));
    assert_eq!(decompress(&mut inflater, &second), Ok(b"Hello".to_vec()));
}

#[test]
fn s7_1_1_without_takeover_each_message_is_on_its_own() {
    let mut deflater = Deflater::new(&agree(Settings::new().own_no_context_takeover(), &[]));
    let mut inflater = without_takeover();
    for _ in 0..3 {
        assert_eq!(compress(&mut deflater, b"Hello"), HELLO);
        assert_eq!(decompress(&mut inflater, &HELLO), Ok(b"Hello".to_vec()));
    }
}

#[test]
fn s7_1_1_without_takeover_earlier_messages_must_not_be_referred_to() {
    let mut inflater = without_takeover();
    assert_eq!(decompress(&mut inflater, &HELLO), Ok(b"Hello".to_vec()));
    assert_eq!(decompress(&mut inflater, &[0xf2, 0x00, 0x11, 0x00, 0x00]), Err(InflateError::Corrupt));
}

#[test]
fn s7_1_2_2_earlier_messages_must_not_be_referred_to_beyond_the_window() {
    let agreed = agree(Settings::new().peer_window_bits(9), &[("client_max_window_bits", None)]);
    assert_eq!(agreed.peer().window_bits(), 9);
    for (apart, expected) in [(500, Ok(b"Hello, window".to_vec())), (600, Err(InflateError::Corrupt))] {
        for parked in [false, true] {
            // One with the largest window, whatever was agreed.
            let (mut deflater, _) = pair();
            let mut inflater = Inflater::new(&agreed);
            for message in [
                b"Hello, window".to_vec(),
                (0..apart).map(|at: u32| (at * at / 7).to_le_bytes()[0]).collect(),
            ] {
                assert_eq!(decompress(&mut inflater, &compress(&mut deflater, &message)), Ok(message));
            }
            if parked {
                inflater.park();
            }
            let payload = compress(&mut deflater, b"Hello, window");
            assert!(payload.len() < 10, "it refers to the first");
            assert_eq!(decompress(&mut inflater, &payload), expected, "parked: {parked}");
        }
    }
}

#[test]
fn s7_2_3_3_a_block_without_compression() {
    let payload = b"\x00\x05\x00\xfa\xffHello\x00";
    assert_eq!(decompress(&mut pair().1, payload), Ok(b"Hello".to_vec()));
    let mut stored = Deflater::new(&agree(Settings::new().level(0), &[]));
    assert_eq!(compress(&mut stored, b"Hello"), payload);
    assert_eq!(compress(&mut stored, b"Hello"), payload);
}

#[test]
fn s7_2_3_4_a_final_block() {
    let (_, mut inflater) = pair();
    for _ in 0..3 {
        let payload = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
        assert_eq!(decompress(&mut inflater, &payload), Ok(b"Hello".to_vec()));
    }
    // The window outlives it.
    assert_eq!(decompress(&mut inflater, &[0xf2, 0x00, 0x11, 0x00, 0x00]), Ok(b"Hello".to_vec()));
}

#[test]
fn s7_2_3_5_two_blocks_in_one_message() {
    let payload = [0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00];
    assert_eq!(decompress(&mut pair().1, &payload), Ok(b"Hello".to_vec()));
    let (mut deflater, _) = pair();
    let mut fragments = Vec::new();
    deflater.compress(b"He", &mut fragments, Flush::Fragment);
    deflater.compress(b"llo", &mut fragments, Flush::Message);
    assert_eq!(fragments, payload);
}

#[test]
fn s7_2_3_6_an_empty_message() {
    let (mut deflater, mut inflater) = pair();
    for _ in 0..2 {
        assert_eq!(compress(&mut deflater, b""), [0x00]);
        assert_eq!(decompress(&mut inflater, &[0x00]), Ok(Vec::new()));
        assert!(!compress(&mut deflater, b"Hello").is_empty());
    }
    // As an empty block with fixed codes too, and as nothing at all.
    assert_eq!(decompress(&mut inflater, &[0x02, 0x00]), Ok(Vec::new()));
    assert_eq!(decompress(&mut inflater, &[]), Ok(Vec::new()));
    assert_eq!(decompress(&mut inflater, &HELLO), Ok(b"Hello".to_vec()));
}

#[test]
fn a_message_may_end_behind_a_fragment() {
    let (mut deflater, mut inflater) = pair();
    for _ in 0..2 {
        let mut payload = Vec::new();
        deflater.compress(b"Hello", &mut payload, Flush::Fragment);
        let len = payload.len();
        deflater.compress(b"", &mut payload, Flush::Fragment);
        assert_eq!(payload.len(), len);
        deflater.compress(b"", &mut payload, Flush::Message);
        assert_eq!(payload[len..], [0x00]);
        assert_eq!(decompress(&mut inflater, &payload), Ok(b"Hello".to_vec()));
    }
}

#[test]
fn a_fragment_can_be_read_before_the_message_ends() {
    let (mut deflater, mut inflater) = pair();
    let (mut payload, mut out) = (Vec::new(), Vec::new());
    deflater.compress(b"Hel", &mut payload, Flush::None);
    deflater.compress(b"lo", &mut payload, Flush::Fragment);
    let _ = inflater.decompress(&mut &payload[..], &mut out, 100).unwrap();
    assert_eq!(out, b"Hello");
}

#[test]
fn s7_2_1_a_message_must_end_with_an_empty_block() {
    // "Hello" cut short anywhere, and with nothing behind its last block.
    for len in 1..HELLO.len() {
        let error = decompress(&mut pair().1, &HELLO[..len]).unwrap_err();
        assert_eq!(error, InflateError::Truncated, "{len}");
    }
    // A stored block whose bytes the tail would be.
    assert_eq!(decompress(&mut pair().1, b"\x00\x04\x00\xfb\xff"), Err(InflateError::Truncated));
    // The tail itself must not be sent: what is appended to it begins a block.
    assert_eq!(
        decompress(&mut pair().1, &[&HELLO[..], &[0, 0, 0xff, 0xff]].concat()),
        Err(InflateError::Truncated)
    );
}

#[test]
fn s7_2_2_bytes_that_are_no_deflate_stream_fail() {
    let reserved_type = [0x06];
    let wrong_length = [0x00, 0x05, 0x00, 0x05, 0x00, 0x00];
    let too_far_back = [0xf2, 0x00, 0x11, 0x00, 0x00];
    for payload in [&reserved_type[..], &wrong_length, &too_far_back] {
        let (_, mut inflater) = pair();
        assert_eq!(decompress(&mut inflater, payload), Err(InflateError::Corrupt));
        // And stay failed.
        assert_eq!(decompress(&mut inflater, &HELLO), Err(InflateError::Corrupt));
        assert_eq!(InflateError::Corrupt.close_code(), 1007);
    }
}
