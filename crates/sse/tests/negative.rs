//! What is refused: each limit, ill-formed bytes, and each text that a builder may not take.

use longwave_sse::{
    DecodeError, Discarded, Event, EventId, EventType, FieldError, Limit, Limits, Overflow, OwnedItem,
    Utf8Policy,
};
use longwave_testing::{
    chunking,
    sse::check::{Outcome, Settings, drive, unlimited},
};

/// Decodes in every way that matters, and returns what all of them agree on.
fn decode(input: &[u8], limits: Limits, overflow: Overflow, utf8: Utf8Policy) -> Outcome {
    let settings = Settings { limits, overflow, utf8 };
    let whole = drive(&mut settings.decoder(), [input]);
    let by_byte = drive(&mut settings.decoder(), chunking::byte_by_byte(input));
    assert_eq!(whole, by_byte, "byte by byte");
    for pieces in chunking::every_two(input) {
        assert_eq!(whole, drive(&mut settings.decoder(), pieces.iter().copied()), "{pieces:?}");
    }
    whole
}

fn fail(input: &[u8], limits: Limits) -> Outcome {
    decode(input, limits, Overflow::Fail, Utf8Policy::Replace)
}

fn skip(input: &[u8], limits: Limits) -> Outcome {
    let outcome = decode(input, limits, Overflow::Skip, Utf8Policy::Replace);
    assert_eq!(outcome.error, None);
    outcome
}

fn strict(input: &[u8]) -> Outcome {
    decode(input, unlimited(), Overflow::Fail, Utf8Policy::Strict)
}

/// The items, in a form short enough for a table.
fn told(outcome: &Outcome) -> Vec<String> {
    outcome.items.iter().map(tell).collect()
}

fn tell(item: &OwnedItem) -> String {
    match item {
        OwnedItem::Event(event) => {
            format!("{}:{}#{}", event.event_type(), event.data(), event.last_event_id())
        }
        OwnedItem::Cursor(id) => format!("cursor {id}"),
        OwnedItem::Retry(delay) => format!("retry {}", delay.as_millis()),
        OwnedItem::Comment(text) => format!("comment {text}"),
        OwnedItem::Discarded(discarded) => format!("discarded {:?}", discarded.limit()),
        other => format!("{other:?}"),
    }
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
        assert_eq!(told(&outcome), ["message:before#0"]);
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
        assert_eq!((outcome.error, told(&outcome)), (None, vec!["message:678901#".to_owned()]));
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
        (outcome.error, told(&outcome)),
        (None, vec!["comment xxx".to_owned(), "message:y#".to_owned()])
    );
}

