//! A connection: messages in both directions, answers to pings, and the closing handshake.

mod closing;
mod error;
mod events;
mod outgoing;
mod pace;
mod sender;
mod sending;
#[cfg(test)]
mod tests;

use alloc::boxed::Box;
use core::time::Duration;

pub use self::{
    closing::{End, Transport},
    error::SendError,
    events::Events,
    outgoing::Transmit,
    sender::Sender,
};
#[cfg(feature = "deflate")]
use crate::message::compression::Compress;
use crate::{CloseFrame, Limits, Message, MessageDecoder, Prepared, Role};

/// One end of a WebSocket connection, without the connection: what comes is put in, what is to be sent is taken out.
///
/// Nothing in here reads a socket, a clock or a random source. Time is a [`Duration`] since any point before the
/// connection began, and must not go backwards; a client is given what makes its masking keys.
///
/// - [`handle_input`](Self::handle_input) takes what has been read, and hands out messages;
///   [`handle_eof`](Self::handle_eof) and [`handle_timeout`](Self::handle_timeout) say what else has happened.
/// - [`send`](Self::send), its siblings and [`close`](Self::close) queue what is to be sent;
///   [`transmit`](Self::transmit) is the queue, a [`Buf`](bytes::Buf).
/// - [`poll_timeout`](Self::poll_timeout) says when to call `handle_timeout`, and [`transport`](Self::transport)
///   what is to become of the connection below.
///
/// Pings are answered by themselves, and so is a close frame. Something that the peer does wrong is answered by a close
/// frame with the code that goes with it. A frame about the connection goes out before messages that wait, but
/// a close frame after them.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use longwave_ws::{Connection, Limits, Message, MessageRef};
///
/// let now = Duration::ZERO;
/// let mut server = Connection::server(Limits::default());
/// // Take the keys from a random source that nobody can guess.
/// let mut client = Connection::client(Limits::default(), || [1, 2, 3, 4]);
///
/// client.send(Message::text("hello"))?;
/// let mut wire = client.transmit().take_all();
/// let mut events = server.handle_input(now, &mut wire);
/// assert_eq!(events.next_message(), Some(Ok(MessageRef::Text("hello"))));
/// assert_eq!(events.next_message(), None);
/// # Ok::<_, longwave_ws::SendError>(())
/// ```
#[derive(Debug)]
pub struct Connection {
    decoder: MessageDecoder,
    sender: Sender,
}

impl Connection {
    /// Makes the end that was asked for the connection.
    #[must_use]
    pub const fn server(limits: Limits) -> Self {
        let sender = Sender::new(None, limits.control_frames);
        Self { decoder: MessageDecoder::new(Role::Server, limits), sender }
    }

    /// Makes the end that has asked for the connection.
    ///
    /// - `keys`: makes the key that a frame is masked with. Each has to be a new one that nobody can guess, from a
    ///   strong source of randomness (RFC 6455, section 5.3).
    #[must_use]
    pub fn client(limits: Limits, keys: impl FnMut() -> [u8; 4] + Send + Sync + 'static) -> Self {
        let sender = Sender::new(Some(Box::new(keys)), limits.control_frames);
        Self { decoder: MessageDecoder::new(Role::Client, limits), sender }
    }

    /// Compresses messages, as was agreed on in the opening handshake.
    ///
    /// - `pool`: where the memory for it is taken from and given back to, if it is to be shared.
    #[cfg(feature = "deflate")]
    #[must_use]
    pub fn deflate(mut self, agreed: crate::deflate::Agreed, pool: Option<crate::deflate::Pool>) -> Self {
        self.decoder = self.decoder.deflate(&agreed, pool.clone());
        self.sender.compress = Some(Box::new(Compress::new(agreed, pool)));
        self
    }

    /// Sets how long the closing handshake may take; 5 s unless set.
    #[must_use]
    pub const fn close_timeout(mut self, patience: Duration) -> Self {
        self.sender.patience = patience;
        self
    }

    /// Sends messages that are longer than this in frames of this many bytes, between which pings and pongs find room;
    /// in one frame unless set.
    ///
    /// # Panics
    ///
    /// If it is zero.
    #[must_use]
    pub const fn fragment_size(mut self, bytes: usize) -> Self {
        assert!(bytes > 0, "a fragment has at least one byte");
        self.sender.fragment = bytes;
        self
    }

