use std::{task::Waker, time::Duration};

use super::{
    Class, End, Loss, Stats, Verdict,
    after::After,
    index::Index,
    lane::{Gap, Lane},
    log::Link,
    offer::Incoming,
    progress::Progress,
    settings::Settings,
};

/// All that is behind the lock of an outbox.
///
/// It knows nothing of threads: what is to be dropped and whom to wake goes into an [`After`].
pub(super) struct State<T> {
    /// Nothing is held for an outbox that is not used.
    pub(super) lanes: Option<Box<Lanes<T>>>,
    pub(super) inlet: Inlet<T>,
    /// The latest time told, in nanoseconds.
    pub(super) clock: u64,
    pub(super) delivered: u64,
    /// Nothing is held for one that has lost nothing.
    pub(super) rare: Option<Box<Rare>>,
    pub(super) ended: Option<End>,
    pub(super) told: bool,
    pub(super) sender_gone: bool,
    pub(super) receiver_gone: bool,
}

/// What a consumer does not get.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Losses {
    pub(super) dropped: Gap,
    pub(super) conflated: u64,
}

/// What few outboxes need.
#[derive(Default)]
pub(super) struct Rare {
    pub(super) losses: Losses,
    pub(super) on_end: Option<OnEnd>,
}

/// Is told why an outbox has ended early.
pub(super) type OnEnd = Box<dyn FnOnce(End) + Send>;

/// Where the items of an outbox come from, which is where whoever waits for them waits.
pub(super) enum Inlet<T> {
    Sender(Option<Waker>),
    Fan(Link<T>),
}

pub(super) struct Lanes<T> {
    pub(super) control: Lane<T>,
    pub(super) replay: Lane<T>,
    pub(super) live: Lane<T>,
    pub(super) index: Option<Box<dyn Index<T>>>,
    pub(super) progress: Progress,
    pub(super) sender: Option<Waker>,
    /// All that its fan had published when it began to pass this outbox over.
    pub(super) passed_over: Option<Gap>,
    /// What the fan has published and the budget has yet to find room for.
    pub(super) held: Option<Incoming<T>>,
    /// What went with the end.
    pub(super) lost: Gap,
}

impl<T> Lanes<T> {
    pub(super) fn new(settings: &Settings<T>) -> Self {
        Self {
            control: Lane::new(),
            replay: Lane::new(),
            live: Lane::new(),
            index: settings.index.as_ref().map(|make| make()),
            progress: Progress::default(),
            sender: None,
            passed_over: None,
            held: None,
            lost: Gap::default(),
        }
    }

    pub(super) const fn lane(&mut self, class: Class) -> &mut Lane<T> {
        match class {
            Class::Control => &mut self.control,
            Class::Replay => &mut self.replay,
            Class::Live => &mut self.live,
        }
    }

    pub(super) const fn lane_ref(&self, class: Class) -> &Lane<T> {
        match class {
            Class::Control => &self.control,
            Class::Replay => &self.replay,
            Class::Live => &self.live,
        }
    }

    /// Bytes for which the budget answers.
    pub(super) const fn budgeted(&self) -> usize {
        self.replay.bytes() + self.live.bytes()
    }

    /// When the first item of a class came, of whichever came first.
    fn first_since(&self) -> Option<u64> {
        [self.control.first_since(), self.replay.first_since(), self.live.first_since()]
            .into_iter()
            .flatten()
            .min()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.has_nothing_to_say() && self.sender.is_none() && self.passed_over.is_none()
    }

    /// Whether nothing is here for a consumer.
    pub(super) fn has_nothing_to_say(&self) -> bool {
        self.control.has_nothing_to_say()
            && self.replay.has_nothing_to_say()
            && self.live.has_nothing_to_say()
            && self.held.is_none()
    }

    /// Whether the budget or a verdict may look at progress.
    fn waits(&self) -> bool {
        self.replay.len() + self.live.len() > 0
    }
}

impl<T> State<T> {
    pub(super) const fn new(clock: u64) -> Self {
        Self {
            lanes: None,
            inlet: Inlet::Sender(None),
            clock,
            delivered: 0,
            rare: None,
            ended: None,
            told: false,
            sender_gone: false,
            receiver_gone: false,
        }
    }

    pub(super) const fn is_closed(&self) -> bool {
        self.receiver_gone || self.ended.is_some()
    }

    /// Takes note of the time.
    pub(super) fn tell(&mut self, now: u64) {
        if now > self.clock {
            self.clock = now;
            if let Some(lanes) = &mut self.lanes {
                lanes.progress.tell(now);
            }
        }
    }

    /// Ends the outbox early; the first reason counts.
    pub(super) fn end(&mut self, settings: &Settings<T>, reason: End, after: &mut After<T>) {
        if self.is_closed() {
            return;
        }
        self.ended = Some(reason);
        after.on_end = self.rare.as_mut().and_then(|rare| rare.on_end.take()).map(|tell| (tell, reason));
        let lost = self.clear(settings, after);
        if lost.dropped > 0 {
            self.lanes.get_or_insert_with(|| Box::new(Lanes::new(settings))).lost = lost;
        }
    }

    /// Lets go of all that waits, and of the fan; returns all that the consumer has not been told of.
    pub(super) fn clear(&mut self, settings: &Settings<T>, after: &mut After<T>) -> Gap {
        let mut lost = self.leave_fan(after);
        self.count(lost);
        self.announce(after);
        let Some(mut lanes) = self.lanes.take() else { return lost };
        after.wake_sender(lanes.sender.take());
        after.release(settings.budget.as_ref(), lanes.budgeted());
        if let Some(held) = &lanes.held {
            self.count(Gap::of(held.weight));
            lost.add(Gap::of(held.weight));
        }
        for class in [Class::Control, Class::Replay, Class::Live] {
            let lane = lanes.lane(class);
            let waiting = Gap { dropped: lane.len() as u64, bytes: lane.bytes() as u64 };
            self.count(waiting);
            lost.add(lane.lost());
        }
        after.lanes = Some(lanes);
        lost
    }

