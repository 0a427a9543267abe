use alloc::boxed::Box;
use core::{fmt, ops::Range, time::Duration};

use bytes::Bytes;

use super::{
    Last, SendError,
    closing::{Closing, End},
    outgoing::{LARGE, MAX_SHORT, Outgoing},
    pace::Pace,
};
use crate::{
    CloseFrame, FrameHeader, Message, MessageRef, OpCode, Prepared, Reserved, Rule, Violation,
    message::compression::Compress,
};

/// Makes masking keys.
type Keys = Box<dyn FnMut() -> [u8; 4] + Send + Sync>;

/// All of a [`Connection`](super::Connection) but what takes messages out of its input; made by
/// [`Connection::into_parts`](super::Connection::into_parts).
///
/// It is for connections that one task reads while another sends.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use longwave_ws::{Connection, Limits};
///
/// let (mut decoder, mut sender) = Connection::server(Limits::default()).into_parts();
/// let mut input = *b"\x89\x82\0\0\0\0hi";
/// let mut messages = decoder.feed(&mut input);
/// while let Some(message) = messages.next_owned() {
///     match message {
///         Ok(message) => sender.handle_message(Duration::ZERO, &message.as_message(), messages.control_at()),
///         Err(violation) => Err(sender.handle_violation(Duration::ZERO, violation)),
///     }
///     .expect("nothing is wrong with a ping");
/// }
/// assert_eq!(sender.transmit().take_all(), b"\x8a\x02hi");
/// ```
pub struct Sender {
    /// A client has them, a server masks nothing.
    keys: Option<Keys>,
    pub(super) out: Outgoing,
    pub(super) closing: Closing,
    pace: Pace,
    pub(super) patience: Duration,
    pub(super) fragment: usize,
    /// What was agreed on for messages that are compressed.
    pub(super) compress: Option<Box<Compress>>,
    /// The message that was begun in fragments.
    begun: Option<OpCode>,
}

impl Sender {
    pub(super) const fn new(keys: Option<Keys>, control_frames: u32) -> Self {
        Self {
            keys,
            out: Outgoing::new(),
            closing: Closing::Open,
            pace: Pace::new(control_frames),
            patience: PATIENCE,
            fragment: usize::MAX,
            compress: None,
            begun: None,
        }
    }

    pub(super) const fn is_client(&self) -> bool {
        self.keys.is_some()
    }

    /// Sets the deadline that was left open, for want of a clock.
    pub(super) fn tick(&mut self, now: Duration) {
        self.closing.tick(now, self.patience);
    }

    #[inline]
    fn masked(&mut self, header: FrameHeader) -> FrameHeader {
        match &mut self.keys {
            Some(keys) => header.with_key(keys()),
            None => header,
        }
    }

    /// Whether a message can begin.
    #[inline]
    fn check(&self) -> Result<(), SendError> {
        match self.begun {
            _ if !self.closing.is_open() => Err(SendError::Closing),
            Some(_) => Err(SendError::MessageBegun),
            None => Ok(()),
        }
    }

    #[inline]
    pub(super) fn queue(&mut self, message: Message) -> Result<(), SendError> {
        let (opcode, payload) = match &message {
            Message::Text(text) => (OpCode::Text, text.as_bytes()),
            Message::Binary(bytes) => (OpCode::Binary, &bytes[..]),
            _ => return self.queue_any(message),
        };
        // What most messages of a server are.
        if payload.len() <= self.fragment.min(MAX_SHORT) && self.keys.is_none() && self.compress.is_none() {
            self.check()?;
            self.out.short(opcode, payload);
            return Ok(());
        }
        self.queue_any(message)
    }

    #[inline(never)]
    fn queue_any(&mut self, message: Message) -> Result<(), SendError> {
        match message {
            Message::Text(text) => self.message_shared(OpCode::Text, &text.into_bytes()),
            Message::Binary(bytes) => self.message_shared(OpCode::Binary, &bytes),
            Message::Ping(payload) => self.control(OpCode::Ping, &payload),
            Message::Pong(payload) => self.control(OpCode::Pong, &payload),
            Message::Close(frame) => self.begin_close(None, frame.as_ref()),
        }
    }

