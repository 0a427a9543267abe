use std::{
    fmt,
    future::{Future, poll_fn},
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_sink::Sink;
use longwave_ws::{CloseFrame, Last, Message, Prepared, SendError, Sender};
use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    reader::Part,
    shared::{Queued, Shared},
    wire::{More, Wire},
};
use crate::Error;

/// The half of a [`WebSocket`](super::WebSocket) that sends; made by [`WebSocket::split`](super::WebSocket::split).
pub struct WriteHalf<T> {
    pub(super) shared: Arc<Shared<T>>,
    /// As much waits as may, and nothing more is taken until half of it has gone.
    congested: bool,
}

/// Waits until what was sent is out; made by [`WebSocket::send`](super::WebSocket::send) and its siblings.
///
/// The message was queued when this was made, and what can be written has been. To drop it loses nothing: it only
/// waits until the peer has taken what waits in front of it, so that a sender is not faster than its receiver.
#[must_use = "a sender that does not wait for its peer fills memory"]
pub struct Sending<'s, T: AsyncRead + AsyncWrite + Send + Unpin + 'static> {
    half: &'s mut WriteHalf<T>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// There is nothing to wait for.
    Sent,
    Failed(Box<Error>),
    Waits {
        flushes: u32,
    },
    Told,
}

impl<T> WriteHalf<T> {
    pub(super) const fn new(shared: Arc<Shared<T>>) -> Self {
        Self { shared, congested: false }
    }

