//! Messages that are compressed.

use alloc::{string::String, vec, vec::Vec};

use bytes::{Buf, Bytes};

use super::{NOW, frame, pass, receive};
use crate::{
    Connection, FrameEncoder, FrameHeader, Last, Limits, Message, OpCode, Prepared, Reserved, Rule,
    deflate::{Agreed, Pool, Settings},
};

fn agreed(settings: &Settings) -> (Agreed, Agreed) {
    let offer = settings.offer();
    let offer: Vec<&str> = offer.split(',').next().unwrap().split("; ").collect();
    let params =
        offer[1..].iter().map(|param| param.split_once('=').map_or((*param, None), |(k, v)| (k, Some(v))));
    let (server, answer) = Settings::new().threshold(0).negotiate([("permessage-deflate", params)]).unwrap();
    let answer: Vec<_> = answer
        .split("; ")
        .skip(1)
        .map(|param| param.split_once('=').map_or((param, None), |(k, v)| (k, Some(v))))
        .collect();
    (server, settings.accept_response(answer).unwrap())
}

/// A server and a client that have agreed on compression.
pub(super) fn pair(settings: &Settings, limits: Limits) -> (Connection, Connection) {
    let (server, client) = agreed(&settings.threshold(0));
    let pool = Pool::new(2);
    (
        Connection::server(limits).deflate(server, Some(pool)),
        Connection::client(limits, || [1, 2, 3, 4]).deflate(client, None),
    )
}

fn settings() -> [Settings; 3] {
    let none = Settings::new().own_no_context_takeover().peer_no_context_takeover();
    [Settings::new(), none, Settings::new().own_window_bits(9).peer_window_bits(9)]
}

/// A frame as a client sends it whose payload is compressed.
fn compressed(payload: &[u8]) -> Vec<u8> {
    let header =
        FrameHeader::new(OpCode::Binary, payload.len() as u64).with_reserved(Reserved::RSV1).with_key([7; 4]);
    let mut wire = Vec::new();
    FrameEncoder.encode(&header, payload, &mut wire);
    wire
}

#[test]
fn messages_arrive_as_they_were_sent_and_shorter() {
    for settings in settings() {
        let (mut server, mut client) = pair(&settings, Limits::default());
        let text: String = (0..500).map(|n| if n % 7 == 0 { "lorem " } else { "ipsum dolor " }).collect();
        for _ in 0..3 {
            for message in [Message::text(""), Message::text(text.clone()), Message::binary(vec![9; 100_000])]
            {
                client.send(message.clone()).unwrap();
                server.send(message.clone()).unwrap();
                assert!(server.buffered() <= 10 + message.payload().len() / 5);
                assert_eq!(pass(&mut client, &mut server, NOW), [Ok(message.clone())]);
                assert_eq!(pass(&mut server, &mut client, NOW), [Ok(message)]);
            }
            server.shrink();
            client.shrink();
        }
    }
}

#[test]
fn fragments_are_parts_of_one_compressed_message() {
    let (mut server, client) = pair(&Settings::new(), Limits::default());
    let mut client = client.fragment_size(5);
    client.send_text("a text that comes in several frames, and one that comes in several frames").unwrap();
    client.send_binary_fragment(b"one ", Last::No).unwrap();
    client.ping(b"between").unwrap();
    client.send_binary_fragment(b"two ", Last::No).unwrap();
    client.send_binary_fragment(b"", Last::Yes).unwrap();
    let mut wire = client.transmit().take_all();
    let mut got = Vec::new();
    for byte in wire.chunks_mut(1) {
        got.extend(receive(&mut server, byte, NOW));
    }
    let text = "a text that comes in several frames, and one that comes in several frames";
    let ping = Message::Ping(Bytes::from_static(b"between"));
    assert_eq!(got, [Ok(ping), Ok(Message::text(text)), Ok(Message::binary(&b"one two "[..]))]);
}

#[test]
fn what_is_not_to_be_compressed_is_not() {
    let (mut server, mut client) = pair(&Settings::new(), Limits::default());
    for message in [Message::text("secret"), Message::binary(vec![0; 10_000])] {
        server.send_uncompressed(message.clone()).unwrap();
        assert!(server.buffered() >= message.payload().len());
        assert_eq!(pass(&mut server, &mut client, NOW), [Ok(message)]);
    }
}

#[test]
fn a_message_for_many_is_compressed_for_each_kind_of_peer() {
    let news = Prepared::new(&Message::text("to everyone ".repeat(50))).unwrap();
    for settings in settings() {
        let (mut server, mut client) = pair(&settings, Limits::default());
        for _ in 0..3 {
            server.send_text("for you to everyone alone").unwrap();
            server.send_prepared(&news).unwrap();
            server.send_text("to everyone, and then to you").unwrap();
            assert!(server.buffered() < 200);
            let got: Vec<_> = pass(&mut server, &mut client, NOW).into_iter().map(Result::unwrap).collect();
            assert_eq!(got[1].as_text(), Some(&*"to everyone ".repeat(50)));
            assert_eq!(got[2].as_text(), Some("to everyone, and then to you"));
        }
    }
    // A client masks what it sends, each time anew.
    let (mut server, mut client) = pair(&Settings::new(), Limits::default());
    client.send_prepared(&news).unwrap();
    assert_eq!(pass(&mut client, &mut server, NOW), [Ok(Message::text("to everyone ".repeat(50)))]);
}

