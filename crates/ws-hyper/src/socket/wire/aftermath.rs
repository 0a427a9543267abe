use std::time::Duration;

use longwave_core::{Lifeline, Tether};

/// What others are told of, and what is let go of, when nobody holds the lock of a socket any more: an observer, a guard or
/// a connection may do anything then, and look at the socket too.
pub(in crate::socket) struct Aftermath<T> {
    lifeline: Option<Lifeline>,
    beaten: bool,
    answered: Option<Duration>,
    /// Of a connection that is over.
    remains: (Option<T>, Option<Tether>),
}

impl<T> Aftermath<T> {
    pub(super) const fn new(lifeline: Option<Lifeline>) -> Self {
        Self { lifeline, beaten: false, answered: None, remains: (None, None) }
    }

    pub(super) const fn beaten(&mut self) {
        self.beaten = true;
    }

    pub(super) const fn answered(&mut self, round_trip: Duration) {
        self.answered = Some(round_trip);
    }

    pub(super) fn over(&mut self, io: Option<T>, tether: Option<Tether>) {
        self.remains = (io, tether);
    }

    pub(in crate::socket) fn tell(self) {
        if let Some(lifeline) = &self.lifeline {
            if self.beaten {
                lifeline.beaten();
            }
            if let Some(round_trip) = self.answered {
                lifeline.answered(round_trip);
            }
        }
    }
}
