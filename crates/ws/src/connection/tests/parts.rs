//! Messages that are not put together.

use alloc::{vec, vec::Vec};

use super::{NOW, client, frame, server};
use crate::{Connection, Last, Limits, Message, MessagePart, MessageRef, OpCode, Rule};

/// What comes of a wire that is cut into pieces of this length, in parts that are put together here.
fn in_parts(mut to: Connection, wire: &[u8], step: usize) -> Vec<Result<Message, Rule>> {
    let (mut got, mut begun) = (Vec::new(), Vec::new());
    for piece in wire.to_vec().chunks_mut(step) {
        let mut events = to.handle_input(NOW, piece);
        while let Some(part) = events.next_part() {
            match part {
                Ok(MessagePart::Data { opcode, data, last }) => {
                    begun.extend_from_slice(data);
                    if last {
                        let bytes = core::mem::take(&mut begun);
                        got.push(Ok(match opcode {
                            OpCode::Text => Message::text(alloc::string::String::from_utf8(bytes).unwrap()),
                            _ => Message::binary(bytes),
                        }));
                    }
                }
                Ok(MessagePart::Control(message)) => got.push(Ok(message.to_message())),
                Err(violation) => got.push(Err(violation.rule())),
            }
        }
    }
    got
}

fn send(from: &mut Connection) -> Vec<Message> {
    from.send_text("grüße, whole").unwrap();
    from.send(Message::binary(vec![7; 5000])).unwrap();
    from.send_text_fragment("in ", Last::No).unwrap();
    from.send_text_fragment("", Last::No).unwrap();
    from.send_text_fragment("pärts", Last::Yes).unwrap();
    from.send_binary_fragment(b"", Last::Yes).unwrap();
    let messages = ["grüße, whole".into(), vec![7; 5000].into(), "in pärts".into(), vec![].into()];
    messages.into()
}

#[test]
fn parts_make_up_the_messages_whatever_the_cuts() {
    for step in [1, 2, 3, 5, 64, 1000, 100_000] {
        let mut client = client();
        let messages = send(&mut client);
        let wire = client.transmit().take_all();
        let got = in_parts(server(), &wire, step);
        assert_eq!(got, messages.into_iter().map(Ok).collect::<Vec<_>>());
    }
}

#[cfg(feature = "deflate")]
#[test]
fn parts_of_compressed_messages_do_too() {
    for step in [1, 7, 100_000] {
        let (_, mut client) = super::deflate::pair(&crate::deflate::Settings::new(), Limits::default());
        let (server, _) = super::deflate::pair(&crate::deflate::Settings::new(), Limits::default());
        let messages = send(&mut client);
        let wire = client.transmit().take_all();
        assert_eq!(in_parts(server, &wire, step), messages.into_iter().map(Ok).collect::<Vec<_>>());
    }
}

#[test]
fn a_part_is_there_before_the_frame_is_complete_and_is_not_kept() {
    let mut server = server();
    let mut wire = frame(OpCode::Binary, &[7; 600]);
    let (first, rest) = wire.split_at_mut(108);
    let mut events = server.handle_input(NOW, first);
    let part = MessagePart::Data { opcode: OpCode::Binary, data: &[7; 100], last: false };
    assert_eq!(events.next_part(), Some(Ok(part)));
    assert_eq!(events.next_part(), None);
    let mut events = server.handle_input(NOW, rest);
    let part = MessagePart::Data { opcode: OpCode::Binary, data: &[7; 500], last: true };
    assert_eq!(events.next_part(), Some(Ok(part)));
}

#[test]
fn the_rest_of_a_message_of_which_parts_were_taken_is_passed_over() {
    let mut server = server();
    let mut wire = [frame(OpCode::Text, b"long"), frame(OpCode::Text, b"next")].concat();
    let (first, rest) = wire.split_at_mut(8);
    let mut events = server.handle_input(NOW, first);
    assert!(matches!(events.next_part(), Some(Ok(MessagePart::Data { data: b"lo", last: false, .. }))));
    assert_eq!(events.next_part(), None);
    let mut events = server.handle_input(NOW, rest);
    assert_eq!(events.next_message(), Some(Ok(MessageRef::Text("next"))));
}

#[test]
fn what_was_kept_before_parts_were_wanted_comes_first() {
    let mut server = server();
    let mut wire = frame(OpCode::Text, b"caf\xC3\xA9!");
    let (first, rest) = wire.split_at_mut(10);
    assert_eq!(server.handle_input(NOW, first).next_message(), None);
    let mut events = server.handle_input(NOW, rest);
    assert!(matches!(events.next_part(), Some(Ok(MessagePart::Data { data: b"caf\xC3", last: false, .. }))));
    assert!(matches!(events.next_part(), Some(Ok(MessagePart::Data { data: b"\xA9!", last: true, .. }))));
}

#[test]
fn text_is_checked_as_its_parts_come() {
    for (text, parts) in [(&b"ok\xFF"[..], 0), (b"caf\xC3", 1)] {
        let wire = frame(OpCode::Text, text);
        for step in [1, 100] {
            let got = in_parts(server(), &wire, step);
            assert_eq!(got, [Err(Rule::NotUtf8)], "{parts}");
        }
    }
}
