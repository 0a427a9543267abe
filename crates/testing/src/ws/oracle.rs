//! RFC 6455, read literally and byte by byte, for an input that is all there.
//!
//! A header is judged in three steps, each as soon as its bytes are there: the first two bytes, the bytes of the
//! length, and then what depends on the role, the limits and the frames before. Where one step finds several rules
//! broken, any of them may be named.

use std::str;

use longwave_ws::{Role, Rule};

/// What a receiver is, and what it accepts.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// Which end receives.
    pub role: Role,
    /// The longest payload of a frame with data, in bytes.
    pub frame: usize,
    /// The longest message, in bytes.
    pub message: usize,
    /// The most frames of a message.
    pub fragments: u32,
    /// The most control frames; that the time stands still is understood.
    pub control_frames: u32,
}

/// A message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Told {
    /// Opcode 1.
    Text(String),
    /// Opcode 2.
    Binary(Vec<u8>),
    /// Opcode 9.
    Ping(Vec<u8>),
    /// Opcode 10.
    Pong(Vec<u8>),
    /// Opcode 8: the code and the reason.
    Close(Option<(u16, String)>),
}

/// What an input means.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verdict {
    /// The messages, each with the first byte of the frame that completed it.
    pub messages: Vec<(u64, Told)>,
    /// What is wrong with what comes after them.
    pub failure: Option<Failure>,
    /// Whether the input ends between two messages and two frames.
    pub between: bool,
}

/// A broken rule, or several that are broken by the same bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure {
    /// At least one.
    pub rules: Vec<Rule>,
    /// For a frame its first byte, for a text the byte that is impossible or would be missing.
    pub at: u64,
}

/// A frame whose header is all there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Frame {
    /// Its first byte.
    pub at: u64,
    /// The first byte of its payload.
    pub payload_at: u64,
    /// The first bit.
    pub fin: bool,
    /// The three reserved bits, RSV1 being the highest.
    pub rsv: u8,
    /// Four bits.
    pub opcode: u8,
    /// What the payload is masked with.
    pub key: Option<[u8; 4]>,
    /// How long it says it is.
    pub len: u64,
    /// As much of the payload as is there, without the mask.
    pub payload: Vec<u8>,
}

/// The frames of an input.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Frames {
    /// Those whose header is all there; the last of them may lack payload.
    pub frames: Vec<Frame>,
    /// What is wrong with the header after them, whoever receives it.
    pub failure: Option<Failure>,
    /// Whether a part of a header is left.
    pub rest: bool,
}

impl Frame {
    fn is_complete(&self) -> bool {
        self.payload.len() as u64 == self.len
    }

    fn is_control(&self) -> bool {
        self.opcode >= 8
    }
}

impl Verdict {
    /// What a connection makes of it: it counts control frames, and after a close frame hears nothing.
    #[must_use]
    pub fn over_a_connection(mut self, control_frames: u32) -> Self {
        let mut count = 0;
        for i in 0..self.messages.len() {
            let (at, message) = &self.messages[i];
            match message {
                Told::Text(_) | Told::Binary(_) => continue,
                Told::Ping(_) | Told::Pong(_) | Told::Close(_) => count += 1,
            }
            if count > control_frames {
                let rules = vec![Rule::TooManyControlFrames { limit: control_frames }];
                self.failure = Some(Failure { rules, at: *at });
                self.messages.truncate(i);
                break;
            }
            if matches!(message, Told::Close(_)) {
                self.failure = None;
                self.messages.truncate(i + 1);
                break;
            }
        }
        self
    }

    /// The messages alone.
    #[must_use]
    pub fn told(&self) -> Vec<Told> {
        self.messages.iter().map(|(_, told)| told.clone()).collect()
    }
}

/// The close code that goes with a broken rule (section 7.4.1).
#[must_use]
pub fn close_code(rule: Rule) -> u16 {
    match rule {
        Rule::NotUtf8 | Rule::CloseReasonNotUtf8 => 1007,
        Rule::FrameTooLong { .. } | Rule::MessageTooLong { .. } => 1009,
        Rule::TooManyFragments { .. } | Rule::TooManyControlFrames { .. } => 1008,
        _ => 1002,
    }
}

