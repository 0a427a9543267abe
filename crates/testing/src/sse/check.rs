//! Properties of the codec, as functions that panic where one does not hold.
//!
//! The property tests and the fuzz targets call the same functions, so a crash that a fuzzer finds is a
//! test case as it is.

use bytes::BytesMut;
use longwave_sse::{Boundary, Event, EventId, OwnedItem, Position};

use super::{
    boundary,
    drive::{Outcome, Settings, drive, drive_in_steps},
    oracle::{self, OracleItem},
    parts::Parts,
};
use crate::chunking;

/// The decoder says what the standard says, however the input is cut, at once and not later.
///
/// # Panics
///
/// If it does not.
pub fn decode_matches_oracle(input: &[u8], cuts: &[u8]) {
    let expected = oracle::interpret(input);
    let settings = Settings::standard();
    let pieces = chunking::by_sizes(input, cuts);

    assert_same(&expected, &drive(&mut settings.decoder(), [input]), input, "whole");
    assert_same(&expected, &drive(&mut settings.decoder(), pieces.iter().copied()), input, "in pieces");
    let gaps = chunking::with_gaps(&pieces);
    assert_same(
        &expected,
        &drive_in_steps(&mut settings.decoder(), gaps, 1),
        input,
        "in pieces, item by item",
    );
    let step = 1 + cuts.len() % 3;
    let repeated = chunking::by_repeated_sizes(input, cuts);
    assert_same(&expected, &drive_in_steps(&mut settings.decoder(), repeated, step), input, "in steps");

    // What came out after each piece is all that the bytes up to there say.
    let mut decoder = settings.decoder();
    let mut so_far = Outcome { items: Vec::new(), error: None, last_event_id: String::new() };
    let mut end = 0;
    for piece in pieces {
        end += piece.len();
        let more = drive(&mut decoder, [piece]);
        so_far.items.extend(more.items);
        so_far.last_event_id = more.last_event_id;
        assert_same(&oracle::interpret(&input[..end]), &so_far, &input[..end], "up to here");
    }

    // A new connection starts anew, but for the last event ID.
    decoder.restart();
    let seeded = oracle::interpret_seeded(input, &expected.last_event_id);
    assert_same(&seeded, &drive(&mut decoder, chunking::byte_by_byte(input)), input, "restarted");
}

/// How the input is cut changes nothing: not the items, not the error, not the last event ID. Whether
/// comments are handed out changes nothing but that.
///
/// # Panics
///
/// If it does.
pub fn cuts_are_invisible(input: &[u8], cuts: &[u8], settings: &Settings) {
    let settings = &Settings { comments: true, ..*settings };
    let mut whole = drive(&mut settings.decoder(), [input]);
    let pieces = chunking::by_sizes(input, cuts);
    let same = |outcome: Outcome, how: &str| {
        assert_eq!(whole, outcome, "{how}: {:?} in {pieces:?} with {settings:?}", text(input));
    };
    same(drive(&mut settings.decoder(), pieces.iter().copied()), "in pieces");
    same(drive(&mut settings.decoder(), chunking::byte_by_byte(input)), "byte by byte");
    same(drive(&mut settings.decoder(), chunking::by_repeated_sizes(input, cuts)), "in repeated pieces");
    same(drive_in_steps(&mut settings.decoder(), chunking::with_gaps(&pieces), 1), "item by item");
    same(drive_in_steps(&mut settings.decoder(), [input], 2), "two items at a time");

    let mut restarted = settings.decoder();
    drive(&mut restarted, [input]);
    restarted.restart();
    restarted = restarted.seed(EventId::from_static(""));
    same(drive(&mut restarted, pieces.iter().copied()), "restarted");

    let quiet = Settings { comments: false, ..*settings };
    whole.items.retain(|item| !matches!(item, OwnedItem::Comment(_)));
    let same = |outcome: Outcome, how: &str| {
        assert_eq!(whole, outcome, "{how}: {:?} in {pieces:?} with {quiet:?}", text(input));
    };
    same(drive(&mut quiet.decoder(), [input]), "whole");
    same(drive(&mut quiet.decoder(), pieces.iter().copied()), "in pieces");
    same(drive(&mut quiet.decoder(), chunking::byte_by_byte(input)), "byte by byte");
    same(drive_in_steps(&mut quiet.decoder(), chunking::with_gaps(&pieces), 1), "item by item");
}

/// What the builder accepts is what a client reads: nothing is lost, and nothing is forged.
///
/// # Panics
///
/// If it is not.
pub fn round_trip(parts: &[Parts], cuts: &[u8]) {
    let mut wire = BytesMut::new();
    let mut expected = oracle::Interpretation { items: Vec::new(), last_event_id: String::new() };
    for parts in parts {
        let mut parts = parts.clone();
        let event = parts.build();
        expected.items.extend(parts.meaning(&mut expected.last_event_id));

        let start = wire.len();
        event.encode_into(&mut wire);
        assert_eq!(event.encode(), wire[start..], "{event:?}");
        assert_eq!(event.encoded_len(), wire.len() - start, "{event:?}");
        assert_eq!(boundary::position(&wire), Position::BetweenEvents, "{:?}", text(&wire));
    }
    assert_eq!(oracle::interpret(&wire), expected, "{:?}", text(&wire));

    let pieces = chunking::by_repeated_sizes(&wire, cuts);
    let decoded = drive(&mut Settings::standard().decoder(), pieces);
    assert_same(&expected, &decoded, &wire, "decoded");

    for item in decoded.items {
        if let OwnedItem::Event(event) = &item {
            let again = Event::from(event.clone()).encode();
            assert_eq!(
                drive(&mut Settings::standard().decoder(), [&*again]).items,
                [item],
                "{:?}",
                text(&again)
            );
        }
    }
}

/// [`Boundary`] says where the stream stands, after every piece and however it is cut.
///
/// # Panics
///
/// If it does not.
pub fn boundary_matches_oracle(input: &[u8], cuts: &[u8]) {
    let by_byte = chunking::byte_by_byte(input);
    let pieces = chunking::with_gaps(&chunking::by_sizes(input, cuts));
    let repeated = chunking::by_repeated_sizes(input, cuts);
    for pieces in [vec![input], by_byte, pieces, repeated] {
        let mut boundary = Boundary::new();
        assert_eq!(boundary.position(), boundary::position(b""));
        let mut end = 0;
        for piece in pieces {
            end += piece.len();
            boundary.push(piece);
            let prefix = &input[..end];
            assert_eq!(
                boundary.position(),
                boundary::position(prefix),
                "{:?} + {:?}",
                text(prefix),
                text(piece)
            );
        }
    }
}

fn assert_same(expected: &oracle::Interpretation, decoded: &Outcome, input: &[u8], how: &str) {
    let differs =
        expected.items.iter().zip(&decoded.items).position(|(oracle, item): (&OracleItem, _)| oracle != item);
    assert!(
        decoded.error.is_none()
            && differs.is_none()
            && expected.items.len() == decoded.items.len()
            && expected.last_event_id == decoded.last_event_id,
        "{how}, from item {differs:?} on: {:?}\n the standard: {expected:?}\n the decoder: {decoded:?}",
        text(input),
    );
}

/// An input in a form that can be pasted into a test.
fn text(input: &[u8]) -> String {
    format!("b\"{}\"", input.escape_ascii())
}
