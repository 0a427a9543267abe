use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use longwave_core::{Cause, Due, EndReason, Ended, Lifeline, Schedule, StreamKind, Tether};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::random;

/// The clock of a WebSocket: when to ping, and when that is over.
pub(super) struct Heart {
    tether: Tether,
    start: Instant,
    schedule: Schedule,
    /// The lower half of each nonce of this socket, by which late answers are known too.
    tag: u32,
    /// When there is something to do again.
    due: Duration,
    /// Since when a ping has been waiting for room.
    blocked: Option<Duration>,
    ended: Pin<Box<Ended>>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Heart {
    pub(super) fn new(lifeline: &Lifeline, interval: Duration) -> Self {
        lifeline.opened(StreamKind::WebSocket);
        Self {
            tether: lifeline.carry(),
            start: Instant::now(),
            schedule: Schedule::answering(interval, Duration::ZERO, random()),
            tag: random() as u32,
            due: Duration::ZERO,
            blocked: None,
            ended: Box::pin(lifeline.ended()),
            timer: None,
        }
    }

    pub(super) fn set_interval(&mut self, interval: Duration) {
        self.schedule = Schedule::answering(interval, self.now(), random());
    }

    pub(super) const fn lifeline(&self) -> &Lifeline {
        self.tether.lifeline()
    }

    pub(super) fn round_trip(&self) -> Option<Duration> {
        self.schedule.round_trip()
    }

    /// The reason for which the stream has ended.
    pub(super) fn reason(&self) -> EndReason {
        self.lifeline().reason().unwrap_or_else(|| Cause::Closed.into())
    }

    pub(super) fn heard(&mut self) {
        self.schedule.inbound(self.now());
    }

    pub(super) fn sent(&mut self) {
        self.schedule.outbound(self.now());
    }

    /// Takes the payload of a pong, and tells whether it answers a ping of this socket.
    pub(super) fn answered(&mut self, payload: &[u8]) -> bool {
        let Ok(nonce) = payload.try_into().map(u64::from_be_bytes) else { return false };
        let ours = nonce as u32 == self.tag;
        if ours && let Some(round_trip) = self.schedule.answer(self.now(), nonce) {
            self.lifeline().answered(round_trip);
        }
        ours
    }

    /// Notes that a ping finds no room.
    pub(super) fn block(&mut self) {
        let now = self.now();
        self.blocked.get_or_insert(now);
    }

    /// Notes that a ping is out.
    pub(super) fn unblock(&mut self) {
        self.lifeline().beaten();
        if self.blocked.take().is_some() {
            // The peer was not asked in time; and where there was no room and now is, it has read something.
            self.schedule.inbound(self.now());
        }
    }

    pub(super) fn is_due(&self) -> bool {
        self.due <= self.now()
    }

    /// The next ping; `None` if the stream has ended, for which a dead peer is a reason.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<u64>> {
        if self.ended.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        loop {
            let fired = self.timer.as_mut().is_none_or(|timer| timer.as_mut().poll(cx).is_ready());
            let nonce = random() & !u64::from(u32::MAX) | u64::from(self.tag);
            match self.schedule.poll(self.now(), nonce) {
                Due::Beat { nonce } => return Poll::Ready(Some(nonce)),
                // A task that has used up its budget is not told by the socket what there is to read either.
                Due::Dead if !fired => return Poll::Pending,
                Due::Dead => {
                    self.lifeline().end(Cause::Unresponsive);
                    return Poll::Ready(None);
                }
                Due::Later(at) => ready!(self.poll_timer(at, cx)),
            }
        }
    }

    /// Waits until the stream has ended, for which a ping that finds no room for too long is a reason.
    pub(super) fn poll_blocked(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.ended.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        loop {
            let now = self.now();
            let deadline = *self.blocked.get_or_insert(now) + STALLED;
            if now.saturating_sub(deadline) > LATE {
                // Nobody has been looking.
                self.blocked = Some(now);
                continue;
            }
            ready!(self.poll_timer(deadline, cx));
            self.lifeline().end(Cause::Stalled);
            return Poll::Ready(());
        }
    }

    /// Starts the time that a closing handshake may take.
    pub(super) fn close(&mut self) {
        self.due = self.now() + PATIENCE;
    }

    pub(super) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_timer(self.due, cx)
    }

    fn poll_timer(&mut self, due: Duration, cx: &mut Context<'_>) -> Poll<()> {
        self.due = due;
        let at = self.start + due;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(at)));
        if timer.deadline() != at {
            timer.as_mut().reset(at);
        }
        timer.as_mut().poll(cx)
    }

    fn now(&self) -> Duration {
        self.start.elapsed()
    }
}

impl fmt::Debug for Heart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heart")
            .field("lifeline", self.lifeline())
            .field("round_trip", &self.round_trip())
            .finish_non_exhaustive()
    }
}

/// How long a ping may wait for room: a peer for which there is none for so long does not read.
const STALLED: Duration = Duration::from_secs(60);
/// How late a look may be, as in [`Schedule`].
const LATE: Duration = Duration::from_secs(1);
/// How long a closing handshake may take.
const PATIENCE: Duration = Duration::from_secs(1);
