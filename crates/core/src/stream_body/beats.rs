use std::{
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::{Buf, Bytes};
use http_body::Frame;
use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::{Due, Heartbeat, Schedule, random};

pin_project! {
    /// The heartbeat of an event stream.
    ///
    /// It looks at no clock while the stream has something to send, and has no timer before the stream has
    /// been silent once.
    pub(super) struct Beats {
        heartbeat: Option<Heartbeat>,
        begun: Option<Begun>,
        // Something was sent since the clock was looked at.
        sent: bool,
        // What is left of a byte order mark that cannot come first any more.
        bom: &'static [u8],
        #[pin]
        timer: Option<Sleep>,
    }
}

struct Begun {
    start: Instant,
    schedule: Schedule,
}

impl Beats {
    pub(super) const fn new(heartbeat: Option<Heartbeat>) -> Self {
        Self { heartbeat, begun: None, sent: false, bom: &[], timer: None }
    }

    /// Takes note of a frame of the stream; `None` if nothing is left of it.
    #[inline]
    pub(super) fn sent(self: Pin<&mut Self>, frame: Frame<Bytes>) -> Option<Frame<Bytes>> {
        let this = self.project();
        *this.sent = true;
        if this.bom.is_empty() { Some(frame) } else { Self::without_bom(this.bom, frame) }
    }

    /// Takes off the byte order mark that the stream begins with although something went before it: anywhere but
    /// at the very start it would count as part of the first line.
    #[cold]
    fn without_bom(bom: &mut &'static [u8], frame: Frame<Bytes>) -> Option<Frame<Bytes>> {
        let mut data = match frame.into_data() {
            Ok(data) => data,
            Err(frame) => return Some(frame),
        };
        let len = bom.iter().zip(&data).take_while(|(mark, byte)| mark == byte).count();
        if len == bom.len() || len == data.len() {
            data.advance(len);
            *bom = &bom[len..];
        } else {
            // It was none: what was taken off for it belongs to the first line.
            let taken = &BOM[..BOM.len() - bom.len()];
            *bom = &[];
            if !taken.is_empty() {
                data = [taken, &data].concat().into();
            }
        }
        (!data.is_empty()).then(|| Frame::data(data))
    }

    /// The next beat, if one is due; `between` tells whether the stream stands between events.
    pub(super) fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>, between: bool) -> Poll<Bytes> {
        let mut this = self.project();
        let Some(heartbeat) = this.heartbeat else { return Poll::Pending };
        let begun = match this.begun {
            Some(begun) => begun,
            first => {
                let schedule = Schedule::one_way(heartbeat.interval(), Duration::ZERO, random());
                let begun = first.insert(Begun { start: Instant::now(), schedule });
                if !*this.sent {
                    // The first thing ever to be sent, so that the head goes out too.
                    *this.bom = &BOM;
                    return Poll::Ready(heartbeat.opening());
                }
                begun
            }
        };
        loop {
            let now = begun.start.elapsed();
            if mem::take(this.sent) {
                begun.schedule.outbound(now);
            }
            let at = match begun.schedule.poll(now, random()) {
                Due::Beat { .. } if between => return Poll::Ready(heartbeat.beat()),
                // In the middle of an event it is left out: what is missing there will come, or never does.
                Due::Beat { .. } | Due::Dead => continue,
                Due::Later(at) => begun.start + at,
            };
            match this.timer.as_mut().as_pin_mut() {
                None => this.timer.set(Some(sleep_until(at))),
                Some(timer) if timer.deadline() != at => timer.reset(at),
                Some(_) => {}
            }
            let Some(timer) = this.timer.as_mut().as_pin_mut() else { return Poll::Pending };
            if timer.poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

const BOM: [u8; 3] = [0xEF, 0xBB, 0xBF];