    /// Takes in what has come from the peer, which is unmasked in place, and hands out what it means.
    ///
    /// All of it is taken in when [`Events::next_message`] has said `None`.
    pub fn handle_input<'c, 'i>(&'c mut self, now: Duration, input: &'i mut [u8]) -> Events<'c, 'i> {
        self.sender.tick(now);
        Events::new(self.decoder.feed(input), &mut self.sender, now)
    }

    /// Notes that the peer will send nothing more: its side of the connection below is closed.
    pub fn handle_eof(&mut self) {
        self.sender.handle_eof();
    }

    /// Notes what time it is, which may have been waited for: see [`poll_timeout`](Self::poll_timeout).
    pub fn handle_timeout(&mut self, now: Duration) {
        self.sender.handle_timeout(now);
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), if at all.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Duration> {
        self.sender.poll_timeout()
    }

    /// What is to become of the connection below.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.sender.transport()
    }

    /// How the connection has ended, if it has.
    #[must_use]
    pub fn end(&self) -> Option<&End> {
        self.sender.end()
    }

    /// Whether messages can be sent.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.sender.is_open()
    }

    /// Queues a message.
    ///
    /// One that is large and not masked is not copied. [`Message::Close`] closes the connection as
    /// [`close`](Self::close) does, but for the deadline, which counts from the next time that is told.
    ///
    /// # Errors
    ///
    /// If the connection is closing, if a message was begun in [fragments](Self::send_text_fragment), or if a ping or pong is
    /// longer than 125 bytes.
    #[inline]
    pub fn send(&mut self, message: impl Into<Message>) -> Result<(), SendError> {
        self.sender.send(message)
    }

    /// Queues a message that goes to many.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_prepared(&mut self, prepared: &Prepared) -> Result<(), SendError> {
        self.sender.send_prepared(prepared)
    }

    /// Queues a message as it is, whatever was agreed on for compression: what is secret should not be compressed
    /// together with what an attacker may choose, for the length tells of both.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_uncompressed(&mut self, message: impl Into<Message>) -> Result<(), SendError> {
        self.sender.send_uncompressed(message)
    }

    /// Queues a message of text, copied.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_text(&mut self, text: &str) -> Result<(), SendError> {
        self.sender.send_text(text)
    }

    /// Queues a message of bytes, copied.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_binary(&mut self, bytes: &[u8]) -> Result<(), SendError> {
        self.sender.send_binary(bytes)
    }

    /// Queues a ping, in front of messages that wait.
    ///
    /// # Errors
    ///
    /// If the payload is longer than 125 bytes, or the connection is closing.
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), SendError> {
        self.sender.ping(payload)
    }

    /// Queues a part of a message of text that is not all there yet: the first, the next or, if `last` says so,
    /// the last.
    ///
    /// # Errors
    ///
    /// If the connection is closing, or a message of bytes was begun.
    pub fn send_text_fragment(&mut self, text: &str, last: Last) -> Result<(), SendError> {
        self.sender.send_text_fragment(text, last)
    }

    /// Queues a part of a message of bytes that is not all there yet.
    ///
    /// # Errors
    ///
    /// If the connection is closing, or a message of text was begun.
    pub fn send_binary_fragment(&mut self, bytes: &[u8], last: Last) -> Result<(), SendError> {
        self.sender.send_binary_fragment(bytes, last)
    }

    /// Closes the connection, with a reason or without, once the messages that wait are out.
    ///
    /// What the peer sends until it has answered still comes as events.
    ///
    /// # Errors
    ///
    /// If it is closing already.
    pub fn close(&mut self, now: Duration, frame: impl Into<Option<CloseFrame>>) -> Result<(), SendError> {
        self.sender.close(now, frame)
    }

    /// What is to be sent.
    pub const fn transmit(&mut self) -> Transmit<'_> {
        self.sender.transmit()
    }

    /// How many bytes are to be sent.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.sender.buffered()
    }

    /// Gives back the memory of buffers that nothing is in: for a connection that is about to wait.
    pub fn shrink(&mut self) {
        self.decoder.shrink();
        self.sender.shrink();
    }

    /// Takes it apart: into what reads, and what does all else, which may be in other hands.
    ///
    /// Whoever takes messages out of the decoder then [tells](Sender::handle_message) the other half of those about
    /// the connection, and [of what is wrong](Sender::handle_violation).
    #[must_use]
    pub fn into_parts(self) -> (MessageDecoder, Sender) {
        (self.decoder, self.sender)
    }
}

/// Whether a fragment is the last of its message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Last {
    /// More is to come.
    No,
    /// The message is complete with it.
    Yes,
}
