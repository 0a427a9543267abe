//! Properties of the codec, as functions that panic where one does not hold.
//!
//! The property tests and the fuzz targets call the same functions, so a crash that a fuzzer finds is a
//! test case as it is.

use std::time::Duration;

use longwave_ws::{Connection, FrameDecoder, FrameEncoder, FrameHeader, Message, OpCode, Reserved, Role};

use super::{
    drive::{Driver, FORMS, Form, FrameOutcome, Outcome, Receiver, drive, is_same},
    frame::RawFrame,
    oracle::{self, Terms, Told, Verdict},
    script::Script,
};
use crate::chunking;

/// The decoder and the connection say what the standard says, however the input is cut, at once and not later.
///
/// # Panics
///
/// If they do not.
pub fn decode_matches_oracle(terms: &Terms, input: &[u8], cuts: &[u8]) {
    let verdict = oracle::interpret(terms, input);
    let over_a_connection = verdict.clone().over_a_connection(terms.control_frames);
    let pieces = chunking::by_sizes(input, cuts);
    let repeated = chunking::by_repeated_sizes(input, cuts);
    for (receiver, expected) in [(Receiver::Decoder, &verdict), (Receiver::Connection, &over_a_connection)] {
        let whole = drive(terms, receiver, Form::Borrowed, [input]);
        assert_same(expected, &whole, terms, input, "whole");
        for form in FORMS {
            let same = |pieces: Vec<&[u8]>, how: &str| {
                let outcome = drive(terms, receiver, form, pieces);
                let input = text(input);
                assert_eq!(whole, outcome, "{how}, {receiver:?}, {form:?}: {input} in {cuts:?}, {terms:?}");
            };
            same(vec![input], "whole");
            same(chunking::byte_by_byte(input), "byte by byte");
            same(pieces.clone(), "in pieces");
            same(chunking::with_gaps(&pieces), "with gaps");
            same(repeated.clone(), "in repeated pieces");
        }
    }
    each_prefix_matches_oracle(terms, input, &pieces);
    each_prefix_matches_oracle(
        terms,
        &input[..input.len().min(PREFIXES)],
        &chunking::byte_by_byte(&input[..input.len().min(PREFIXES)]),
    );
}

/// What came out after each piece is all that the bytes up to there say.
fn each_prefix_matches_oracle(terms: &Terms, input: &[u8], pieces: &[&[u8]]) {
    let mut decoder = Driver::new(terms, Receiver::Decoder, Form::Mixed);
    let mut connection = Driver::new(terms, Receiver::Connection, Form::Mixed);
    let mut end = 0;
    for piece in pieces {
        end += piece.len();
        let so_far = &input[..end];
        let verdict = oracle::interpret(terms, so_far);
        decoder.push(piece);
        assert_same(&verdict, &decoder.outcome, terms, so_far, "up to here");
        if verdict.failure.is_none() {
            assert_eq!(decoder.is_between(), Some(verdict.between), "between? {}", text(so_far));
        }
        connection.push(piece);
        let verdict = verdict.over_a_connection(terms.control_frames);
        assert_same(&verdict, &connection.outcome, terms, so_far, "up to here, a connection");
    }
}

/// The frame decoder says what the standard says of each header and payload, however the input is cut; and what it
/// has read is written the same.
///
/// # Panics
///
/// If it does not.
pub fn frames_match_oracle(input: &[u8], cuts: &[u8]) {
    let pieces = chunking::by_sizes(input, cuts);
    let repeated = chunking::by_repeated_sizes(input, cuts);
    let gaps = chunking::with_gaps(&pieces);
    for pieces in [vec![input], chunking::byte_by_byte(input), gaps, repeated] {
        let (mut decoder, mut outcome) = (FrameDecoder::new(), FrameOutcome::default());
        let mut end = 0;
        for piece in pieces {
            end += piece.len();
            outcome.push(&mut decoder, piece);
            if input.len() <= PREFIXES {
                assert_same_frames(&outcome, &input[..end]);
            }
        }
        assert_same_frames(&outcome, input);

        let mut again = Vec::new();
        for (header, payload) in &outcome.frames {
            if payload.len() as u64 == header.payload_len() {
                FrameEncoder.encode(header, payload, &mut again);
            }
        }
        assert!(input.starts_with(&again), "{} is written as {}", text(input), text(&again));
    }
}

