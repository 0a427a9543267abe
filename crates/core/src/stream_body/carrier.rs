use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::Frame;
use longwave_sse::{Boundary, Position};
use pin_project_lite::pin_project;
use tokio::time::Instant;

use super::{
    beats::{Beats, Next},
    grpc::{self, Messages},
};
use crate::{Cause, EndReason, Ended, Lifeline, StreamKind, Tether, random};

pin_project! {
    /// What the body of a stream has that carries it.
    ///
    /// In a box of its own, so that bodies which are no streams stay small.
    pub(super) struct Carrier {
        tether: Tether,
        stream: Stream,
        ending: Option<Ending>,
        // How many frames have passed, modulo 256.
        passed: u8,
        // The one timer, for whatever comes first.
        #[pin]
        ended: Ended,
    }
}

/// Where the stream stands.
enum Stream {
    Events { boundary: Boundary, beats: Beats },
    Messages(Messages),
}

/// The stream is to end, and has until then to come to where it can.
struct Ending {
    reason: EndReason,
    until: Instant,
}

/// The timer is looked at only when there is nothing to send, which is never for some streams.
#[cold]
fn notice_deadline(lifeline: &Lifeline) {
    lifeline.end_if_due(Instant::now());
}

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

impl Carrier {
    /// Carries a stream of this kind; gives the tether back if it is none.
    pub(super) fn new(tether: Tether, kind: StreamKind) -> Result<Self, Tether> {
        let lifeline = tether.lifeline();
        let stream = match kind {
            StreamKind::EventStream => {
                Stream::Events { boundary: Boundary::new(), beats: Beats::new(lifeline.heartbeat()) }
            }
            StreamKind::Grpc => Stream::Messages(Messages::default()),
            StreamKind::Other | StreamKind::WebSocket => return Err(tether),
        };
        lifeline.opened(kind);
        lifeline.pace().wait();
        let ended = lifeline.ended();
        Ok(Self { tether, stream, ending: None, passed: 0, ended })
    }

    pub(super) const fn lifeline(&self) -> &Lifeline {
        self.tether.lifeline()
    }

    /// Whether last words are still to come.
    pub(super) fn owes(&self) -> bool {
        self.lifeline().is_ended()
    }

    /// Notes that the inner body has come to an end of its own.
    pub(super) fn finish(&self, cause: Cause) {
        self.lifeline().end(cause);
    }

    /// How to end, if the stream is to and stands where it can.
    #[inline]
    pub(super) fn last_word(self: Pin<&mut Self>) -> Option<LastWord> {
        if self.owes() { self.end() } else { None }
    }

    #[cold]
    fn end(self: Pin<&mut Self>) -> Option<LastWord> {
        let this = self.project();
        if this.ending.is_none() {
            let reason = this.tether.lifeline().reason()?;
            *this.ending = Some(Ending { reason, until: Instant::now() + PATIENCE });
        }
        let Ending { reason, .. } = this.ending.as_ref()?;
        match this.stream {
            Stream::Events { boundary, .. } if boundary.position() == Position::BetweenEvents => {
                let farewell = reason.farewell(random());
                Some(LastWord::Frame(Frame::data(farewell.encode())))
            }
            Stream::Messages(messages) if messages.is_between() => {
                Some(LastWord::Frame(Frame::trailers(grpc::trailers(reason))))
            }
            // A client drops what is unfinished, so that nothing of it counts.
            Stream::Events { .. } if matches!(reason.cause(), Cause::Expired | Cause::Revoked) => {
                Some(LastWord::Cut)
            }
            _ => None,
        }
    }

    /// Takes note of a frame that goes out, and tells whether anything is left of it.
    #[inline]
    pub(super) fn pass(self: Pin<&mut Self>, frame: &mut Frame<Bytes>) -> bool {
        let this = self.project();
        this.tether.lifeline().pace().wait();
        *this.passed = this.passed.wrapping_add(1);
        if this.passed.is_multiple_of(FRAMES_BETWEEN_LOOKS) {
            notice_deadline(this.tether.lifeline());
        }
        match this.stream {
            Stream::Events { boundary, beats } => {
                if !beats.sent(frame) {
                    return false;
                }
                if let Some(data) = frame.data_ref() {
                    boundary.push(data);
                }
            }
            Stream::Messages(messages) => {
                if let Some(data) = frame.data_ref() {
                    messages.push(data);
                }
            }
        }
        true
    }

    pub(super) fn poll_idle(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Idle> {
        let this = self.project();
        let (lifeline, mut ended) = (this.tether.lifeline(), this.ended);
        if let Some(Ending { until, .. }) = this.ending {
            lifeline.pace().rest();
            return ended.poll_patience(cx, *until).map(|()| Idle::OutOfPatience);
        }
        loop {
            let now = Instant::now();
            let rests = lifeline.pace().rest();
            let until = match this.stream {
                Stream::Messages(_) => {
                    if rests {
                        lifeline.sent(now);
                    }
                    None
                }
                Stream::Events { boundary, beats } => {
                    if beats.has_sent() {
                        lifeline.sent(now);
                    }
                    let between = boundary.position() == Position::BetweenEvents;
                    match beats.next(now, between) {
                        Next::Never => None,
                        Next::At(at) => Some(at),
                        Next::Now(beat) => {
                            // It takes the place at the start of the stream, where alone a byte order mark counts.
                            boundary.push(&beat);
                            lifeline.pace().wait();
                            lifeline.beaten();
                            return Poll::Ready(Idle::Beat(beat));
                        }
                    }
                }
            };
            match ended.as_mut().poll_until(cx, until) {
                Poll::Ready(Some(_)) => return Poll::Ready(Idle::Ended),
                Poll::Ready(None) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

/// So many frames may go out between two looks at the clock.
const FRAMES_BETWEEN_LOOKS: u8 = 16;
/// How long an end waits for the blank line of an event, or the rest of a message.
const PATIENCE: Duration = Duration::from_secs(1);
