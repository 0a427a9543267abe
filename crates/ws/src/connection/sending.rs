use alloc::vec::Vec;
use core::time::Duration;

use super::{End, Last, SendError, Sender, Transmit, Transport};
use crate::{CloseFrame, Message, MessageRef, OpCode, Prepared, Role, Violation};

impl Sender {
    /// Takes note of a message: a ping is answered, and so is a close frame; text and bytes are none of its business.
    ///
    /// - `at`: where in the input it has begun, see [`Messages::control_at`](crate::Messages::control_at).
    ///
    /// # Errors
    ///
    /// If there are more of them than may come. A close frame is queued that says so.
    #[inline]
    pub fn handle_message(
        &mut self,
        now: Duration,
        message: &MessageRef<'_>,
        at: u64,
    ) -> Result<(), Violation> {
        match self.received(now, message) {
            Ok(()) => Ok(()),
            Err(rule) => Err(self.handle_violation(now, Violation::new(rule, at))),
        }
    }

    /// Takes note of what the peer has done wrong, for which a close frame is queued, and gives it back.
    pub fn handle_violation(&mut self, now: Duration, violation: Violation) -> Violation {
        self.fail(now, &violation);
        violation
    }

    /// Notes that the peer will send nothing more: its side of the connection below is closed.
    pub fn handle_eof(&mut self) {
        self.closing.eof();
    }

    /// Notes what time it is, which may have been waited for: see [`poll_timeout`](Self::poll_timeout).
    pub fn handle_timeout(&mut self, now: Duration) {
        self.tick(now);
        self.closing.timeout(now);
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), if at all.
    #[must_use]
    pub const fn poll_timeout(&self) -> Option<Duration> {
        match self.closing.deadline() {
            // The peer has gone, and there is nothing left to be sent.
            Some(_) if self.closing.is_eof() && self.out.is_empty() => None,
            deadline => deadline,
        }
    }

    /// What is to become of the connection below.
    #[must_use]
    pub fn transport(&self) -> Transport {
        let role = if self.is_client() { Role::Client } else { Role::Server };
        self.closing.transport(role, self.out.is_empty())
    }

    /// How the connection has ended, if it has.
    #[must_use]
    pub fn end(&self) -> Option<&End> {
        self.closing.end()
    }

    /// Whether messages can be sent.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.closing.is_open()
    }

    /// Queues a message.
    ///
    /// # Errors
    ///
    /// As [`Connection::send`](super::Connection::send).
    #[inline]
    pub fn send(&mut self, message: impl Into<Message>) -> Result<(), SendError> {
        self.queue(message.into())
    }

    /// Queues a message that goes to many.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_prepared(&mut self, prepared: &Prepared) -> Result<(), SendError> {
        self.prepared(prepared)
    }

    /// Queues a message as it is, whatever was agreed on for compression.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_uncompressed(&mut self, message: impl Into<Message>) -> Result<(), SendError> {
        match message.into() {
            Message::Text(text) => self.uncompressed(OpCode::Text, &text.into_bytes()),
            Message::Binary(bytes) => self.uncompressed(OpCode::Binary, &bytes),
            other => self.queue(other),
        }
    }

    /// Queues a message of text, copied.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_text(&mut self, text: &str) -> Result<(), SendError> {
        self.message(OpCode::Text, text.as_bytes())
    }

    /// Queues a message of bytes, copied.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_binary(&mut self, bytes: &[u8]) -> Result<(), SendError> {
        self.message(OpCode::Binary, bytes)
    }

    /// Queues a ping, in front of messages that wait.
    ///
    /// # Errors
    ///
    /// If the payload is longer than 125 bytes, or the connection is closing.
    pub fn ping(&mut self, payload: &[u8]) -> Result<(), SendError> {
        self.control(OpCode::Ping, payload)
    }

    /// Queues a part of a message of text that is not all there yet.
    ///
    /// # Errors
    ///
    /// As [`Connection::send_text_fragment`](super::Connection::send_text_fragment).
    pub fn send_text_fragment(&mut self, text: &str, last: Last) -> Result<(), SendError> {
        self.fragment(OpCode::Text, text.as_bytes(), last)
    }

    /// Queues a part of a message of bytes that is not all there yet.
    ///
    /// # Errors
    ///
    /// As [`Connection::send_binary_fragment`](super::Connection::send_binary_fragment).
    pub fn send_binary_fragment(&mut self, bytes: &[u8], last: Last) -> Result<(), SendError> {
        self.fragment(OpCode::Binary, bytes, last)
    }

    /// Closes the connection, with a reason or without, once the messages that wait are out.
    ///
    /// # Errors
    ///
    /// If it is closing already.
    pub fn close(&mut self, now: Duration, frame: impl Into<Option<CloseFrame>>) -> Result<(), SendError> {
        self.begin_close(Some(now), frame.into().as_ref())
    }

    /// What is to be sent.
    pub const fn transmit(&mut self) -> Transmit<'_> {
        Transmit::new(&mut self.out)
    }

    /// How many bytes are to be sent.
    #[must_use]
    #[inline]
    pub const fn buffered(&self) -> usize {
        self.out.len()
    }

    /// Lends memory to put frames together in, unless there is some: for many connections that share a buffer.
    ///
    /// - `buffer`: makes it. What is in it does not matter.
    #[inline]
    pub fn lend_buffer(&mut self, buffer: impl FnOnce() -> Vec<u8>) {
        self.out.lend(buffer);
    }

    /// Takes the memory back in which frames are put together, if nothing is in it: without any if something is.
    #[must_use]
    pub fn reclaim_buffer(&mut self) -> Vec<u8> {
        self.out.reclaim()
    }

    /// Gives back the memory of buffers that nothing is in: for a connection that is about to wait.
    pub fn shrink_buffers(&mut self) {
        self.out.shrink();
    }

    /// Gives back all memory that can be done without, [buffers](Self::shrink_buffers) and what compression will make
    /// again: for a connection that has waited for some time.
    pub fn shrink(&mut self) {
        self.out.shrink();
        if let Some(compress) = &mut self.compress {
            compress.park();
        }
    }
}
