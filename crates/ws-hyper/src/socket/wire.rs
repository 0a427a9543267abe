use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, Waker, ready},
    time::Duration,
};

use bytes::Buf;
use longwave_core::{Cause, Lifeline, Tether};
use longwave_ws::{End, Message, SendError, Sender, Transport, Violation};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};

use super::{
    pacing::Pacing,
    pulse::{Beat, Pulse},
    reader::{Reader, Taken, Wanted},
    scratch,
    vigil::Vigil,
};
use crate::Error;

/// What the halves of a socket share: all of it but what takes messages out of what was read.
pub(super) struct Wire<T> {
    /// Gone when the connection is over.
    io: Option<T>,
    pub(super) sender: Sender,
    /// The time that the clockwork counts from.
    start: Instant,
    /// Wakes all that wait for the socket.
    proxy: Waker,
    pulse: Option<Box<Pulse>>,
    pacing: Option<Box<Pacing>>,
    vigil: Vigil,
    tether: Option<Tether>,
    stall_timeout: Duration,
    /// Since when the peer takes nothing.
    refusing: Option<Instant>,
    /// Bytes were written that may wait in something below.
    unflushed: bool,
    /// This side was shut down.
    shut: bool,
    /// Sending has failed.
    broken: Option<io::ErrorKind>,
    over: Option<Over>,
    /// A task of its own sees to it that what was sent goes out.
    pub(super) flusher: bool,
    /// What was left by a half that reads and was dropped.
    pub(super) parked: Option<Box<Reader>>,
}

/// How it has ended.
#[derive(Debug)]
enum Over {
    /// As the codec says.
    Agreed,
    Unresponsive,
    Stalled,
    Failed(io::ErrorKind, Option<io::Error>),
    /// It was taken apart.
    Given,
}

/// What came of waiting for the peer.
#[derive(Debug)]
pub(super) enum More<M> {
    /// Something was read, and this is the first of it.
    Input(Option<Taken<M>>),
    /// There will be nothing more.
    Over,
}

/// Who looks after a socket.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Side {
    /// Whoever reads, and has just found nothing.
    Reader,
    Writer,
}

impl<T> Wire<T> {
    pub(super) fn new(
        io: T,
        sender: Sender,
        proxy: Waker,
        stall_timeout: Duration,
        heartbeat: Option<Duration>,
        is_http2: bool,
        tether: Option<Tether>,
    ) -> Self {
        Self {
            io: Some(io),
            sender,
            start: Instant::now(),
            proxy,
            pulse: heartbeat.map(|interval| Box::new(Pulse::new(interval))),
            pacing: is_http2.then(Box::default),
            vigil: Vigil::new(tether.as_ref().map(Tether::lifeline)),
            tether,
            stall_timeout,
            refusing: None,
            unflushed: false,
            shut: false,
            broken: None,
            over: None,
            flusher: false,
            parked: None,
        }
    }

    pub(super) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    pub(super) const fn is_over(&self) -> bool {
        self.over.is_some()
    }

    /// Whether what is to be sent only waits for more to be sent along with it.
    pub(super) fn is_held(&self) -> bool {
        self.sender.buffered() > 0 && self.pacing.as_ref().is_some_and(|pacing| pacing.deadline().is_some())
    }

    pub(super) fn lifeline(&self) -> Option<&Lifeline> {
        self.tether.as_ref().map(Tether::lifeline)
    }

    pub(super) fn round_trip(&self) -> Option<Duration> {
        self.pulse.as_ref().and_then(|pulse| pulse.round_trip())
    }

    pub(super) fn take_io(&mut self) -> Option<T> {
        if self.over.is_none() {
            self.over = Some(Over::Given);
        }
        self.io.take()
    }