#[test]
fn a_comment_is_cut_between_characters() {
    for (max, kept) in [(0, ""), (1, ""), (2, "é"), (3, "é"), (4, "é"), (5, "é€"), (6, "é€!"), (7, "é€!")]
    {
        let outcome = fail(": é€!\n".as_bytes(), unlimited().comment(max));
        assert_eq!(told(&outcome), [format!("comment {kept}")], "{max}");
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
        assert_eq!(told(&outcome)[0], "message:before#0");
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
    assert_eq!(told(&outcome), ["comment 12345678901", "retry 12345678901"]);
    assert_eq!(outcome.error, None);
}

#[test]
fn an_id_over_the_limit_fails_at_its_line() {
    let outcome = fail(&after_before(b"data: x\nid: 12345\n\n"), unlimited().id(4));
    assert_too_long(&outcome, Limit::Id, 4, BEFORE.len() + 8);
    assert_eq!((told(&outcome), outcome.last_event_id.as_str()), (vec!["message:before#0".to_owned()], "0"));
}

#[test]
fn an_id_of_just_the_limit_passes() {
    assert_eq!(told(&fail(b"id: 1234\n\n", unlimited().id(4))), ["cursor 1234"]);
    assert_eq!(told(&fail(b"id\n\n", unlimited().id(0))), ["cursor "]);
}

#[test]
fn too_many_data_lines_fail_at_the_first_too_many() {
    let outcome = fail(&after_before(b"data: 1\r\ndata: 2\r\ndata\r\n"), unlimited().data_lines(2));
    assert_too_long(&outcome, Limit::DataLines, 2, BEFORE.len() + 18);
    assert_eq!(told(&outcome), ["message:before#0"]);
    assert_eq!(fail(b"data: 1\ndata: 2\n\n", unlimited().data_lines(2)).error, None);
}

#[test]
fn what_acted_before_the_error_has_acted() {
    let outcome = fail(b"retry: 7\n:c\nid: 1\ndata: 123\n\n", unlimited().event(3));
    assert_too_long(&outcome, Limit::Event, 3, 18);
    assert_eq!(
        (told(&outcome), outcome.last_event_id.as_str()),
        (vec!["retry 7".into(), "comment c".into()], "")
    );
}

#[test]
fn skipping_drops_the_block_and_goes_on() {
    let cases: &[(Limits, &[u8], Limit)] = &[
        (unlimited().line(12), b"data: 3456789\ndata: x\n\n", Limit::Line),
        (unlimited().line(12), b"id: 1\nevent: e\nunknown-field\n\n", Limit::Line),
        (unlimited().event(8), b"id: 1\ndata: 3456789\ndata: x\n\n", Limit::Event),
        (unlimited().id(1), b"data: 1\nid: 22\ndata: x\nevent: e\n\n", Limit::Id),
        (unlimited().data_lines(1), b"data: 1\nid: 1\ndata: 2\nid: 3\n\n", Limit::DataLines),
    ];
    for (limits, block, limit) in cases {
        let stream = [BEFORE, block, b"data: after\n\n".as_slice()].concat();
        let outcome = skip(&stream, *limits);
        let discarded = format!("discarded {limit:?}");
        assert_eq!(told(&outcome), ["message:before#0", &discarded, "message:after#0"], "{limit:?}");
        assert_eq!(outcome.last_event_id, "0");
        assert_eq!(discarded_of(&outcome).bytes(), block.len() as u64 - 1, "{limit:?}");
    }
}

fn discarded_of(outcome: &Outcome) -> Discarded {
    let discarded = outcome.items.iter().find_map(|item| match item {
        OwnedItem::Discarded(discarded) => Some(*discarded),
        _ => None,
    });
    discarded.expect("a block was discarded")
}

#[test]
fn a_skipped_block_rolls_its_id_back_and_keeps_what_acted_at_once() {
    let block = b"id: 1\nretry: 7\n: c\ndata: 123\ndata: 456\nretry: 8\n: d\nid: 2\n\n\ndata: 1\n\n";
    let outcome = skip(block, unlimited().data_lines(1));
    assert_eq!(told(&outcome), ["retry 7", "comment c", "comment d", "discarded DataLines", "message:1#"]);
    assert_eq!(outcome.last_event_id, "");
}

#[test]
fn two_skipped_blocks_are_told_one_by_one() {
    let outcome = skip(b"data: 12\n\ndata: 34\n\n\n\ndata\n\n", unlimited().event(2));
    assert_eq!(told(&outcome), ["discarded Event", "discarded Event", "message:#"]);
}

#[test]
fn a_skipped_block_is_told_by_the_first_limit_it_crossed() {
    let outcome =
        skip(b"id: 22\ndata: 1\ndata: 2\ndata: 34567890\n\n", unlimited().id(1).data_lines(1).line(10));
    assert_eq!(told(&outcome), ["discarded Id"]);
}

#[test]
fn a_skipped_block_that_does_not_end_is_not_told() {
    let outcome = skip(b"id: 1\n\nid: 2\ndata: 12\n", unlimited().event(2));
    assert_eq!((told(&outcome), outcome.last_event_id.as_str()), (vec!["cursor 1".to_owned()], "1"));
}

#[test]
fn a_skipped_line_with_a_cr_ends_at_it() {
    let outcome = skip(b"data: 1234567\r\rdata: 1\r\n\r\n", unlimited().line(8));
    assert_eq!(told(&outcome), ["discarded Line", "message:1#"]);
    assert_eq!(discarded_of(&outcome).bytes(), 14);
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
            (told(&outcome), outcome.last_event_id.as_str()),
            (vec!["message:before#0".to_owned()], "0")
        );
    }
}