    /// There is something to take here: has the consumer woken, if it waits.
    pub(super) fn announce(&mut self, after: &mut After<T>) {
        after.wake_receiver(match &mut self.inlet {
            Inlet::Sender(waker) => waker.take(),
            Inlet::Fan(link) => link.log.lock().divert(link.place),
        });
    }

    pub(super) fn count(&mut self, gap: Gap) {
        if gap.dropped > 0 {
            self.rare.get_or_insert_default().losses.dropped.add(gap);
        }
    }

    /// All that was lost, and whether it has ended.
    pub(super) fn tally(&self) -> (Losses, Option<End>) {
        (self.losses(), self.ended)
    }

    /// What was lost after a tally.
    pub(super) fn loss(
        &self,
        settings: &Settings<T>,
        (before, ended): (Losses, Option<End>),
    ) -> Option<Loss> {
        let Losses { dropped, conflated } = self.losses();
        let Gap { dropped, bytes } = dropped.since(before.dropped);
        let conflated = conflated - before.conflated;
        let ended = if ended.is_some() { None } else { self.ended };
        let any = dropped + conflated > 0 || ended.is_some();
        any.then_some(Loss { policy: settings.policy, dropped, bytes, conflated, ended })
    }

    pub(super) fn losses(&self) -> Losses {
        self.rare.as_ref().map_or(Losses::default(), |rare| rare.losses)
    }

    /// Tells the time, and judges.
    pub(super) fn advance(&mut self, settings: &Settings<T>, now: u64, after: &mut After<T>) -> Verdict {
        self.tell(now);
        let lagged = self.losses().dropped.dropped;
        if !self.is_closed() {
            self.expire(settings, after);
        }
        if self.losses().dropped.dropped > lagged {
            self.announce(after);
        }
        self.verdict(settings)
    }

    /// Drops what has waited longer than it may, or ends the outbox for it.
    pub(super) fn expire(&mut self, settings: &Settings<T>, after: &mut After<T>) {
        for class in [Class::Replay, Class::Live] {
            let Some(age) = settings.limits(class).age else { continue };
            let limit = self.clock.saturating_sub(age);
            while self.lanes.as_mut().is_some_and(|lanes| lanes.lane(class).first_is_older_than(limit)) {
                if settings.policy == super::Policy::Disconnect {
                    return self.end(settings, End::Age, after);
                }
                self.drop_first(settings, class, after);
            }
        }
    }

    /// Drops the first item of a class, if there is one.
    pub(super) fn drop_first(&mut self, settings: &Settings<T>, class: Class, after: &mut After<T>) -> bool {
        let Some(lanes) = &mut self.lanes else { return false };
        let Some((item, gap)) = lanes.lane(class).drop_first() else { return false };
        after.release(settings.budget.as_ref(), gap.bytes as usize);
        if let (Class::Live, Some(index)) = (class, &mut lanes.index) {
            index.leave(&item);
        }
        self.count(gap);
        after.bury(item);
        self.ease(settings, class, after);
        true
    }

    /// Wakes whoever waits for a class to be no longer under strain, if that is so.
    pub(super) fn ease(&mut self, settings: &Settings<T>, class: Class, after: &mut After<T>) {
        let Some(lanes) = &mut self.lanes else { return };
        if !lanes.lane(class).relax(settings.limits(class)) {
            return;
        }
        after.wake_sender(lanes.sender.take());
        if class == Class::Live {
            self.follow_again();
        }
    }

    pub(super) fn verdict(&self, settings: &Settings<T>) -> Verdict {
        let judged =
            |lanes: &&Lanes<T>| lanes.live.len() > 0 && lanes.live.is_strained() || lanes.replay.len() > 0;
        match self.lanes.as_deref().filter(judged) {
            Some(lanes) if lanes.progress.due(self.clock, settings.stall) <= self.clock => Verdict::Slow,
            _ => Verdict::Healthy,
        }
    }

    /// When its reader will have stalled, and how much it holds up; [`None`] if nothing waits.
    pub(super) fn standing(&self, settings: &Settings<T>) -> Option<(u64, usize)> {
        let lanes = self.lanes.as_ref().filter(|lanes| lanes.waits())?;
        Some((lanes.progress.due(self.clock, settings.stall), lanes.budgeted()))
    }

    pub(super) fn stats(&self) -> Stats {
        let Losses { mut dropped, conflated } = self.losses();
        dropped.add(self.missed());
        let Gap { dropped, bytes: dropped_bytes } = dropped;
        let (delivered, ended) = (self.delivered + self.delivered_straight(), self.ended);
        let (waiting, waiting_bytes) = self.lanes.as_ref().map_or((0, 0), |lanes| {
            let control = (lanes.control.len(), lanes.control.bytes());
            (control.0 + lanes.replay.len() + lanes.live.len(), control.1 + lanes.budgeted())
        });
        let first = self.lanes.as_ref().and_then(|lanes| lanes.first_since());
        let oldest = first.map(|since| Duration::from_nanos(self.clock.saturating_sub(since)));
        Stats { waiting, waiting_bytes, oldest, delivered, dropped, dropped_bytes, conflated, ended }
    }
}
