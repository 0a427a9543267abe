use super::{
    Class, Policy, SendError, Sent,
    after::After,
    lane::Gap,
    log::{Copied, Link},
    offer::{Funds, Incoming, Offer},
    pages::Pages,
    settings::Settings,
    state::{Inlet, Lanes, State},
};

/// What an outbox does that follows a fan.
impl<T> State<T> {
    /// Takes what the fan has published and is to go into the queues here.
    pub(super) fn next_from_fan(&mut self) -> Option<Incoming<T>> {
        let Inlet::Fan(link) = &self.inlet else { return None };
        let (copied, clock) = {
            let mut log = link.log.lock();
            (link.log.take(&mut log, link.place), log.clock)
        };
        let Some(Copied { item, weight, since, after }) = copied else {
            self.tell(clock);
            return None;
        };
        self.tell(after);
        Some(Incoming { class: Class::Live, item, weight, since, read_on: after >= since })
    }

    /// What was to go into the queues, when the budget had no room for it.
    pub(super) fn take_held(&mut self) -> Option<Incoming<T>> {
        self.lanes.as_mut()?.held.take()
    }

    /// Puts what was published into the queues, or holds it and returns how many bytes the budget lacks.
    pub(super) fn let_in(
        &mut self,
        settings: &Settings<T>,
        incoming: Incoming<T>,
        funds: Funds,
        after: &mut After<T>,
    ) -> Option<usize> {
        let Incoming { class, weight, since, read_on, .. } = incoming;
        self.tell(since);
        match self.offer(settings, incoming, funds, after) {
            Offer::Done(Sent::Dropped) if settings.policy == Policy::DropNewest => self.pass_over(after),
            Offer::Refused(SendError::Full(item) | SendError::TooLarge(item)) => {
                self.count(Gap::of(weight));
                self.lanes.get_or_insert_with(|| Box::new(Lanes::new(settings))).live.miss(Gap::of(weight));
                self.announce(after);
                after.bury(item);
                self.pass_over(after);
            }
            Offer::Short(item, needed) => {
                let lanes = self.lanes.get_or_insert_with(|| Box::new(Lanes::new(settings)));
                lanes.held = Some(Incoming { class, item, weight, since, read_on });
                return Some(needed);
            }
            // The fan has nobody to give it back to.
            Offer::Refused(SendError::Closed(item)) => {
                self.count(Gap::of(weight));
                self.lanes.get_or_insert_with(|| Box::new(Lanes::new(settings))).lost.add(Gap::of(weight));
                after.bury(item);
            }
            Offer::Done(_) => {}
        }
        if let (true, Some(lanes)) = (read_on, &mut self.lanes) {
            lanes.progress.refresh();
        }
        None
    }

    /// Lets the fan pass this outbox over if it is under strain.
    fn pass_over(&mut self, after: &mut After<T>) {
        if let (Some(lanes), Inlet::Fan(link)) = (&mut self.lanes, &self.inlet)
            && lanes.live.is_strained()
        {
            lanes.passed_over = Some(link.log.lock().pass_over(link.place, &mut after.unwanted));
        }
    }

    /// Follows the fan again, if it passes this outbox over.
    pub(super) fn follow_again(&mut self) {
        let (Some(lanes), Inlet::Fan(link)) = (&mut self.lanes, &self.inlet) else { return };
        let Some(seen) = lanes.passed_over.take() else { return };
        let missed = link.log.lock().follow(link.place).since(seen);
        lanes.live.miss(missed);
        self.count(missed);
    }

    /// Returns what the fan has for this outbox, or would have had if it had not passed it over.
    pub(super) fn leave_fan(&mut self, after: &mut After<T>) -> Gap {
        let Inlet::Fan(Link { log, place }) = &self.inlet else { return Gap::default() };
        let missed = {
            let mut log = log.lock();
            let missed = self.passed_over_by(&log).unwrap_or_else(|| log.behind(*place));
            after.wake_receiver(log.divert(*place));
            self.delivered += log.leave(*place, &mut after.unwanted);
            missed
        };
        self.inlet = Inlet::Sender(None);
        missed
    }

    /// What the fan has published while it passed this outbox over.
    pub(super) fn missed(&self) -> Gap {
        let Inlet::Fan(Link { log, .. }) = &self.inlet else { return Gap::default() };
        self.passed_over_by(&log.lock()).unwrap_or_default()
    }

    /// What the consumer has taken from the fan itself.
    pub(super) fn delivered_straight(&self) -> u64 {
        let Inlet::Fan(Link { log, place }) = &self.inlet else { return 0 };
        log.lock().delivered(*place)
    }

    fn passed_over_by(&self, log: &Pages<T>) -> Option<Gap> {
        let seen = self.lanes.as_ref()?.passed_over?;
        Some(log.published().since(seen))
    }
}
