//! One case for each MUST that a receiver can check, named after the section of RFC 6455 it is in; and the limits.
//!
//! Each is run behind messages that are right, which must all be had; whole, cut in two everywhere and byte by byte;
//! with what is right behind it, and with nothing.

use longwave_testing::{
    chunking,
    ws::{
        check::{self, unlimited},
        drive::{FORMS, Form, Outcome, Receiver, drive},
        frame::{Length, RawFrame, encode_all},
        oracle::{Terms, Told, close_code, may_be_sent},
    },
};
use longwave_ws::{Role, Rule};

const ROLES: [Role; 2] = [Role::Server, Role::Client];
const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// What comes first: a text, and bytes in two frames with a ping between.
fn before(role: Role) -> (Vec<u8>, Vec<Told>) {
    let frames = [
        RawFrame::new(role, TEXT, "béfor"),
        RawFrame::new(role, BINARY, [1, 2]).more(),
        RawFrame::new(role, PING, "p"),
        RawFrame::new(role, CONTINUATION, [3]),
    ];
    let told = vec![Told::Text("béfor".to_owned()), Told::Ping(b"p".to_vec()), Told::Binary(vec![1, 2, 3])];
    (encode_all(&frames), told)
}

/// Everything that reads, fed in every way, does the same; this is what.
#[track_caller]
fn everywhere(terms: &Terms, input: &[u8]) -> Outcome {
    let expected = drive(terms, Receiver::Decoder, Form::Borrowed, [input]);
    for receiver in [Receiver::Decoder, Receiver::Connection] {
        for form in [Form::Borrowed, Form::Owned, Form::Parts] {
            let by_byte = drive(terms, receiver, form, chunking::byte_by_byte(input));
            assert_eq!(by_byte, expected, "byte by byte, {receiver:?}, {form:?}");
            for pieces in chunking::every_two(input) {
                let outcome = drive(terms, receiver, form, pieces.iter().copied());
                assert_eq!(outcome, expected, "{pieces:x?}, {receiver:?}, {form:?}");
            }
        }
    }
    check::decode_matches_oracle(terms, input, &[3, 1, 4, 1, 5]);
    check::answers_are_right(terms, input, &[2, 7]);
    check::frames_match_oracle(input, &[3, 1, 4, 1, 5]);
    expected
}

/// What is `bad` breaks the rule, which shows at the byte `at` of it; before that byte has come, nothing shows.
#[track_caller]
fn refused(terms: &Terms, bad: &[u8], rule: Rule, at: usize, code: u16) {
    let (mut input, told) = before(terms.role);
    let expected = Outcome { messages: told, failure: Some((rule, (input.len() + at) as u64, code)) };
    input.extend_from_slice(bad);
    assert_eq!(everywhere(terms, &input), expected, "{}", bad.escape_ascii());
    let after = RawFrame::new(terms.role, TEXT, "after").encode();
    assert_eq!(everywhere(terms, &[input, after].concat()), expected, "{}", bad.escape_ascii());
}

/// The frame breaks the rule, as such.
#[track_caller]
fn refused_frame(to: Role, frame: &RawFrame, rule: Rule) {
    refused(&unlimited(to), &frame.encode(), rule, 0, 1002);
}

/// The second frame breaks the rule because of the first.
#[track_caller]
fn refused_second(terms: &Terms, first: &[RawFrame], second: &RawFrame, rule: Rule, code: u16) {
    let first = encode_all(first);
    let bad = [first.clone(), second.encode()].concat();
    refused(terms, &bad, rule, first.len(), code);
}

/// It is right, and means this.
#[track_caller]
fn accepted(terms: &Terms, good: &[RawFrame], told: &[Told]) {
    let (mut input, mut messages) = before(terms.role);
    input.extend(encode_all(good));
    messages.extend_from_slice(told);
    assert_eq!(everywhere(terms, &input), Outcome { messages, failure: None }, "{good:?}");
}

fn masking(role: Role) -> Option<[u8; 4]> {
    (role == Role::Server).then_some([9, 8, 7, 0x86])
}

