use std::task::{Context, Waker};

use super::{
    Class, Delivery,
    after::After,
    lane::{Gap, Taken},
    log::Straight,
    settings::Settings,
    state::{Inlet, State},
};

/// What there is for a consumer.
pub(super) enum Pop<T> {
    /// With the weight, if it is an item.
    Delivery(Delivery<T>, usize),
    Empty,
    Over,
    /// The fan has published what has to go through the queues first.
    Behind,
}

impl<T> State<T> {
    /// Takes an item that is next and with which nothing else is connected: what nearly all are.
    ///
    /// The waker is that of a sender who waited for room.
    #[expect(clippy::inline_always, reason = "half as many items again, since they are not moved as often")]
    #[inline(always)]
    pub(super) fn pop_plain(
        &mut self,
        settings: &Settings<T>,
    ) -> Option<(Delivery<T>, usize, Option<Waker>)> {
        let lanes = self.lanes.as_mut()?;
        let live = lanes.control.has_nothing_to_say() && lanes.replay.has_nothing_to_say();
        if !live || !settings.is_plain() || matches!(self.inlet, Inlet::Fan(_)) {
            return None;
        }
        let judged = lanes.live.is_strained();
        let slot = lanes.live.take_plain()?;
        self.delivered += 1;
        if lanes.live.has_nothing_to_say() {
            lanes.progress.rest();
        }
        lanes.progress.fall(lanes.live.level(), judged);
        let sender = if lanes.live.relax(settings.limits(Class::Live)) { lanes.sender.take() } else { None };
        Some((Delivery::Item(slot.item), slot.weight, sender))
    }

    /// Takes what is next, or waits if there is nothing and a context to wait in.
    pub(super) fn pop(
        &mut self,
        settings: &Settings<T>,
        after: &mut After<T>,
        cx: Option<&mut Context<'_>>,
    ) -> Pop<T> {
        if let Some(pop) = self.pop_from_fan(after, cx.as_deref()) {
            return pop;
        }
        self.expire(settings, after);
        if let Some(reason) = self.ended {
            if std::mem::replace(&mut self.told, true) {
                return Pop::Over;
            }
            let Gap { dropped, bytes } = self.lanes.take().map_or(Gap::default(), |lanes| lanes.lost);
            return Pop::Delivery(Delivery::Ended { reason, dropped, bytes }, 0);
        }
        if self.lanes.is_some() {
            for class in [Class::Control, Class::Replay, Class::Live] {
                if let Some((delivery, weight)) = self.take(settings, class, after) {
                    return Pop::Delivery(delivery, weight);
                }
            }
        }
        match (&mut self.inlet, cx) {
            _ if self.sender_gone => return Pop::Over,
            (Inlet::Sender(waker), Some(cx)) => after.replaced = wait(waker, cx),
            // All that was in the way is gone, so the log comes next.
            (Inlet::Fan(_), _) => return Pop::Behind,
            (_, None) => {}
        }
        Pop::Empty
    }

    /// Takes an item from the fan itself, if nothing here comes first; [`None`] if something does.
    fn pop_from_fan(&mut self, after: &mut After<T>, cx: Option<&Context<'_>>) -> Option<Pop<T>> {
        let Inlet::Fan(link) = &self.inlet else { return None };
        let lanes = self.lanes.as_ref();
        if lanes.is_some_and(|lanes| lanes.held.is_some()) {
            return Some(Pop::Behind);
        }
        let mut log = link.log.lock();
        if lanes.is_none_or(|lanes| lanes.has_nothing_to_say()) {
            log.resume(link.place);
            if let Some(cx) = cx {
                after.replaced = log.forget(link.place, cx);
            }
            return Some(match link.log.straight(&mut log, link.place, cx) {
                Straight::Item { item, weight, .. } => Pop::Delivery(Delivery::Item(item), weight),
                Straight::Empty => Pop::Empty,
                Straight::Over => Pop::Over,
                Straight::Detour => Pop::Behind,
            });
        }
        let clock = log.clock;
        if log.behind(link.place).dropped > 0 {
            return Some(Pop::Behind);
        }
        drop(log);
        // Only now: what is behind comes in at the times when it was published.
        self.tell(clock);
        None
    }

    fn take(
        &mut self,
        settings: &Settings<T>,
        class: Class,
        after: &mut After<T>,
    ) -> Option<(Delivery<T>, usize)> {
        let lanes = self.lanes.as_mut()?;
        let judged = lanes.live.is_strained();
        let taken = lanes.lane(class).take(class)?;
        if lanes.replay.has_nothing_to_say() && lanes.live.has_nothing_to_say() {
            lanes.progress.rest();
        }
        let slot = match taken {
            Taken::Said(delivery) => return Some((delivery, 0)),
            Taken::Item(slot) => slot,
        };
        self.delivered += 1;
        if class != Class::Control {
            let level = lanes.live.level();
            lanes.progress.fall(level, judged && class == Class::Live);
            after.release(settings.budget.as_ref(), slot.weight);
        }
        if let (Class::Live, Some(index)) = (class, &mut lanes.index) {
            index.leave(&slot.item);
        }
        self.ease(settings, class, after);
        Some((Delivery::Item(slot.item), slot.weight))
    }
}

/// Has this context woken. Returns what is to be dropped without the lock, with all that may go with it.
pub(super) fn wait(place: &mut Option<Waker>, cx: &Context<'_>) -> Option<Waker> {
    match place {
        Some(waker) if waker.will_wake(cx.waker()) => None,
        _ => place.replace(cx.waker().clone()),
    }
}