    /// Sends a message, compressed if that was agreed on and is worth it.
    #[inline]
    pub(super) fn message(&mut self, opcode: OpCode, payload: &[u8]) -> Result<(), SendError> {
        self.check()?;
        match &mut self.compress {
            Some(compress) if compress.is_worthwhile(payload.len()) => {
                let compressed = compress.message(payload);
                self.frames(opcode, Reserved::RSV1, &compressed);
            }
            _ => self.frames(opcode, Reserved::NONE, payload),
        }
        Ok(())
    }

    /// The same for a payload that can be sent as it lies.
    #[inline]
    pub(super) fn message_shared(&mut self, opcode: OpCode, payload: &Bytes) -> Result<(), SendError> {
        let compresses = self.compress.as_ref().is_some_and(|compress| compress.is_worthwhile(payload.len()));
        if compresses { self.message(opcode, payload) } else { self.uncompressed(opcode, payload) }
    }

    /// Sends a message as it is, whatever was agreed on.
    #[inline]
    pub(super) fn uncompressed(&mut self, opcode: OpCode, payload: &Bytes) -> Result<(), SendError> {
        self.check()?;
        // What is masked has to be copied.
        if payload.len() < LARGE || self.keys.is_some() {
            self.frames(opcode, Reserved::NONE, payload);
        } else {
            self.each_frame(opcode, Reserved::NONE, payload.len(), |out, header, range| {
                out.frame_shared(header, payload.slice(range));
            });
        }
        Ok(())
    }

    pub(super) fn prepared(&mut self, prepared: &Prepared) -> Result<(), SendError> {
        let payload = prepared.payload();
        // The frame is that of a server, and in one piece.
        if self.keys.is_some() || payload.len() > self.fragment {
            return self.message_shared(prepared.opcode(), payload);
        }
        self.check()?;
        let frame = match &mut self.compress {
            Some(compress) if compress.is_worthwhile(payload.len()) => compress.prepared(prepared),
            _ => prepared.frame().clone(),
        };
        self.out.made(frame);
        Ok(())
    }

    #[inline]
    fn frames(&mut self, opcode: OpCode, reserved: Reserved, payload: &[u8]) {
        if payload.len() <= self.fragment.min(MAX_SHORT) && self.keys.is_none() && reserved == Reserved::NONE
        {
            // What most messages of a server are.
            self.out.short(opcode, payload);
        } else if payload.len() > self.fragment {
            self.each_frame(opcode, reserved, payload.len(), |out, header, range| {
                out.frame(header, &payload[range]);
            });
        } else {
            let header = FrameHeader::new(opcode, payload.len() as u64).with_reserved(reserved);
            let header = self.masked(header);
            self.out.frame(&header, payload);
        }
    }

    fn each_frame(
        &mut self,
        opcode: OpCode,
        reserved: Reserved,
        len: usize,
        mut send: impl FnMut(&mut Outgoing, &FrameHeader, Range<usize>),
    ) {
        let (mut opcode, mut reserved, mut start) = (opcode, reserved, 0);
        loop {
            let end = start + (len - start).min(self.fragment);
            let header = FrameHeader::new(opcode, (end - start) as u64).with_reserved(reserved);
            let header = self.masked(if end < len { header.with_more() } else { header });
            send(&mut self.out, &header, start..end);
            if end == len {
                return;
            }
            (opcode, reserved, start) = (OpCode::Continuation, Reserved::NONE, end);
        }
    }

