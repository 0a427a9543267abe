//! Beats in generated streams; the same function is the body of the fuzz target `heartbeat_body`.

use longwave_testing::heartbeat::{Silences, beats_are_invisible};
use proptest::{collection::vec, prelude::*, sample::select};

/// Pieces after each of which an event stream stands somewhere else.
const PIECES: &[&[u8]] = &[
    b"data: x",
    b"data",
    b": ping",
    b":",
    b"id: 7",
    b"event: add",
    b"retry: 5",
    b"\n",
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\n",
    b"\xEF\xBB\xBF",
    b"\xEF\xBB",
    b"\xEF",
    b"\xC3\xA9",
    b"\xC3",
    b" ",
    b"data: x\n\n",
    b"id: 8\n\n",
    b"data: y\r\r",
    b"",
];

fn stream() -> impl Strategy<Value = Vec<u8>> {
    const STARTS: &[&[u8]] = &[b"\xEF\xBB\xBF", b"", b"\xEF\xBB"];
    (select(STARTS), vec(select(PIECES), 0..24))
        .prop_map(|(start, pieces)| [start, &pieces.concat()].concat())
}

proptest! {
    // A failing case becomes a test, not a file of seeds.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1_000) })]

    /// A client reads the same with beats as without, however the stream is cut and wherever it falls silent.
    #[test]
    fn beats_are_not_seen(input in stream(), cuts in vec(0..20_u8, 0..12), silences in any::<u8>()) {
        beats_are_invisible(&input, &cuts, Silences(silences));
    }

    /// Whatever a body may be.
    #[test]
    fn any_bytes_will_do(input in vec(any::<u8>(), 0..100), cuts in vec(any::<u8>(), 0..4), silences in any::<u8>()) {
        beats_are_invisible(&input, &cuts, Silences(silences));
    }
}

/// A stream of everything there is, cut at every byte, with a beat forced after each.
#[test]
fn a_stream_that_is_cut_everywhere_stays_what_it_is() {
    let streams: [&[u8]; 4] = [
        b"\xEF\xBB\xBFid: 1\nevent: add\ndata: a\ndata: b\n\n: comment\nretry: 10\n\nid: 2\n\ndata: c\n\n",
        b"id: 1\r\nevent: add\r\ndata: a\r\ndata: b\r\n\r\n: comment\r\nretry: 10\r\n\r\ndata: c\r\n\r\n",
        b"id: 1\revent: add\rdata: a\rdata: b\r\r: comment\rretry: 10\r\rid: 2\r\rdata: c\r\r",
        b"\n\n\r\r\n\n\rdata: a\n\r\n\n\r\ndata\r\n\ndata: unfinished",
    ];
    for stream in streams {
        for silences in 0..4 {
            beats_are_invisible(stream, &[], Silences(silences));
        }
    }
}