/// Section 5.2: takes the input apart into frames.
#[must_use]
pub fn frames(input: &[u8]) -> Frames {
    let mut found = Frames { frames: Vec::new(), failure: None, rest: false };
    let mut next = 0;
    while next < input.len() {
        let at = next;
        let mut byte = || {
            let byte = input.get(next).copied();
            next += 1;
            byte
        };
        let fail = |rule| Some(Failure { rules: rule, at: at as u64 });

        found.rest = true;
        let (Some(first), Some(second)) = (byte(), byte()) else { return found };
        let (fin, rsv, opcode) = (first & 0x80 != 0, first >> 4 & 7, first & 0x0F);
        let (masked, short) = (second & 0x80 != 0, second & 0x7F);

        let mut broken = Vec::new();
        if !matches!(opcode, 0 | 1 | 2 | 8 | 9 | 10) {
            broken.push(Rule::ReservedOpCode(opcode));
        } else if opcode >= 8 {
            if !fin {
                broken.push(Rule::ControlFragmented);
            }
            if short > 125 {
                broken.push(Rule::ControlTooLong);
            }
        }
        if !broken.is_empty() {
            found.failure = fail(broken);
            return found;
        }

        let more = match short {
            126 => 2,
            127 => 8,
            _ => 0,
        };
        let mut len = if more == 0 { u64::from(short) } else { 0 };
        for _ in 0..more {
            let Some(byte) = byte() else { return found };
            len = len * 256 + u64::from(byte);
        }
        // "The minimal number of bytes MUST be used"; "the most significant bit MUST be 0".
        if more == 8 && len >= 1 << 63 {
            found.failure = fail(vec![Rule::LengthNegative]);
            return found;
        }
        if (more == 2 && len <= 125) || (more == 8 && len <= 65_535) {
            found.failure = fail(vec![Rule::LengthNotMinimal]);
            return found;
        }

        let key = if masked {
            let (Some(a), Some(b), Some(c), Some(d)) = (byte(), byte(), byte(), byte()) else { return found };
            Some([a, b, c, d])
        } else {
            None
        };
        found.rest = false;
        let payload_at = next as u64;
        let mut payload = Vec::new();
        while (payload.len() as u64) < len && next < input.len() {
            payload.push(input[next] ^ key.map_or(0, |key| key[payload.len() % 4]));
            next += 1;
        }
        found.frames.push(Frame { at: at as u64, payload_at, fin, rsv, opcode, key, len, payload });
    }
    found
}

/// Sections 5.1, 5.4, 5.5 and 8.1: makes messages of the frames.
#[must_use]
pub fn interpret(terms: &Terms, input: &[u8]) -> Verdict {
    let Frames { frames, failure, rest } = frames(input);
    let mut verdict = Verdict { messages: Vec::new(), failure: None, between: false };
    let mut open: Option<Open> = None;
    let mut between = true;
    for frame in frames {
        let broken = broken_by_header(terms, open.as_ref(), &frame);
        if !broken.is_empty() {
            verdict.failure = Some(Failure { rules: broken, at: frame.at });
            return verdict;
        }
        between = frame.is_complete();
        if frame.is_control() {
            if frame.is_complete() {
                match control(&frame) {
                    Ok(told) => verdict.messages.push((frame.at, told)),
                    Err(rule) => {
                        verdict.failure = Some(Failure { rules: vec![rule], at: frame.at });
                        return verdict;
                    }
                }
            }
            continue;
        }
        let message = open.get_or_insert_with(|| Open::new(frame.opcode));
        message.frames += 1;
        for (&byte, at) in frame.payload.iter().zip(frame.payload_at..) {
            if !message.push(byte) {
                verdict.failure = Some(Failure { rules: vec![Rule::NotUtf8], at });
                return verdict;
            }
        }
        if !frame.is_complete() || !frame.fin {
            continue;
        }
        if !message.character.is_empty() {
            let at = frame.payload_at + frame.len;
            verdict.failure = Some(Failure { rules: vec![Rule::NotUtf8], at });
            return verdict;
        }
        verdict.messages.extend(open.take().map(|open| (frame.at, open.told())));
    }
    verdict.between = between && !rest && open.is_none() && failure.is_none();
    verdict.failure = failure;
    verdict
}

