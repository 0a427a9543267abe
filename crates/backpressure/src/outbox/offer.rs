use std::task::Waker;

use super::{
    Class, End, Policy, SendError, Sent,
    after::After,
    lane::Gap,
    settings::Settings,
    state::{Inlet, Lanes, State},
};

/// An item that is to be let in.
pub(super) struct Incoming<T> {
    pub(super) class: Class,
    pub(super) item: T,
    pub(super) weight: usize,
    /// When it was handed over, in nanoseconds.
    pub(super) since: u64,
    /// Whether the reader has taken another item after that.
    pub(super) read_on: bool,
}

/// What has become of an item.
pub(super) enum Offer<T> {
    Done(Sent),
    Refused(SendError<T>),
    /// The budget has no room for so many more bytes: somebody has to go, or else there is no room.
    Short(T, usize),
}

/// What the budget is known to have.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Funds {
    Unknown,
    /// Nobody can be ended for more of it.
    Exhausted,
}

impl<T> State<T> {
    /// Whether an item can be [put in](Self::put_plain) as it is: what nearly all are.
    pub(super) fn fits_plainly(&self, settings: &Settings<T>, class: Class, weight: usize) -> bool {
        let fits = |lanes: &Lanes<T>| lanes.lane_ref(class).fits(weight, settings.limits(class));
        settings.is_plain() && !self.is_closed() && self.lanes.as_deref().is_some_and(fits)
    }

    pub(super) fn put_plain(
        &mut self,
        settings: &Settings<T>,
        (class, item, weight): (Class, T, usize),
    ) -> Option<Waker> {
        let lanes = self.lanes.as_mut()?;
        lanes.lane(class).push(item, weight, self.clock, settings.limits(class));
        if class != Class::Control {
            lanes.progress.rise(self.clock, lanes.live.level());
        }
        if let Inlet::Sender(waker) = &mut self.inlet { waker.take() } else { None }
    }

    /// Puts an item into its class, or does what the policy says.
    pub(super) fn offer(
        &mut self,
        settings: &Settings<T>,
        Incoming { class, item, weight, since, read_on }: Incoming<T>,
        funds: Funds,
        after: &mut After<T>,
    ) -> Offer<T> {
        if !self.is_closed() {
            self.expire(settings, after);
        }
        if self.is_closed() {
            return Offer::Refused(SendError::Closed(item));
        }
        if weight > settings.limits(class).bytes || settings.limits(class).items == 0 {
            return match settings.policy {
                Policy::Wait => Offer::Refused(SendError::TooLarge(item)),
                _ => self.overflow(settings, (class, item, weight), after),
            };
        }
        let mut displaced = false;
        loop {
            let lanes = self.lanes.get_or_insert_with(|| Box::new(Lanes::new(settings)));
            let found = match (class, &lanes.index) {
                (Class::Live, Some(index)) => index.find(&item),
                _ => None,
            };
            let found = found.and_then(|position| Some((position, lanes.live.weight_at(position)?)));
            let limits = settings.limits(class);
            let (fits, more) = match found {
                Some((_, old)) => {
                    (lanes.live.bytes() - old + weight <= limits.bytes, weight.saturating_sub(old))
                }
                None => (lanes.lane(class).fits(weight, limits), weight),
            };
            let paid = fits
                && match &settings.budget {
                    Some(budget) if class != Class::Control => budget.reserve(more),
                    _ => true,
                };
            if paid {
                let sent = self.put(settings, Incoming { class, item, weight, since, read_on }, found, after);
                if !displaced {
                    return Offer::Done(sent);
                }
                if let Some(lanes) = &mut self.lanes {
                    lanes.lane(class).strain();
                }
                return Offer::Done(Sent::Displaced);
            }
            if fits && funds == Funds::Unknown {
                return Offer::Short(item, more);
            }
            if settings.policy != Policy::DropOldest || class == Class::Control {
                return self.overflow(settings, (class, item, weight), after);
            }
            match found {
                Some((position, _)) if lanes.live.is_first(position) => {
                    return match self.replace_first(settings, item, (weight, since), after) {
                        Ok(()) => Offer::Done(Sent::Displaced),
                        Err(item) => self.overflow(settings, (class, item, weight), after),
                    };
                }
                _ => {
                    if !self.drop_first(settings, class, after) {
                        return self.overflow(settings, (class, item, weight), after);
                    }
                    displaced = true;
                }
            }
        }
    }

