use std::{mem, time::Duration};

use bytes::{Buf, Bytes};
use http_body::Frame;
use tokio::time::Instant;

use crate::{Due, Heartbeat, Schedule, random};

/// The heartbeat of an event stream.
///
/// It looks at no clock while the stream has something to send, and asks for no timer before the stream has been
/// silent once.
pub(super) struct Beats {
    heartbeat: Option<Heartbeat>,
    begun: Option<Begun>,
    /// Something was sent since the clock was looked at.
    sent: bool,
    /// What is left of a byte order mark that cannot come first any more.
    bom: &'static [u8],
}

struct Begun {
    start: Instant,
    schedule: Schedule,
}

/// When there is to be a beat.
pub(super) enum Next {
    Now(Bytes),
    At(Instant),
    Never,
}

impl Beats {
    pub(super) const fn new(heartbeat: Option<Heartbeat>) -> Self {
        Self { heartbeat, begun: None, sent: false, bom: &[] }
    }

    /// Takes note of a frame of the stream, and tells whether anything is left of it.
    #[inline]
    pub(super) fn sent(&mut self, frame: &mut Frame<Bytes>) -> bool {
        self.sent = true;
        self.bom.is_empty() || self.without_bom(frame)
    }

    /// Takes off the byte order mark that the stream begins with although something went before it: anywhere but
    /// at the very start it would count as part of the first line.
    #[cold]
    fn without_bom(&mut self, frame: &mut Frame<Bytes>) -> bool {
        let Some(data) = frame.data_mut() else { return true };
        let len = self.bom.iter().zip(&*data).take_while(|(mark, byte)| mark == byte).count();
        if len == self.bom.len() || len == data.len() {
            data.advance(len);
            self.bom = &self.bom[len..];
        } else {
            // It was none: what was taken off for it belongs to the first line.
            let taken = &BOM[..BOM.len() - self.bom.len()];
            self.bom = &[];
            if !taken.is_empty() {
                *data = [taken, data].concat().into();
            }
        }
        !data.is_empty()
    }

    /// Whether something was sent since the clock was looked at: by the stream itself, not as a beat.
    pub(super) const fn has_sent(&self) -> bool {
        self.sent
    }

    /// When the next beat is due; `between` tells whether the stream stands between events.
    pub(super) fn next(&mut self, now: Instant, between: bool) -> Next {
        let sent = mem::take(&mut self.sent);
        let Some(heartbeat) = &self.heartbeat else { return Next::Never };
        let begun = match &mut self.begun {
            Some(begun) => begun,
            first => {
                let schedule = Schedule::one_way(heartbeat.interval(), Duration::ZERO, random());
                let begun = first.insert(Begun { start: now, schedule });
                if !sent {
                    // The first thing ever to be sent, so that the head goes out too.
                    self.bom = &BOM;
                    return Next::Now(heartbeat.opening());
                }
                begun
            }
        };
        let since = now.saturating_duration_since(begun.start);
        if sent {
            begun.schedule.outbound(since);
        }
        loop {
            match begun.schedule.poll(since, random()) {
                Due::Beat { .. } if between => return Next::Now(heartbeat.beat()),
                // In the middle of an event it is left out: what is missing there will come, or never does.
                Due::Beat { .. } | Due::Dead => {}
                Due::Later(at) => return Next::At(begun.start + at),
            }
        }
    }
}

const BOM: [u8; 3] = [0xEF, 0xBB, 0xBF];
