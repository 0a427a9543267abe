//! The codec's properties on generated input; the same functions are the bodies of the fuzz targets.

use longwave_testing::ws::{check, frame::encode_all, fuzz, oracle::Told, script::Script};
use longwave_ws::Role;
use proptest::{collection::vec, prelude::*, sample::select};

fn role() -> impl Strategy<Value = Role> {
    select(&[Role::Client, Role::Server][..])
}

/// Messages, fragmented and interleaved, the texts cut inside characters too.
fn script() -> impl Strategy<Value = Script> {
    (role(), vec(any::<u8>(), 0..120)).prop_map(|(role, bytes)| Script::read(role, &bytes))
}

/// The same, with something wrong.
fn spoilt() -> impl Strategy<Value = Script> {
    (script(), vec(any::<u8>(), 3..12)).prop_map(|(mut script, how)| {
        script.spoil(&how);
        script
    })
}

/// Bytes of which many are the beginning of a frame.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    const PIECES: &[&[u8]] = &[
        b"\x81",
        b"\x82",
        b"\x01",
        b"\x02",
        b"\x00",
        b"\x80",
        b"\x88",
        b"\x89",
        b"\x8A",
        b"\xC1",
        b"\x08",
        b"\x83",
        b"\x00",
        b"\x01",
        b"\x02",
        b"\x05",
        b"\x7D",
        b"\x7E",
        b"\x7F",
        b"\x80",
        b"\x81",
        b"\x82",
        b"\x84",
        b"\x85",
        b"\xFD",
        b"\xFE",
        b"\xFF",
        b"\x00\x7E",
        b"\x00\x00\x00\x00\x00\x01\x00\x00",
        b"\x03\xE8",
        b"\xC3\xA9",
        b"\xE2\x82\xAC",
        b"\xF0\x9F\x98\x80",
        b"\xED\xA0",
        b"\xF4\x90",
        b"\0\0\0\0",
        b"hello",
    ];
    let piece = prop_oneof![
        6 => select(PIECES).prop_map(<[u8]>::to_vec),
        1 => vec(any::<u8>(), 1..4),
    ];
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn cuts() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(0..5_u8, 0..32), vec(0..40_u8, 0..6), vec(any::<u8>(), 0..3)]
}

proptest! {
    // A failing case becomes a test, not a file of seeds.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// What is right is understood as it was meant, by everything that reads, however it is cut.
    #[test]
    fn what_is_right_is_understood(script in script(), cuts in cuts()) {
        check::script_is_understood(&script, &cuts);
    }

    /// What is wrong fails by the same rule at the same byte, and all before it is delivered, however it is cut.
    #[test]
    fn what_is_wrong_fails_where_it_is(script in spoilt(), variant in any::<u8>(), cuts in cuts()) {
        let (wire, terms) = (script.wire(), fuzz::terms(variant));
        check::decode_matches_oracle(&terms, &wire, &cuts);
        check::answers_are_right(&terms, &wire, &cuts);
        check::frames_match_oracle(&wire, &cuts);
    }

    /// A limit is reached by what is right otherwise.
    #[test]
    fn what_is_too_much_fails_where_it_is(script in script(), variant in any::<u8>(), cuts in cuts()) {
        let terms = longwave_testing::ws::oracle::Terms { role: script.role, ..fuzz::terms(variant) };
        check::decode_matches_oracle(&terms, &script.wire(), &cuts);
        check::answers_are_right(&terms, &script.wire(), &cuts);
    }

    /// A byte of the wire may be any other.
    #[test]
    fn a_byte_that_tips_over_is_no_surprise(script in script(), at in any::<prop::sample::Index>(), bits in 1..=255_u8) {
        let mut wire = script.wire();
        if !wire.is_empty() {
            let at = at.index(wire.len());
            wire[at] ^= bits;
        }
        let terms = check::unlimited(script.role);
        check::decode_matches_oracle(&terms, &wire, &[7, 1]);
        check::frames_match_oracle(&wire, &[7, 1]);
    }

    /// What is no stream of frames at all is no exception.
    #[test]
    fn any_bytes_will_do(input in prop_oneof![bytes(), vec(any::<u8>(), 0..100)], variant in any::<u8>(), cuts in cuts()) {
        check::decode_matches_oracle(&fuzz::terms(variant), &input, &cuts);
        check::answers_are_right(&fuzz::terms(variant), &input, &cuts);
        check::frames_match_oracle(&input, &cuts);
    }

    /// What one end sends is what the other reads, in whatever fragments.
    #[test]
    fn what_is_sent_is_what_is_read(script in script(), fragment in 1..300_usize, cuts in cuts()) {
        let longest = script.frames.iter().map(|frame| frame.payload.len()).max().unwrap_or(0);
        let fragment = fragment + longest / 64;
        let from = if script.role == Role::Server { Role::Client } else { Role::Server };
        check::round_trip(&script.messages, from, fragment, &cuts);
        check::connections_talk(&script, fragment, &cuts);
    }

    /// The bodies of the fuzz targets take anything.
    #[test]
    fn fuzzers_find_nothing(input in vec(any::<u8>(), 0..200)) {
        fuzz::frame(&input);
        fuzz::message(&input);
        fuzz::script(&input);
    }
}

/// The generator makes what it should, or the properties are worth little.
#[test]
fn what_is_generated_is_varied() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};

    let mut runner = TestRunner::deterministic();
    let mut draw = || script().new_tree(&mut runner).expect("nothing is filtered").current();
    let scripts: Vec<_> = (0..4000).map(|_| draw()).collect();
    let frames = || scripts.iter().flat_map(|script| script.frames.iter());
    let messages = || scripts.iter().flat_map(|script| script.messages.iter());
    let told = [
        frames().filter(|frame| !frame.fin && frame.payload.is_empty()).count(),
        frames().filter(|frame| frame.fin && frame.opcode == 0 && frame.payload.is_empty()).count(),
        frames().filter(|frame| frame.opcode < 3 && std::str::from_utf8(&frame.payload).is_err()).count(),
        frames().filter(|frame| frame.payload.len() > 125).count(),
        frames().filter(|frame| frame.payload.len() > 65_535).count(),
        scripts
            .iter()
            .filter(|script| script.frames.windows(2).any(|two| !two[0].fin && two[1].opcode > 8))
            .count(),
        messages().filter(|told| matches!(told, Told::Text(text) if !text.is_ascii())).count(),
        messages().filter(|told| matches!(told, Told::Close(Some(_)))).count(),
        messages().filter(|told| matches!(told, Told::Close(None))).count(),
    ];
    assert!(told.iter().all(|&count| count >= 3), "{told:?}");
    assert!(scripts.iter().all(|script| script.wire() == encode_all(&script.frames)));
}
