use std::task::Waker;

use tokio::time::Instant;

use super::{
    Progress, Side,
    stream::{Moment, Standing, Stream},
    watch::Limits,
};
use crate::{EndReason, Lifeline, Tether};

/// What is known of a connection, under its lock.
#[derive(Default)]
pub(super) struct State {
    pub(super) streams: Vec<Stream>,
    pub(super) kept: Vec<Tether>,
    pub(super) reading: Option<Waker>,
    pub(super) writing: Option<Waker>,
    pub(super) progress: Progress,
    /// Since when the kernel refuses everything.
    pub(super) refusing: Option<Instant>,
    pub(super) aborted: Option<EndReason>,
    pub(super) closed: bool,
}

/// How a connection stands.
pub(super) enum Verdict {
    Well(Option<Instant>),
    Cut(EndReason),
    /// All of these are lost, for their own reasons or, if they have none, because the reader has stopped.
    Lost(Vec<Lifeline>),
}

impl State {
    /// Keeps the waker of a side, and returns the one before: it may be the last owner of a task.
    pub(super) fn listen(&mut self, side: Side, waker: &Waker) -> Option<Waker> {
        let place = match side {
            Side::Read => &mut self.reading,
            Side::Write => &mut self.writing,
        };
        match place {
            Some(kept) if kept.will_wake(waker) => None,
            _ => place.replace(waker.clone()),
        }
    }

    pub(super) fn judge(&mut self, now: Instant, limits: Limits, stalled: &mut Vec<Lifeline>) -> Verdict {
        if let Some(reason) = &self.aborted {
            return Verdict::Cut(reason.clone());
        }
        let mut next = self.refusing.map(|since| since + limits.stall);
        if next.is_some_and(|deadline| deadline <= now) {
            return Verdict::Lost(self.lifelines());
        }
        let moment = Moment { now, accepted: self.progress.accepted, refusing: self.refusing.is_some() };
        let mut lost = 0;
        for stream in &mut self.streams {
            match stream.judge(moment, limits) {
                Standing::Well(until) => next = next.into_iter().chain(until).min(),
                Standing::Lost => lost += 1,
                Standing::Stalled => {
                    stalled.push(stream.lifeline.clone());
                    lost += 1;
                }
            }
        }
        if lost > 0 && lost == self.streams.len() {
            return Verdict::Lost(self.lifelines());
        }
        Verdict::Well(next)
    }

    fn lifelines(&self) -> Vec<Lifeline> {
        self.streams.iter().map(|stream| stream.lifeline.clone()).collect()
    }
}