fn assert_same_frames(outcome: &FrameOutcome, input: &[u8]) {
    let expected = oracle::frames(input);
    let failure = match (&expected.failure, outcome.failure) {
        (None, None) => true,
        (Some(expected), Some((rule, at))) => expected.rules.contains(&rule) && expected.at == at,
        _ => false,
    };
    let frames = expected.frames.len() == outcome.frames.len()
        && expected
            .frames
            .iter()
            .zip(&outcome.frames)
            .all(|(frame, (header, payload))| is_same(header, frame) && *payload == frame.payload);
    assert!(failure && frames, "{}\n the standard: {expected:?}\n the decoder: {outcome:?}", text(input));
}

/// A stream that is right is understood as it was meant, however it is cut.
///
/// # Panics
///
/// If it is not.
pub fn script_is_understood(script: &Script, cuts: &[u8]) {
    let wire = script.wire();
    let terms = unlimited(script.role);
    let verdict = oracle::interpret(&terms, &wire);
    assert_eq!((verdict.told(), verdict.failure), (script.messages.clone(), None), "the oracle is wrong");
    decode_matches_oracle(&terms, &wire, cuts);
    frames_match_oracle(&wire, cuts);
    for frame in &script.frames {
        assert_eq!(encode(frame), frame.encode(), "{frame:?}");
    }
}

/// The frame as [`FrameEncoder`] writes it.
fn encode(frame: &RawFrame) -> Vec<u8> {
    let opcodes =
        [OpCode::Continuation, OpCode::Text, OpCode::Binary, OpCode::Close, OpCode::Ping, OpCode::Pong];
    let opcode = opcodes.into_iter().find(|&opcode| opcode as u8 == frame.opcode).expect("an opcode");
    let mut header = FrameHeader::new(opcode, frame.payload.len() as u64);
    if !frame.fin {
        header = header.with_more();
    }
    if let Some(key) = frame.key {
        header = header.with_key(key);
    }
    let mut wire = Vec::new();
    FrameEncoder.encode(&header.with_reserved(Reserved::from_bits(frame.rsv)), &frame.payload, &mut wire);
    wire
}

/// What one end sends is what the oracle and the other end read, in whatever fragments, and is a close at last.
///
/// # Panics
///
/// If it is not.
pub fn round_trip(messages: &[Told], from: Role, fragment: usize, cuts: &[u8]) {
    let to = unlimited(match from {
        Role::Client => Role::Server,
        Role::Server => Role::Client,
    });
    let mut sender = unlimited(from).connection().fragment_size(fragment);
    let mut wire = Vec::new();
    let mut expected = Vec::new();
    for message in messages {
        sender.send(message_of(message)).expect("a message that may be sent");
        // What is about the connection overtakes what waits, so nothing waits.
        wire.extend(sender.transmit().take_all());
        expected.push(message.clone());
        if matches!(message, Told::Close(_)) {
            break;
        }
    }
    assert_eq!(sender.buffered(), 0);
    let verdict = oracle::interpret(&to, &wire);
    assert!(verdict.failure.is_none() && verdict.between, "{verdict:?}: {}", text(&wire));
    assert_eq!(verdict.told(), expected, "{}", text(&wire));
    for frame in oracle::frames(&wire).frames {
        assert!(frame.opcode >= 8 || frame.len <= fragment as u64, "{frame:?}");
    }
    decode_matches_oracle(&to, &wire, cuts);
}

/// What a connection answers is right itself: a pong for each ping, and a close frame to a close frame or
/// a violation, with the code that belongs to it.
///
/// # Panics
///
/// If it is not.
pub fn answers_are_right(terms: &Terms, input: &[u8], cuts: &[u8]) {
    let verdict = oracle::interpret(terms, input).over_a_connection(terms.control_frames);
    let mut pings: Vec<_> = verdict
        .messages
        .iter()
        .filter_map(
            |(_, told)| if let Told::Ping(payload) = told { Some(Told::Pong(payload.clone())) } else { None },
        )
        .collect();
    let peer = unlimited(match terms.role {
        Role::Client => Role::Server,
        Role::Server => Role::Client,
    });
    for pieces in [vec![input], chunking::by_repeated_sizes(input, cuts)] {
        let mut driver = Driver::new(terms, Receiver::Connection, Form::Mixed);
        for piece in pieces {
            driver.push(piece);
        }
        let failure = driver.outcome.failure;
        let connection = driver.connection().expect("that is what it is");
        let wire = connection.transmit().take_all();
        let answer = oracle::interpret(&peer, &wire);
        assert!(answer.failure.is_none() && answer.between, "{answer:?}: {}", text(&wire));
        let mut told = answer.told();
        let close = match (failure, verdict.messages.last()) {
            (Some((rule, _, code)), _) => Some(Some((code, rule.to_string()))),
            (None, Some((_, Told::Close(frame)))) => {
                Some(frame.as_ref().map(|(code, _)| (*code, String::new())))
            }
            _ => None,
        };
        assert_eq!(connection.end().is_some(), close.is_some());
        if let Some(close) = close {
            assert_eq!(told.pop(), Some(Told::Close(close)), "{}", text(input));
        }
        // A peer that has read nothing meanwhile gets 32 and no more, the newest among them.
        if pings.len() > 32 {
            let newest = pings.pop().expect("there are some");
            pings.truncate(31);
            pings.push(newest);
        }
        assert_eq!(told, pings, "{}", text(input));
    }
}

