use alloc::boxed::Box;

use super::MessageDecoder;
use crate::{
    FrameHeader, Limits, Message, OpCode, Role, Rule, Violation,
    frame::{Input, Reserved},
    message::{
        assembly::{Assembly, Compressed},
        compression::Decompress,
    },
    scan::{Key, mask},
};

#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    opcode: OpCode,
    last: bool,
    missing: u64,
    /// The key as it applies to what is missing.
    key: Key,
    /// Where the frame has begun.
    at: u64,
}

impl Frame {
    pub(super) const fn is_control(&self) -> bool {
        self.opcode.is_control()
    }
}

/// What has been found.
pub(super) enum Found<'i> {
    /// A message in one frame that is all there, and still masked.
    Whole { opcode: OpCode, payload: &'i mut [u8], key: Key },
    /// The message that was being put together is complete.
    Assembled(Box<Assembly>),
    /// A part of a message that is handed out part by part; without data they are in `lent_part`.
    Part { opcode: OpCode, data: Option<&'i [u8]>, last: bool },
    /// A control frame, which has begun there.
    Control { opcode: OpCode, at: u64 },
}

/// How messages are wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wanted {
    Whole,
    InParts,
}

/// What has come of more of a frame.
enum Progress<'i> {
    Found(Found<'i>),
    /// It is complete, and more of the message is to come.
    Frame,
    /// It is not complete.
    Nothing,
}