#[test]
fn rfc6455_5_1_a_frame_of_a_client_has_a_mask() {
    for opcode in [TEXT, BINARY, CLOSE, PING, PONG] {
        for payload in [&b""[..], b"\x03\xE8abc"] {
            let frame = RawFrame::new(Role::Server, opcode, payload).key(None);
            refused_frame(Role::Server, &frame, Rule::Unmasked);
        }
    }
    let begun = [RawFrame::new(Role::Server, TEXT, "a").more()];
    let frame = RawFrame::new(Role::Server, CONTINUATION, "b").key(None);
    refused_second(&unlimited(Role::Server), &begun, &frame, Rule::Unmasked, 1002);
}

#[test]
fn rfc6455_5_1_a_frame_of_a_server_has_none() {
    // A key of zeros is one too.
    for key in [[1, 2, 3, 4], [0; 4]] {
        for opcode in [TEXT, BINARY, CLOSE, PING, PONG] {
            let frame = RawFrame::new(Role::Client, opcode, b"\x03\xE8abc".to_vec()).key(Some(key));
            refused_frame(Role::Client, &frame, Rule::Masked);
        }
        let begun = [RawFrame::new(Role::Client, BINARY, "a").more()];
        let frame = RawFrame::new(Role::Client, CONTINUATION, "b").key(Some(key));
        refused_second(&unlimited(Role::Client), &begun, &frame, Rule::Masked, 1002);
    }
}

#[test]
fn rfc6455_5_3_any_key_will_do() {
    for key in [[0; 4], [0xFF; 4], [0, 0, 0, 1], [0x80, 0, 0x7F, 0xC3]] {
        for text in
            ["", "a", "é€😀", "a text that is long enough for the words of the machine, é€😀, and more"]
        {
            let frame = RawFrame::new(Role::Server, TEXT, text).key(Some(key));
            accepted(&unlimited(Role::Server), &[frame], &[Told::Text(text.to_owned())]);
        }
    }
}

#[test]
fn rfc6455_5_2_reserved_bits_are_zero_on_each_kind_of_frame() {
    for role in ROLES {
        for rsv in 1..8 {
            for opcode in [TEXT, BINARY, CLOSE, PING, PONG] {
                for payload in [&b""[..], b"\x03\xE8abc"] {
                    let frame = RawFrame::new(role, opcode, payload).rsv(rsv);
                    refused_frame(role, &frame, Rule::ReservedBits);
                }
            }
            for opcode in [TEXT, BINARY] {
                let begun = [RawFrame::new(role, opcode, "a").more()];
                for frame in [
                    RawFrame::new(role, CONTINUATION, "b").rsv(rsv),
                    RawFrame::new(role, CONTINUATION, "").more().rsv(rsv),
                    RawFrame::new(role, PING, "").rsv(rsv),
                ] {
                    refused_second(&unlimited(role), &begun, &frame, Rule::ReservedBits, 1002);
                }
                refused_frame(role, &begun[0].clone().rsv(rsv), Rule::ReservedBits);
            }
        }
    }
}

#[test]
fn rfc6455_5_2_reserved_opcodes_are_refused() {
    for role in ROLES {
        for opcode in (3..8).chain(11..16) {
            let frame = RawFrame::new(role, opcode, "");
            for frame in [frame.clone(), RawFrame { payload: b"abc".to_vec(), ..frame.clone() }, frame.more()]
            {
                refused_frame(role, &frame, Rule::ReservedOpCode(opcode));
                let begun = [RawFrame::new(role, TEXT, "a").more()];
                refused_second(&unlimited(role), &begun, &frame, Rule::ReservedOpCode(opcode), 1002);
            }
            // Two bytes tell.
            refused(&unlimited(role), &frame_start(role, opcode), Rule::ReservedOpCode(opcode), 0, 1002);
        }
    }
}

/// The first two bytes of a frame that claims to be long.
fn frame_start(role: Role, opcode: u8) -> Vec<u8> {
    RawFrame::new(role, opcode, "").length(Length::Eight(1 << 40)).header()[..2].to_vec()
}

