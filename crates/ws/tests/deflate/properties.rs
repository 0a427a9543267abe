//! The codec's properties on generated input.

use longwave_ws::deflate::{Agreed, Deflater, Flush, InflateLimits, Inflater, Pool, Settings, compress_once};
use proptest::{collection::vec, option, prelude::*, sample::Index};

use crate::drive::{Outcome, agree, compress, cut, pair, without_takeover};

/// Data that repeats itself near and far, and data that does not.
fn data() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        vec(any::<u8>(), 0..40),
        vec(b'a'..b'd', 0..200),
        (any::<u8>(), 0_usize..3000).prop_map(|(byte, len)| vec![byte; len]),
        (any::<[u8; 7]>(), 0_usize..400).prop_map(|(word, times)| word.repeat(times)),
    ];
    (vec(piece, 0..8), vec(any::<Index>(), 0..12)).prop_map(|(pieces, order)| {
        let again = order.iter().filter(|_| !pieces.is_empty()).map(|at| at.get(&pieces[..]).clone());
        pieces.iter().cloned().chain(again).flatten().collect()
    })
}

/// All parameters, as a server has them: what it sends may have a window of 8 bits.
fn agreed() -> impl Strategy<Value = Agreed> {
    const BITS: [&str; 8] = ["8", "9", "10", "11", "12", "13", "14", "15"];
    (0_u8..=9, 1_u8..=9, any::<[bool; 2]>(), option::of(0_usize..8)).prop_map(
        |(level, mem, takeover, bits)| {
            let mut settings = Settings::new().level(level).mem_level(mem).own_window_bits(15);
            if !takeover[0] {
                settings = settings.own_no_context_takeover();
            }
            let mut params = Vec::new();
            if !takeover[1] {
                params.push(("server_no_context_takeover", None));
            }
            params.extend(bits.map(|bits| ("server_max_window_bits", Some(BITS[bits]))));
            agree(settings, &params)
        },
    )
}

/// The other side of it, which reads what that side compresses, with just the window that was agreed.
fn other_side(agreed: &Agreed) -> Inflater {
    let bits = agreed.own().window_bits().to_string();
    let mut response = vec![("server_max_window_bits", Some(&bits[..]))];
    if !agreed.own().takeover() {
        response.push(("server_no_context_takeover", None));
    }
    let settings = Settings::new().peer_window_bits(15);
    Inflater::new(&settings.accept_response(response).expect("valid"))
}

#[derive(Clone, Debug)]
struct Step {
    message: Vec<u8>,
    /// Compressed elsewhere.
    prepared: bool,
    fragments: bool,
    input: usize,
    payload: usize,
    output: usize,
    park: [bool; 2],
}

fn step() -> impl Strategy<Value = Step> {
    let size = || prop_oneof![1_usize..8, 8_usize..5000];
    (data(), any::<[bool; 4]>(), size(), size(), size()).prop_map(
        |(message, [prepared, fragments, park, parked], input, payload, output)| Step {
            message,
            prepared: prepared && fragments,
            fragments,
            input,
            payload,
            output,
            park: [park, parked],
        },
    )
}

fn outcome(mut inflater: Inflater, payload: &[u8], size: usize, max: usize) -> Outcome {
    inflater = inflater.limits(InflateLimits::new().message(100_000));
    cut(&mut inflater, payload.chunks(size), max)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn messages_survive(agreed in agreed(), steps in vec(step(), 1..6), pooled in any::<bool>()) {
        let (mut deflater, mut inflater) = (Deflater::new(&agreed), other_side(&agreed));
        if pooled {
            let pool = Pool::new(2);
            (deflater, inflater) = (deflater.pool(pool.clone()), inflater.pool(pool));
        }
        for step in steps {
            let mut payload = Vec::new();
            if step.prepared {
                payload = compress_once(agreed.prepared_kind(), &step.message);
                deflater.absorb(&step.message);
            } else {
                for piece in step.message.chunks(step.input) {
                    let flush = if step.fragments { Flush::Fragment } else { Flush::None };
                    deflater.compress(piece, &mut payload, flush);
                }
                deflater.compress(b"", &mut payload, Flush::Message);
            }
            let (message, error) = cut(&mut inflater, payload.chunks(step.payload), step.output);
            prop_assert_eq!(error, None);
            prop_assert!(message == step.message);
            if step.park[0] {
                deflater.park();
            }
            if step.park[1] {
                inflater.park();
            }
        }
    }

    #[test]
    fn how_a_message_is_cut_is_invisible(message in data(), size in 1_usize..50, max in 1_usize..2000) {
        let (mut deflater, _) = pair();
        compress(&mut deflater, b"something before it");
        let payload = compress(&mut deflater, &message);
        let whole = outcome(pair().1, &payload, usize::MAX, usize::MAX);
        prop_assert_eq!(outcome(pair().1, &payload, size, max), whole);
    }

    #[test]
    fn arbitrary_bytes_never_panic_and_fail_alike(
        payload in vec(any::<u8>(), 0..300),
        size in 1_usize..20,
        max in 1_usize..600,
    ) {
        for make in [|| pair().1, without_takeover] {
            let whole = outcome(make(), &payload, usize::MAX, usize::MAX);
            prop_assert_eq!(outcome(make(), &payload, size, max), whole);
        }
    }

    #[test]
    fn damaged_messages_never_panic_and_fail_alike(
        message in data(),
        damage in vec((any::<Index>(), any::<u8>()), 1..4),
        cut_at in option::of(any::<Index>()),
        size in 1_usize..20,
        max in 1_usize..600,
    ) {
        let mut payload = compress(&mut pair().0, &message);
        for (at, byte) in damage {
            *at.get_mut(&mut payload[..]) = byte;
        }
        if let Some(at) = cut_at {
            payload.truncate(at.index(payload.len()));
        }
        let whole = outcome(pair().1, &payload, usize::MAX, usize::MAX);
        prop_assert_eq!(outcome(pair().1, &payload, size, max), whole);
    }

    #[test]
    fn a_message_that_is_cut_short_fails_unless_an_empty_block_could_begin_there(message in data(), at in any::<Index>()) {
        let payload = compress(&mut pair().0, &message);
        let at = at.index(payload.len());
        let (out, error) = outcome(pair().1, &payload[..at], usize::MAX, usize::MAX);
        prop_assert!(message.starts_with(&out));
        prop_assert!(error.is_some() || at == 0 || payload[at - 1] >> 5 == 0);
    }

    #[test]
    fn s7_1_2_1_a_window_of_8_bits_is_kept_to(word in vec(any::<u8>(), 200)) {
        // Huffman codes and runs alone: a repetition is not found at any distance.
        let agreed = agree(Settings::new().own_window_bits(15), &[("server_max_window_bits", Some("8"))]);
        let message = word.repeat(20);
        prop_assert!(compress(&mut Deflater::new(&agreed), &message).len() > message.len() / 2);
        let runs = vec![word[0]; 4000];
        prop_assert!(compress(&mut Deflater::new(&agreed), &runs).len() < 100);
    }
}
