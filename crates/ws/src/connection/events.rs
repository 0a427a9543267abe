use core::time::Duration;

use super::{SendError, sender::Sender};
use crate::{Message, MessagePart, MessageRef, Messages, Violation};

/// What has come from the peer; made by [`Connection::handle_input`](super::Connection::handle_input).
///
/// A ping has been answered when it comes out here, and so has a close frame; after that one, and after a violation,
/// there is nothing more.
#[derive(Debug)]
#[must_use = "what has come is lost if it is not taken out"]
pub struct Events<'c, 'i> {
    messages: Messages<'c, 'i>,
    sender: &'c mut Sender,
    now: Duration,
}

impl<'c, 'i> Events<'c, 'i> {
    pub(super) const fn new(messages: Messages<'c, 'i>, sender: &'c mut Sender, now: Duration) -> Self {
        Self { messages, sender, now }
    }

    /// The next message, where it lies; `None` if all of the input has been taken in.
    ///
    /// # Errors
    ///
    /// What the peer has done wrong. A close frame is queued that says so.
    #[inline]
    pub fn next_message(&mut self) -> Option<Result<MessageRef<'_>, Violation>> {
        if self.sender.closing.end().is_some() {
            return None;
        }
        let (at, message) = self.messages.next_message_at()?;
        Some(match message {
            Ok(message) => self.sender.handle_message(self.now, &message, at).map(|()| message),
            Err(violation) => Err(self.sender.handle_violation(self.now, violation)),
        })
    }

    /// The next part of a message, where it lies, which is not put together; `None` if all of the input has been
    /// taken in. See [`Messages::next_part`].
    ///
    /// # Errors
    ///
    /// As [`next_message`](Self::next_message).
    pub fn next_part(&mut self) -> Option<Result<MessagePart<'_>, Violation>> {
        if self.sender.closing.end().is_some() {
            return None;
        }
        let (at, part) = self.messages.next_part_at()?;
        Some(match part {
            Ok(MessagePart::Control(message)) => {
                let noted = self.sender.handle_message(self.now, &message, at);
                noted.map(|()| MessagePart::Control(message))
            }
            Ok(part) => Ok(part),
            Err(violation) => Err(self.sender.handle_violation(self.now, violation)),
        })
    }

    /// The next message, as one that can be kept; `None` if all of the input has been taken in.
    ///
    /// # Errors
    ///
    /// As [`next_message`](Self::next_message).
    #[inline]
    pub fn next_owned(&mut self) -> Option<Result<Message, Violation>> {
        if self.sender.closing.end().is_some() {
            return None;
        }
        match self.messages.next_owned()? {
            Ok(message @ (Message::Text(_) | Message::Binary(_))) => Some(Ok(message)),
            other => Some(self.received(other)),
        }
    }

    #[cold]
    fn received(&mut self, message: Result<Message, Violation>) -> Result<Message, Violation> {
        let at = self.messages.control_at();
        match message {
            Ok(message) => self.sender.handle_message(self.now, &message.as_message(), at).map(|()| message),
            Err(violation) => Err(self.sender.handle_violation(self.now, violation)),
        }
    }

    /// Queues a message, as [`Connection::send`](super::Connection::send) does: an answer to what has just come, which
    /// goes out before that to a close frame which may be next.
    ///
    /// # Errors
    ///
    /// As [`Connection::send`](super::Connection::send).
    pub fn send(&mut self, message: impl Into<Message>) -> Result<(), SendError> {
        self.sender.send(message)
    }
}