#[test]
fn rfc6455_5_2_a_length_is_as_short_as_can_be() {
    for role in ROLES {
        let lengths = [0, 1, 124, 125].map(Length::Two);
        let long = [0, 1, 125, 126, 127, 65_534, 65_535].map(Length::Eight);
        for length in lengths.into_iter().chain(long) {
            for opcode in [TEXT, BINARY] {
                let frame = RawFrame::new(role, opcode, "abc").length(length);
                refused_frame(role, &frame, Rule::LengthNotMinimal);
                refused_frame(role, &frame.more(), Rule::LengthNotMinimal);
            }
            let begun = [RawFrame::new(role, TEXT, "a").more()];
            let frame = RawFrame::new(role, CONTINUATION, "").length(length);
            refused_second(&unlimited(role), &begun, &frame, Rule::LengthNotMinimal, 1002);
        }
    }
}

#[test]
fn rfc6455_5_2_each_length_is_accepted_in_its_form() {
    for role in ROLES {
        for len in [0_usize, 1, 124, 125, 126, 127, 128, 255, 256] {
            let frame = RawFrame::new(role, BINARY, vec![7; len]);
            accepted(&unlimited(role), &[frame], &[Told::Binary(vec![7; len])]);
        }
        // Too long to be cut everywhere.
        for len in [65_534_usize, 65_535, 65_536, 65_537] {
            let frame = RawFrame::new(role, BINARY, vec![7; len]);
            check::decode_matches_oracle(&unlimited(role), &frame.encode(), &[1, 1, 200]);
            let outcome = drive(&unlimited(role), Receiver::Connection, Form::Owned, [&frame.encode()[..]]);
            assert_eq!(outcome.messages, [Told::Binary(vec![7; len])]);
        }
    }
}

#[test]
fn rfc6455_5_2_the_highest_bit_of_a_length_is_zero() {
    for role in ROLES {
        for len in [1 << 63, (1 << 63) + 1, (1 << 63) + 126, u64::MAX - 1, u64::MAX] {
            for opcode in [TEXT, BINARY] {
                let frame = RawFrame::new(role, opcode, "abc").length(Length::Eight(len));
                refused_frame(role, &frame, Rule::LengthNegative);
            }
            let begun = [RawFrame::new(role, BINARY, "a").more()];
            let frame = RawFrame::new(role, CONTINUATION, "").length(Length::Eight(len));
            refused_second(&unlimited(role), &begun, &frame, Rule::LengthNegative, 1002);
        }
        // The longest that may be is only too long.
        let frame = RawFrame::new(role, BINARY, "").length(Length::Eight((1 << 63) - 1));
        let terms = Terms { frame: 100, ..unlimited(role) };
        let rule = Rule::FrameTooLong { len: (1 << 63) - 1, limit: 100 };
        refused(&terms, &frame.encode(), rule, 0, 1009);
    }
}

#[test]
fn rfc6455_5_4_a_continuation_continues_something() {
    for role in ROLES {
        let lonely = RawFrame::new(role, CONTINUATION, "a");
        for frame in [lonely.clone(), lonely.clone().more(), RawFrame::new(role, CONTINUATION, "")] {
            refused_frame(role, &frame, Rule::NothingToContinue);
            // What is over cannot be continued.
            let message = [RawFrame::new(role, TEXT, "a").more(), RawFrame::new(role, CONTINUATION, "b")];
            let (mut input, mut messages) = before(role);
            input.extend(encode_all(&message));
            messages.push(Told::Text("ab".to_owned()));
            let at = input.len() as u64;
            input.extend(frame.encode());
            let expected = Outcome { messages, failure: Some((Rule::NothingToContinue, at, 1002)) };
            assert_eq!(everywhere(&unlimited(role), &input), expected);
        }
    }
}

#[test]
fn rfc6455_5_4_a_message_ends_before_the_next_begins() {
    for role in ROLES {
        for first in [TEXT, BINARY] {
            for second in [TEXT, BINARY] {
                let next = RawFrame::new(role, second, "b");
                for next in [next.clone(), next.more(), RawFrame::new(role, second, "")] {
                    let begun = RawFrame::new(role, first, "a").more();
                    let more = RawFrame::new(role, CONTINUATION, "").more();
                    let terms = unlimited(role);
                    refused_second(
                        &terms,
                        std::slice::from_ref(&begun),
                        &next,
                        Rule::MessageInterrupted,
                        1002,
                    );
                    refused_second(&terms, &[begun, more], &next, Rule::MessageInterrupted, 1002);
                }
            }
        }
    }
}