/// Whatever a connection is fed, asked and told, it does not panic, and what it says is right.
///
/// # Panics
///
/// If it does, or is not.
pub fn connections_talk(script: &Script, fragment: usize, cuts: &[u8]) {
    let (mut client, mut server) =
        (unlimited(Role::Client).connection(), unlimited(Role::Server).connection());
    let from_client = script.role == Role::Server;
    let (from, to) = if from_client { (&mut client, &mut server) } else { (&mut server, &mut client) };
    *from =
        unlimited(if from_client { Role::Client } else { Role::Server }).connection().fragment_size(fragment);
    let mut expected = Vec::new();
    for message in &script.messages {
        from.send(message_of(message)).expect("it is open");
        expected.push(message.clone());
    }
    let mut told = pass(from, to, cuts);
    // What is about the connection overtakes messages, which keep their order among themselves.
    let is_urgent = |told: &Told| matches!(told, Told::Ping(_) | Told::Pong(_));
    let split = |all: Vec<Told>| all.into_iter().partition::<Vec<_>, _>(is_urgent);
    assert_eq!(split(std::mem::take(&mut told)), split(expected));

    let answers = pass(to, from, &[]);
    let closed = script.messages.iter().any(|told| matches!(told, Told::Close(_)));
    assert_eq!(answers.iter().any(|told| matches!(told, Told::Close(_))), closed);
    assert_eq!((from.end().is_some(), to.end().is_some()), (closed, closed));
}

/// Takes what one has to send to the other, and what that makes of it.
fn pass(from: &mut Connection, to: &mut Connection, cuts: &[u8]) -> Vec<Told> {
    let wire = from.transmit().take_all();
    let mut told = Vec::new();
    for piece in chunking::by_sizes(&wire, cuts) {
        let mut piece = piece.to_vec();
        let mut events = to.handle_input(Duration::ZERO, &mut piece);
        while let Some(event) = events.next_owned() {
            told.push(super::drive::tell_owned(&event.expect("what a connection sends is right")));
        }
    }
    told
}

/// The message as the codec has it.
///
/// # Panics
///
/// If a close code is one that may not be sent.
#[must_use]
pub fn message_of(told: &Told) -> Message {
    use longwave_ws::{CloseCode, CloseFrame};
    match told {
        Told::Text(text) => Message::text(text.as_str()),
        Told::Binary(bytes) => Message::binary(bytes.clone()),
        Told::Ping(bytes) => Message::Ping(bytes.clone().into()),
        Told::Pong(bytes) => Message::Pong(bytes.clone().into()),
        Told::Close(None) => Message::Close(None),
        Told::Close(Some((code, reason))) => {
            let code = CloseCode::new(*code).expect("a code that may be sent");
            Message::Close(Some(CloseFrame::new(code).with_reason(reason.as_str())))
        }
    }
}

/// Terms that nothing reaches.
#[must_use]
pub const fn unlimited(role: Role) -> Terms {
    Terms { role, frame: usize::MAX, message: usize::MAX, fragments: u32::MAX, control_frames: u32::MAX }
}

fn assert_same(expected: &Verdict, outcome: &Outcome, terms: &Terms, input: &[u8], how: &str) {
    let failure = match (&expected.failure, &outcome.failure) {
        (None, None) => true,
        (Some(expected), Some((rule, at, code))) => {
            expected.rules.contains(rule) && expected.at == *at && oracle::close_code(*rule) == *code
        }
        _ => false,
    };
    let messages = expected.messages.iter().map(|(_, told)| told).eq(&outcome.messages);
    assert!(
        failure && messages,
        "{how}: {} with {terms:?}\n the standard: {expected:?}\n the codec: {outcome:?}",
        text(input),
    );
}

/// An input in a form that can be pasted into a test.
fn text(input: &[u8]) -> String {
    format!("b\"{}\"", input.escape_ascii())
}

/// How long an input may be of which every prefix is looked at.
const PREFIXES: usize = 160;