    pub(super) fn fragment(&mut self, opcode: OpCode, payload: &[u8], last: Last) -> Result<(), SendError> {
        let first = match self.begun {
            _ if !self.closing.is_open() => return Err(SendError::Closing),
            Some(begun) if begun != opcode => return Err(SendError::MessageBegun),
            Some(_) => OpCode::Continuation,
            None => opcode,
        };
        let compressed = self.compress.as_mut().map(|compress| match last {
            Last::Yes => compress.message(payload),
            Last::No => compress.fragment(payload),
        });
        // Only the first frame says that the message is compressed.
        let reserved = if compressed.is_some() && first == opcode { Reserved::RSV1 } else { Reserved::NONE };
        let payload = compressed.as_deref().unwrap_or(payload);
        let header = FrameHeader::new(first, payload.len() as u64).with_reserved(reserved);
        let (header, begun) = match last {
            Last::Yes => (header, None),
            Last::No => (header.with_more(), Some(opcode)),
        };
        self.begun = begun;
        let header = self.masked(header);
        self.out.frame(&header, payload);
        Ok(())
    }

    pub(super) fn control(&mut self, opcode: OpCode, payload: &[u8]) -> Result<(), SendError> {
        if !self.closing.is_open() {
            return Err(SendError::Closing);
        }
        if payload.len() > MAX_CONTROL {
            return Err(SendError::ControlTooLong { len: payload.len() });
        }
        let header = self.masked(FrameHeader::new(opcode, payload.len() as u64));
        self.out.control(&header, payload);
        Ok(())
    }

    pub(super) fn begin_close(
        &mut self,
        now: Option<Duration>,
        frame: Option<&CloseFrame>,
    ) -> Result<(), SendError> {
        if !self.closing.is_open() {
            return Err(SendError::Closing);
        }
        self.close_frame(frame);
        self.closing.ask(now, self.patience);
        Ok(())
    }

    /// Queues a close frame behind everything else.
    fn close_frame(&mut self, frame: Option<&CloseFrame>) {
        let (payload, len) = frame.map_or(([0; 125], 0), CloseFrame::encode);
        let header = self.masked(FrameHeader::new(OpCode::Close, len as u64));
        self.out.last(&header, &payload[..len]);
    }

    /// Deals with what has come, as far as that is no affair of the application's.
    #[inline]
    pub(super) fn received(&mut self, now: Duration, message: &MessageRef<'_>) -> Result<(), Rule> {
        match message {
            MessageRef::Text(_) | MessageRef::Binary(_) => Ok(()),
            MessageRef::Ping(_) | MessageRef::Pong(_) | MessageRef::Close(_) => {
                self.control_received(now, message)
            }
        }
    }

    #[cold]
    fn control_received(&mut self, now: Duration, message: &MessageRef<'_>) -> Result<(), Rule> {
        self.pace.count(now)?;
        match message {
            MessageRef::Ping(payload) if self.closing.is_open() => {
                let header = self.masked(FrameHeader::new(OpCode::Pong, payload.len() as u64));
                self.out.pong(&header, payload);
            }
            MessageRef::Close(frame) => {
                if self.closing.is_open() {
                    // The same code, which says that it has arrived (RFC 6455, section 5.5.1).
                    let echo = frame.as_ref().map(|frame| CloseFrame::new(frame.code()));
                    self.close_frame(echo.as_ref());
                }
                self.closing.done(now, self.patience, End::Closed(frame.clone()));
            }
            _ => {}
        }
        Ok(())
    }

    /// The peer has done something wrong: all that is left is to say so, after answers to what was right before.
    #[cold]
    pub(super) fn fail(&mut self, now: Duration, violation: &Violation) {
        if self.closing.is_open() {
            self.close_frame(Some(&violation.into()));
        }
        self.closing.done(now, self.patience, End::Failed(violation.clone()));
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("closing", &self.closing)
            .field("out", &self.out)
            .finish_non_exhaustive()
    }
}

/// How long a closing handshake may take, unless that is set.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the payload of a control frame may be (RFC 6455, section 5.5).
const MAX_CONTROL: usize = 125;