#[test]
fn a_message_may_inflate_to_the_limit_and_not_beyond() {
    let limits = Limits::default().message(100_000).inflate_ratio(u32::MAX);
    for (len, fits) in [(100_000, true), (100_001, false)] {
        let (mut server, _) = pair(&Settings::new(), limits);
        let (_, mut client) = pair(&Settings::new(), Limits::default());
        client.send(vec![0; len]).unwrap();
        let got = pass(&mut client, &mut server, NOW);
        match got.as_slice() {
            [Ok(message)] => assert!(fits && message.payload().len() == len),
            [Err(violation)] => {
                assert!(!fits);
                assert_eq!(violation.rule(), Rule::MessageTooLong { limit: 100_000 });
            }
            _ => panic!("one message or one violation"),
        }
    }
}

#[test]
fn a_message_that_grows_out_of_all_proportion_is_refused() {
    let (mut server, mut client) = pair(&Settings::new(), Limits::default().inflate_ratio(100));
    client.send(vec![0; 60_000]).unwrap();
    assert!(pass(&mut client, &mut server, NOW)[0].is_ok(), "small ones may");
    client.send(vec![0; 600_000]).unwrap();
    let violation = pass(&mut client, &mut server, NOW).remove(0).unwrap_err();
    assert_eq!(violation.rule(), Rule::InflateRatio { limit: 100 });
    assert_eq!(violation.close_code().get(), 1008);
}

#[test]
fn what_does_not_inflate_is_refused() {
    for payload in [&b"\xFF\xFF\xFF"[..], b"\x07", b"\xF2\x48\xCD"] {
        let (mut server, _) = pair(&Settings::new(), Limits::default());
        let got = receive(&mut server, &mut [frame(OpCode::Text, b"ok"), compressed(payload)].concat(), NOW);
        assert_eq!(got[0], Ok(Message::text("ok")));
        let violation = got[1].clone().unwrap_err();
        assert_eq!(
            (violation.rule(), violation.at(), violation.close_code().get()),
            (Rule::NotDeflate, 8, 1007)
        );
    }
}

#[test]
fn text_fails_at_once_when_what_it_inflates_to_is_none() {
    let (mut server, mut client) = pair(&Settings::new(), Limits::default());
    let mut bytes = vec![b'a'; 50_000];
    bytes[20_000] = 0xFF;
    client.send(bytes).unwrap();
    let mut wire = client.transmit().take_all();
    // The same as a text.
    wire[0] = wire[0] & 0xF0 | OpCode::Text as u8;
    let violation = receive(&mut server, &mut wire, NOW).remove(0).unwrap_err();
    assert_eq!(violation.rule(), Rule::NotUtf8);
}

#[test]
fn the_bit_counts_where_it_may_be_and_nowhere_else() {
    let set = |opcode, agreed: bool, more: bool| {
        let (with, _) = pair(&Settings::new(), Limits::default());
        let mut server = if agreed { with } else { Connection::server(Limits::default()) };
        let mut wire = Vec::new();
        if opcode == OpCode::Continuation {
            let begin = FrameHeader::new(OpCode::Binary, 0).with_more().with_key([0; 4]);
            FrameEncoder.encode(&begin, b"", &mut wire);
        }
        let header = FrameHeader::new(opcode, 1).with_reserved(Reserved::RSV1).with_key([0; 4]);
        let header = if more { header.with_more() } else { header };
        FrameEncoder.encode(&header, b"\0", &mut wire);
        receive(&mut server, &mut wire, NOW).pop().map(|got| got.map_err(|violation| violation.rule()))
    };
    assert_eq!(set(OpCode::Text, true, false), Some(Ok(Message::text(""))));
    assert_eq!(set(OpCode::Text, true, true), None);
    assert_eq!(set(OpCode::Text, false, false), Some(Err(Rule::ReservedBits)));
    for opcode in [OpCode::Continuation, OpCode::Ping, OpCode::Pong, OpCode::Close] {
        assert_eq!(set(opcode, true, false), Some(Err(Rule::ReservedBits)));
    }
}

#[test]
fn a_prepared_message_is_shared_and_not_copied() {
    let news = Prepared::new(&Message::binary(vec![7; 50_000])).unwrap();
    let mut server = Connection::server(Limits::default());
    server.send_prepared(&news).unwrap();
    let first = server.transmit().chunk().as_ptr();
    let mut other = Connection::server(Limits::default());
    other.send_prepared(&news).unwrap();
    assert_eq!(other.transmit().chunk().as_ptr(), first);
}
