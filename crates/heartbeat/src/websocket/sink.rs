//! The way out: what the socket's owner sends, and in front of that what the heartbeat does.

use std::{
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_sink::Sink;

use super::{
    Beating, HeartbeatMessage,
    beating::{Owed, Parts, State},
};

impl<S, M, E> Sink<M> for Beating<S>
where
    S: Sink<M, Error = E>,
    M: HeartbeatMessage<Error = E>,
{
    type Error = E;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), E>> {
        let mut this = self.project();
        let wakers = this.wakers.clone();
        let mut of_both = wakers.for_writer(cx);
        this.refuse(&mut of_both)?;
        ready!(this.send_ping(&mut of_both));
        let ready = ready!(this.inner.poll_ready(&mut of_both));
        *this.reserved = ready.is_ok();
        Poll::Ready(ready)
    }

    fn start_send(self: Pin<&mut Self>, message: M) -> Result<(), E> {
        let mut this = self.project();
        if this.heart.lifeline().is_ended() {
            return Err(M::ended(this.heart.reason()));
        }
        if !mem::take(this.reserved) {
            // It went to a ping. There may be some again; without, a socket that does not insist takes it too.
            let _ = this.inner.as_mut().poll_ready(&mut this.wakers.context());
        }
        this.heart.sent();
        this.inner.start_send(message)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), E>> {
        let mut this = self.project();
        let wakers = this.wakers.clone();
        let mut of_both = wakers.for_writer(cx);
        this.refuse(&mut of_both)?;
        // If there is no room for it yet, whoever reads sends it later.
        let _ = this.send_ping(&mut of_both);
        let flushed = ready!(this.inner.as_mut().poll_flush(&mut of_both));
        this.flushed();
        Poll::Ready(flushed)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), E>> {
        let this = self.project();
        if this.heart.lifeline().is_ended() && this.is_gone() {
            return Poll::Ready(Ok(()));
        }
        let wakers = this.wakers.clone();
        this.inner.poll_close(&mut wakers.for_writer(cx))
    }
}

impl<S> Parts<'_, S> {
    /// Refuses to send anything after the end, which the peer is told as far as that goes without waiting.
    fn refuse<M, E>(&mut self, cx: &mut Context<'_>) -> Result<(), E>
    where
        S: Sink<M, Error = E>,
        M: HeartbeatMessage<Error = E>,
    {
        if !self.heart.lifeline().is_ended() {
            return Ok(());
        }
        if matches!(self.state, State::Open) {
            self.end();
        }
        self.say_farewell(cx);
        Err(M::ended(self.heart.reason()))
    }

    /// Hands the ping that is owed to the socket.
    pub(super) fn send_ping<M, E>(&mut self, cx: &mut Context<'_>) -> Poll<()>
    where
        S: Sink<M, Error = E>,
        M: HeartbeatMessage<Error = E>,
    {
        let Owed::Message(nonce) = *self.ping else { return Poll::Ready(()) };
        let promised = mem::take(self.reserved);
        let ready = if promised { Poll::Ready(Ok(())) } else { self.inner.as_mut().poll_ready(cx) };
        let Poll::Ready(ready) = ready else {
            self.heart.block();
            return Poll::Pending;
        };
        // Whoever reads is told of an error; a ping that cannot be sent is not answered.
        let sent = ready.and_then(|()| self.inner.as_mut().start_send(M::ping(nonce.to_be_bytes())));
        *self.ping = if sent.is_ok() { Owed::Flush } else { Owed::Nothing };
        // Room that was promised to somebody may never be used; they get other room for it.
        *self.reserved = promised && self.inner.as_mut().poll_ready(cx).is_ready();
        Poll::Ready(())
    }

    /// Gets the ping that the socket has out of it.
    pub(super) fn flush_ping<M, E>(&mut self, cx: &mut Context<'_>) -> Poll<()>
    where
        S: Sink<M, Error = E>,
    {
        if matches!(self.ping, Owed::Flush) {
            if self.inner.as_mut().poll_flush(cx).is_pending() {
                self.heart.block();
                return Poll::Pending;
            }
            self.flushed();
        }
        Poll::Ready(())
    }

    fn flushed(&mut self) {
        if matches!(self.ping, Owed::Flush) {
            *self.ping = Owed::Nothing;
            self.heart.unblock();
        }
    }

    /// Sends the close message as far as that goes, and tells whether an answer may come.
    pub(super) fn say_farewell<M, E>(&mut self, cx: &mut Context<'_>) -> bool
    where
        S: Sink<M, Error = E>,
        M: HeartbeatMessage<Error = E>,
    {
        let State::Closing(owed) = self.state else { return false };
        if let Owed::Message(()) = owed {
            let reason = self.heart.reason();
            let sent = match self.inner.as_mut().poll_ready(cx) {
                Poll::Pending => return true,
                Poll::Ready(ready) => ready.is_ok(),
            };
            let Some(close) = M::close(reason.close_code(), reason.text()).filter(|_| sent) else {
                return false;
            };
            if self.inner.as_mut().start_send(close).is_err() {
                return false;
            }
            *owed = Owed::Flush;
        }
        if let Owed::Flush = owed {
            match self.inner.as_mut().poll_flush(cx) {
                Poll::Pending => {}
                Poll::Ready(Ok(())) => *owed = Owed::Nothing,
                Poll::Ready(Err(_)) => return false,
            }
        }
        true
    }
}
