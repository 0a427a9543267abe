use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use longwave_core::{EndReason, Ended, Lifeline};
use tokio::time::{Instant, Sleep, sleep_until};

/// What a socket waits for besides its peer: the end of its lifeline, and points in time.
#[derive(Debug)]
pub(super) struct Vigil {
    ended: Option<Pin<Box<Ended>>>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Vigil {
    pub(super) fn new(lifeline: Option<&Lifeline>) -> Self {
        Self { ended: lifeline.map(|lifeline| Box::pin(lifeline.ended())), timer: None }
    }

    /// Waits for the end of the lifeline, which it tells once.
    pub(super) fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<EndReason> {
        let Some(ended) = &mut self.ended else { return Poll::Pending };
        let reason = ended.as_mut().poll(cx);
        if reason.is_ready() {
            self.ended = None;
        }
        reason
    }

    /// Waits for a point in time, if there is one.
    pub(super) fn poll_timer(&mut self, cx: &mut Context<'_>, until: Option<Instant>) -> Poll<()> {
        let Some(until) = until else { return Poll::Pending };
        match &mut self.timer {
            None => self.timer = Some(Box::pin(sleep_until(until))),
            // One that goes off too early only leads to another look, which costs less than to move it each time.
            Some(timer) if timer.deadline() > until || timer.is_elapsed() => timer.as_mut().reset(until),
            Some(_) => {}
        }
        self.timer.as_mut().map_or(Poll::Pending, |timer| timer.as_mut().poll(cx))
    }
}
