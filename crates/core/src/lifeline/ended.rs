use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use super::{Lifeline, shared::Outlook};
use crate::EndReason;

pin_project! {
    /// Waits until a stream is to end; made by [`Lifeline::ended`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Ended {
        lifeline: Lifeline,
        // What the waker is kept under, while it is.
        key: Option<usize>,
        #[pin]
        timer: Option<Sleep>,
    }

    impl PinnedDrop for Ended {
        fn drop(this: Pin<&mut Self>) {
            if let Some(key) = this.key {
                this.lifeline.shared.forget(key);
            }
        }
    }
}

impl Ended {
    pub(super) const fn new(lifeline: Lifeline) -> Self {
        Self { lifeline, key: None, timer: None }
    }
}

impl Ended {
    /// Waits until the stream is to end or, with the same timer, for a point in time.
    pub(crate) fn poll_until(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        until: Option<Instant>,
    ) -> Poll<Option<EndReason>> {
        let mut this = self.project();
        loop {
            let deadline = match this.lifeline.shared.wait(*this.key, cx.waker()) {
                Outlook::Ended(reason) => {
                    *this.key = None;
                    return Poll::Ready(Some(reason));
                }
                Outlook::Open { key, deadline } => {
                    *this.key = Some(key);
                    deadline
                }
            };
            let Some(first) = deadline.into_iter().chain(until).min() else { return Poll::Pending };
            if poll_timer(this.timer.as_mut(), cx, first).is_pending() {
                return Poll::Pending;
            }
            let now = Instant::now();
            this.lifeline.shared.end_if_due(now);
            if until.is_some_and(|until| until <= now) && !this.lifeline.is_ended() {
                return Poll::Ready(None);
            }
        }
    }

    /// Waits for a point in time alone, when it is known that the stream is to end.
    pub(crate) fn poll_patience(self: Pin<&mut Self>, cx: &mut Context<'_>, until: Instant) -> Poll<()> {
        poll_timer(self.project().timer, cx, until)
    }
}

fn poll_timer(mut timer: Pin<&mut Option<Sleep>>, cx: &mut Context<'_>, until: Instant) -> Poll<()> {
    match timer.as_mut().as_pin_mut() {
        None => timer.set(Some(sleep_until(until))),
        Some(timer) if timer.deadline() != until => timer.reset(until),
        Some(_) => {}
    }
    timer.as_pin_mut().map_or(Poll::Pending, |timer| timer.poll(cx))
}

impl Future for Ended {
    type Output = EndReason;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<EndReason> {
        match self.poll_until(cx, None) {
            Poll::Ready(Some(reason)) => Poll::Ready(reason),
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}

impl fmt::Debug for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ended").field("lifeline", &self.lifeline).finish_non_exhaustive()
    }
}
