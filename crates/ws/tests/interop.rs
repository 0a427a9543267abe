//! Against tungstenite, which is another implementation and has its users: each reads what the other writes.

use std::{
    io::{self, Read, Write},
    time::Duration,
};

use longwave_testing::ws::{
    check::{message_of, unlimited},
    drive::{Form, Receiver, drive},
    oracle::{Terms, Told},
    script::Script,
};
use longwave_ws::{CloseCode, CloseFrame, Connection, End, Last, Role, Transport};
use proptest::{collection::vec, prelude::*, sample::select};
use tungstenite::{
    Error, WebSocket,
    protocol::{
        self, WebSocketConfig,
        frame::{
            self as frames, Frame,
            coding::{Data, OpCode},
        },
    },
};

/// How long a frame or a message may be.
const MOST: usize = 1 << 20;

fn terms(role: Role) -> Terms {
    Terms { frame: MOST, message: MOST, ..unlimited(role) }
}

/// A connection with a byte string at each end.
#[derive(Default)]
struct Pipe {
    input: Vec<u8>,
    read: usize,
    output: Vec<u8>,
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = (&self.input[self.read..]).read(buffer)?;
        self.read += count;
        if count == 0 { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(count) }
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn tungstenite(role: Role, input: &[u8]) -> WebSocket<Pipe> {
    let role = match role {
        Role::Client => protocol::Role::Client,
        Role::Server => protocol::Role::Server,
    };
    // It allocates what a header claims.
    let config = WebSocketConfig::default().max_frame_size(Some(MOST)).max_message_size(Some(MOST));
    WebSocket::from_raw_socket(Pipe { input: input.to_vec(), ..Pipe::default() }, role, Some(config))
}

/// All that it reads, and whether it refuses what comes after.
fn read_all(socket: &mut WebSocket<Pipe>) -> (Vec<Told>, bool) {
    let mut told = Vec::new();
    loop {
        match socket.read() {
            Ok(message) => told.push(tell(message)),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return (told, false),
            Err(Error::ConnectionClosed | Error::AlreadyClosed) => return (told, false),
            Err(_) => return (told, true),
        }
    }
}

fn tell(message: protocol::Message) -> Told {
    match message {
        protocol::Message::Text(text) => Told::Text(text.as_str().to_owned()),
        protocol::Message::Binary(bytes) => Told::Binary(bytes.to_vec()),
        protocol::Message::Ping(bytes) => Told::Ping(bytes.to_vec()),
        protocol::Message::Pong(bytes) => Told::Pong(bytes.to_vec()),
        protocol::Message::Close(frame) => {
            Told::Close(frame.map(|frame| (frame.code.into(), frame.reason.as_str().to_owned())))
        }
        protocol::Message::Frame(frame) => panic!("{frame:?}"),
    }
}

fn their_message(told: &Told) -> protocol::Message {
    match told.clone() {
        Told::Text(text) => protocol::Message::text(text),
        Told::Binary(bytes) => protocol::Message::binary(bytes),
        Told::Ping(bytes) => protocol::Message::Ping(bytes.into()),
        Told::Pong(bytes) => protocol::Message::Pong(bytes.into()),
        Told::Close(frame) => protocol::Message::Close(
            frame.map(|(code, reason)| protocol::CloseFrame { code: code.into(), reason: reason.into() }),
        ),
    }
}

fn other(role: Role) -> Role {
    match role {
        Role::Client => Role::Server,
        Role::Server => Role::Client,
    }
}

/// It takes 1014, which was registered later, for one that may not be sent.
fn is_known_to_both(told: &Told) -> bool {
    !matches!(told, Told::Close(Some((1014, _))))
}

fn role() -> impl Strategy<Value = Role> {
    select(&[Role::Client, Role::Server][..])
}

fn script() -> impl Strategy<Value = Script> {
    (role(), vec(any::<u8>(), 0..120))
        .prop_map(|(role, bytes)| Script::read(role, &bytes))
        .prop_filter("a close code that both know", |script| script.messages.iter().all(is_known_to_both))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Both make the same of what is right: fragmented, interleaved, cut within characters.
    #[test]
    fn both_understand_what_is_right(script in script()) {
        let wire = script.wire();
        let (told, refused) = read_all(&mut tungstenite(script.role, &wire));
        prop_assert!(!refused);
        prop_assert_eq!(&told, &script.messages);
        let ours = drive(&terms(script.role), Receiver::Connection, Form::Borrowed, [&wire[..]]);
        prop_assert_eq!(told, ours.messages);
        prop_assert_eq!(ours.failure, None);
    }

    /// What it refuses is refused here, and never later; what is accepted here it accepts too.
    #[test]
    fn nothing_is_accepted_that_it_refuses(script in script(), how in vec(any::<u8>(), 3..9)) {
        let mut script = script;
        script.spoil(&how);
        let wire = script.wire();
        let (told, refused) = read_all(&mut tungstenite(script.role, &wire));
        let ours = drive(&terms(script.role), Receiver::Connection, Form::Borrowed, [&wire[..]]);
        prop_assume!(ours.messages.iter().all(is_known_to_both));
        if ours.failure.is_none() {
            // What follows a close frame is not looked at here.
            let is_closed = matches!(ours.messages.last(), Some(Told::Close(_)));
            prop_assert!(!refused || is_closed);
            prop_assert_eq!(told, ours.messages);
        } else {
            prop_assert!(told.starts_with(&ours.messages), "{:?} {:?}", told, ours);
        }
    }

    /// It reads what is written here, in whatever fragments.
    #[test]
    fn it_reads_what_is_written_here(script in script(), fragment in 1..300_usize) {
        let longest = script.frames.iter().map(|frame| frame.payload.len()).max().unwrap_or(0);
        let mut ours = unlimited(other(script.role)).connection().fragment_size(fragment + longest / 64);
        let mut wire = Vec::new();
        for told in &script.messages {
            ours.send(message_of(told)).expect("it is open");
            wire.extend(ours.transmit().take_all());
        }
        let (told, refused) = read_all(&mut tungstenite(script.role, &wire));
        prop_assert!(!refused);
        prop_assert_eq!(told, script.messages);
    }

    /// What it writes is read here.
    #[test]
    fn what_it_writes_is_read_here(script in script(), cuts in vec(1..200_u8, 1..9)) {
        let mut theirs = tungstenite(other(script.role), b"");
        for told in &script.messages {
            theirs.send(their_message(told)).expect("it is open");
        }
        let wire = theirs.get_ref().output.clone();
        let pieces = longwave_testing::chunking::by_repeated_sizes(&wire, &cuts);
        let outcome = drive(&unlimited(script.role), Receiver::Connection, Form::Mixed, pieces);
        prop_assert_eq!(outcome.failure, None);
        prop_assert_eq!(outcome.messages, script.messages);
    }
}

/// The messages that one says to the other, in fragments with a ping between.
#[test]
fn fragments_are_read_by_the_other() {
    for role in [Role::Client, Role::Server] {
        let mut ours = unlimited(role).connection();
        let mut wire = Vec::new();
        for (text, last) in [("ä", Last::No), ("", Last::No), ("öü", Last::Yes)] {
            ours.send_text_fragment(text, last).expect("it is open");
            ours.ping(b"between").expect("it is open");
            wire.extend(ours.transmit().take_all());
        }
        let ping = Told::Ping(b"between".to_vec());
        let (mut told, refused) = read_all(&mut tungstenite(other(role), &wire));
        assert!(!refused);
        told.retain(|told| *told != ping);
        assert_eq!(told, [Told::Text("äöü".to_owned())]);

        let mut theirs = tungstenite(other(role), b"");
        let text = "äöü".as_bytes();
        for (piece, opcode, last) in [
            (&text[..1], Data::Text, false),
            (&[], Data::Continue, false),
            (&text[1..], Data::Continue, true),
        ] {
            let frame = Frame::message(piece.to_vec(), OpCode::Data(opcode), last);
            theirs.send(protocol::Message::Frame(frame)).expect("it is open");
            theirs.send(protocol::Message::Ping("between".into())).expect("it is open");
        }
        let outcome =
            drive(&unlimited(role), Receiver::Connection, Form::Owned, theirs.get_ref().output.chunks(3));
        let pings = outcome.messages.iter().filter(|told| **told == ping).count();
        assert_eq!((pings, outcome.failure), (3, None));
        assert!(outcome.messages.contains(&Told::Text("äöü".to_owned())));
    }
}

/// Hands what one has written to the other, and takes what that makes of it.
fn pass_to_ours(theirs: &mut WebSocket<Pipe>, ours: &mut Connection) {
    let mut wire = std::mem::take(&mut theirs.get_mut().output);
    let mut events = ours.handle_input(Duration::ZERO, &mut wire);
    while let Some(event) = events.next_message() {
        event.expect("what it writes is right");
    }
}

#[test]
fn each_closes_what_the_other_has_opened() {
    for role in [Role::Client, Role::Server] {
        // This end asks.
        let (mut ours, mut theirs) = (unlimited(role).connection(), tungstenite(other(role), b""));
        let frame = CloseFrame::new(CloseCode::GOING_AWAY).with_reason("bye");
        ours.close(Duration::ZERO, frame).expect("it is open");
        theirs.get_mut().input.extend(ours.transmit().take_all());
        let (told, refused) = read_all(&mut theirs);
        assert_eq!((told, refused), (vec![Told::Close(Some((1001, "bye".to_owned())))], false));
        pass_to_ours(&mut theirs, &mut ours);
        let echoed = CloseFrame::new(CloseCode::GOING_AWAY).with_reason("bye");
        assert_eq!(ours.end(), Some(&End::Closed(Some(echoed))));
        assert_ne!(ours.transport(), Transport::Open);

        // The other does.
        let (mut ours, mut theirs) = (unlimited(role).connection(), tungstenite(other(role), b""));
        let code = frames::coding::CloseCode::Library(4008);
        theirs.close(Some(protocol::CloseFrame { code, reason: "limit".into() })).expect("it is open");
        pass_to_ours(&mut theirs, &mut ours);
        assert!(matches!(ours.end(), Some(End::Closed(Some(frame))) if frame.reason() == "limit"));
        theirs.get_mut().input.extend(ours.transmit().take_all());
        let (told, refused) = read_all(&mut theirs);
        assert_eq!((told, refused), (vec![Told::Close(Some((4008, String::new())))], false));
    }
}

/// Its pings are answered, and it answers.
#[test]
fn pings_are_answered() {
    for role in [Role::Client, Role::Server] {
        let (mut ours, mut theirs) = (unlimited(role).connection(), tungstenite(other(role), b""));
        theirs.send(protocol::Message::Ping("theirs".into())).expect("it is open");
        ours.ping(b"ours").expect("it is open");
        pass_to_ours(&mut theirs, &mut ours);
        theirs.get_mut().input.extend(ours.transmit().take_all());
        let (told, _) = read_all(&mut theirs);
        assert_eq!(told, [Told::Ping(b"ours".to_vec()), Told::Pong(b"theirs".to_vec())]);
        let wire = std::mem::take(&mut theirs.get_mut().output);
        let outcome = drive(&unlimited(role), Receiver::Decoder, Form::Owned, [&wire[..]]);
        assert_eq!(outcome.messages, [Told::Pong(b"ours".to_vec())]);
    }
}
