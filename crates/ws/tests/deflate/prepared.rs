//! A message that is compressed once, for many peers.

use longwave_ws::deflate::{Deflater, Inflater, Pool, Settings, compress_once};

use crate::drive::{agree, compress, decompress};

/// Text in which each line resembles the last.
fn lines(from: usize, to: usize) -> Vec<u8> {
    (from..to).flat_map(|n| format!("{{\"price\": {n}, \"id\": {}}}\n", n * n).into_bytes()).collect()
}

#[test]
fn a_peer_takes_what_fits_in_its_window() {
    let of = |bits| agree(Settings::new().own_window_bits(15), &[("server_max_window_bits", Some(bits))]);
    let all: Vec<_> = ["8", "9", "10", "11", "12", "13", "14", "15"].map(of).into();
    for (larger, smaller) in all.iter().zip(&all).chain(all[1..].iter().zip(&all)) {
        assert!(larger.accepts(smaller.prepared_kind()));
    }
    for (smaller, larger) in all.iter().zip(&all[1..]) {
        assert!(!smaller.accepts(larger.prepared_kind()));
    }
    assert_eq!(all[0].prepared_kind().window_bits(), 8);
}

#[test]
fn it_may_come_between_messages_of_a_connection_with_takeover() {
    let agreed = agree(Settings::new().own_window_bits(9), &[("client_max_window_bits", Some("9"))]);
    let (mut deflater, mut inflater) = (Deflater::new(&agreed), Inflater::new(&agreed));
    for round in 0..50 {
        let own = lines(round, round + 3);
        let payload = compress(&mut deflater, &own);
        assert_eq!(decompress(&mut inflater, &payload), Ok(own));

        let prepared = lines(round + 1, round + 4);
        let payload = compress_once(agreed.prepared_kind(), &prepared);
        assert_eq!(decompress(&mut inflater, &payload), Ok(prepared.clone()));
        deflater.absorb(&prepared);
        if round % 3 == 0 {
            inflater.park();
        }
    }
}

#[test]
fn the_next_message_refers_to_one_that_was_absorbed() {
    let agreed = agree(Settings::new(), &[]);
    let mut deflater = Deflater::new(&agreed);
    let alone = compress(&mut deflater, &lines(0, 20)).len();
    let mut deflater = Deflater::new(&agreed);
    deflater.absorb(&lines(0, 20));
    assert!(compress(&mut deflater, &lines(0, 20)).len() < alone / 4);
}

#[test]
fn without_takeover_there_is_nothing_to_absorb() {
    let agreed = agree(Settings::new().own_no_context_takeover(), &[]);
    let mut deflater = Deflater::new(&agreed);
    let before = compress(&mut deflater, b"Hello");
    deflater.absorb(b"Hello");
    assert_eq!(compress(&mut deflater, b"Hello"), before);
}

#[test]
fn a_pool_makes_the_same() {
    let agreed = agree(Settings::new(), &[]);
    let pool = Pool::new(1);
    for message in [&b""[..], b"Hello", &lines(0, 500)] {
        let once = compress_once(agreed.prepared_kind(), message);
        assert_eq!(pool.compress_once(agreed.prepared_kind(), message), once);
        assert_eq!(pool.compress_once(agreed.prepared_kind(), message), once);
    }
    assert_eq!(pool.idle(), 1);
}
