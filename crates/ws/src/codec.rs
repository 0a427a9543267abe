//! Codecs for [`tokio_util::codec`], for those who have a `Framed` already.
//!
//! They frame, and no more: pings are not answered, and the closing handshake is the caller's affair.
//! [`Connection`](crate::Connection) does both, and copies less.

use std::{boxed::Box, error::Error, fmt, io, vec::Vec};

use bytes::{Buf, Bytes, BytesMut};
use tokio_util::codec::{Decoder, Encoder};

use crate::{
    CloseFrame, FrameEncoder, FrameHeader, Limits, Message, MessageDecoder, OpCode, Role, Rule, SendError,
    Violation, scan::mask,
};

/// A frame with its payload, which is not masked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Frame {
    /// Its header. If it has a key, that is what the payload was, or will be, masked with.
    pub header: FrameHeader,
    /// Its payload, as long as the header says.
    pub payload: Bytes,
}

/// Frames, as they come: for proxies.
///
/// # Examples
///
/// ```
/// use bytes::BytesMut;
/// use longwave_ws::{OpCode, codec::FrameCodec};
/// use tokio_util::codec::{Decoder, Encoder};
///
/// let mut codec = FrameCodec::new(1024);
/// let mut wire = BytesMut::from(&b"\x81\x05hello\x89"[..]);
/// let frame = codec.decode(&mut wire)?.expect("it is all there");
/// assert_eq!((frame.header.opcode(), &frame.payload[..]), (OpCode::Text, &b"hello"[..]));
/// assert_eq!(codec.decode(&mut wire)?, None);
///
/// let mut out = BytesMut::new();
/// codec.encode(frame, &mut out)?;
/// assert_eq!(out, &b"\x81\x05hello"[..]);
/// # Ok::<_, longwave_ws::codec::CodecError>(())
/// ```
#[derive(Clone, Debug)]
pub struct FrameCodec {
    max_payload: usize,
    at: u64,
}

/// Messages, for one end of a connection.
///
/// # Examples
///
/// ```
/// use bytes::BytesMut;
/// use longwave_ws::{Limits, Message, codec::MessageCodec};
/// use tokio_util::codec::{Decoder, Encoder};
///
/// // Take the keys from a random source that nobody can guess.
/// let mut client = MessageCodec::client(Limits::default(), || [1, 2, 3, 4]);
/// let mut server = MessageCodec::server(Limits::default());
/// let mut wire = BytesMut::new();
/// client.encode(Message::text("hello"), &mut wire)?;
/// assert_eq!(server.decode(&mut wire)?, Some(Message::text("hello")));
/// # Ok::<_, longwave_ws::codec::CodecError>(())
/// ```
pub struct MessageCodec {
    decoder: MessageDecoder,
    keys: Option<Box<dyn FnMut() -> [u8; 4] + Send + Sync>>,
}

/// Why a codec has failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum CodecError {
    /// The connection below has.
    Io(io::Error),
    /// The peer has done something wrong.
    Violation(Violation),
    /// What was to be sent cannot be.
    Send(SendError),
}

impl FrameCodec {
    /// Makes one for payloads of up to so many bytes.
    #[must_use]
    pub const fn new(max_payload: usize) -> Self {
        Self { max_payload, at: 0 }
    }
}

impl Decoder for FrameCodec {
    type Item = Frame;
    type Error = CodecError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Frame>, CodecError> {
        let violation = |rule| CodecError::Violation(Violation::new(rule, self.at));
        let Some((header, head)) = FrameHeader::decode(src).map_err(violation)? else { return Ok(None) };
        let len = header.payload_len();
        let limit = self.max_payload;
        let payload = usize::try_from(len).ok().filter(|len| *len <= limit);
        let payload = payload.ok_or_else(|| violation(Rule::FrameTooLong { len, limit }))?;
        if src.len() - head < payload {
            // As much as has come justifies; the rest when that has.
            src.reserve((head + payload - src.len()).min(src.len().max(READ)));
            return Ok(None);
        }
        src.advance(head);
        let mut payload = src.split_to(payload);
        let _seen = mask(&mut payload, header.mask());
        self.at += head as u64 + len;
        Ok(Some(Frame { header, payload: payload.freeze() }))
    }
}

impl Encoder<Frame> for FrameCodec {
    type Error = CodecError;

    /// Appends a frame.
    ///
    /// # Panics
    ///
    /// If the payload is not as long as the header says.
    fn encode(&mut self, frame: Frame, dst: &mut BytesMut) -> Result<(), CodecError> {
        encode(&frame.header, &frame.payload, dst);
        Ok(())
    }
}

impl MessageCodec {
    /// Makes the end that was asked for the connection.
    #[must_use]
    pub const fn server(limits: Limits) -> Self {
        Self { decoder: MessageDecoder::new(Role::Server, limits), keys: None }
    }

