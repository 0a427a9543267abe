#[cfg(feature = "deflate")]
mod deflate;
mod parts;

use alloc::{vec, vec::Vec};
use core::time::Duration;

use bytes::{Buf, Bytes};

use super::{Connection, End, Last, SendError, Transport};
use crate::{
    CloseCode, CloseFrame, FrameEncoder, FrameHeader, Limits, Message, MessageRef, OpCode, Rule, Violation,
};

const NOW: Duration = Duration::ZERO;
const SECOND: Duration = Duration::from_secs(1);

fn server() -> Connection {
    Connection::server(Limits::default())
}

fn client() -> Connection {
    let mut key = 0_u32;
    Connection::client(Limits::default(), move || {
        key = key.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        key.to_be_bytes()
    })
}

/// Takes all that one has to send to the other, and what that makes of it.
fn pass(from: &mut Connection, to: &mut Connection, now: Duration) -> Vec<Result<Message, Violation>> {
    receive(to, &mut from.transmit().take_all(), now)
}

fn receive(to: &mut Connection, wire: &mut [u8], now: Duration) -> Vec<Result<Message, Violation>> {
    let mut events = to.handle_input(now, wire);
    core::iter::from_fn(|| events.next_owned()).collect()
}

/// A frame as a client sends it.
fn frame(opcode: OpCode, payload: &[u8]) -> Vec<u8> {
    let mut wire = Vec::new();
    FrameEncoder.encode(&FrameHeader::new(opcode, payload.len() as u64).with_key([9; 4]), payload, &mut wire);
    wire
}

#[test]
fn messages_arrive_as_they_were_sent() {
    let (mut client, mut server) = (client(), server());
    let large = Bytes::from(vec![7; 100_000]);
    let messages = [
        Message::text("hello"),
        Message::binary(vec![]),
        Message::Binary(large.clone()),
        Message::text("wörld"),
    ];
    for message in &messages {
        client.send(message.clone()).unwrap();
        server.send(message.clone()).unwrap();
    }
    assert_eq!(pass(&mut client, &mut server, NOW), messages.clone().map(Ok));
    assert_eq!(pass(&mut server, &mut client, NOW), messages.map(Ok));
    assert_eq!((client.buffered(), server.buffered()), (0, 0));
}

#[test]
fn a_large_payload_is_not_copied_by_a_server() {
    let mut server = server();
    let large = Bytes::from(vec![7; 100_000]);
    server.send_text("before").unwrap();
    server.send(large.clone()).unwrap();
    server.send_text("after").unwrap();
    let mut transmit = server.transmit();
    transmit.advance(transmit.chunk().len());
    assert_eq!(transmit.chunk().as_ptr(), large.as_ptr());
    transmit.advance(40_000);
    assert_eq!(transmit.chunk().len(), 60_000);
    transmit.advance(60_000);
    assert_eq!(transmit.chunk(), b"\x81\x05after");
}

#[cfg(feature = "std")]
#[test]
fn all_that_is_ready_can_be_written_at_once() {
    let mut server = server();
    server.send_text("before").unwrap();
    server.send(Bytes::from(vec![7; 100_000])).unwrap();
    server.ping(b"!").unwrap();
    let total = server.buffered();
    let transmit = server.transmit();
    let mut slices = [std::io::IoSlice::new(&[]); 8];
    let filled = transmit.chunks_vectored(&mut slices);
    assert_eq!(slices[..filled].iter().map(|slice| slice.len()).sum::<usize>(), total);
    assert_eq!(&*slices[0], b"\x89\x01!", "what is about the connection goes first");
}

#[test]
fn a_ping_finds_room_between_messages_and_never_in_one() {
    let mut server = server();
    server.send(Bytes::from(vec![7; 10_000])).unwrap();
    server.send(Bytes::from(vec![8; 10_000])).unwrap();
    server.transmit().advance(5_000);
    server.ping(b"now").unwrap();
    let rest = server.transmit().take_all();
    let first = 10_004 - 5_000;
    assert_eq!(&rest[first..first + 5], b"\x89\x03now");
    assert_eq!(rest.len(), first + 5 + 10_004);
}