#[test]
fn rfc6455_5_4_fragments_may_be_empty_and_have_control_frames_between() {
    for role in ROLES {
        let more = |opcode, payload: &str| RawFrame::new(role, opcode, payload).more();
        let told = |text: &str| Told::Text(text.to_owned());
        let terms = unlimited(role);
        accepted(&terms, &[more(TEXT, ""), RawFrame::new(role, CONTINUATION, "")], &[told("")]);
        let frames =
            [more(TEXT, ""), more(CONTINUATION, "a"), more(CONTINUATION, ""), RawFrame::new(role, 0, "")];
        accepted(&terms, &frames, &[told("a")]);
        let frames = [
            more(TEXT, "a"),
            RawFrame::new(role, PING, "1"),
            RawFrame::new(role, PONG, ""),
            RawFrame::new(role, CONTINUATION, "b"),
        ];
        accepted(&terms, &frames, &[Told::Ping(b"1".to_vec()), Told::Pong(vec![]), told("ab")]);
        // A close frame too, after which the message is no longer waited for.
        let frames = [more(BINARY, "a"), RawFrame::new(role, CLOSE, "")];
        accepted(&terms, &frames, &[Told::Close(None)]);
    }
}

#[test]
fn rfc6455_5_5_a_control_frame_is_whole() {
    for role in ROLES {
        for opcode in [CLOSE, PING, PONG] {
            for payload in [&b""[..], b"\x03\xE8abc"] {
                let frame = RawFrame::new(role, opcode, payload).more();
                refused_frame(role, &frame, Rule::ControlFragmented);
                let begun = [RawFrame::new(role, TEXT, "a").more()];
                refused_second(&unlimited(role), &begun, &frame, Rule::ControlFragmented, 1002);
            }
        }
    }
}

#[test]
fn rfc6455_5_5_a_control_frame_has_125_bytes_at_most() {
    for role in ROLES {
        for opcode in [CLOSE, PING, PONG] {
            for frame in [
                RawFrame::new(role, opcode, vec![b'a'; 126]),
                RawFrame::new(role, opcode, vec![b'a'; 200]),
                RawFrame::new(role, opcode, "").length(Length::Two(125)),
                RawFrame::new(role, opcode, "").length(Length::Eight(0)),
                RawFrame::new(role, opcode, "").length(Length::Eight(u64::MAX)),
            ] {
                refused_frame(role, &frame, Rule::ControlTooLong);
            }
            refused(&unlimited(role), &frame_start(role, opcode), Rule::ControlTooLong, 0, 1002);
        }
        for len in [0, 1, 124, 125] {
            let payload = vec![0xFF; len];
            let frames = [RawFrame::new(role, PING, &payload[..]), RawFrame::new(role, PONG, &payload[..])];
            accepted(&unlimited(role), &frames, &[Told::Ping(payload.clone()), Told::Pong(payload)]);
        }
    }
}

#[test]
fn rfc6455_5_5_1_the_body_of_a_close_frame_is_not_one_byte() {
    for role in ROLES {
        for byte in [0, 3, 0xFF] {
            refused_frame(role, &RawFrame::new(role, CLOSE, [byte]), Rule::CloseBodyOfOneByte);
        }
        let begun = [RawFrame::new(role, TEXT, "a").more()];
        let frame = RawFrame::new(role, CLOSE, [3]);
        refused_second(&unlimited(role), &begun, &frame, Rule::CloseBodyOfOneByte, 1002);
    }
}

#[test]
fn rfc6455_5_5_1_the_reason_is_utf8() {
    for role in ROLES {
        for reason in [
            &b"\xFF"[..],
            b"abc\xC3",
            b"abc\xC3(",
            b"\xED\xA0\x80",
            b"\xF4\x90\x80\x80",
            b"\xE0\x80\x80",
            b"\xC0\xAF",
            b"a\x80",
        ] {
            let frame = RawFrame::new(role, CLOSE, [b"\x03\xE8", reason].concat());
            refused(&unlimited(role), &frame.encode(), Rule::CloseReasonNotUtf8, 0, 1007);
        }
        let longest = format!("{}é", "a".repeat(121));
        for reason in ["", "a", "é€😀", "\u{FFFE}\u{FFFF}", &longest] {
            let payload = [b"\x03\xE8", reason.as_bytes()].concat();
            let told = Told::Close(Some((1000, reason.to_owned())));
            accepted(&unlimited(role), &[RawFrame::new(role, CLOSE, payload)], &[told]);
        }
        accepted(&unlimited(role), &[RawFrame::new(role, CLOSE, "")], &[Told::Close(None)]);
    }
}