/// What is wrong with a frame that could be right elsewhere.
fn broken_by_header(terms: &Terms, open: Option<&Open>, frame: &Frame) -> Vec<Rule> {
    let mut broken = Vec::new();
    match terms.role {
        Role::Server if frame.key.is_none() => broken.push(Rule::Unmasked),
        Role::Client if frame.key.is_some() => broken.push(Rule::Masked),
        _ => {}
    }
    if frame.rsv != 0 {
        broken.push(Rule::ReservedBits);
    }
    if frame.is_control() {
        return broken;
    }
    if open.is_none() && frame.opcode == 0 {
        broken.push(Rule::NothingToContinue);
    }
    if open.is_some() && frame.opcode != 0 {
        broken.push(Rule::MessageInterrupted);
    }
    let (bytes, frames) = open.map_or((0, 0), |open| (open.bytes.len(), open.frames));
    if frame.len > terms.frame as u64 {
        broken.push(Rule::FrameTooLong { len: frame.len, limit: terms.frame });
    }
    if u128::from(frame.len) + bytes as u128 > terms.message as u128 {
        broken.push(Rule::MessageTooLong { limit: terms.message });
    }
    if frames + 1 > terms.fragments {
        broken.push(Rule::TooManyFragments { limit: terms.fragments });
    }
    broken
}

/// What a control frame says, of which all is there.
fn control(frame: &Frame) -> Result<Told, Rule> {
    match frame.opcode {
        9 => return Ok(Told::Ping(frame.payload.clone())),
        10 => return Ok(Told::Pong(frame.payload.clone())),
        _ => {}
    }
    if frame.payload.is_empty() {
        return Ok(Told::Close(None));
    }
    if frame.payload.len() == 1 {
        return Err(Rule::CloseBodyOfOneByte);
    }
    let code = u16::from(frame.payload[0]) * 256 + u16::from(frame.payload[1]);
    if !may_be_sent(code) {
        return Err(Rule::CloseCode(code));
    }
    let reason = str::from_utf8(&frame.payload[2..]).map_err(|_| Rule::CloseReasonNotUtf8)?;
    Ok(Told::Close(Some((code, reason.to_owned()))))
}

/// Section 7.4 and the IANA registry: 1012 to 1014 have come later.
#[must_use]
pub fn may_be_sent(code: u16) -> bool {
    const REGISTERED: [u16; 12] = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
    REGISTERED.contains(&code) || (3000..=4999).contains(&code)
}

/// A message that is not all there.
struct Open {
    is_text: bool,
    bytes: Vec<u8>,
    /// The beginning of a character.
    character: Vec<u8>,
    frames: u32,
}

impl Open {
    fn new(opcode: u8) -> Self {
        Self { is_text: opcode == 1, bytes: Vec::new(), character: Vec::new(), frames: 0 }
    }

    /// Takes a byte, unless no text goes on like that.
    fn push(&mut self, byte: u8) -> bool {
        self.bytes.push(byte);
        if !self.is_text {
            return true;
        }
        self.character.push(byte);
        match str::from_utf8(&self.character) {
            Ok(_) => self.character.clear(),
            Err(error) => return error.error_len().is_none(),
        }
        true
    }

    fn told(self) -> Told {
        if self.is_text {
            Told::Text(String::from_utf8(self.bytes).expect("each character was looked at"))
        } else {
            Told::Binary(self.bytes)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: Terms =
        Terms { role: Role::Server, frame: 100, message: 100, fragments: 3, control_frames: 3 };
    const CLIENT: Terms = Terms { role: Role::Client, ..SERVER };

    /// The examples of RFC 6455, section 5.7.
    #[test]
    fn the_examples_of_the_standard_are_understood() {
        let hello = Told::Text("Hello".to_owned());
        let alone = |terms: &Terms, input: &[u8]| {
            let verdict = interpret(terms, input);
            assert!(verdict.failure.is_none() && verdict.between, "{verdict:?}");
            verdict.told()
        };
        assert_eq!(alone(&CLIENT, b"\x81\x05Hello"), std::slice::from_ref(&hello));
        assert_eq!(
            alone(&SERVER, b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"),
            std::slice::from_ref(&hello)
        );
        assert_eq!(alone(&CLIENT, b"\x01\x03Hel\x80\x02lo"), [hello]);
        assert_eq!(alone(&CLIENT, b"\x89\x05Hello"), [Told::Ping(b"Hello".to_vec())]);
        let pong = b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
        assert_eq!(alone(&SERVER, pong), [Told::Pong(b"Hello".to_vec())]);
    }

    #[test]
    fn an_impossible_byte_is_found_where_it_is() {
        let at = |input: &[u8]| interpret(&CLIENT, input).failure.map(|failure| failure.at);
        assert_eq!(at(b"\x81\x09ab\xF4\x90"), Some(5));
        assert_eq!(at(b"\x81\x09ab\xF4"), None);
        assert_eq!(at(b"\x01\x01\xED\x00\x00\x80\x09\xA0"), Some(7));
        assert_eq!(at(b"\x81\x03ab\xF4"), Some(5));
    }
}
