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

impl Future for Ended {
    type Output = EndReason;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<EndReason> {
        let mut this = self.project();
        loop {
            let deadline = match this.lifeline.shared.wait(*this.key, cx.waker()) {
                Outlook::Ended(reason) => {
                    *this.key = None;
                    this.timer.set(None);
                    return Poll::Ready(reason);
                }
                Outlook::Open { key, deadline } => {
                    *this.key = Some(key);
                    deadline
                }
            };
            match (deadline, this.timer.as_mut().as_pin_mut()) {
                (None, _) => return Poll::Pending,
                (Some(deadline), None) => this.timer.set(Some(sleep_until(deadline))),
                (Some(deadline), Some(timer)) if timer.deadline() != deadline => timer.reset(deadline),
                (Some(_), Some(_)) => {}
            }
            let Some(timer) = this.timer.as_mut().as_pin_mut() else { return Poll::Pending };
            if timer.poll(cx).is_pending() {
                return Poll::Pending;
            }
            this.lifeline.shared.end_if_due(Instant::now());
        }
    }
}

impl fmt::Debug for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ended").field("lifeline", &self.lifeline).finish_non_exhaustive()
    }
}