/// Section 7.4.2 and the registry it has founded.
#[test]
fn rfc6455_7_4_a_close_code_is_one_that_may_be_sent() {
    for role in ROLES {
        let close = |code: u16| RawFrame::new(role, CLOSE, [&code.to_be_bytes()[..], b"why"].concat());
        for code in [
            0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2998, 2999, 5000, 5001, 32_768,
            65_534, 65_535,
        ] {
            refused_frame(role, &close(code), Rule::CloseCode(code));
            let bare = RawFrame::new(role, CLOSE, code.to_be_bytes());
            refused_frame(role, &bare, Rule::CloseCode(code));
        }
        for code in (1000..=1003).chain(1007..=1014).chain([3000, 3001, 3999, 4000, 4001, 4998, 4999]) {
            accepted(&unlimited(role), &[close(code)], &[Told::Close(Some((code, "why".to_owned())))]);
        }
    }
}

/// Every one of them, whole only.
#[test]
fn rfc6455_7_4_no_close_code_is_left_out() {
    let terms = unlimited(Role::Client);
    for code in 0..=u16::MAX {
        let wire = RawFrame::new(Role::Client, CLOSE, code.to_be_bytes()).encode();
        let outcome = drive(&terms, Receiver::Decoder, Form::Borrowed, [&wire[..]]);
        let expected = if may_be_sent(code) {
            Outcome { messages: vec![Told::Close(Some((code, String::new())))], failure: None }
        } else {
            Outcome { messages: vec![], failure: Some((Rule::CloseCode(code), 0, 1002)) }
        };
        assert_eq!(outcome, expected);
        let allowed = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
        assert_eq!(may_be_sent(code), allowed, "{code}");
    }
}

#[test]
fn rfc6455_5_5_1_nothing_counts_after_a_close_frame() {
    for role in ROLES {
        let frames = [
            RawFrame::new(role, CLOSE, b"\x03\xE8".to_vec()),
            RawFrame::new(role, CLOSE, ""),
            RawFrame::new(role, TEXT, "after"),
            RawFrame::new(role, 15, "nonsense"),
        ];
        let wire = encode_all(&frames);
        for pieces in chunking::every_two(&wire) {
            let outcome =
                drive(&unlimited(role), Receiver::Connection, Form::Borrowed, pieces.iter().copied());
            let messages = vec![Told::Close(Some((1000, String::new())))];
            assert_eq!(outcome, Outcome { messages, failure: None });
        }
    }
}

