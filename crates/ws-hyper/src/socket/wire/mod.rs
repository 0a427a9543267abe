//! What the halves of a socket share.

mod aftermath;
mod look_after;
mod read;
mod write;

use std::{io, task::Waker, time::Duration};

use bytes::Buf;
use longwave_core::{Cause, Lifeline, Tether};
use longwave_ws::{End, Message, SendError, Sender, Violation};
use tokio::time::Instant;

use self::aftermath::Aftermath;
pub(super) use self::read::More;
use super::{
    pacing::Pacing,
    pulse::Pulse,
    reader::{Reader, Taken},
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
    /// How often all that there was to send has gone out.
    pub(super) flushes: u32,
    /// Bytes were written that may wait in something below.
    unflushed: bool,
    shut: Shut,
    /// Sending has failed.
    broken: Option<io::ErrorKind>,
    over: Option<Over>,
    /// What is told and dropped when nobody holds the lock any more: others may do anything then.
    aftermath: Option<Box<Aftermath<T>>>,
    /// A task of its own sees to it that what was sent goes out.
    pub(super) flusher: bool,
    /// What was left by a half that reads and was dropped.
    pub(super) parked: Option<Box<Reader>>,
}

/// Which sides of the connection below were shut down.
#[derive(Clone, Copy, Debug, Default)]
struct Shut {
    own: bool,
    peers: bool,
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
            flushes: 0,
            unflushed: false,
            shut: Shut::default(),
            broken: None,
            over: None,
            aftermath: None,
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
        let io = self.io.take();
        if self.over.is_none() {
            self.finish(Over::Given);
        }
        io
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
                pacing.pong();
            }
            let sample = self.pulse.as_mut().and_then(|pulse| pulse.pong(now, payload));
            if let Some(sample) = sample {
                self.aftermath().answered(sample);
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
        let (io, tether) = (self.io.take(), self.tether.take());
        self.aftermath().over(io, tether);
        self.unflushed = false;
        (self.pulse, self.pacing) = (None, None);
        self.vigil = Vigil::new(None);
        let rest = self.sender.transmit().remaining();
        self.sender.transmit().advance(rest);
        self.sender.shrink();
        self.proxy.wake_by_ref();
    }

    /// Ends it, for the peer has said all it will, or has had all the time there is.
    fn give_up(&mut self) {
        if matches!(self.sender.end(), Some(End::TimedOut)) {
            self.cut_below();
        }
        self.finish(Over::Agreed);
    }

    fn aftermath(&mut self) -> &mut Aftermath<T> {
        let lifeline = self.tether.as_ref().map(Tether::lifeline);
        self.aftermath.get_or_insert_with(|| Box::new(Aftermath::new(lifeline.cloned())))
    }

    /// What is to be told and dropped when nobody holds the lock any more.
    pub(super) const fn take_aftermath(&mut self) -> Option<Box<Aftermath<T>>> {
        self.aftermath.take()
    }

    /// Why nothing can be sent, though something may still be received.
    pub(super) fn broken(&self) -> Option<io::Error> {
        self.broken.map(Into::into)
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
