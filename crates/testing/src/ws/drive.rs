//! Feeding a receiver in every way that must make no difference.

use std::time::Duration;

use longwave_ws::{
    Connection, FrameDecoder, FrameHeader, FramePart, Limits, Message, MessageDecoder, MessagePart,
    MessageRef, OpCode, Role, Rule, Violation,
};

use super::oracle::{Frame, Terms, Told};

/// What takes the bytes in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Receiver {
    /// A [`MessageDecoder`].
    Decoder,
    /// A [`Connection`], whose time stands still.
    Connection,
}

/// How messages are taken out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// Where they lie.
    Borrowed,
    /// As ones that can be kept.
    Owned,
    /// By turns.
    Mixed,
    /// Part by part.
    Parts,
}

/// Every way to take messages out.
pub const FORMS: [Form; 4] = [Form::Borrowed, Form::Owned, Form::Mixed, Form::Parts];

/// All that came out so far.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Outcome {
    /// The messages before the violation, or all of them.
    pub messages: Vec<Told>,
    /// The rule, the byte and the close code.
    pub failure: Option<(Rule, u64, u16)>,
}

/// A receiver, and what came out of it.
#[derive(Debug)]
pub struct Driver {
    machine: Machine,
    form: Form,
    taken: usize,
    parts: Parts,
    /// What came out.
    pub outcome: Outcome,
}

#[derive(Debug)]
enum Machine {
    Decoder(Box<MessageDecoder>),
    Connection(Box<Connection>),
}

impl Terms {
    /// The same, for the codec.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits::default()
            .frame(self.frame)
            .message(self.message)
            .fragments(self.fragments)
            .control_frames(self.control_frames)
    }

    /// A connection on these terms.
    #[must_use]
    pub fn connection(&self) -> Connection {
        match self.role {
            Role::Server => Connection::server(self.limits()),
            Role::Client => Connection::client(self.limits(), keys()),
        }
    }
}

/// Masking keys that are not the same, and are no secret.
pub fn keys() -> impl FnMut() -> [u8; 4] + Send + Sync + 'static {
    let mut state = 0_u32;
    move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()
    }
}

impl Driver {
    /// Makes a receiver at the beginning of a connection.
    #[must_use]
    pub fn new(terms: &Terms, receiver: Receiver, form: Form) -> Self {
        let machine = match receiver {
            Receiver::Decoder => Machine::Decoder(Box::new(MessageDecoder::new(terms.role, terms.limits()))),
            Receiver::Connection => Machine::Connection(Box::new(terms.connection())),
        };
        Self { machine, form, taken: 0, parts: Parts::default(), outcome: Outcome::default() }
    }

    /// Feeds a piece and takes out all that comes.
    ///
    /// # Panics
    ///
    /// If anything follows a violation, or a part of the piece is left.
    pub fn push(&mut self, piece: &[u8]) {
        let mut piece = piece.to_vec();
        let mut left = 0;
        match &mut self.machine {
            Machine::Decoder(decoder) => {
                let mut fed = decoder.feed(&mut piece);
                while let Some(result) = match self.form {
                    Form::Parts => fed.next_part().map(|result| self.parts.join(result)),
                    Form::Owned => {
                        fed.next_owned().map(|result| result.map(|message| Some(tell_owned(&message))))
                    }
                    Form::Mixed if self.taken % 2 == 1 => {
                        fed.next_owned().map(|result| result.map(|message| Some(tell_owned(&message))))
                    }
                    _ => fed.next_message().map(|result| result.map(|message| Some(tell(&message)))),
                } {
                    self.taken += 1;
                    self.outcome.take(result);
                }
                left = fed.remaining();
            }
            Machine::Connection(connection) => {
                let mut fed = connection.handle_input(Duration::ZERO, &mut piece);
                while let Some(result) = match self.form {
                    Form::Parts => fed.next_part().map(|result| self.parts.join(result)),
                    Form::Owned => {
                        fed.next_owned().map(|result| result.map(|message| Some(tell_owned(&message))))
                    }
                    Form::Mixed if self.taken % 2 == 1 => {
                        fed.next_owned().map(|result| result.map(|message| Some(tell_owned(&message))))
                    }
                    _ => fed.next_message().map(|result| result.map(|message| Some(tell(&message)))),
                } {
                    self.taken += 1;
                    self.outcome.take(result);
                }
            }
        }
        assert!(left == 0 || self.outcome.failure.is_some(), "{left} bytes are left of what was valid");
    }

    /// The connection, if it is one.
    pub fn connection(&mut self) -> Option<&mut Connection> {
        match &mut self.machine {
            Machine::Connection(connection) => Some(connection),
            Machine::Decoder(_) => None,
        }
    }