    /// How many bytes wait to be sent.
    #[must_use]
    pub fn unsent(&self) -> usize {
        self.shared.lock().sender.buffered()
    }
}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> WriteHalf<T> {
    /// Sends a message; as [`WebSocket::send`](super::WebSocket::send).
    #[inline]
    pub fn send(&mut self, message: impl Into<Message>) -> Sending<'_, T> {
        // Whatever that does is not to be done under the lock.
        let message = message.into();
        self.queue(|sender| sender.send(message))
    }

    /// Sends a message that goes to many; as [`WebSocket::send_prepared`](super::WebSocket::send_prepared).
    pub fn send_prepared(&mut self, prepared: &Prepared) -> Sending<'_, T> {
        self.queue(|sender| sender.send_prepared(prepared))
    }

    /// Sends a message as it is, whatever was agreed on for compression; as
    /// [`WebSocket::send_uncompressed`](super::WebSocket::send_uncompressed).
    pub fn send_uncompressed(&mut self, message: impl Into<Message>) -> Sending<'_, T> {
        let message = message.into();
        self.queue(|sender| sender.send_uncompressed(message))
    }

    /// Sends a part of a message of text; as [`WebSocket::send_text_fragment`](super::WebSocket::send_text_fragment).
    pub fn send_text_fragment(&mut self, text: &str, last: Last) -> Sending<'_, T> {
        self.queue(|sender| sender.send_text_fragment(text, last))
    }

    /// Sends a part of a message of bytes; as
    /// [`WebSocket::send_binary_fragment`](super::WebSocket::send_binary_fragment).
    pub fn send_binary_fragment(&mut self, bytes: &[u8], last: Last) -> Sending<'_, T> {
        self.queue(|sender| sender.send_binary_fragment(bytes, last))
    }

    /// Sends a ping, in front of messages that wait; as [`WebSocket::ping`](super::WebSocket::ping).
    pub fn ping(&mut self, payload: &[u8]) -> Sending<'_, T> {
        self.queue(|sender| sender.ping(payload))
    }

    #[inline]
    fn queue(&mut self, queue: impl FnOnce(&mut Sender) -> Result<(), SendError>) -> Sending<'_, T> {
        let state = match self.shared.queue(queue) {
            Ok(Queued::Sent) => State::Sent,
            Ok(Queued::Waits { flushes }) => State::Waits { flushes },
            Err(error) => State::Failed(error),
        };
        Sending { half: self, state }
    }

    /// Waits until all that was sent is out.
    ///
    /// # Errors
    ///
    /// If the connection has failed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn flush(&mut self) -> Result<(), Error> {
        poll_fn(|cx| self.poll_sent(cx, None)).await
    }

    /// Closes the connection, with a reason or without, and waits until it is over; as
    /// [`WebSocket::close`](super::WebSocket::close).
    ///
    /// What comes until then goes to the half that receives, which has to be kept at it; or is passed over, if that
    /// was dropped.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::close`](super::WebSocket::close).
    pub async fn close(&mut self, frame: impl Into<Option<CloseFrame>>) -> Result<(), Error> {
        self.begin_close(frame.into());
        poll_fn(|cx| self.poll_over(cx)).await
    }

    pub(super) fn begin_close(&mut self, frame: Option<CloseFrame>) {
        let mut wire = self.shared.lock();
        let now = wire.now();
        // That it is closing already is what was wanted.
        if wire.sender.close(now, frame).is_ok() {
            drop(wire);
            // Its deadline concerns whoever waits.
            self.shared.wakers.wake_all();
        }
    }

    /// Waits until all that was sent is out.
    ///
    /// - `flushes`: how often all was, when it was sent. If it has been again, nothing that has happened since matters.
    fn poll_sent(&mut self, cx: &mut Context<'_>, flushes: Option<u32>) -> Poll<Result<(), Error>> {
        self.shared.wakers.writer.register(cx.waker());
        let mut wire = self.shared.lock();
        let sent = loop {
            if flushes.is_some_and(|flushes| flushes != wire.flushes) {
                break Poll::Ready(Ok(()));
            }
            if wire.is_over() {
                break Poll::Ready(Err(wire.send_error()));
            }
            match wire.poll_out() {
                Poll::Ready(result) => break Poll::Ready(result.map_err(Error::Io)),
                Poll::Pending if wire.look_after(None) => {}
                Poll::Pending => break Poll::Pending,
            }
        };
        Shared::unlock(wire);
        sent
    }

    /// Waits until there is room for a message.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let high = self.shared.high_water;
        // Before the lock is taken, as the task that had waited may be dropped by it.
        self.shared.wakers.writer.register(cx.waker());
        let mut wire = self.shared.lock();
        if wire.is_over() || !wire.sender.is_open() {
            return Poll::Ready(Err(wire.send_error()));
        }
        self.congested |= wire.sender.buffered() >= high.max(1);
        if !self.congested {
            return Poll::Ready(Ok(()));
        }
        let room = loop {
            if let Poll::Ready(Err(error)) = wire.poll_out() {
                break Poll::Ready(Err(error.into()));
            }
            if wire.is_over() {
                break Poll::Ready(Err(wire.send_error()));
            }
            if wire.sender.buffered() <= high / 2 {
                self.congested = false;
                break Poll::Ready(Ok(()));
            }
            if !wire.look_after(None) {
                break Poll::Pending;
            }
        };
        Shared::unlock(wire);
        room
    }

    /// Waits until the connection is over, and receives for that if nobody else does.
    fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.shared.wakers.writer.register(cx.waker());
        let is_parked = self.shared.lock().parked.is_some();
        if is_parked {
            // Nobody else receives, nor ever will.
            self.shared.wakers.reader.register(cx.waker());
        }
        let mut wire = self.shared.lock();
        let over = self.poll_over_with(cx, &mut wire, is_parked);
        Shared::unlock(wire);
        over
    }

    fn poll_over_with(
        &self,
        cx: &mut Context<'_>,
        wire: &mut Wire<T>,
        is_parked: bool,
    ) -> Poll<Result<(), Error>> {
        let due = self.shared.wakers.take_due();
        loop {
            if wire.is_over() {
                let result = wire.last_word().map_or(Ok(()), |word| word.map(|_closed| ()));
                return Poll::Ready(result);
            }
            if let Some(mut reader) = wire.parked.take_if(|_| is_parked) {
                // What was read and not handed out comes first.
                let more = match reader.take::<Part>() {
                    Some(taken) => Poll::Ready(More::Input(Some(taken))),
                    None => wire.poll_more::<Part>(cx, &mut reader, due),
                };
                if let Poll::Ready(More::Input(Some(taken))) = &more {
                    wire.pass_over(taken);
                }
                if wire.sender.end().is_some() {
                    reader.clear();
                }
                wire.parked = Some(reader);
                ready!(more);
                continue;
            }
            let _sent = wire.poll_out();
            if !wire.look_after(None) {
                return Poll::Pending;
            }
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Sink<Message> for WriteHalf<T> {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.get_mut().poll_room(cx)
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        let mut wire = self.shared.lock();
        wire.sender.send(message).map_err(|error| wire.refusal(error))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.get_mut().poll_sent(cx, None)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let this = self.get_mut();
        this.begin_close(None);
        this.poll_over(cx)
    }
}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Future for Sending<'_, T> {
    type Output = Result<(), Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        if matches!(this.state, State::Sent) {
            return Poll::Ready(Ok(()));
        }
        this.poll_rest(cx)
    }
}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Sending<'_, T> {
    #[cold]
    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let flushes = match mem::replace(&mut self.state, State::Told) {
            State::Failed(error) => return Poll::Ready(Err(*error)),
            State::Waits { flushes } => flushes,
            // It is not to be polled again.
            State::Sent | State::Told => return Poll::Ready(Ok(())),
        };
        let sent = self.half.poll_sent(cx, Some(flushes));
        if sent.is_pending() {
            self.state = State::Waits { flushes };
        }
        sent
    }
}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Drop for Sending<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if matches!(self.state, State::Waits { .. }) {
            let mut wire = self.half.shared.lock();
            self.half.shared.flush_later(&mut wire);
            Shared::unlock(wire);
        }
    }
}

impl<T> fmt::Debug for WriteHalf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteHalf").finish_non_exhaustive()
    }
}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> fmt::Debug for Sending<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending").field("state", &self.state).finish_non_exhaustive()
    }
}
