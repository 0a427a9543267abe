//! With `Overflow::Skip` a block over a limit is dropped, and nothing else.

use longwave_sse::{Discarded, Limit, Limits, Overflow, OwnedItem};
use longwave_testing::sse::drive::{Outcome, Settings, unlimited};

fn skip(input: &[u8], limits: Limits) -> Outcome {
    let outcome = Settings { limits, overflow: Overflow::Skip, ..Settings::standard() }.decode(input);
    assert_eq!(outcome.error, None);
    outcome
}

/// A whole event, which must be had whatever comes behind it.
const BEFORE: &[u8] = b"id: 0\ndata: before\n\n";

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
        assert_eq!(outcome.told(), ["message:before#0", &discarded, "message:after#0"], "{limit:?}");
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
    assert_eq!(outcome.told(), ["retry 7", "comment c", "comment d", "discarded DataLines", "message:1#"]);
    assert_eq!(outcome.last_event_id, "");
}

#[test]
fn two_skipped_blocks_are_told_one_by_one() {
    let outcome = skip(b"data: 12\n\ndata: 34\n\n\n\ndata\n\n", unlimited().event(2));
    assert_eq!(outcome.told(), ["discarded Event", "discarded Event", "message:#"]);
}

#[test]
fn a_skipped_block_is_told_by_the_first_limit_it_crossed() {
    let outcome =
        skip(b"id: 22\ndata: 1\ndata: 2\ndata: 34567890\n\n", unlimited().id(1).data_lines(1).line(10));
    assert_eq!(outcome.told(), ["discarded Id"]);
}

#[test]
fn a_skipped_block_that_does_not_end_is_not_told() {
    let outcome = skip(b"id: 1\n\nid: 2\ndata: 12\n", unlimited().event(2));
    assert_eq!((outcome.told(), outcome.last_event_id.as_str()), (vec!["cursor 1".to_owned()], "1"));
}

#[test]
fn a_skipped_line_with_a_cr_ends_at_it() {
    let outcome = skip(b"data: 1234567\r\rdata: 1\r\n\r\n", unlimited().line(8));
    assert_eq!(outcome.told(), ["discarded Line", "message:1#"]);
    assert_eq!(discarded_of(&outcome).bytes(), 14);
}

#[test]
fn a_skipped_block_begins_at_its_first_field() {
    for before in
        ["", ":c\n", "\n", "\r\n", "\n:c\r\n\r", "\u{FEFF}", "\u{FEFF}:c\n", "id\n\n", "data\r\n\r\n:c\r\n"]
    {
        let stream = [before, "data: 12\n:c\r\ndata\n\r\n"].concat();
        let outcome = skip(stream.as_bytes(), unlimited().event(2));
        assert_eq!(discarded_of(&outcome).bytes(), 18, "{before:?}");
    }
}
