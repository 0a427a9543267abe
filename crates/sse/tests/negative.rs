//! What ends a stream: each limit, and ill-formed bytes where they are not replaced.

use longwave_sse::{DecodeError, Limit, Limits, Utf8Policy};
use longwave_testing::sse::drive::{Outcome, Settings, drive, unlimited};

fn fail(input: &[u8], limits: Limits) -> Outcome {
    Settings { limits, ..Settings::standard() }.decode(input)
}

fn strict(input: &[u8]) -> Outcome {
    Settings { utf8: Utf8Policy::Strict, ..Settings::standard() }.decode(input)
}

#[track_caller]
fn assert_too_long(outcome: &Outcome, limit: Limit, max: usize, at: usize) {
    match outcome.error {
        Some(DecodeError::TooLong { limit: l, max: m, at: a, .. }) => {
            assert_eq!((l, m, a), (limit, max, at as u64));
        }
        other => panic!("{other:?}"),
    }
}

/// A whole event, which must be had whatever comes behind it.
const BEFORE: &[u8] = b"id: 0\ndata: before\n\n";

fn after_before(bad: &[u8]) -> Vec<u8> {
    [BEFORE, bad].concat()
}

#[test]
fn a_line_over_the_limit_fails_at_its_first_byte_too_many() {
    for bad in [b"data: 3456789\n\n".as_slice(), b"unknown-field\n", b"event: 789012\r", b"retry: 10000000\n"]
    {
        let outcome = fail(&after_before(bad), unlimited().line(12));
        assert_too_long(&outcome, Limit::Line, 12, BEFORE.len() + 12);
        assert_eq!(outcome.told(), ["message:before#0"]);
        assert_eq!(outcome.last_event_id, "0");
    }
}

#[test]
fn a_line_need_not_end_to_be_over_the_limit() {
    let outcome = fail(&after_before(b"data: 3456789"), unlimited().line(12));
    assert_too_long(&outcome, Limit::Line, 12, BEFORE.len() + 12);
}

#[test]
fn a_line_of_just_the_limit_passes() {
    for line in [b"data: 678901\n\n".as_slice(), b"data: 678901\r\n\r\n", b"\xEF\xBB\xBFdata: 678901\r\r"] {
        let outcome = fail(line, unlimited().line(12));
        assert_eq!((outcome.error, outcome.told()), (None, vec!["message:678901#".to_owned()]));
    }
}

#[test]
fn a_byte_order_mark_counts_in_the_offset_alone() {
    let outcome = fail(b"\xEF\xBB\xBFdata: 6789012\n", unlimited().line(12));
    assert_too_long(&outcome, Limit::Line, 12, 3 + 12);
}

#[test]
fn a_comment_is_no_line_that_counts() {
    let comment = [b": ".as_slice(), &[b'x'; 500], b"\ndata: y\n\n"].concat();
    let outcome = fail(&comment, unlimited().line(8).comment(3));
    assert_eq!(
        (outcome.error, outcome.told()),
        (None, vec!["comment xxx".to_owned(), "message:y#".to_owned()])
    );
}

#[test]
fn a_comment_is_cut_between_characters() {
    const KEPT: [&str; 12] = ["", "", "é", "é", "é", "é€", "é€", "é€", "é€", "é€😀", "é€😀!", "é€😀!"];
    for (max, kept) in KEPT.into_iter().enumerate() {
        let outcome = fail(": é€😀!\n".as_bytes(), unlimited().comment(max));
        assert_eq!(outcome.told(), [format!("comment {kept}")], "{max}");
    }
}

#[test]
fn an_event_over_the_limit_fails_at_the_line_that_crossed_it() {
    // Each: a block, the offset of the line in it, with a limit of ten bytes.
    let cases: &[(&[u8], usize)] = &[
        (b"data: 1234567890\n", 0),
        (b"data: 1234\ndata: 56789\n", 11),
        (b"data: 1234\n:comment\r\nunknown\ndata: 56789\n\n", 29),
        (b"event: 12345678901\n", 0),
        (b"id: 12345678901\n", 0),
        (b"data: 123\nevent: 1234\nid: 123\n\n", 22),
        (b"id: 123\nevent: 1234\ndata: 123\n\n", 20),
        (b"data\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\ndata\n\n", 50),
    ];
    for &(block, line) in cases {
        let outcome = fail(&after_before(block), unlimited().event(10));
        assert_too_long(&outcome, Limit::Event, 10, BEFORE.len() + line);
        assert_eq!(outcome.told()[0], "message:before#0");
        assert_eq!(outcome.last_event_id, "0");
    }
}

#[test]
fn an_event_of_just_the_limit_passes() {
    for block in [b"data: 123456789\n\n".as_slice(), b"data: 123\nevent: 123\nid: 123\n\n"] {
        assert_eq!(fail(block, unlimited().event(10)).error, None);
        assert_eq!(fail(block, unlimited().event(10)).items.len(), 1);
    }
}

