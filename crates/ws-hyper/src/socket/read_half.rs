use std::{
    fmt,
    future::{Future, poll_fn},
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use longwave_core::Lifeline;
use longwave_ws::Message;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    reader::{Part, Reader, Taken, Wanted},
    shared::Shared,
    wire::More,
};
use crate::{Error, handshake::Subprotocol};

/// The half of a [`WebSocket`](super::WebSocket) that receives; made by [`WebSocket::split`](super::WebSocket::split).
///
/// Somebody has to receive for the connection to work: it is what answers pings and close frames, sends pings, and
/// notices that the connection is to end. When it is dropped, messages that come are passed over by those who
/// [close](super::WriteHalf::close) the connection.
pub struct ReadHalf<T> {
    pub(super) shared: Arc<Shared<T>>,
    reader: Option<Box<Reader>>,
    /// The end was told.
    told: bool,
}

/// Waits for a message; made by [`WebSocket::recv`](super::WebSocket::recv).
#[must_use = "futures do nothing unless polled"]
pub struct Receiving<'s, T> {
    half: &'s mut ReadHalf<T>,
}

impl<T> ReadHalf<T> {
    pub(super) fn new(shared: Arc<Shared<T>>, reader: Reader) -> Self {
        Self { shared, reader: Some(Box::new(reader)), told: false }
    }

    /// The subprotocol that was agreed on.
    #[must_use]
    pub fn protocol(&self) -> Option<&Subprotocol> {
        self.shared.protocol.as_deref()
    }

    /// The lifeline of the request that has led to it, until the connection is over.
    #[must_use]
    pub fn lifeline(&self) -> Option<Lifeline> {
        self.shared.lock().lifeline().cloned()
    }

    /// How long the peer takes to answer a ping, smoothed; `None` before it has answered one.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.shared.lock().round_trip()
    }

    /// What was read and not handed out.
    pub(super) fn take_unread(&mut self) -> bytes::Bytes {
        self.reader.take().map(|reader| reader.into_unread()).unwrap_or_default()
    }
}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> ReadHalf<T> {
    /// Receives a message: text, bytes, or last of all that the peer has closed the connection.
    ///
    /// As [`WebSocket::recv`](super::WebSocket::recv).
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv`](super::WebSocket::recv).
    #[inline]
    pub const fn recv(&mut self) -> Receiving<'_, T> {
        Receiving { half: self }
    }

    /// Receives a part of a message, as it comes.
    ///
    /// As [`WebSocket::recv_part`](super::WebSocket::recv_part).
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv`](super::WebSocket::recv).
    pub async fn recv_part(&mut self) -> Option<Result<Part, Error>> {
        poll_fn(|cx| self.poll_recv_part(cx)).await
    }

    /// Receives a message, or has the task woken when there is one.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv`](super::WebSocket::recv).
    #[inline]
    pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>> {
        match ready!(self.poll_take(cx)) {
            Some(message) => Poll::Ready(Some(Ok(message))),
            None => Poll::Ready(self.last_word()),
        }
    }

    /// Receives a part of a message, or has the task woken when there is one.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::recv`](super::WebSocket::recv).
    pub fn poll_recv_part(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Part, Error>>> {
        match ready!(self.poll_take(cx)) {
            Some(part) => Poll::Ready(Some(Ok(part))),
            None => Poll::Ready(self.last_word().and_then(Result::err).map(Err)),
        }
    }

    /// Receives and forgets until the connection is over.
    pub(super) fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, Error>>> {
        while ready!(self.poll_take::<Part>(cx)).is_some() {}
        Poll::Ready(self.last_word())
    }

    #[inline]
    fn poll_take<M: Wanted>(&mut self, cx: &mut Context<'_>) -> Poll<Option<M>> {
        let Some(reader) = &mut self.reader else { return Poll::Ready(None) };
        // What came together with the last is what there is most of.
        match reader.take() {
            Some(Taken::Data(message)) => {
                self.shared.set_busy(reader.has_more());
                Poll::Ready(Some(message))
            }
            taken => self.poll_on(cx, taken),
        }
    }

    fn poll_on<M: Wanted>(&mut self, cx: &mut Context<'_>, taken: Option<Taken<M>>) -> Poll<Option<M>> {
        let Some(reader) = &mut self.reader else { return Poll::Ready(None) };
        let mut taken = taken;
        loop {
            match taken {
                Some(Taken::Data(message)) => {
                    self.shared.set_busy(reader.has_more());
                    return Poll::Ready(Some(message));
                }
                Some(Taken::Control(message, at)) => {
                    let mut wire = self.shared.lock();
                    wire.control(&message, at);
                    if wire.sender.end().is_some() {
                        reader.clear();
                    }
                    if reader.has_more() && wire.sender.buffered() > 0 {
                        // The answer is not to wait for what a handler does with the next.
                        self.shared.flush_later(&mut wire);
                    }
                    Shared::unlock(wire);
                    taken = reader.take();
                }
                Some(Taken::Wrong(violation)) => {
                    self.shared.lock().wrong(violation);
                    reader.clear();
                    taken = None;
                }
                None => {
                    self.shared.set_busy(false);
                    self.shared.wakers.reader.register(cx.waker());
                    let due = self.shared.wakers.take_due();
                    let mut wire = self.shared.lock();
                    let more = wire.poll_more(cx, reader, due);
                    Shared::unlock(wire);
                    match ready!(more) {
                        More::Input(next) => taken = next,
                        More::Over => {
                            reader.clear();
                            return Poll::Ready(None);
                        }
                    }
                }
            }
        }
    }

    fn last_word(&mut self) -> Option<Result<Message, Error>> {
        if mem::replace(&mut self.told, true) { None } else { self.shared.lock().last_word() }
    }
}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Future for Receiving<'_, T> {
    type Output = Option<Result<Message, Error>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.get_mut().half.poll_recv(cx)
    }
}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Stream for ReadHalf<T> {
    type Item = Result<Message, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_recv(cx)
    }
}

impl<T> Drop for ReadHalf<T> {
    fn drop(&mut self) {
        self.shared.set_busy(false);
        let mut wire = self.shared.lock();
        if let Some(reader) = self.reader.take()
            && !wire.is_over()
        {
            wire.parked = Some(reader);
            drop(wire);
            self.shared.wakers.writer.wake();
        }
    }
}

impl<T> fmt::Debug for Receiving<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiving").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for ReadHalf<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadHalf").finish_non_exhaustive()
    }
}
