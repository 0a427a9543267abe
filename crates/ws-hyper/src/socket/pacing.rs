use std::time::Duration;

use longwave_ws::Sender;

/// Keeps a socket over HTTP/2 from sending more small frames than its peer's connection puts up with.
///
/// A peer on h2 (since 0.4.16) counts 256 bytes less its length for each shorter DATA frame that is not read yet, and
/// closes the connection, with all its streams, when that is half a window. Who reads answers a ping, so one is asked
/// for when much is on that account; until it is answered small frames wait for each other.
#[derive(Debug, Default)]
pub(super) struct Pacing {
    /// What may be on the account of the peer.
    charged: usize,
    asked: bool,
    /// Since when small frames wait.
    held: Option<Duration>,
}

impl Pacing {
    /// Whether what is buffered has to wait, and until when.
    pub(super) fn hold(&mut self, now: Duration, sender: &mut Sender) -> Option<Duration> {
        if self.charged < ASK || !(1..SMALL).contains(&sender.buffered()) || !sender.is_open() {
            self.held = None;
            return None;
        }
        if !self.asked {
            self.asked = true;
            let _closing = sender.ping(QUESTION);
        }
        let patience = if self.charged < UNANSWERED { SHORT } else { LONG };
        let until = *self.held.get_or_insert(now) + patience;
        if until <= now {
            self.held = None;
            return None;
        }
        Some(until)
    }

    /// When what waits has waited long enough.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let patience = if self.charged < UNANSWERED { SHORT } else { LONG };
        self.held.map(|since| since + patience)
    }

    pub(super) fn sent(&mut self, len: usize) {
        self.charged += SMALL.saturating_sub(len);
        self.held = None;
    }

    /// What was sent before the question has been read.
    pub(super) fn pong(&mut self, payload: &[u8]) {
        if self.asked && payload == QUESTION {
            *self = Self::default();
        }
    }
}

/// What is smaller counts.
const SMALL: usize = 256;
/// From here on a pong is asked for, and small frames wait for a moment: some 35 of them.
const ASK: usize = 8 * 1024;
/// From here on they wait longer: the smallest account there is, of a peer with a window of 64 KiB, is not full yet.
const UNANSWERED: usize = 24 * 1024;
const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(1);
/// The payload of the ping.
const QUESTION: &[u8] = b"read?";
