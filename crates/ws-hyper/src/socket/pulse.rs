use std::time::Duration;

use longwave_core::{Due, Schedule};
use longwave_ws::Sender;

/// The heartbeat of a socket.
#[derive(Debug)]
pub(super) struct Pulse {
    schedule: Schedule,
}

/// What a look at it has led to.
pub(super) enum Beat {
    /// Nothing is due before then.
    Later(Duration),
    /// A ping was queued.
    Sent,
    /// The peer is dead.
    Missing,
}

impl Pulse {
    pub(super) fn new(interval: Duration) -> Self {
        Self { schedule: Schedule::answering(interval, Duration::ZERO, rand::random()) }
    }

    pub(super) fn poll(&mut self, now: Duration, sender: &mut Sender) -> Beat {
        match self.schedule.poll(now, rand::random()) {
            Due::Later(at) => Beat::Later(at),
            Due::Dead => Beat::Missing,
            Due::Beat { nonce } => {
                // Closing meanwhile, it has a deadline of another kind.
                let _closing = sender.ping(&nonce.to_be_bytes());
                Beat::Sent
            }
        }
    }

    pub(super) fn inbound(&mut self, now: Duration) {
        self.schedule.inbound(now);
    }

    pub(super) fn outbound(&mut self, now: Duration) {
        self.schedule.outbound(now);
    }

    /// How long the peer has taken, if it is the answer to the last ping.
    pub(super) fn pong(&mut self, now: Duration, payload: &[u8]) -> Option<Duration> {
        let nonce = payload.try_into().ok()?;
        self.schedule.answer(now, u64::from_be_bytes(nonce))
    }

    pub(super) fn round_trip(&self) -> Option<Duration> {
        self.schedule.round_trip()
    }
}
