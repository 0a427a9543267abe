use tokio::time::Instant;

use super::watch::Limits;
use crate::Lifeline;

/// What a connection knows of one of its streams.
pub(super) struct Stream {
    pub(super) lifeline: Lifeline,
    /// Its tether is the connection's: nobody else goes by its deadline.
    pub(super) kept: bool,
    /// When it was first seen to have ended.
    ended: Option<Instant>,
    waiting: Option<Waiting>,
    /// Nothing polite will end it any more.
    lost: bool,
}

/// A body that waits to be asked for more.
#[derive(Clone, Copy)]
struct Waiting {
    turn: u64,
    since: Instant,
    /// How many bytes the connection had accepted by then.
    accepted: u64,
}

/// How the connection stands.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    pub(super) now: Instant,
    pub(super) accepted: u64,
    /// The kernel refuses bytes at the moment.
    pub(super) refusing: bool,
}

/// How a stream stands.
pub(super) enum Standing {
    /// It is well, or has until then to become so.
    Well(Option<Instant>),
    Lost,
    /// It is lost from now on, since its reader has stopped.
    Stalled,
}

impl Stream {
    pub(super) const fn new(lifeline: Lifeline) -> Self {
        Self { lifeline, kept: false, ended: None, waiting: None, lost: false }
    }

    pub(super) const fn is_lost(&self) -> bool {
        self.lost
    }

    /// Whether its lifeline's deadline might pass with nobody else to notice.
    pub(super) fn is_unattended(&self) -> bool {
        self.kept || self.lifeline.pace().waiting().is_some()
    }

    pub(super) fn judge(&mut self, moment: Moment, limits: Limits) -> Standing {
        if self.lost {
            return Standing::Lost;
        }
        // A response that is still being made is no stream yet.
        if !self.lifeline.pace().is_open() {
            return Standing::Well(None);
        }
        let Moment { now, .. } = moment;
        // A socket that has claimed the stream says farewell by itself, and takes its own time for it.
        let leaves_it = self.lifeline.is_ended() && !self.lifeline.is_claimed();
        let grace = leaves_it.then(|| *self.ended.get_or_insert(now) + limits.grace);
        let stall = self.waits_until(moment, limits);
        let is_over = |deadline: Option<Instant>| deadline.is_some_and(|deadline| deadline <= now);
        self.lost = is_over(grace) || is_over(stall);
        match (is_over(grace), self.lost) {
            (true, _) => Standing::Lost,
            (false, true) => Standing::Stalled,
            (false, false) => Standing::Well(grace.into_iter().chain(stall).min()),
        }
    }

    /// Until when its body may wait to be asked for more, if it does.
    ///
    /// While the kernel refuses bytes, it is the socket that tells whether the reader reads.
    fn waits_until(&mut self, moment: Moment, limits: Limits) -> Option<Instant> {
        let Some(turn) = self.lifeline.pace().waiting().filter(|_| !moment.refusing) else {
            self.waiting = None;
            return None;
        };
        let anew = Waiting { turn, since: moment.now, accepted: moment.accepted };
        let waiting = self.waiting.get_or_insert(anew);
        if waiting.turn != turn || moment.accepted - waiting.accepted >= NOISE {
            *waiting = anew;
        }
        Some(waiting.since + limits.stall)
    }
}

/// How many bytes go over a connection, control frames and the beats of other streams, while this stream's reader
/// takes none.
const NOISE: u64 = 1024;