#[test]
fn pings_are_answered_in_order_and_no_more_than_may_wait() {
    let mut server = server();
    let pings: Vec<u8> = (0..10).flat_map(|n| frame(OpCode::Ping, &[n])).collect();
    receive(&mut server, &mut pings.clone(), NOW);
    let expected: Vec<u8> = (0..10).flat_map(|n| [0x8A, 1, n]).collect();
    assert_eq!(server.transmit().take_all(), expected);

    for n in 0..200 {
        receive(&mut server, &mut frame(OpCode::Ping, &[n]), SECOND);
        assert!(server.buffered() <= 32 * 3);
    }
    let waiting = server.transmit().take_all();
    assert_eq!(waiting.len(), 32 * 3);
    assert_eq!(&waiting[..6], [0x8A, 1, 0, 0x8A, 1, 1]);
    assert_eq!(&waiting[31 * 3..], [0x8A, 1, 199], "the newest is answered");
}

#[test]
fn a_pong_that_is_half_sent_is_not_replaced() {
    let mut server = server();
    for n in 0..32 {
        receive(&mut server, &mut frame(OpCode::Ping, &[n]), NOW);
    }
    server.transmit().advance(31 * 3 + 1);
    receive(&mut server, &mut frame(OpCode::Ping, &[99]), NOW);
    assert_eq!(server.transmit().take_all(), [1, 31, 0x8A, 1, 99]);
}

#[test]
fn a_flood_of_pings_is_against_the_rules() {
    let mut server = Connection::server(Limits::default().control_frames(3));
    let mut flood = frame(OpCode::Ping, b"").repeat(4);
    let events = receive(&mut server, &mut flood, NOW);
    let rule = Rule::TooManyControlFrames { limit: 3 };
    assert_eq!(events.last().unwrap().as_ref().unwrap_err().rule(), rule);
    assert_eq!(events.len(), 4);
    let said = b"\x03\xf0more than 3 control frames in a second";
    assert!(server.transmit().take_all().ends_with(said), "1008");

    let mut server = Connection::server(Limits::default().control_frames(3));
    for second in 0..10 {
        assert_eq!(receive(&mut server, &mut frame(OpCode::Ping, b"").repeat(3), second * SECOND).len(), 3);
    }
}

#[test]
fn long_messages_are_sent_in_fragments_if_asked_for() {
    let mut server = server().fragment_size(4);
    let mut client = client();
    server.send_text("0123456789").unwrap();
    assert_eq!(server.transmit().chunk(), b"\x01\x040123\x00\x044567\x80\x0289");
    assert_eq!(pass(&mut server, &mut client, NOW), [Ok(Message::text("0123456789"))]);
    server.send(Bytes::from(vec![1; 9000])).unwrap();
    assert_eq!(pass(&mut server, &mut client, NOW), [Ok(Message::binary(vec![1; 9000]))]);
}

#[test]
fn fragments_by_hand_make_one_message_and_let_nothing_else_in() {
    let (mut server, mut client) = (server(), client());
    server.send_text_fragment("one ", Last::No).unwrap();
    assert_eq!(server.send_text("other"), Err(SendError::MessageBegun));
    assert_eq!(server.send_binary_fragment(b"other", Last::No), Err(SendError::MessageBegun));
    server.ping(b"between").unwrap();
    server.send_text_fragment("two", Last::Yes).unwrap();
    server.send_text("next").unwrap();
    let events = pass(&mut server, &mut client, NOW);
    let ping = Message::Ping(Bytes::from_static(b"between"));
    assert_eq!(events, [Ok(ping), Ok(Message::text("one two")), Ok(Message::text("next"))]);
}

