use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::Frame;
use longwave_sse::Position;
use tokio::time::sleep;

use super::{Carried, Stream, grpc};
use crate::{Cause, random};

/// How a stream that is to end does so.
pub(super) enum LastWord {
    Frame(Frame<Bytes>),
    Cut,
}

/// What has happened while the inner body had nothing.
pub(super) enum Idle {
    Beat(Bytes),
    Ended,
    OutOfPatience,
}

impl Carried {
    /// How to end, if the stream is to and stands where it can.
    #[inline]
    pub(super) fn last_word(self: Pin<&mut Self>) -> Option<LastWord> {
        if !self.tether.lifeline().is_ended() || matches!(self.stream, Stream::Opaque) {
            return None;
        }
        self.end()
    }

    #[cold]
    fn end(self: Pin<&mut Self>) -> Option<LastWord> {
        let mut this = self.project();
        if this.ending.is_none() {
            *this.ending = this.tether.lifeline().reason();
            this.patience.set(Some(sleep(PATIENCE)));
        }
        let reason = this.ending.as_ref()?;
        match this.stream {
            Stream::Events(boundary) if boundary.position() == Position::BetweenEvents => {
                let farewell = reason.farewell(random());
                Some(LastWord::Frame(Frame::data(farewell.encode())))
            }
            Stream::Messages(messages) if messages.is_between() => {
                Some(LastWord::Frame(Frame::trailers(grpc::unavailable(reason))))
            }
            // A client drops what is unfinished, so that nothing of it counts.
            Stream::Events(_) if matches!(reason.cause(), Cause::Expired | Cause::Revoked) => {
                Some(LastWord::Cut)
            }
            _ => None,
        }
    }

    /// Takes note of a frame that goes out; `None` if nothing is left of it.
    #[inline]
    pub(super) fn pass(self: Pin<&mut Self>, frame: Frame<Bytes>) -> Option<Frame<Bytes>> {
        let mut this = self.project();
        let Stream::Events(boundary) = this.stream else {
            if let Stream::Messages(messages) = this.stream {
                this.tether.lifeline().pace().wait();
                frame.data_ref().into_iter().for_each(|data| messages.push(data));
            }
            return Some(frame);
        };
        let frame = this.beats.as_mut().sent(frame)?;
        this.tether.lifeline().pace().wait();
        if let Some(data) = frame.data_ref() {
            boundary.push(data);
        }
        Some(frame)
    }

    pub(super) fn poll_idle(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Idle> {
        let mut this = self.project();
        if let Stream::Opaque = this.stream {
            return Poll::Pending;
        }
        if let Some(patience) = this.patience.as_mut().as_pin_mut() {
            return patience.poll(cx).map(|()| Idle::OutOfPatience);
        }
        if this.ended.poll(cx).is_ready() {
            return Poll::Ready(Idle::Ended);
        }
        let Stream::Events(boundary) = this.stream else { return Poll::Pending };
        let between = boundary.position() == Position::BetweenEvents;
        this.beats.poll(cx, between).map(|beat| {
            // It takes the place at the start of the stream, where alone a byte order mark counts.
            boundary.push(&beat);
            Idle::Beat(beat)
        })
    }
}

/// How long an end waits for the blank line of an event, or the rest of a message.
const PATIENCE: Duration = Duration::from_secs(1);
