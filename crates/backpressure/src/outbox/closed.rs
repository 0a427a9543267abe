use std::task::{Context, Poll};

use super::{Sender, state::Lanes};

impl<T> Sender<T> {
    /// Waits until the consumer is gone or the outbox has ended, for a producer that has nothing to send.
    ///
    /// Only the last context is woken, be it of this or of [`Self::poll_ready`], and it may be woken for nothing.
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.shared().locked(|state, settings, _| {
            if state.is_closed() {
                return Poll::Ready(());
            }
            let lanes = state.lanes.get_or_insert_with(|| Box::new(Lanes::new(settings)));
            match &mut lanes.sender {
                Some(waker) => waker.clone_from(cx.waker()),
                place => *place = Some(cx.waker().clone()),
            }
            Poll::Pending
        })
    }
}