#[test]
fn the_one_that_closes_is_answered_and_the_server_closes_below() {
    for server_first in [true, false] {
        let (mut server, mut client) = (server(), client());
        let frame = CloseFrame::new(CloseCode::GOING_AWAY).with_reason("bye");
        let (one, other) = if server_first { (&mut server, &mut client) } else { (&mut client, &mut server) };
        one.send_text("last").unwrap();
        one.close(NOW, frame.clone()).unwrap();
        assert_eq!(one.close(NOW, None), Err(SendError::Closing));
        assert_eq!(one.send_text("more"), Err(SendError::Closing));
        let events = pass(one, other, NOW);
        assert_eq!(events, [Ok(Message::text("last")), Ok(Message::Close(Some(frame.clone())))]);
        assert_eq!(other.end(), Some(&End::Closed(Some(frame))));
        assert_eq!(other.transport(), Transport::Open, "the answer is to be sent");
        assert_eq!(one.poll_timeout(), Some(5 * SECOND));
        pass(other, one, NOW);
        assert_eq!(one.end(), Some(&End::Closed(Some(CloseCode::GOING_AWAY.into()))));
        assert_eq!(server.transport(), Transport::Close);
        assert_eq!(client.transport(), Transport::AwaitEof);
        client.handle_eof();
        assert_eq!(client.transport(), Transport::Close);
        assert_eq!(client.poll_timeout(), None);
    }
}

#[test]
fn what_comes_before_the_answer_to_a_close_still_counts() {
    let (mut server, mut client) = (server(), client());
    server.close(NOW, None).unwrap();
    client.send_text("crossing").unwrap();
    assert_eq!(pass(&mut client, &mut server, NOW), [Ok(Message::text("crossing"))]);
    assert_eq!(pass(&mut server, &mut client, NOW), [Ok(Message::Close(None))]);
    assert_eq!(pass(&mut client, &mut server, NOW), [Ok(Message::Close(None))]);
    assert_eq!(server.end(), Some(&End::Closed(None)));
}

#[test]
fn nothing_counts_after_a_close_frame() {
    let mut server = server();
    let mut wire = [frame(OpCode::Close, &[3, 232]), frame(OpCode::Text, b"late"), vec![0xFF; 9]].concat();
    assert_eq!(receive(&mut server, &mut wire, NOW), [Ok(Message::Close(Some(CloseCode::NORMAL.into())))]);
    assert_eq!(receive(&mut server, &mut frame(OpCode::Ping, b"late"), NOW), []);
    assert_eq!(server.transmit().take_all(), [0x88, 2, 3, 232]);
}

#[test]
fn a_peer_that_does_not_answer_a_close_is_not_waited_for() {
    let mut client = client().close_timeout(2 * SECOND);
    client.close(SECOND, None).unwrap();
    assert_eq!(client.poll_timeout(), Some(3 * SECOND));
    client.handle_timeout(2 * SECOND);
    assert_eq!((client.end(), client.transport()), (None, Transport::Open));
    client.handle_timeout(3 * SECOND);
    assert_eq!((client.end(), client.transport()), (Some(&End::TimedOut), Transport::Close));
}

#[test]
fn a_close_by_message_gets_its_deadline_from_the_next_look_at_the_time() {
    let mut server = server();
    server.send(Message::Close(None)).unwrap();
    assert_eq!(server.poll_timeout(), Some(NOW));
    server.handle_timeout(SECOND);
    assert_eq!(server.poll_timeout(), Some(6 * SECOND));
}

#[test]
fn a_client_whose_server_does_not_close_below_does_so_itself() {
    let (mut server, mut client) = (server(), client());
    client.close(NOW, None).unwrap();
    pass(&mut client, &mut server, NOW);
    pass(&mut server, &mut client, SECOND);
    assert_eq!(client.transport(), Transport::AwaitEof);
    client.handle_timeout(5 * SECOND);
    assert_eq!(client.transport(), Transport::Close);
    assert_eq!(client.end(), Some(&End::Closed(None)), "the end stays what it was");
}

#[test]
fn a_connection_that_goes_without_a_word_was_dropped() {
    let mut server = server();
    server.handle_eof();
    assert_eq!((server.end(), server.transport()), (Some(&End::Dropped), Transport::Close));
}

