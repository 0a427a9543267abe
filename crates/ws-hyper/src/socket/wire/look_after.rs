use std::{
    io,
    task::{Context, Poll},
    time::Duration,
};

use longwave_core::Cause;

use super::{Over, Wire};
use crate::socket::{close_frame, pulse::Beat, reader::Reader};

impl<T> Wire<T> {
    /// Sees whether it is time for something, and tells whether anything has changed by that.
    ///
    /// - `idle`: of whoever reads, and has just found nothing. Only then can a peer be dead: the answer of one that
    ///   lives may be there, if nobody has looked.
    pub(in crate::socket) fn look_after(&mut self, mut idle: Option<&mut Reader>) -> bool {
        let proxy = self.proxy.clone();
        let mut cx = Context::from_waker(&proxy);
        let mut changed = false;
        while self.over.is_none() {
            let now = self.now();
            if let Poll::Ready(reason) = self.vigil.poll_ended(&mut cx)
                && self.sender.close(now, close_frame(&reason)).is_ok()
            {
                changed = true;
            }
            if self.broken.is_some() && idle.is_some() && !self.sender.is_open() {
                // What can still be said cannot be sent, and nothing more is there to be read.
                let kind = self.broken.unwrap_or(io::ErrorKind::BrokenPipe);
                self.finish(Over::Failed(kind, None));
                return true;
            }
            if self.sender.poll_timeout().is_some_and(|deadline| deadline <= now) {
                self.sender.handle_timeout(now);
                if self.sender.poll_timeout().is_none() {
                    self.give_up();
                    return true;
                }
            }
            let mut next = self.sender.poll_timeout();
            // Behind what the peer has not taken a ping would wait as well: then it is stalled, and not dead.
            let is_out = self.sender.buffered() == 0 && !self.unflushed;
            if let (Some(reader), Some(pulse)) = (&mut idle, &mut self.pulse)
                && self.sender.is_open()
                && is_out
            {
                match pulse.poll(now, &mut self.sender) {
                    Beat::Later(at) => next = earliest(next, Some(at)),
                    Beat::Missing => {
                        self.abort(Over::Unresponsive, Cause::Unresponsive);
                        return true;
                    }
                    Beat::Sent => {
                        // Nothing was there for a while: what messages to come can do without is given back.
                        self.sender.shrink();
                        reader.shrink();
                        self.aftermath().beaten();
                        changed = true;
                        continue;
                    }
                }
            }
            if let Some(since) = self.refusing {
                let refused = since.saturating_duration_since(self.start);
                let deadline = refused.saturating_add(self.stall_timeout);
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
            if self.vigil.poll_timer(&mut cx, next.and_then(|at| self.start.checked_add(at))).is_pending() {
                return changed;
            }
        }
        changed
    }
}

fn earliest(one: Option<Duration>, other: Option<Duration>) -> Option<Duration> {
    one.into_iter().chain(other).min()
}