    /// The last that there is to say to whoever reads.
    pub(super) fn last_word(&mut self) -> Option<Result<Message, Error>> {
        let error = match self.over.as_mut()? {
            Over::Given => return None,
            Over::Unresponsive => Error::Unresponsive,
            Over::Stalled => Error::Stalled,
            Over::Failed(kind, error) => Error::Io(error.take().unwrap_or_else(|| (*kind).into())),
            Over::Agreed => match self.sender.end() {
                Some(End::Closed(frame)) => return Some(Ok(Message::Close(frame.clone()))),
                Some(End::TimedOut) => Error::CloseTimedOut,
                Some(End::Failed(violation)) => Error::Violation(violation.clone()),
                _ => Error::Dropped,
            },
        };
        Some(Err(error))
    }

    /// Why nothing can be sent any more.
    pub(super) fn send_error(&self) -> Error {
        match &self.over {
            Some(Over::Unresponsive) => Error::Unresponsive,
            Some(Over::Stalled) => Error::Stalled,
            Some(Over::Failed(kind, _)) => Error::Io((*kind).into()),
            _ => match self.broken {
                Some(kind) => Error::Io(kind.into()),
                None => Error::Send(SendError::Closing),
            },
        }
    }

    /// Why this cannot be sent.
    #[cold]
    pub(super) fn refusal(&self, error: SendError) -> Error {
        match error {
            SendError::Closing => self.send_error(),
            error => Error::Send(error),
        }
    }

    /// Takes note of a frame about the connection.
    pub(super) fn control(&mut self, message: &Message, at: u64) {
        let now = self.now();
        if let Message::Pong(payload) = message {
            if let Some(pacing) = &mut self.pacing {
                pacing.pong(payload);
            }
            let lifeline = self.tether.as_ref().map(Tether::lifeline);
            if let Some(pulse) = &mut self.pulse {
                pulse.pong(now, payload, lifeline);
            }
        }
        // What is wrong is told at the end.
        let _wrong = self.sender.handle_message(now, &message.as_message(), at);
    }

    /// Takes note of what nobody wants to be handed.
    pub(super) fn pass_over<M>(&mut self, taken: &Taken<M>) {
        match taken {
            Taken::Data(_) => {}
            Taken::Control(message, at) => self.control(message, *at),
            Taken::Wrong(violation) => self.wrong(violation.clone()),
        }
    }

    pub(super) fn wrong(&mut self, violation: Violation) {
        let now = self.now();
        self.sender.handle_violation(now, violation);
    }

    /// Lets go of everything that is not needed to say how it has ended.
    fn finish(&mut self, over: Over) {
        self.over.get_or_insert(over);
        (self.io, self.pulse, self.pacing) = (None, None, None);
        self.vigil = Vigil::new(None);
        let rest = self.sender.transmit().remaining();
        self.sender.transmit().advance(rest);
        self.sender.shrink();
        self.tether = None;
        self.proxy.wake_by_ref();
    }

    /// Cuts the connection, for its peer is not there to be told.
    fn abort(&mut self, over: Over, cause: Cause) {
        if let Some(lifeline) = self.lifeline() {
            lifeline.end(cause);
        }
        self.cut_below();
        self.finish(over);
    }

