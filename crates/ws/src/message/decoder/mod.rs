mod find;
mod messages;

use alloc::{boxed::Box, vec::Vec};

use self::find::Frame;
pub use self::messages::Messages;
use super::{assembly::Assembly, compression::Decompress, control::Control};
use crate::{
    Limits, OpCode, Role, Rule, Violation,
    frame::{HeaderReader, Input},
    scan::{Key, Utf8Error},
};

/// Takes messages out of what comes from a peer.
///
/// It takes in all it is given: what is not a whole message is kept, in memory of its own and of its own size, so that
/// a buffer to read into is only needed while there is something to read. How the bytes are cut changes nothing.
///
/// What is checked is all that RFC 6455 lets a receiver check, and the [`Limits`], as soon as a header is there; a
/// text fails with the first byte that is impossible, within a frame that is not complete and across frames.
///
/// # Examples
///
/// ```
/// use longwave_ws::{Limits, MessageDecoder, MessageRef, Role};
///
/// let mut decoder = MessageDecoder::new(Role::Server, Limits::default());
/// // The example of RFC 6455, section 5.7, in two reads.
/// let mut reads = [b"\x81\x85\x37\xfa\x21".to_vec(), b"\x3d\x7f\x9f\x4d\x51\x58".to_vec()];
/// assert!(decoder.feed(&mut reads[0]).next_message().is_none());
/// let mut messages = decoder.feed(&mut reads[1]);
/// assert_eq!(messages.next_message(), Some(Ok(MessageRef::Text("Hello"))));
/// assert_eq!(messages.next_message(), None);
/// ```
#[derive(Debug)]
pub struct MessageDecoder {
    role: Role,
    limits: Limits,
    /// How many bytes have been taken in.
    at: u64,
    header: HeaderReader,
    /// The frame of which the header has come.
    frame: Option<Frame>,
    message: Option<Box<Assembly>>,
    /// What was agreed on for messages that are compressed.
    decompress: Option<Box<Decompress>>,
    control: Control,
    /// Where its frame has begun.
    control_at: u64,
    /// The message that was lent last, if it was put together here.
    lent: Option<Box<Assembly>>,
    /// The part that was lent last, if it is not in the input.
    lent_part: Vec<u8>,
    failed: bool,
}

impl MessageDecoder {
    /// Makes one for the end of a connection that is this.
    #[must_use]
    pub const fn new(role: Role, limits: Limits) -> Self {
        Self {
            role,
            limits,
            at: 0,
            header: HeaderReader::new(),
            frame: None,
            message: None,
            decompress: None,
            control: Control::new(),
            control_at: 0,
            lent: None,
            lent_part: Vec::new(),
            failed: false,
        }
    }

    /// Takes in what has come, which is unmasked in place.
    pub const fn feed<'d, 'i>(&'d mut self, input: &'i mut [u8]) -> Messages<'d, 'i> {
        Messages { decoder: self, input: Input::new(input) }
    }

    /// Whether it stands between two messages and two frames: where a connection may end.
    #[must_use]
    pub const fn is_between(&self) -> bool {
        self.header.is_between() && self.frame.is_none() && self.message.is_none()
    }

    /// Inflates messages that are compressed, as was agreed on.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn deflate(mut self, agreed: &crate::deflate::Agreed, pool: Option<crate::deflate::Pool>) -> Self {
        self.decompress = Some(Box::new(Decompress::new(agreed, self.limits, pool)));
        self
    }

    /// Gives back the memory of buffers that nothing is in: for a connection that is about to wait.
    pub fn shrink_buffers(&mut self) {
        self.lent = None;
        self.lent_part = Vec::new();
        if !self.frame.is_some_and(|frame| frame.is_control()) {
            self.control = Control::new();
        }
    }

    /// Gives back all memory that messages to come can do without, [buffers](Self::shrink_buffers) and what compression
    /// will make again: for a connection that has waited for some time.
    pub fn shrink(&mut self) {
        self.shrink_buffers();
        if let Some(decompress) = &mut self.decompress {
            decompress.park();
        }
    }

    #[cold]
    fn fail(&mut self, rule: Rule, at: u64) -> Violation {
        self.failed = true;
        (self.frame, self.message, self.lent) = (None, None, None);
        Violation::new(rule, at)
    }

    /// Takes the next message if it is in one frame that is all there, as most are: the short way.
    #[inline]
    fn plain<'i>(&mut self, input: &mut Input<'i>) -> Option<(OpCode, Key, &'i mut [u8])> {
        let Limits { frame, message, fragments, .. } = self.limits;
        if !self.is_between() || self.failed || fragments == 0 {
            return None;
        }
        let (opcode, key, head, payload) = input.take_plain(self.role, frame.min(message))?;
        self.at += (head + payload.len()) as u64;
        Some((opcode, key, payload))
    }

    /// - `len`: of the text, which was the last that was taken in.
    #[cold]
    fn not_utf8(&mut self, error: Utf8Error, len: usize) -> Violation {
        self.fail(Rule::NotUtf8, self.at - (len - error.at()) as u64)
    }
}