#[test]
fn ill_formed_utf8_in_what_is_ignored_does_not_fail() {
    let outcome = strict(b":\xFF\n\xFF: x\nretry: \xFF\ndata: \xEF\xBB\xBF\xC3\xA9\n\n");
    assert_eq!(
        (outcome.error, told(&outcome)),
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
    assert_eq!((outcome.error, told(&outcome)), (None, vec!["message:x#0".to_owned()]));
}

/// The seed comes from wherever the caller kept it, and goes into events that are sent on.
#[test]
fn a_seed_forges_nothing_in_an_event_that_is_sent_on() {
    for seed in ["1\n\ndata: forged\n", "1\r\rdata: forged\r", "1\0"] {
        let mut decoder = Settings::standard().decoder().seed(seed);
        let Some(OwnedItem::Event(event)) = drive(&mut decoder, [b"data: x\n\n".as_slice()]).items.pop()
        else {
            panic!("an event");
        };
        let wire = Event::from(event).encode();
        let items = drive(&mut Settings::standard().decoder(), [&*wire]).items;
        assert!(matches!(&*items, [OwnedItem::Event(event)] if event.data() == "x"), "{seed:?}: {items:?}");
    }
}

/// What a refusal blames, and where.
fn refused(error: FieldError) -> (char, usize) {
    match error {
        FieldError::CarriageReturn { at, .. } => ('\r', at),
        FieldError::LineFeed { at, .. } => ('\n', at),
        FieldError::Nul { at, .. } => ('\0', at),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_id_refuses_what_would_end_its_line_or_void_it() {
    for (id, reason) in [
        ("\n", ('\n', 0)),
        ("1\rdata: forged", ('\r', 1)),
        ("é\r\n", ('\r', 2)),
        ("1\n\n2", ('\n', 1)),
        ("\0", ('\0', 0)),
        ("12\0\n", ('\0', 2)),
    ] {
        assert_eq!(EventId::new(id).map_err(refused), Err(reason), "{id:?}");
        assert_eq!(EventId::try_from(id).map_err(refused), Err(reason), "{id:?}");
        assert_eq!(EventId::try_from(id.to_owned()).map_err(refused), Err(reason), "{id:?}");
        assert_eq!(id.parse::<EventId>().map_err(refused), Err(reason), "{id:?}");
    }
}

#[test]
fn a_type_refuses_what_would_end_its_line() {
    for (name, reason) in [("\n", ('\n', 0)), ("a\r", ('\r', 1)), ("é\r\n", ('\r', 2)), ("a\n\0", ('\n', 1))]
    {
        assert_eq!(EventType::new(name).map_err(refused), Err(reason), "{name:?}");
        assert_eq!(EventType::try_from(name).map_err(refused), Err(reason), "{name:?}");
        assert_eq!(EventType::try_from(name.to_owned()).map_err(refused), Err(reason), "{name:?}");
        assert_eq!(name.parse::<EventType>().map_err(refused), Err(reason), "{name:?}");
    }
    assert_eq!(EventType::new("a\0").expect("a type may hold NUL").as_str(), "a\0");
}

#[test]
#[should_panic(expected = "CR, LF or NUL")]
fn a_constant_id_refuses_at_once() {
    let _ = EventId::from_static("1\0");
}

#[test]
#[should_panic(expected = "CR or LF")]
fn a_constant_type_refuses_at_once() {
    let _ = EventType::from_static("a\nb");
}
