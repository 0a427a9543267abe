use super::{
    Class, Delivery,
    after::After,
    lane::{Gap, Taken},
    settings::Settings,
    state::{Lanes, State},
};

/// What there is for a consumer.
pub(super) enum Pop<T> {
    /// With the weight, if it is an item.
    Delivery(Delivery<T>, usize),
    Empty,
    Over,
}

impl<T> State<T> {
    pub(super) fn pop(&mut self, settings: &Settings<T>, after: &mut After<T>) -> Pop<T> {
        self.expire(settings, after);
        if let Some(reason) = self.ended {
            if std::mem::replace(&mut self.told, true) {
                return Pop::Over;
            }
            let Gap { dropped, bytes } = self.lanes.take().map_or(Gap::default(), |lanes| lanes.lost);
            return Pop::Delivery(Delivery::Ended { reason, dropped, bytes }, 0);
        }
        for class in [Class::Control, Class::Replay, Class::Live] {
            if let Some((delivery, weight)) = self.take(settings, class, after) {
                return Pop::Delivery(delivery, weight);
            }
        }
        if self.sender_gone { Pop::Over } else { Pop::Empty }
    }

    fn take(
        &mut self,
        settings: &Settings<T>,
        class: Class,
        after: &mut After<T>,
    ) -> Option<(Delivery<T>, usize)> {
        let passed_over = |lanes: &&mut Box<Lanes<T>>| class == Class::Live && lanes.live.len() == 0;
        let skipped = self.lanes.as_mut().filter(passed_over).and_then(|lanes| lanes.skipped.take());
        if let Some(mut skipped) = skipped {
            let missed = self.missed(&mut skipped);
            let lanes = self.lanes.as_mut()?;
            lanes.live.miss(missed);
            lanes.skipped = Some(skipped);
        }
        let lanes = self.lanes.as_mut()?;
        let judged = lanes.live.is_strained();
        let slot = match lanes.lane(class).take(class)? {
            Taken::Said(delivery) => return Some((delivery, 0)),
            Taken::Item(slot) => slot,
        };
        self.delivered += 1;
        if class != Class::Control {
            let level = lanes.live.level();
            lanes.progress.fall(level, judged && class == Class::Live);
            if let Some(budget) = &settings.budget {
                budget.release(slot.weight);
            }
        }
        if let (Class::Live, Some(index)) = (class, &mut lanes.index) {
            index.leave(&slot.item);
        }
        self.ease(settings, class, after);
        Some((Delivery::Item(slot.item), slot.weight))
    }
}
