use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use futures_sink::Sink;
use longwave_core::{Cause, Lifeline};
use pin_project_lite::pin_project;

use super::{HeartbeatMessage, heart::Heart, wakers::Wakers};

pin_project! {
    /// A WebSocket with a heartbeat: any stream and sink of [messages](HeartbeatMessage).
    ///
    /// It is used as the socket inside is, and takes care of the following while it is read from.
    ///
    /// - A peer that was silent for an interval is pinged; a busy one only now and then, for the round trip.
    ///   Whatever comes proves that it lives. Pongs to these pings are not handed on.
    /// - A peer from which nothing has come for a while after a ping (10 s, or 5 to 20 s by the round trip) is
    ///   dead: the lifeline ends with [`Cause::Unresponsive`], and so does this stream, without a word. A peer
    ///   that has not read for a minute is [`Cause::Stalled`].
    /// - When the lifeline ends for another reason, the peer gets a close message with its code, and up to a
    ///   second to answer. What it sends meanwhile is dropped.
    /// - Pings go in front of everything that was not handed to the socket inside. Nothing is buffered here.
    ///
    /// A handler that is not reading for a while kills nobody: what has come meanwhile counts, and nothing is
    /// decided without a look at it. After the end the stream is over, and sending fails with
    /// [`HeartbeatMessage::ended`]. Dropping this lets go of what the lifeline holds.
    ///
    /// # Cancel safety
    ///
    /// Both directions keep their state in here; dropping a future that reads or flushes loses nothing. They may
    /// be split between two tasks.
    ///
    /// # Examples
    ///
    /// With axum, behind a [`HeartbeatLayer`](crate::HeartbeatLayer) (feature `axum`):
    ///
    /// ```
    /// # #[cfg(feature = "axum")]
    /// # mod doc {
    /// use axum::{
    ///     Extension,
    ///     extract::ws::{WebSocket, WebSocketUpgrade},
    ///     response::Response,
    /// };
    /// use futures_util::{SinkExt, StreamExt};
    /// use longwave_core::Lifeline;
    /// use longwave_heartbeat::Beating;
    ///
    /// async fn upgrade(Extension(lifeline): Extension<Lifeline>, upgrade: WebSocketUpgrade) -> Response {
    ///     upgrade.on_upgrade(move |socket| echo(Beating::new(socket, &lifeline)))
    /// }
    ///
    /// async fn echo(mut socket: Beating<WebSocket>) {
    ///     while let Some(Ok(message)) = socket.next().await {
    ///         if socket.send(message).await.is_err() {
    ///             break;
    ///         }
    ///     }
    /// }
    /// # }
    /// ```
    #[derive(Debug)]
    #[must_use = "a socket has no heartbeat unless it is read from"]
    #[project = Parts]
    pub struct Beating<S> {
        #[pin]
        pub(super) inner: S,
        pub(super) heart: Heart,
        pub(super) wakers: Wakers,
        pub(super) ping: Owed<u64>,
        // Whether room in the socket was promised to whoever writes.
        pub(super) reserved: bool,
        pub(super) state: State,
    }
}

/// A message of ours on its way out.
#[derive(Clone, Copy, Debug)]
pub(super) enum Owed<T> {
    Nothing,
    Message(T),
    Flush,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    Open,
    /// The lifeline has ended, and the peer is told so.
    Closing(Owed<()>),
    Over,
}

impl<S> Beating<S> {
    /// Gives a socket a heartbeat, by the settings of its lifeline or else the default ones.
    pub fn new(inner: S, lifeline: &Lifeline) -> Self {
        let interval = lifeline.heartbeat().unwrap_or_default().websocket_interval();
        Self {
            inner,
            heart: Heart::new(lifeline, interval),
            wakers: Wakers::new(),
            ping: Owed::Nothing,
            reserved: false,
            state: State::Open,
        }
    }

    /// Sets how long the peer may be silent before it is pinged.
    pub fn with_interval(mut self, interval: Duration) -> Self {
        self.heart.set_interval(interval);
        self
    }

    /// The smoothed round trip to the peer, once a ping was answered.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.heart.round_trip()
    }

    /// The lifeline of the stream.
    #[must_use]
    pub const fn lifeline(&self) -> &Lifeline {
        self.heart.lifeline()
    }

    /// The socket inside.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    /// Takes the socket out; what the lifeline holds is let go of.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, M, E> Stream for Beating<S>
where
    S: Stream<Item = Result<M, E>> + Sink<M, Error = E>,
    M: HeartbeatMessage<Error = E>,
{
    type Item = Result<M, E>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<M, E>>> {
        let mut this = self.project();
        loop {
            match this.state {
                State::Open if this.heart.lifeline().is_ended() => {
                    this.end();
                    continue;
                }
                State::Open => {}
                State::Closing(_) => return this.poll_closing(cx).map(|()| None),
                State::Over => return Poll::Ready(None),
            }
            match this.inner.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(message))) => {
                    this.heart.heard();
                    if message.pong().is_some_and(|payload| this.heart.answered(payload)) {
                        continue;
                    }
                    if this.heart.is_due() || !matches!(this.ping, Owed::Nothing) {
                        // Should it end the stream, the next call sees that.
                        let _ = this.poll_heart(cx);
                    }
                    return Poll::Ready(Some(Ok(message)));
                }
                Poll::Ready(end) => {
                    *this.state = State::Over;
                    return Poll::Ready(end);
                }
                Poll::Pending => ready!(this.poll_heart(cx)),
            }
        }
    }
}

impl<S> Parts<'_, S> {
    /// Takes note of the lifeline's end.
    pub(super) fn end(&mut self) {
        *self.state = if self.is_gone() { State::Over } else { State::Closing(Owed::Message(())) };
        self.heart.close();
        self.wakers.wake();
    }

    /// Whether nobody is there to say farewell to.
    pub(super) fn is_gone(&self) -> bool {
        matches!(self.heart.reason().cause(), Cause::Unresponsive | Cause::Stalled)
    }

    /// Pings whenever that is due; ready when the stream has ended.
    fn poll_heart<M, E>(&mut self, cx: &mut Context<'_>) -> Poll<()>
    where
        S: Sink<M, Error = E>,
        M: HeartbeatMessage<Error = E>,
    {
        loop {
            if !matches!(self.ping, Owed::Nothing) {
                let wakers = self.wakers.clone();
                let mut of_both = wakers.for_reader(cx);
                if self.send_ping(&mut of_both).is_pending() || self.flush_ping(&mut of_both).is_pending() {
                    return self.heart.poll_blocked(cx);
                }
            }
            match ready!(self.heart.poll(cx)) {
                Some(nonce) => *self.ping = Owed::Message(nonce),
                None => return Poll::Ready(()),
            }
        }
    }

    /// Says farewell, and waits for the peer's.
    fn poll_closing<M, E>(&mut self, cx: &mut Context<'_>) -> Poll<()>
    where
        S: Stream<Item = Result<M, E>> + Sink<M, Error = E>,
        M: HeartbeatMessage<Error = E>,
    {
        let wakers = self.wakers.clone();
        if self.heart.poll_close(cx).is_pending() && self.say_farewell(&mut wakers.for_reader(cx)) {
            while let Some(Ok(_)) = ready!(self.inner.as_mut().poll_next(cx)) {}
        }
        *self.state = State::Over;
        Poll::Ready(())
    }
}