impl MessageDecoder {
    /// Finds the next message; `None` if all of the input has been taken in.
    #[inline]
    pub(super) fn find<'i>(
        &mut self,
        input: &mut Input<'i>,
        wanted: Wanted,
    ) -> Option<Result<Found<'i>, Violation>> {
        match wanted {
            Wanted::InParts => {
                if let Some(found) = self.hand_on() {
                    return Some(found);
                }
            }
            Wanted::Whole => self.message.iter_mut().for_each(|message| message.keep()),
        }
        loop {
            if let Some(frame) = self.frame.take() {
                match self.go_on(frame, input) {
                    Ok(Progress::Found(found)) => return Some(Ok(found)),
                    Ok(Progress::Frame) => continue,
                    Ok(Progress::Nothing) => return None,
                    Err(violation) => return Some(Err(violation)),
                }
            }
            if self.failed {
                return None;
            }
            let at = self.at - self.header.collected();
            let before = input.len();
            let read = self.header.read(input);
            self.at += (before - input.len()) as u64;
            let header = match read {
                Ok(Some(header)) => header,
                Ok(None) => return None,
                Err(rule) => return Some(Err(self.fail(rule, at))),
            };
            if let Err(rule) = self.check(&header) {
                return Some(Err(self.fail(rule, at)));
            }
            let (opcode, len) = (header.opcode(), header.payload_len());
            let is_whole = header.is_final()
                && !opcode.is_control()
                && header.reserved() == Reserved::NONE
                && len <= input.len() as u64;
            if is_whole && self.message.is_none() {
                self.at += len;
                let payload = input.take_up_to(len);
                return Some(Ok(Found::Whole { opcode, payload, key: header.mask() }));
            }
            self.begin(&header, at);
            if wanted == Wanted::InParts
                && let Some(message) = &mut self.message
            {
                // There is nothing of it yet that could be wrong.
                let _nothing = message.pass_on();
            }
        }
    }

    /// Hands out what of a message was put together before it was wanted in parts.
    #[cold]
    fn hand_on<'i>(&mut self) -> Option<Result<Found<'i>, Violation>> {
        let message = self.message.as_mut().filter(|message| !message.is_passing())?;
        let opcode = message.opcode;
        match message.pass_on() {
            Ok(data) if data.is_empty() => None,
            Ok(data) => {
                self.lent_part = data;
                Some(Ok(Found::Part { opcode, data: None, last: false }))
            }
            Err(_) => Some(Err(self.fail(Rule::NotUtf8, self.at))),
        }
    }

    /// What depends on the role, the limits and the frames before.
    #[inline]
    fn check(&self, header: &FrameHeader) -> Result<(), Rule> {
        match (self.role, header.key()) {
            (Role::Server, None) => return Err(Rule::Unmasked),
            (Role::Client, Some(_)) => return Err(Rule::Masked),
            _ => {}
        }
        match (header.reserved(), header.opcode()) {
            (Reserved::NONE, _) => {}
            // On the first frame of a message alone (RFC 7692, section 6).
            (Reserved::RSV1, OpCode::Text | OpCode::Binary) if self.decompress.is_some() => {}
            _ => return Err(Rule::ReservedBits),
        }
        if header.opcode().is_control() {
            return Ok(());
        }
        let len = header.payload_len();
        let (before, frames) = match (&self.message, header.opcode()) {
            (None, OpCode::Continuation) => return Err(Rule::NothingToContinue),
            (Some(message), OpCode::Continuation) => (message.wire, message.frames),
            (Some(_), _) => return Err(Rule::MessageInterrupted),
            (None, _) => (0, 0),
        };
        let Limits { frame, message, fragments, .. } = self.limits;
        if len > frame as u64 {
            Err(Rule::FrameTooLong { len, limit: frame })
        } else if len > (message as u64).saturating_sub(before) {
            Err(Rule::MessageTooLong { limit: message })
        } else if frames >= fragments {
            Err(Rule::TooManyFragments { limit: fragments })
        } else {
            Ok(())
        }
    }

    fn begin(&mut self, header: &FrameHeader, at: u64) {
        let opcode = header.opcode();
        let (last, missing, key) = (header.is_final(), header.payload_len(), header.mask());
        if opcode.is_control() {
            self.control.begin();
        } else {
            let compressed =
                if header.reserved() == Reserved::NONE { Compressed::No } else { Compressed::Yes };
            let lent = &mut self.lent;
            let message = self.message.get_or_insert_with(|| {
                let mut message = lent.take().unwrap_or_default();
                message.begin(opcode, compressed, missing);
                message
            });
            message.frames += 1;
            message.wire += missing;
        }
        self.frame = Some(Frame { opcode, last, missing, key, at });
    }

    /// Takes in more of a frame.
    fn go_on<'i>(&mut self, mut frame: Frame, input: &mut Input<'i>) -> Result<Progress<'i>, Violation> {
        let piece = input.take_up_to(frame.missing);
        frame.missing -= piece.len() as u64;
        let at = self.at;
        self.at += piece.len() as u64;
        let is_passing = self.message.as_ref().is_some_and(|message| message.is_passing());
        if is_passing && !frame.opcode.is_control() {
            return self.pass(frame, piece);
        }
        match &mut self.message {
            _ if frame.opcode.is_control() => self.control.append(piece, frame.key),
            Some(message) if message.compressed == Compressed::Yes => {
                let _seen = mask(piece, frame.key);
                let is_end = frame.last && frame.missing == 0;
                if let Err(rule) = inflate(&mut self.decompress, piece, message, is_end) {
                    return Err(self.fail(rule, frame.at));
                }
            }
            Some(message) => {
                let before = message.len() as u64;
                if let Err(error) = message.append(piece, frame.key, frame.missing) {
                    // What is impossible has just come, even if the character began in an earlier piece.
                    return Err(self.fail(Rule::NotUtf8, at + error.at() as u64 - before));
                }
            }
            None => {}
        }
        if frame.missing > 0 {
            frame.key = frame.key.after(piece.len());
            self.frame = Some(frame);
            return Ok(Progress::Nothing);
        }
        let Frame { opcode, last, at, .. } = frame;
        if opcode.is_control() {
            self.control_at = at;
            return Ok(Progress::Found(Found::Control { opcode, at }));
        }
        let complete = if last { self.message.take() } else { None };
        Ok(complete.map_or(Progress::Frame, |message| Progress::Found(Found::Assembled(message))))
    }

    /// Takes in more of a frame of a message that is handed out part by part.
    fn pass<'i>(&mut self, mut frame: Frame, piece: &'i mut [u8]) -> Result<Progress<'i>, Violation> {
        let Some(message) = &mut self.message else { return Ok(Progress::Frame) };
        let is_end = frame.last && frame.missing == 0;
        let begun = self.at - piece.len() as u64;
        let _seen = mask(piece, frame.key);
        let piece = &*piece;
        let opcode = message.opcode;
        let (passed, at, end) = if message.compressed == Compressed::Yes {
            let inflated = inflate(&mut self.decompress, piece, message, is_end);
            self.lent_part = message.spilled();
            (inflated, frame.at, frame.at)
        } else {
            let passed = message.passed(piece);
            let possible = passed.err().map_or(0, |error| error.at() as u64);
            (passed.map_err(|_| Rule::NotUtf8), begun + possible, self.at)
        };
        if let Err(rule) = passed {
            return Err(self.fail(rule, at));
        }
        if is_end && !message.is_complete() {
            return Err(self.fail(Rule::NotUtf8, end));
        }
        let data = (message.compressed == Compressed::No).then_some(piece);
        let is_empty = data.unwrap_or(&self.lent_part).is_empty();
        if !is_empty {
            message.begin_passing();
        }
        if is_end {
            self.message = None;
        } else if frame.missing > 0 {
            frame.key = frame.key.after(piece.len());
            self.frame = Some(frame);
        }
        Ok(match (is_empty && !is_end, frame.missing > 0) {
            (false, _) => Progress::Found(Found::Part { opcode, data, last: is_end }),
            (true, true) => Progress::Nothing,
            (true, false) => Progress::Frame,
        })
    }

    pub(super) fn whole(&mut self, message: Assembly) -> Result<Message, Violation> {
        message.into_message().map_err(|rule| self.fail(rule, self.at))
    }
}

/// Finds the next whole message, and passes over what is left of one of which parts were taken.
#[inline]
pub(super) fn find_whole<'i>(
    decoder: &mut MessageDecoder,
    input: &mut Input<'i>,
) -> Option<Result<Found<'i>, Violation>> {
    loop {
        match decoder.find(input, Wanted::Whole)? {
            Ok(Found::Part { .. }) => {}
            found => return Some(found),
        }
    }
}

/// Inflates a piece of a message, and what is left at its end.
fn inflate(
    decompress: &mut Option<Box<Decompress>>,
    piece: &[u8],
    message: &mut Assembly,
    is_end: bool,
) -> Result<(), Rule> {
    let Some(decompress) = decompress else { return Ok(()) };
    decompress.push(piece, message)?;
    if is_end { decompress.finish(message) } else { Ok(()) }
}