    /// Replaces the first live item, for which those behind it are dropped; gives the item back if that is
    /// not enough.
    fn replace_first(
        &mut self,
        settings: &Settings<T>,
        item: T,
        (weight, since): (usize, u64),
        after: &mut After<T>,
    ) -> Result<(), T> {
        let Some(lanes) = &mut self.lanes else { return Err(item) };
        let Some(old) = lanes.live.lift_first() else { return Err(item) };
        let more = weight.saturating_sub(old.weight);
        loop {
            let Some(lanes) = &mut self.lanes else { return Err(item) };
            let fits = lanes.live.bytes() + weight <= settings.limits(Class::Live).bytes;
            if fits && settings.budget.as_ref().is_none_or(|budget| budget.reserve(more)) {
                let (slot, old) = old.with(item, weight, since);
                let position = lanes.live.put_first(slot);
                if let (Some(index), Some(item)) = (&mut lanes.index, lanes.live.first()) {
                    index.enter(item, position);
                }
                self.rare.get_or_insert_default().losses.conflated += 1;
                after.bury(old);
                self.announce(after);
                return Ok(());
            }
            if lanes.live.len() == 0 {
                let position = lanes.live.put_first(old);
                if let (Some(index), Some(old)) = (&mut lanes.index, lanes.live.first()) {
                    index.enter(old, position);
                }
                return Err(item);
            }
            self.drop_first(settings, Class::Live, after);
        }
    }

    fn put(
        &mut self,
        settings: &Settings<T>,
        Incoming { class, item, weight, since, .. }: Incoming<T>,
        found: Option<(u64, usize)>,
        after: &mut After<T>,
    ) -> Sent {
        let Some(lanes) = &mut self.lanes else { return Sent::Dropped };
        let sent = if let Some((position, old)) = found {
            after.release(settings.budget.as_ref(), old.saturating_sub(weight));
            if let Some(old) = lanes.live.replace(position, item, weight, since) {
                after.bury(old);
            }
            self.rare.get_or_insert_default().losses.conflated += 1;
            Sent::Conflated
        } else {
            if let (Class::Live, Some(index)) = (class, &mut lanes.index) {
                index.enter(&item, lanes.live.next());
            }
            lanes.lane(class).push(item, weight, since, settings.limits(class));
            Sent::Queued
        };
        if class != Class::Control {
            let level = lanes.live.level();
            lanes.progress.rise(self.clock, level);
        }
        self.announce(after);
        sent
    }

    /// There is no room for an item, and none can be made.
    fn overflow(
        &mut self,
        settings: &Settings<T>,
        (class, item, weight): (Class, T, usize),
        after: &mut After<T>,
    ) -> Offer<T> {
        let lanes = self.lanes.get_or_insert_with(|| Box::new(Lanes::new(settings)));
        // What never fits says nothing about the room there is.
        if weight <= settings.limits(class).bytes {
            lanes.lane(class).strain();
        }
        match settings.policy {
            Policy::Wait => return Offer::Refused(SendError::Full(item)),
            Policy::DropNewest | Policy::DropOldest if class != Class::Control => {
                lanes.lane(class).miss(Gap::of(weight));
                self.count(Gap::of(weight));
                self.announce(after);
                after.bury(item);
                return Offer::Done(Sent::Dropped);
            }
            _ => {}
        }
        // The item itself is lost with all the others.
        lanes.lane(class).miss(Gap::of(weight));
        self.count(Gap::of(weight));
        self.end(settings, End::Overflow, after);
        after.bury(item);
        Offer::Done(Sent::Ended)
    }
}
