use std::time::Duration;

use longwave_ws::{
    Connection, Last, Limits, Message, MessageDecoder, Prepared, Role, Rule, Violation,
    deflate::{Pool, Settings},
};

use super::{agree, step::Step};
use crate::{
    chunking,
    ws::{
        drive::{keys, tell_owned},
        oracle::Told,
    },
};

/// What one end of a connection sends compressed, the other reads, in whatever fragments and reads; and if a byte
/// of the wire is another, it fails alike however it is read.
///
/// - `damage`: what bytes are changed by, and how far apart these are.
///
/// # Panics
///
/// If it does not.
pub fn connections_understand(
    from: Role,
    settings: [Settings; 2],
    steps: &[Step],
    fragment: usize,
    damage: Option<[u8; 2]>,
    cuts: &[u8],
) {
    let (server, client) = agree(&settings[0], &settings[1]);
    let longest = steps.iter().map(|step| step.message.len()).max().unwrap_or(0);
    // What cannot be compressed becomes a little longer, and in fragments each of them does.
    let limits = Limits::default().message(2 * longest + 64).fragments(u32::MAX);
    let limits = limits.control_frames(u32::MAX);
    let sender = match from {
        Role::Server => Connection::server(limits).deflate(server, None),
        Role::Client => Connection::client(limits, keys()).deflate(client, None),
    };
    let (wire, expected) = send(sender.fragment_size(fragment + longest / 64), steps);
    let (role, agreed) = match from {
        Role::Server => (Role::Client, client),
        Role::Client => (Role::Server, server),
    };
    let receiver = || match role {
        Role::Server => Connection::server(limits).deflate(agreed, Some(Pool::new(1))),
        Role::Client => Connection::client(limits, keys()).deflate(agreed, Some(Pool::new(1))),
    };
    assert_eq!(read(receiver(), &[&wire]), (expected, None));

    let mut wire = wire;
    if let Some([by, apart]) = damage {
        wire.iter_mut().skip(apart.into()).step_by(64 + usize::from(apart)).for_each(|byte| *byte ^= by);
    }
    let outcome = read(receiver(), &[&wire]);
    let pieces = chunking::by_repeated_sizes(&wire, cuts);
    assert_eq!(read(receiver(), &pieces), outcome, "{cuts:?}");
    assert_eq!(read(receiver(), &chunking::by_sizes(&wire, cuts)), outcome, "{cuts:?}");
    let mut decoder = MessageDecoder::new(role, limits).deflate(&agreed, None);
    let mut told = (Vec::new(), None);
    for piece in pieces {
        let mut piece = piece.to_vec();
        let mut fed = decoder.feed(&mut piece);
        while let Some(message) = fed.next_owned() {
            note(&mut told, message);
        }
    }
    // A connection does not look at what follows a close frame; a decoder may.
    if !told.0.iter().any(|told| matches!(told, Told::Close(_))) {
        assert_eq!(told, outcome, "a decoder alone");
    }
}

/// All that goes out, and what should come of it.
fn send(mut sender: Connection, steps: &[Step]) -> (Vec<u8>, Vec<Told>) {
    let (mut wire, mut expected) = (Vec::new(), Vec::new());
    for step in steps {
        let message = match String::from_utf8(step.message.clone()) {
            Ok(text) => Message::text(text),
            Err(_) => Message::binary(step.message.clone()),
        };
        let prepared = Prepared::new(&message).expect("a message of data");
        if step.prepared() {
            sender.send_prepared(&prepared)
        } else if step.plain() {
            sender.send_uncompressed(message.clone())
        } else if step.fragments() {
            send_fragments(&mut sender, step, &mut expected);
            Ok(())
        } else {
            sender.send(message.clone())
        }
        .expect("it is open");
        expected.push(match message {
            _ if step.fragments() => Told::Binary(step.message.clone()),
            message => tell_owned(&message),
        });
        if step.park()[0] {
            sender.shrink();
        }
        wire.extend(sender.transmit().take_all());
    }
    (wire, expected)
}

/// With a ping before the last.
fn send_fragments(sender: &mut Connection, step: &Step, expected: &mut Vec<Told>) {
    for piece in step.pieces() {
        sender.send_binary_fragment(piece, Last::No).expect("it is open");
    }
    sender.ping(b"between").expect("it is open");
    expected.push(Told::Ping(b"between".to_vec()));
    sender.send_binary_fragment(b"", Last::Yes).expect("it is open");
}

/// What was read, and what was wrong with it and where.
type Read = (Vec<Told>, Option<(Rule, u64)>);

/// What comes of the wire.
fn read(mut receiver: Connection, pieces: &[&[u8]]) -> Read {
    let mut told = (Vec::new(), None);
    for piece in pieces {
        let mut piece = piece.to_vec();
        let mut events = receiver.handle_input(Duration::ZERO, &mut piece);
        while let Some(message) = events.next_owned() {
            note(&mut told, message);
        }
        if told.0.len() % 2 == 1 {
            receiver.shrink();
        }
    }
    told
}

fn note(told: &mut Read, message: Result<Message, Violation>) {
    assert_eq!(told.1, None, "nothing follows a violation");
    match message {
        Ok(message) => told.0.push(tell_owned(&message)),
        Err(violation) => told.1 = Some((violation.rule(), violation.at())),
    }
}