#[test]
fn a_violation_is_answered_by_its_code_after_messages_that_wait() {
    let mut server = server();
    server.send(Bytes::from(vec![7; 50_000])).unwrap();
    server.send_text("one").unwrap();
    let wait = server.buffered();
    server.transmit().advance(50);
    let events = receive(&mut server, &mut [frame(OpCode::Text, b"ok"), vec![0x81, 0]].concat(), NOW);
    assert_eq!(events[0], Ok(Message::text("ok")), "what was valid before it is there");
    let violation = events[1].clone().unwrap_err();
    assert_eq!((violation.rule(), violation.at()), (Rule::Unmasked, 8));
    assert_eq!(server.end(), Some(&End::Failed(violation)));
    assert_eq!(server.transport(), Transport::Open);
    let rest = server.transmit().take_all();
    let said = b"\x81\x03one\x88\x24\x03\xeaa frame of a client without a mask";
    assert_eq!(rest.len(), wait - 50 + said.len() - 5);
    assert!(rest.ends_with(said));
    assert_eq!(server.transport(), Transport::Close);
    assert_eq!(receive(&mut server, &mut frame(OpCode::Text, b"more"), NOW), []);
}

/// RFC 6455, section 5.5.1: nothing follows a close frame, not even an answer that was waiting for its turn.
#[test]
fn a_close_frame_goes_out_last_wherever_sending_stands() {
    for sent in 0..12 {
        for violation in [false, true] {
            let mut server = server();
            server.send_text("0123456789").unwrap();
            server.transmit().advance(sent);
            receive(&mut server, &mut frame(OpCode::Ping, b"a"), NOW);
            if violation {
                receive(&mut server, &mut [0x81, 0], NOW);
            } else {
                server.close(NOW, None).unwrap();
            }
            let rest = server.transmit().take_all();
            let pong = rest.windows(3).position(|window| window == [0x8a, 1, b'a']);
            let close = rest.iter().position(|&byte| byte == 0x88);
            assert!(pong.unwrap() < close.unwrap(), "{sent}: {rest:?}");
        }
    }
}

#[test]
fn an_answer_goes_out_before_that_to_a_close_frame() {
    let mut server = server();
    let mut wire = [frame(OpCode::Text, b"hi"), frame(OpCode::Close, b"")].concat();
    let mut events = server.handle_input(NOW, &mut wire);
    while let Some(message) = events.next_owned() {
        if let Ok(Message::Text(text)) = message {
            events.send(text).unwrap();
        }
    }
    assert_eq!(server.transmit().take_all(), b"\x81\x02hi\x88\x00");
}

#[test]
fn what_cannot_be_sent_is_refused() {
    let mut server = server();
    assert_eq!(server.ping(&[0; 126]), Err(SendError::ControlTooLong { len: 126 }));
    assert_eq!(server.send(Message::Pong(vec![0; 125].into())), Ok(()));
    let reason = "é".repeat(100);
    server.close(NOW, CloseFrame::new(CloseCode::NORMAL).with_reason(&*reason)).unwrap();
    let wire = server.transmit().take_all();
    assert_eq!(wire[127..129], [0x88, 124]);
    assert_eq!(server.ping(b""), Err(SendError::Closing));
}

#[test]
fn a_client_takes_another_key_for_each_frame() {
    let mut client = client();
    client.send_text("same").unwrap();
    client.send_text("same").unwrap();
    let wire = client.transmit().take_all();
    assert_ne!(wire[..10], wire[10..]);
}

#[test]
fn what_is_lent_is_what_is_owned() {
    let mut server = server();
    let mut wire =
        [frame(OpCode::Text, b"a"), frame(OpCode::Ping, b"b"), frame(OpCode::Binary, b"c")].concat();
    let mut events = server.handle_input(NOW, &mut wire);
    assert_eq!(events.next_message(), Some(Ok(MessageRef::Text("a"))));
    assert_eq!(events.next_message(), Some(Ok(MessageRef::Ping(b"b"))));
    assert_eq!(events.next_message(), Some(Ok(MessageRef::Binary(b"c"))));
    assert_eq!(events.next_message(), None);
}