    /// Makes the end that has asked for the connection.
    ///
    /// - `keys`: makes the key that a frame is masked with; each has to be one that nobody can guess.
    #[must_use]
    pub fn client(limits: Limits, keys: impl FnMut() -> [u8; 4] + Send + Sync + 'static) -> Self {
        Self { decoder: MessageDecoder::new(Role::Client, limits), keys: Some(Box::new(keys)) }
    }
}

impl Decoder for MessageCodec {
    type Item = Message;
    type Error = CodecError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Message>, CodecError> {
        let before = src.len();
        let mut messages = self.decoder.feed(src);
        let next = messages.next_owned();
        let taken = before - messages.remaining();
        src.advance(taken);
        next.transpose().map_err(CodecError::Violation)
    }
}

impl Encoder<Message> for MessageCodec {
    type Error = CodecError;

    fn encode(&mut self, message: Message, dst: &mut BytesMut) -> Result<(), CodecError> {
        let close;
        let (opcode, payload) = match &message {
            Message::Text(text) => (OpCode::Text, text.as_bytes()),
            Message::Binary(bytes) => (OpCode::Binary, &bytes[..]),
            Message::Ping(bytes) => (OpCode::Ping, &bytes[..]),
            Message::Pong(bytes) => (OpCode::Pong, &bytes[..]),
            Message::Close(None) => (OpCode::Close, &[][..]),
            Message::Close(Some(frame)) => {
                close = CloseFrame::encode(frame);
                (OpCode::Close, &close.0[..close.1])
            }
        };
        if opcode.is_control() && payload.len() > 125 {
            return Err(CodecError::Send(SendError::ControlTooLong { len: payload.len() }));
        }
        let header = FrameHeader::new(opcode, payload.len() as u64);
        let header = self.keys.as_mut().map_or(header, |keys| header.with_key(keys()));
        encode(&header, payload, dst);
        Ok(())
    }
}

fn encode(header: &FrameHeader, payload: &[u8], dst: &mut BytesMut) {
    if header.key().is_none() {
        assert_eq!(header.payload_len(), payload.len() as u64, "a payload as long as its header says");
        dst.extend_from_slice(header.encode().as_slice());
        dst.extend_from_slice(payload);
    } else {
        let mut frame = Vec::new();
        FrameEncoder.encode(header, payload, &mut frame);
        dst.extend_from_slice(&frame);
    }
}

impl From<io::Error> for CodecError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(_) => f.write_str("the connection below has failed"),
            Self::Violation(_) => f.write_str("the peer has broken the protocol"),
            Self::Send(_) => f.write_str("this cannot be sent"),
        }
    }
}

impl Error for CodecError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Violation(violation) => Some(violation),
            Self::Send(error) => Some(error),
        }
    }
}

impl fmt::Debug for MessageCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageCodec").field("decoder", &self.decoder).finish_non_exhaustive()
    }
}

/// For how much more to make room at least.
const READ: usize = 4096;

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;

    #[test]
    fn frames_and_messages_pass_whatever_the_cuts() {
        let messages = [
            Message::text("hello"),
            Message::binary(vec![7; 70_000]),
            Message::Ping(Bytes::from_static(b"!")),
            Message::Close(Some(crate::CloseCode::NORMAL.into())),
        ];
        let mut client = MessageCodec::client(Limits::default(), || [1, 2, 3, 4]);
        let mut wire = BytesMut::new();
        for message in &messages {
            client.encode(message.clone(), &mut wire).unwrap();
        }
        for step in [1, 7, 100_000] {
            let mut server = MessageCodec::server(Limits::default());
            let (mut src, mut got) = (BytesMut::new(), vec![]);
            // Through a proxy, frame by frame.
            let (mut proxy, mut through) = (FrameCodec::new(100_000), BytesMut::new());
            let mut before = BytesMut::new();
            for piece in wire.chunks(step) {
                before.extend_from_slice(piece);
                while let Some(frame) = proxy.decode(&mut before).unwrap() {
                    proxy.encode(frame, &mut through).unwrap();
                }
                src.extend_from_slice(&through.split());
                while let Some(message) = server.decode(&mut src).unwrap() {
                    got.push(message);
                }
            }
            assert_eq!(got, messages);
        }
    }

    #[test]
    fn a_frame_that_only_says_it_is_long_takes_no_memory() {
        let mut codec = FrameCodec::new(usize::MAX >> 1);
        let mut src = BytesMut::from(&b"\x82\x7F\0\0\0\x40\0\0\0\0"[..]);
        assert!(matches!(codec.decode(&mut src), Ok(None)));
        assert!(src.capacity() <= 2 * READ);
        let mut codec = FrameCodec::new(9);
        let refused = codec.decode(&mut src).unwrap_err();
        assert!(matches!(refused, CodecError::Violation(violation) if violation.close_code().get() == 1009));
    }

    #[test]
    fn what_may_not_be_sent_is_not() {
        let mut server = MessageCodec::server(Limits::default());
        let long = Message::Ping(vec![0; 126].into());
        assert!(matches!(server.encode(long, &mut BytesMut::new()), Err(CodecError::Send(_))));
    }
}