/// Texts that are none, and the byte at which that shows, as RFC 3629 has it.
const NOT_UTF8: &[(&[u8], usize)] = &[
    // Bytes that are never part of a character, and those that begin none.
    (b"\xFF", 0),
    (b"\xFE", 0),
    (b"abc\xFF", 3),
    (b"\x80", 0),
    (b"\xBF", 0),
    (b"\xC3\xA9\x80", 2),
    (b"\xF5", 0),
    (b"\xF8\x88\x80\x80\x80", 0),
    (b"\xFC\x84\x80\x80\x80\x80", 0),
    // Longer than need be.
    (b"\xC0\x80", 0),
    (b"\xC0\xAF", 0),
    (b"\xC1\xBF", 0),
    (b"\xE0\x80\x80", 1),
    (b"\xE0\x9F\xBF", 1),
    (b"\xF0\x80\x80\x80", 1),
    (b"\xF0\x8F\xBF\xBF", 1),
    // Surrogates.
    (b"\xED\xA0\x80", 1),
    (b"\xED\xAD\xBF", 1),
    (b"\xED\xBF\xBF", 1),
    (b"ab\xED\xA0\x80\xED\xB0\x80", 3),
    // Beyond U+10FFFF.
    (b"\xF4\x90\x80\x80", 1),
    (b"\xF4\xBF\xBF\xBF", 1),
    (b"\xCE\xBA\xF4\x90\x80\x80", 3),
    // Characters that something else breaks into.
    (b"\xC3(", 1),
    (b"\xC3\xC3", 1),
    (b"\xE2\x82(", 2),
    (b"\xE2(", 1),
    (b"\xF0\x9F\x98(", 3),
    (b"\xF0\x9F(", 2),
    (b"\xF0\x9F\x98\xF0", 3),
    (b"\xC3\xA9\xE2\x82\x41", 4),
    // Far enough in for the words of the machine.
    (b"a text that is longer than the words of the machine are wide, and more of it \xE2\x82\x41", 79),
    (b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\xF4\x90", 65),
];

/// Section 8.1. The byte that is impossible fails at once, in a frame that is not complete.
#[test]
fn rfc6455_8_1_a_text_fails_with_its_first_impossible_byte() {
    for role in ROLES {
        let terms = unlimited(role);
        for &(text, at) in NOT_UTF8 {
            let whole = RawFrame::new(role, TEXT, text).key(masking(role));
            let payload = whole.header().len();
            refused(&terms, &whole.encode(), Rule::NotUtf8, payload + at, 1007);
            refused(&terms, &whole.clone().more().encode(), Rule::NotUtf8, payload + at, 1007);
            // More is said to come, and does not have to.
            for length in [Length::Short(125), Length::Two(1000), Length::Eight(1 << 40)] {
                let start = RawFrame { payload: text[..=at].to_vec(), ..whole.clone() }.length(length);
                let payload = start.header().len();
                refused(&terms, &start.encode(), Rule::NotUtf8, payload + at, 1007);
                let (mut input, messages) = before(role);
                input.extend(&start.encode()[..payload + at]);
                assert_eq!(everywhere(&terms, &input), Outcome { messages, failure: None });
            }
        }
    }
}

/// Section 8.1 again: wherever the text is cut into fragments, with empty ones and pings between.
#[test]
fn rfc6455_8_1_a_text_fails_with_its_first_impossible_byte_across_fragments() {
    for role in ROLES {
        for &(text, at) in NOT_UTF8.iter().filter(|(text, _)| text.len() < 20) {
            for cut in 0..=at {
                let (head, tail) = text.split_at(cut);
                let first = [
                    RawFrame::new(role, TEXT, head).key(masking(role)).more(),
                    RawFrame::new(role, PING, ""),
                    RawFrame::new(role, CONTINUATION, "").more(),
                ];
                let last = RawFrame::new(role, CONTINUATION, tail);
                let (mut input, mut messages) = before(role);
                messages.push(Told::Ping(vec![]));
                input.extend(encode_all(&first));
                let at = (input.len() + last.header().len() + at - cut) as u64;
                input.extend(last.encode());
                let expected = Outcome { messages, failure: Some((Rule::NotUtf8, at, 1007)) };
                assert_eq!(everywhere(&unlimited(role), &input), expected, "{text:x?} at {cut}");
            }
        }
    }
}

/// Section 8.1: the end must not come within a character. It is known where the message ends.
#[test]
fn rfc6455_8_1_a_text_does_not_end_within_a_character() {
    for role in ROLES {
        for text in [
            &b"\xC3"[..],
            b"abc\xE2",
            b"abc\xE2\x82",
            b"\xF0",
            b"\xF0\x9F",
            b"\xF0\x9F\x98",
            b"\xC3\xA9\xED\x9F",
        ] {
            let whole = RawFrame::new(role, TEXT, text);
            let end = whole.encode().len();
            refused(&unlimited(role), &whole.encode(), Rule::NotUtf8, end, 1007);
            let first = [RawFrame::new(role, TEXT, &text[..1]).more()];
            let last = RawFrame::new(role, CONTINUATION, &text[1..]);
            let bad = [encode_all(&first), last.encode()].concat();
            refused(&unlimited(role), &bad, Rule::NotUtf8, bad.len(), 1007);
            // An empty frame ends it no better.
            let bad = [whole.more().encode(), RawFrame::new(role, CONTINUATION, "").encode()].concat();
            refused(&unlimited(role), &bad, Rule::NotUtf8, bad.len(), 1007);
        }
    }
}

#[test]
fn rfc6455_8_1_whatever_is_utf8_is_accepted_wherever_it_is_cut() {
    for role in ROLES {
        for text in [
            "\0\u{7F}",
            "\u{80}\u{7FF}\u{800}\u{FFFF}\u{10000}\u{10FFFF}",
            "\u{D7FF}\u{E000}\u{FFFE}\u{FFFD}\u{1FFFF}\u{FEFF}",
            "κόσμε",
        ] {
            for cut in 0..=text.len() {
                let (head, tail) = text.as_bytes().split_at(cut);
                let frames =
                    [RawFrame::new(role, TEXT, head).more(), RawFrame::new(role, CONTINUATION, tail)];
                accepted(&unlimited(role), &frames, &[Told::Text(text.to_owned())]);
            }
        }
    }
}

/// What is no text may be anything.
#[test]
fn rfc6455_5_6_bytes_are_not_looked_at() {
    for role in ROLES {
        for &(bytes, _) in NOT_UTF8 {
            accepted(
                &unlimited(role),
                &[RawFrame::new(role, BINARY, bytes)],
                &[Told::Binary(bytes.to_vec())],
            );
            let frames = [RawFrame::new(role, PING, bytes), RawFrame::new(role, PONG, bytes)];
            let told = [Told::Ping(bytes.to_vec()), Told::Pong(bytes.to_vec())];
            accepted(&unlimited(role), &frames, &told);
        }
    }
}

#[test]
fn limit_a_frame_may_have_just_as_many_bytes() {
    for role in ROLES {
        let terms = Terms { frame: 6, ..unlimited(role) };
        accepted(&terms, &[RawFrame::new(role, BINARY, [7; 6])], &[Told::Binary(vec![7; 6])]);
        for len in [7, 125, 126, 65_536, 1 << 40, 1 << 62] {
            let frame = RawFrame::new(role, BINARY, "").length(match len {
                0..=125 => Length::Short(len as u8),
                126..=0xFFFF => Length::Two(len as u16),
                len => Length::Eight(len),
            });
            refused(&terms, &frame.encode(), Rule::FrameTooLong { len, limit: 6 }, 0, 1009);
        }
        let begun = [RawFrame::new(role, TEXT, "abcdef").more()];
        let frames = [begun[0].clone(), RawFrame::new(role, CONTINUATION, "ghijkl")];
        accepted(&terms, &frames, &[Told::Text("abcdefghijkl".to_owned())]);
        let rule = Rule::FrameTooLong { len: 7, limit: 6 };
        refused_second(&terms, &begun, &RawFrame::new(role, CONTINUATION, "ghijklm"), rule, 1009);
        // A frame about the connection has its own limit.
        accepted(&terms, &[RawFrame::new(role, PING, "1234567")], &[Told::Ping(b"1234567".to_vec())]);
    }
}

#[test]
fn limit_a_message_may_have_just_as_many_bytes() {
    for role in ROLES {
        let terms = Terms { message: 6, ..unlimited(role) };
        let rule = Rule::MessageTooLong { limit: 6 };
        accepted(&terms, &[RawFrame::new(role, TEXT, "abcdef")], &[Told::Text("abcdef".to_owned())]);
        refused(&terms, &RawFrame::new(role, TEXT, "abcdefg").encode(), rule, 0, 1009);
        for cut in 0..=6 {
            let first = RawFrame::new(role, TEXT, &b"abcdef"[..cut]).more();
            let last = RawFrame::new(role, CONTINUATION, &b"abcdef"[cut..]);
            accepted(&terms, &[first.clone(), last], &[Told::Text("abcdef".to_owned())]);
            let last = RawFrame::new(role, CONTINUATION, &b"abcdefg"[cut..]);
            refused_second(&terms, std::slice::from_ref(&first), &last, rule, 1009);
            // The header tells; a length near the end of all numbers does not wrap around.
            let claim = RawFrame::new(role, CONTINUATION, "").length(Length::Eight((1 << 63) - 1));
            refused_second(&terms, &[first], &claim, rule, 1009);
        }
        // An empty frame adds nothing.
        let frames = [
            RawFrame::new(role, TEXT, "abcdef").more(),
            RawFrame::new(role, CONTINUATION, "").more(),
            RawFrame::new(role, CONTINUATION, ""),
        ];
        accepted(&terms, &frames, &[Told::Text("abcdef".to_owned())]);
    }
}

#[test]
fn limit_a_message_may_have_just_as_many_fragments() {
    for role in ROLES {
        let terms = Terms { fragments: 3, ..unlimited(role) };
        let rule = Rule::TooManyFragments { limit: 3 };
        for payload in ["", "a"] {
            let more = [
                RawFrame::new(role, TEXT, payload).more(),
                RawFrame::new(role, CONTINUATION, payload).more(),
            ];
            let last = RawFrame::new(role, CONTINUATION, payload);
            let good = [&more[..], std::slice::from_ref(&last)].concat();
            accepted(&terms, &good, &[Told::Text(payload.repeat(3))]);
            let bad = [&more[..], &more[1..]].concat();
            refused_second(&terms, &bad, &last, rule, 1008);
            refused_second(&terms, &bad, &more[1], rule, 1008);
        }
        // Control frames are none of them, and each message counts anew.
        let message = [
            RawFrame::new(role, BINARY, "a").more(),
            RawFrame::new(role, PONG, ""),
            RawFrame::new(role, CONTINUATION, "").more(),
            RawFrame::new(role, PONG, ""),
            RawFrame::new(role, CONTINUATION, "b"),
        ];
        let told = [Told::Pong(vec![]), Told::Pong(vec![]), Told::Binary(b"ab".to_vec())];
        accepted(&terms, &[&message[..], &message].concat(), &[&told[..], &told].concat());
        let terms = Terms { fragments: 1, ..unlimited(role) };
        let first = [RawFrame::new(role, TEXT, "a").more()];
        let wire = [encode_all(&first), RawFrame::new(role, CONTINUATION, "").encode()].concat();
        let at = first[0].encode().len() as u64;
        let failure = Some((Rule::TooManyFragments { limit: 1 }, at, 1008));
        assert_eq!(everywhere(&terms, &wire), Outcome { messages: vec![], failure });
    }
}

/// Only a connection counts them, for only that knows the time.
#[test]
fn limit_there_may_be_just_as_many_control_frames() {
    for role in ROLES {
        let terms = Terms { control_frames: 3, ..unlimited(role) };
        let rule = Rule::TooManyControlFrames { limit: 3 };
        for fourth in
            [RawFrame::new(role, PING, "4"), RawFrame::new(role, PONG, "4"), RawFrame::new(role, CLOSE, "")]
        {
            let good = [
                RawFrame::new(role, PING, "1"),
                RawFrame::new(role, TEXT, "a").more(),
                RawFrame::new(role, PONG, "2"),
                RawFrame::new(role, CONTINUATION, "b"),
                RawFrame::new(role, PING, "3"),
                RawFrame::new(role, TEXT, "c").more(),
                RawFrame::new(role, CONTINUATION, "d").more(),
            ];
            let mut wire = encode_all(&good);
            let failure = Some((rule, wire.len() as u64, 1008));
            let messages = vec![
                Told::Ping(b"1".to_vec()),
                Told::Pong(b"2".to_vec()),
                Told::Text("ab".to_owned()),
                Told::Ping(b"3".to_vec()),
            ];
            wire.extend(fourth.encode());
            wire.extend(RawFrame::new(role, CONTINUATION, "e").encode());
            let expected = Outcome { messages, failure };
            for form in FORMS {
                for pieces in chunking::every_two(&wire).chain([chunking::byte_by_byte(&wire)]) {
                    let outcome = drive(&terms, Receiver::Connection, form, pieces.iter().copied());
                    assert_eq!(outcome, expected, "{pieces:x?}, {form:?}");
                }
            }
        }
    }
}

#[test]
fn each_rule_has_its_close_code() {
    let codes = [
        (Rule::Unmasked, 1002),
        (Rule::NotUtf8, 1007),
        (Rule::CloseReasonNotUtf8, 1007),
        (Rule::FrameTooLong { len: 1, limit: 0 }, 1009),
        (Rule::MessageTooLong { limit: 0 }, 1009),
        (Rule::TooManyFragments { limit: 0 }, 1008),
        (Rule::TooManyControlFrames { limit: 0 }, 1008),
    ];
    for (rule, code) in codes {
        assert_eq!(close_code(rule), code);
    }
}
