//! The codec's properties on generated input; the same functions are the bodies of the fuzz targets.

use std::time::Duration;

use longwave_testing::sse::{check, fuzz, parts::Parts};
use proptest::{collection::vec, option, prelude::*, sample::select};

/// Pieces that mean something in an event stream, or nearly so.
const PIECES: &[&[u8]] = &[
    b"data",
    b"data:",
    b"data: ",
    b"event",
    b"event:",
    b"event: ",
    b"id",
    b"id:",
    b"id: ",
    b"retry",
    b"retry:",
    b"retry: ",
    b"dat",
    b"Data: ",
    b"data :",
    b":",
    b": ",
    b": ping",
    b"\n",
    b"\n",
    b"\n\n",
    b"\r",
    b"\r",
    b"\r\r",
    b"\r\n",
    b"\r\n\r\n",
    b"\n\r",
    b" ",
    b"  ",
    b"\t",
    b"\0",
    b"0",
    b"1500",
    b"18446744073709551616",
    b"+5",
    b"a",
    b"message",
    b"{\"x\": [1]}",
    b"\xEF\xBB\xBF",
    b"\xEF\xBB",
    b"\xEF",
    b"\xC3\xA9",
    b"\xC3",
    b"\xA9",
    b"\xE2\x82\xAC",
    b"\xE2\x82",
    b"\xF0\x9F\x98\x80",
    b"\xF0\x9F\x98",
    b"\xF0",
    b"\xED\xA0\x80",
    b"\xC0\x80",
    b"\xF4\x90\x80\x80",
    b"\xFF",
    b"\xC2\x85",
    b"\xE2\x80\xA8",
    b"data: x\n\n",
    b"id: 7\ndata: y\n\n",
    b"id: 8\n\n",
    b"event: add\rdata: z\r\r",
];

fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        12 => select(PIECES).prop_map(<[u8]>::to_vec),
        2 => vec(any::<u8>(), 1..4),
        1 => (any::<u8>(), 1..80_usize).prop_map(|(byte, times)| vec![byte; times]),
    ]
}

/// Bytes that look like an event stream, with a byte order mark more often than not.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    const STARTS: &[&[u8]] = &[b"\xEF\xBB\xBF", b"", b"\xEF\xBB", b"\xEF\xBB\xBF\xEF\xBB\xBF"];
    (select(STARTS), vec(piece(), 0..32)).prop_map(|(bom, pieces)| [bom, &pieces.concat()].concat())
}

fn cuts() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(0..5_u8, 0..32), vec(0..40_u8, 0..6), vec(any::<u8>(), 0..3)]
}

/// Text in which whatever could end a line, void an id or split a field is frequent.
fn text() -> impl Strategy<Value = String> {
    const PARTS: &[&str] = &[
        "\r",
        "\n",
        "\r\n",
        "\n\n",
        "\0",
        ":",
        ": ",
        " ",
        "\t",
        "data: forged",
        "id: 9",
        "event: evil",
        "retry: 1",
        "é",
        "😀",
        "\u{FEFF}",
        "\u{FFFD}",
        "\u{85}",
        "\u{2028}",
        "x",
        "7",
        "message",
    ];
    let plain = vec(select(PARTS), 0..8).prop_map(|parts| parts.concat());
    prop_oneof![4 => plain, 1 => any::<String>()]
}

/// Text that a type or an id may be, most of the time.
fn field_text() -> impl Strategy<Value = String> {
    prop_oneof![3 => "[ -~é]{0,6}", 1 => text()]
}

fn delay() -> impl Strategy<Value = Duration> {
    prop_oneof![
        (0..100_000_u64).prop_map(Duration::from_micros),
        any::<u64>().prop_map(Duration::from_millis),
        (any::<u64>(), 0..1_000_000_000_u32).prop_map(|(secs, nanos)| Duration::new(secs, nanos)),
    ]
}

fn parts() -> impl Strategy<Value = Parts> {
    let fields = (option::of(field_text()), option::of(field_text()), option::of(delay()));
    (fields, vec(text(), 0..3), vec(text(), 0..3))
        .prop_map(|((event_type, id, retry), data, comments)| Parts { event_type, id, retry, data, comments })
}

proptest! {
    // A failing case becomes a test or a vector, not a file of seeds.
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: 8 * ProptestConfig::default().cases,
        ..ProptestConfig::default()
    })]

    /// The decoder says what the standard says, however the input is cut, and at once.
    #[test]
    fn decoding_is_what_the_standard_says(input in stream(), cuts in cuts()) {
        check::decode_matches_oracle(&input, &cuts);
    }

    /// How the input is cut into reads is invisible: with limits, in both overflow policies, strict or not.
    #[test]
    fn cuts_are_invisible(input in stream(), cuts in cuts(), variant in any::<u8>()) {
        check::cuts_are_invisible(&input, &cuts, &fuzz::settings(variant));
    }

    /// What a caller builds is what a client reads, and nothing that a caller passes forges more.
    #[test]
    fn what_is_built_is_what_is_read(parts in vec(parts(), 0..5), cuts in cuts()) {
        check::round_trip(&parts, &cuts);
    }

    /// The boundary finder knows where the stream stands.
    #[test]
    fn the_boundary_is_where_it_is(input in stream(), cuts in cuts()) {
        check::boundary_matches_oracle(&input, &cuts);
    }

    /// What is not an event stream at all is no exception.
    #[test]
    fn any_bytes_will_do(input in vec(any::<u8>(), 0..200), cuts in cuts(), variant in any::<u8>()) {
        check::decode_matches_oracle(&input, &cuts);
        check::cuts_are_invisible(&input, &cuts, &fuzz::settings(variant));
        check::boundary_matches_oracle(&input, &cuts);
    }
}

/// Where one call's text ends and the next one's begins, no line break is lost and none is joined.
#[test]
fn calls_keep_their_line_breaks() {
    const ENDS: [&str; 8] = ["", "\r", "\n", "\r\n", "\r\r", "\n\r", "a\r", "\ra"];
    for first in ENDS {
        for second in ENDS {
            let texts = vec![first.to_owned(), second.to_owned()];
            check::round_trip(&[Parts { data: texts.clone(), comments: texts, ..Parts::default() }], &[]);
        }
    }
}