    /// Over HTTP/2 a stream that is dropped stays until what it has written is read. If the connection has no other,
    /// it goes with this one.
    fn cut_below(&self) {
        let Some(lifeline) = self.lifeline() else { return };
        if self.pacing.is_some()
            && let Some(connection) = lifeline.connection()
            && connection.streams() <= 1
        {
            connection.abort(lifeline.reason().unwrap_or_else(|| Cause::Closed.into()));
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Wire<T> {
    /// Waits until something was read or, once everybody has said what there was to say, until the connection is over.
    ///
    /// - `cx`: of the task that reads, which has been made known to the wakers.
    pub(super) fn poll_more<M: Wanted>(
        &mut self,
        cx: &mut Context<'_>,
        reader: &mut Reader,
    ) -> Poll<More<M>> {
        // What was sent goes out before anybody waits. If it cannot, reading tells why.
        let _sent = self.poll_out();
        loop {
            if self.over.is_some() {
                return Poll::Ready(More::Over);
            }
            if self.sender.transport() == Transport::Close && self.poll_shut().is_ready() {
                return Poll::Ready(More::Over);
            }
            let is_ended = self.sender.end().is_some();
            let Some(io) = &mut self.io else { return Poll::Ready(More::Over) };
            let mut taken = None;
            let read = scratch::with(|scratch| {
                let mut buf = ReadBuf::new(scratch);
                ready!(Pin::new(io).poll_read(cx, &mut buf))?;
                let len = buf.filled().len();
                if !is_ended {
                    taken = reader.take_from(&mut scratch[..len]);
                }
                Poll::Ready(io::Result::Ok(len))
            });
            match read {
                Poll::Ready(Ok(0)) => self.sender.handle_eof(),
                Poll::Ready(Ok(_)) => {
                    if self.pulse.is_some() {
                        let now = self.now();
                        self.pulse.as_mut().into_iter().for_each(|pulse| pulse.inbound(now));
                    }
                    // Behind a close frame nothing means anything, but it has to be read for the close frame of this
                    // side to arrive.
                    if !is_ended {
                        return Poll::Ready(More::Input(taken));
                    }
                }
                Poll::Ready(Err(_)) if is_ended => self.finish(Over::Agreed),
                Poll::Ready(Err(error)) => self.finish(Over::Failed(error.kind(), Some(error))),
                Poll::Pending => {
                    if !self.look_after(Side::Reader, Some(reader)) {
                        reader.shrink_buffers();
                        return Poll::Pending;
                    }
                    let _sent = self.poll_out();
                }
            }
        }
    }

    /// Shuts this side down, so that what was sent arrives though more may come; ready when all is over.
    fn poll_shut(&mut self) -> Poll<()> {
        // Without a deadline the peer has closed its side, or was given up.
        if self.sender.poll_timeout().is_none() || self.broken.is_some() {
            if matches!(self.sender.end(), Some(End::TimedOut)) {
                self.cut_below();
            }
            self.finish(Over::Agreed);
            return Poll::Ready(());
        }
        if !self.shut
            && let Some(io) = &mut self.io
        {
            let proxy = self.proxy.clone();
            let shut = ready!(Pin::new(io).poll_shutdown(&mut Context::from_waker(&proxy)));
            self.shut = true;
            if shut.is_err() {
                self.finish(Over::Agreed);
                return Poll::Ready(());
            }
        }
        Poll::Pending
    }

    /// Writes what there is to be sent. What waits for that is woken by way of the wakers.
    pub(super) fn poll_out(&mut self) -> Poll<io::Result<()>> {
        if self.sender.buffered() == 0 && !self.unflushed {
            return Poll::Ready(Ok(()));
        }
        let result = self.poll_write_all();
        match &result {
            Poll::Ready(Ok(())) => {
                self.refusing = None;
                self.sender.shrink_buffers();
            }
            Poll::Ready(Err(error)) => {
                self.broken.get_or_insert(error.kind());
                let rest = self.sender.transmit().remaining();
                self.sender.transmit().advance(rest);
                self.unflushed = false;
            }
            Poll::Pending => {}
        }
        result
    }

    fn poll_write_all(&mut self) -> Poll<io::Result<()>> {
        if let Some(kind) = self.broken {
            return Poll::Ready(Err(kind.into()));
        }
        let now = if self.pacing.is_some() || self.pulse.is_some() { self.now() } else { Duration::ZERO };
        if let Some(pacing) = &mut self.pacing
            && pacing.hold(now, &mut self.sender).is_some()
        {
            return Poll::Pending;
        }
        let proxy = self.proxy.clone();
        let mut cx = Context::from_waker(&proxy);
        let Some(io) = &mut self.io else { return Poll::Ready(Ok(())) };
        let mut io = Pin::new(io);
        let mut written = 0;
        while self.sender.buffered() > 0 {
            let mut transmit = self.sender.transmit();
            let count = match write(io.as_mut(), &mut cx, &transmit) {
                Poll::Ready(count) => count?,
                Poll::Pending => {
                    if written > 0 {
                        self.refusing = None;
                    }
                    self.refusing.get_or_insert_with(Instant::now);
                    return Poll::Pending;
                }
            };
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            transmit.advance(count);
            written += count;
            self.unflushed = true;
        }
        if written > 0 {
            self.pacing.as_mut().into_iter().for_each(|pacing| pacing.sent(written));
            self.pulse.as_mut().into_iter().for_each(|pulse| pulse.outbound(now));
        }
        ready!(io.poll_flush(&mut cx))?;
        self.unflushed = false;
        Poll::Ready(Ok(()))
    }

    /// Sees whether it is time for something, and tells whether anything has changed by that.
    ///
    /// - `idle`: what reads, if nothing was there to be read.
    pub(super) fn look_after(&mut self, side: Side, idle: Option<&mut Reader>) -> bool {
        let proxy = self.proxy.clone();
        let mut cx = Context::from_waker(&proxy);
        let mut idle = idle;
        let mut changed = false;
        while self.over.is_none() {
            let now = self.now();
            if let Poll::Ready(reason) = self.vigil.poll_ended(&mut cx)
                && self.sender.close(now, super::close_frame(&reason)).is_ok()
            {
                changed = true;
            }
            let due = |deadline: Duration| deadline <= now;
            if self.sender.poll_timeout().is_some_and(due) {
                self.sender.handle_timeout(now);
                changed = true;
            }
            let mut next = self.sender.poll_timeout();
            if let (Side::Reader, true, Some(pulse)) = (side, self.sender.is_open(), &mut self.pulse) {
                match pulse.poll(now, &mut self.sender) {
                    Beat::Later(at) => next = earliest(next, Some(at)),
                    Beat::Missing => {
                        self.abort(Over::Unresponsive, Cause::Unresponsive);
                        return true;
                    }
                    Beat::Sent => {
                        self.lifeline().into_iter().for_each(Lifeline::beaten);
                        // Nothing was there for a while: what messages to come can do without is given back.
                        self.sender.shrink();
                        idle.as_mut().into_iter().for_each(|reader| reader.shrink());
                        changed = true;
                        continue;
                    }
                }
            }
            if let Some(since) = self.refusing {
                let deadline = since.saturating_duration_since(self.start) + self.stall_timeout;
                if deadline <= now {
                    self.abort(Over::Stalled, Cause::Stalled);
                    return true;
                }
                next = earliest(next, Some(deadline));
            }
            if let Some(held) = self.pacing.as_ref().and_then(|pacing| pacing.deadline()) {
                if held <= now {
                    return true;
                }
                next = earliest(next, Some(held));
            }
            if self.vigil.poll_timer(&mut cx, next.map(|at| self.start + at)).is_pending() {
                return changed;
            }
        }
        changed
    }
}

/// Writes as much as can be written by one call.
fn write<T: AsyncWrite>(
    io: Pin<&mut T>,
    cx: &mut Context<'_>,
    transmit: &longwave_ws::Transmit<'_>,
) -> Poll<io::Result<usize>> {
    let first = transmit.chunk();
    if first.len() == transmit.remaining() {
        return io.poll_write(cx, first);
    }
    let mut slices = [IoSlice::new(&[]); SLICES];
    let count = transmit.chunks_vectored(&mut slices);
    if io.is_write_vectored() {
        return io.poll_write_vectored(cx, &slices[..count]);
    }
    scratch::with(|scratch| {
        let mut len = 0;
        for slice in &slices[..count] {
            let part = slice.len().min(scratch.len() - len);
            scratch[len..len + part].copy_from_slice(&slice[..part]);
            len += part;
        }
        io.poll_write(cx, &scratch[..len])
    })
}

fn earliest(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    one.into_iter().chain(other).min()
}

/// How many slices go into one call.
const SLICES: usize = 16;