#[test]
fn each_block_begins_to_count_anew() {
    let limits = unlimited().event(10).data_lines(1);
    let outcome = fail(b"data: 123456789\n\ndata: 123456789\n\nevent: 1234567890\n\ndata\n\n", limits);
    assert_eq!((outcome.error, outcome.items.len()), (None, 3));
}

#[test]
fn what_is_no_part_of_the_event_does_not_count() {
    let outcome = fail(b"unknown: 12345678901\n: 12345678901\nretry: 12345678901\n\n", unlimited().event(1));
    assert_eq!(outcome.told(), ["comment 12345678901", "retry 12345678901"]);
    assert_eq!(outcome.error, None);
}

#[test]
fn an_id_over_the_limit_fails_at_its_line() {
    let outcome = fail(&after_before(b"data: x\nid: 12345\n\n"), unlimited().id(4));
    assert_too_long(&outcome, Limit::Id, 4, BEFORE.len() + 8);
    assert_eq!((outcome.told(), outcome.last_event_id.as_str()), (vec!["message:before#0".to_owned()], "0"));
}

#[test]
fn an_id_of_just_the_limit_passes() {
    assert_eq!(fail(b"id: 1234\n\n", unlimited().id(4)).told(), ["cursor 1234"]);
    assert_eq!(fail(b"id\n\n", unlimited().id(0)).told(), ["cursor "]);
}

#[test]
fn too_many_data_lines_fail_at_the_first_too_many() {
    let outcome = fail(&after_before(b"data: 1\r\ndata: 2\r\ndata\r\n"), unlimited().data_lines(2));
    assert_too_long(&outcome, Limit::DataLines, 2, BEFORE.len() + 18);
    assert_eq!(outcome.told(), ["message:before#0"]);
    assert_eq!(fail(b"data: 1\ndata: 2\n\n", unlimited().data_lines(2)).error, None);
}

#[test]
fn what_acted_before_the_error_has_acted() {
    let outcome = fail(b"retry: 7\n:c\nid: 1\ndata: 123\n\n", unlimited().event(3));
    assert_too_long(&outcome, Limit::Event, 3, 18);
    assert_eq!(
        (outcome.told(), outcome.last_event_id.as_str()),
        (vec!["retry 7".into(), "comment c".into()], "")
    );
}

#[test]
fn ill_formed_utf8_fails_at_its_first_byte_if_that_is_asked_for() {
    let cases: &[(&[u8], usize)] = &[
        (b"data: a\xFF\n", 7),
        (b"data: \xC3\xA9\xE2\x82\n", 8),
        (b"data: \xF0\x9F\x98\r", 6),
        (b"data: \xED\xA0\x80\n", 6),
        (b"data\ndata:\x80\n", 10),
        (b"event: x\xC0\x80\n", 8),
        (b"id: 1\xFE2\n", 5),
    ];
    for &(bad, at) in cases {
        let outcome = strict(&after_before(bad));
        let expected = (BEFORE.len() + at) as u64;
        match outcome.error {
            Some(DecodeError::InvalidUtf8 { at, .. }) => assert_eq!(at, expected, "{bad:x?}"),
            other => panic!("{bad:x?}: {other:?}"),
        }
        assert_eq!(
            (outcome.told(), outcome.last_event_id.as_str()),
            (vec!["message:before#0".to_owned()], "0")
        );
    }
}

#[test]
fn ill_formed_utf8_in_what_is_ignored_does_not_fail() {
    let outcome = strict(b":\xFF\n\xFF: x\nretry: \xFF\ndata: \xEF\xBB\xBF\xC3\xA9\n\n");
    assert_eq!(
        (outcome.error, outcome.told()),
        (None, vec!["comment \u{FFFD}".into(), "message:\u{FEFF}é#".into()])
    );
}

#[test]
fn an_error_tells_what_where_and_how_much() {
    let error = |outcome: Outcome| outcome.error.map(|error| error.to_string()).unwrap_or_default();
    let text = error(fail(b"data: 12345\n", unlimited().line(8)));
    assert!(text.contains('8') && text.contains("line"), "{text}");
    assert!(error(strict(b"data: 1\xFF\n")).contains('7'));
}

#[test]
fn a_new_connection_gets_over_the_error() {
    let settings = Settings { limits: unlimited().line(12), ..Settings::standard() };
    let mut decoder = settings.decoder();
    assert!(drive(&mut decoder, [&*after_before(b"data: 123456789\n")]).error.is_some());
    decoder.restart();
    let outcome = drive(&mut decoder, [b"data: x\n\n".as_slice()]);
    assert_eq!((outcome.error, outcome.told()), (None, vec!["message:x#0".to_owned()]));
}