    /// Whether it stands between messages and frames; `None` if it does not say so.
    #[must_use]
    pub fn is_between(&self) -> Option<bool> {
        match &self.machine {
            Machine::Decoder(decoder) => Some(decoder.is_between()),
            Machine::Connection(_) => None,
        }
    }
}

/// What has come of a message that is taken out part by part.
#[derive(Debug, Default)]
struct Parts {
    begun: Option<(OpCode, Vec<u8>)>,
}

impl Parts {
    /// The message that a part completes.
    fn join(&mut self, part: Result<MessagePart<'_>, Violation>) -> Result<Option<Told>, Violation> {
        let (opcode, data, last) = match part? {
            MessagePart::Control(message) => return Ok(Some(tell(&message))),
            MessagePart::Data { opcode, data, last } => (opcode, data, last),
        };
        let (begun, bytes) = self.begun.get_or_insert((opcode, Vec::new()));
        assert_eq!(*begun, opcode, "a message is of one kind");
        bytes.extend_from_slice(data);
        if !last {
            return Ok(None);
        }
        let bytes = self.begun.take().map(|(_, bytes)| bytes).unwrap_or_default();
        Ok(Some(match opcode {
            OpCode::Text => {
                Told::Text(String::from_utf8(bytes).expect("a text is UTF-8 when it is complete"))
            }
            _ => Told::Binary(bytes),
        }))
    }
}

impl Outcome {
    fn take(&mut self, result: Result<Option<Told>, Violation>) {
        assert!(self.failure.is_none(), "after {:?} comes {result:?}", self.failure);
        match result {
            Ok(told) => self.messages.extend(told),
            Err(violation) => self.failure = Some(failure(&violation)),
        }
    }
}

fn failure(violation: &Violation) -> (Rule, u64, u16) {
    (violation.rule(), violation.at(), violation.close_code().get())
}

/// Feeds the pieces and takes out all that comes.
pub fn drive<'i>(
    terms: &Terms,
    receiver: Receiver,
    form: Form,
    pieces: impl IntoIterator<Item = &'i [u8]>,
) -> Outcome {
    let mut driver = Driver::new(terms, receiver, form);
    for piece in pieces {
        driver.push(piece);
    }
    driver.outcome
}

fn tell(message: &MessageRef<'_>) -> Told {
    match message {
        MessageRef::Text(text) => Told::Text((*text).to_owned()),
        MessageRef::Binary(bytes) => Told::Binary(bytes.to_vec()),
        MessageRef::Ping(bytes) => Told::Ping(bytes.to_vec()),
        MessageRef::Pong(bytes) => Told::Pong(bytes.to_vec()),
        MessageRef::Close(frame) => {
            Told::Close(frame.as_ref().map(|frame| (frame.code().get(), frame.reason().to_owned())))
        }
    }
}

pub(super) fn tell_owned(message: &Message) -> Told {
    tell(&message.as_message())
}

/// What came out of a [`FrameDecoder`].
#[derive(Debug, Default)]
pub struct FrameOutcome {
    /// The headers, and as much of each payload as came.
    pub frames: Vec<(FrameHeader, Vec<u8>)>,
    /// The rule and the byte.
    pub failure: Option<(Rule, u64)>,
}

impl FrameOutcome {
    /// Feeds a piece and takes out all that comes.
    ///
    /// # Panics
    ///
    /// If anything follows a violation, or what is said to be missing is not what is.
    pub fn push(&mut self, decoder: &mut FrameDecoder, piece: &[u8]) {
        let mut piece = piece.to_vec();
        let mut parts = decoder.feed(&mut piece);
        while let Some(part) = parts.next_part() {
            assert!(self.failure.is_none(), "after {:?} comes {part:?}", self.failure);
            match part {
                Ok(FramePart::Header(header)) => self.frames.push((header, Vec::new())),
                Ok(FramePart::Payload { data, missing }) => {
                    let (header, payload) = self.frames.last_mut().expect("a header comes first");
                    payload.extend_from_slice(data);
                    assert_eq!(payload.len() as u64 + missing, header.payload_len(), "what is missing");
                }
                Err(violation) => self.failure = Some((violation.rule(), violation.at())),
            }
        }
        assert!(parts.remaining() == 0 || self.failure.is_some(), "bytes are left of what was valid");
    }
}

/// Whether a header says what the oracle has read.
#[must_use]
pub fn is_same(header: &FrameHeader, frame: &Frame) -> bool {
    header.is_final() == frame.fin
        && header.reserved().bits() == frame.rsv
        && header.opcode() as u8 == frame.opcode
        && header.key() == frame.key
        && header.payload_len() == frame.len
}
