use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use longwave_ws::Transport;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    task::coop::has_budget_remaining,
};

use super::{Over, Wire};
use crate::socket::{
    reader::{Reader, Taken, Wanted},
    scratch,
};

/// What came of waiting for the peer.
#[derive(Debug)]
pub(in crate::socket) enum More<M> {
    /// Something was read, and this is the first of it.
    Input(Option<Taken<M>>),
    /// There will be nothing more.
    Over,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Wire<T> {
    /// Waits until something was read or, once everybody has said what there was to say, until the connection is over.
    ///
    /// - `cx`: of the task that reads, which has been made known to the wakers.
    /// - `due`: whether something is to be looked after, though there may be something to be read as well.
    pub(in crate::socket) fn poll_more<M: Wanted>(
        &mut self,
        cx: &mut Context<'_>,
        reader: &mut Reader,
        due: bool,
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
            if self.shut.peers {
                if !self.look_after(Some(&mut *reader)) {
                    return Poll::Pending;
                }
                let _sent = self.poll_out();
                continue;
            }
            let is_ended = self.sender.end().is_some();
            let Some(io) = &mut self.io else { return Poll::Ready(More::Over) };
            let mut taken = None;
            let read = scratch::with(|scratch| {
                let mut buf = ReadBuf::new(scratch);
                ready!(Pin::new(io).poll_read(cx, &mut buf))?;
                let len = buf.filled().len();
                if !is_ended {
                    taken = reader.take_from(scratch, len);
                }
                Poll::Ready(io::Result::Ok(len))
            });
            match read {
                Poll::Ready(Ok(0)) => {
                    self.shut.peers = true;
                    self.sender.handle_eof();
                }
                Poll::Ready(Ok(_)) => {
                    let now = if self.pulse.is_some() { self.now() } else { Duration::ZERO };
                    if let Some(pulse) = &mut self.pulse {
                        pulse.inbound(now);
                    }
                    if due && self.look_after(Some(&mut *reader)) {
                        let _sent = self.poll_out();
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
                    // A task whose turn is over finds nothing, whatever is there.
                    let idle = has_budget_remaining().then_some(&mut *reader);
                    if !self.look_after(idle) {
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
        // Without a deadline there is nobody to wait for.
        let is_sent = self.sender.buffered() == 0;
        if self.sender.poll_timeout().is_none() || self.broken.is_some() || (self.shut.peers && is_sent) {
            self.give_up();
            return Poll::Ready(());
        }
        if !is_sent {
            return Poll::Pending;
        }
        if !self.shut.own
            && let Some(io) = &mut self.io
        {
            let proxy = self.proxy.clone();
            let shut = ready!(Pin::new(io).poll_shutdown(&mut Context::from_waker(&proxy)));
            self.shut.own = true;
            if shut.is_err() {
                self.finish(Over::Agreed);
                return Poll::Ready(());
            }
        }
        Poll::Pending
    }
}
