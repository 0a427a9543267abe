//! Contexts that are shared, and what is kept of them.

use longwave_ws::deflate::{Deflater, Flush, Inflater, Pool, Settings};

use crate::drive::{agree, compress, decompress, without_takeover};

#[test]
fn without_takeover_a_context_is_held_for_a_message() {
    let pool = Pool::new(8);
    let agreed = agree(Settings::new().own_no_context_takeover().peer_no_context_takeover(), &[]);
    let mut deflaters: Vec<_> = (0..5).map(|_| Deflater::new(&agreed).pool(pool.clone())).collect();
    let mut inflaters: Vec<_> = (0..5).map(|_| Inflater::new(&agreed).pool(pool.clone())).collect();
    for _ in 0..3 {
        for (deflater, inflater) in deflaters.iter_mut().zip(&mut inflaters) {
            let payload = compress(deflater, b"Hello");
            assert_eq!(payload, [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
            assert_eq!(decompress(inflater, &payload), Ok(b"Hello".to_vec()));
        }
    }
    assert_eq!(pool.idle(), 2);
    for deflater in &mut deflaters {
        deflater.compress(b"Hel", &mut Vec::new(), Flush::None);
    }
    assert_eq!(pool.idle(), 1);
    drop(deflaters);
    assert_eq!(pool.idle(), 6);
}

#[test]
fn with_takeover_a_context_is_held_until_it_is_parked() {
    let pool = Pool::new(8);
    let agreed = agree(Settings::new(), &[]);
    let mut deflater = Deflater::new(&agreed).pool(pool.clone());
    let mut inflater = Inflater::new(&agreed).pool(pool.clone());
    let mut lens = Vec::new();
    for _ in 0..3 {
        let payload = compress(&mut deflater, b"Hello");
        lens.push(payload.len());
        assert_eq!(decompress(&mut inflater, &payload), Ok(b"Hello".to_vec()));
        assert_eq!(pool.idle(), 0);
        deflater.park();
        inflater.park();
        assert_eq!(pool.idle(), 2);
    }
    assert_eq!(lens, [7, 5, 4]);
}

#[test]
fn parking_in_the_middle_of_a_message_does_nothing() {
    let agreed = agree(Settings::new(), &[]);
    let (mut deflater, mut inflater) = (Deflater::new(&agreed), Inflater::new(&agreed));
    let (mut payload, mut out) = (Vec::new(), Vec::new());
    deflater.compress(b"Hel", &mut payload, Flush::None);
    deflater.park();
    deflater.compress(b"lo", &mut payload, Flush::Message);
    assert_eq!(payload, [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
    let _ = inflater.decompress(&mut &payload[..3], &mut out, 9).unwrap();
    inflater.park();
    let _ = inflater.decompress(&mut &payload[3..], &mut out, 9).unwrap();
    let _ = inflater.finish(&mut out, 9).unwrap();
    assert_eq!(out, b"Hello");
}

#[test]
fn a_pool_is_bounded_and_makes_room_for_what_is_in_use() {
    let pool = Pool::new(2);
    let kinds: Vec<_> =
        (1..=4).map(|level| agree(Settings::new().level(level).own_no_context_takeover(), &[])).collect();
    for agreed in &kinds {
        compress(&mut Deflater::new(agreed).pool(pool.clone()), b"Hello");
    }
    assert_eq!(pool.idle(), 2);
    let _held = pool.compress_once(kinds[3].prepared_kind(), b"Hello");
    assert_eq!(pool.idle(), 2);

    let nothing = Pool::new(0);
    compress(&mut Deflater::new(&kinds[0]).pool(nothing.clone()), b"Hello");
    assert_eq!(nothing.idle(), 0);
}

#[test]
fn a_context_that_failed_is_as_good_as_new() {
    let pool = Pool::new(1);
    let mut failed = without_takeover().pool(pool.clone());
    assert!(decompress(&mut failed, &[0x06]).is_err());
    drop(failed);
    assert_eq!(pool.idle(), 1);
    let mut next = without_takeover().pool(pool.clone());
    let payload = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
    assert_eq!(decompress(&mut next, &payload), Ok(b"Hello".to_vec()));
}

#[test]
fn everything_can_be_sent_to_another_thread() {
    fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<Deflater>();
    is_send_and_sync::<Inflater>();
    is_send_and_sync::<Pool>();
}
