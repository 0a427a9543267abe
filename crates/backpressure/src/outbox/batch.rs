use std::task::Context;

use super::{
    Delivery, Receiver,
    log::{Link, Straight},
    take::Pop,
};

/// How a receiver takes what there is: straight from its fan if it can, else from its queues; one by one or many
/// under one lock.
impl<T> Receiver<T> {
    /// Takes what is next, or waits if there is a context to wait in.
    pub(super) fn pop(&self, cx: Option<&mut Context<'_>>) -> One<T> {
        if let Some(Link { log, place }) = &self.link {
            match log.straight(&mut log.lock(), *place, cx.as_deref()) {
                Straight::Item { item, weight, more } => {
                    return One::Delivery { delivery: Delivery::Item(item), weight, more };
                }
                Straight::Empty => return One::Nothing(Last::Empty),
                Straight::Over => return One::Nothing(Last::Over),
                Straight::Detour => {}
            }
        }
        match self.shared.pop(cx) {
            Pop::Delivery(delivery, weight) => One::Delivery { delivery, weight, more: true },
            Pop::Over => One::Nothing(Last::Over),
            Pop::Empty | Pop::Behind => One::Nothing(Last::Empty),
        }
    }

    /// Takes as much as there is, and waits only if that is nothing.
    pub(super) fn take_all(
        &mut self,
        max_bytes: usize,
        mut take: impl FnMut(Delivery<T>),
        cx: Option<&mut Context<'_>>,
    ) -> Taken {
        let mut taken = Taken { any: false, bytes: 0, last: Last::Full };
        // Often there is but one, for which no batch is set up.
        match self.pop(cx) {
            One::Delivery { delivery, weight, more } => {
                taken = Taken { any: true, bytes: weight, last: Last::Empty };
                take(delivery);
                if !more || weight >= max_bytes {
                    return taken;
                }
            }
            One::Nothing(last) => return Taken { last, ..taken },
        }
        loop {
            // A few at a time: the lock is taken less often, and a callback is never under it.
            let mut batch = [const { None }; BATCH];
            let mut places = batch.iter_mut();
            taken.last = self.take_batch(&mut |delivery, weight| {
                taken.bytes += weight;
                places.next().is_some_and(|place| {
                    *place = Some(delivery);
                    taken.bytes < max_bytes && !places.as_slice().is_empty()
                })
            });
            batch.into_iter().map_while(|delivery| delivery).for_each(&mut take);
            match taken.last {
                Last::Behind => self.shared.catch_up(),
                Last::Full if taken.bytes < max_bytes => {}
                _ => return taken,
            }
        }
    }

    /// Hands what there is to `put` under one lock, for as long as it wants more.
    fn take_batch(&self, put: &mut impl FnMut(Delivery<T>, usize) -> bool) -> Last {
        if let Some(Link { log, place }) = &self.link {
            let mut pages = log.lock();
            loop {
                match log.straight(&mut pages, *place, None) {
                    Straight::Item { item, weight, .. } => {
                        if !put(Delivery::Item(item), weight) {
                            return Last::Full;
                        }
                    }
                    Straight::Empty => return Last::Empty,
                    Straight::Over => return Last::Over,
                    Straight::Detour => break,
                }
            }
        }
        self.shared.locked(|state, settings, after| {
            loop {
                if let Some((delivery, weight, sender)) = state.pop_plain(settings) {
                    after.sender = sender.or_else(|| after.sender.take());
                    if !put(delivery, weight) {
                        return Last::Full;
                    }
                    continue;
                }
                match state.pop(settings, after, None) {
                    Pop::Delivery(delivery, weight) => {
                        if !put(delivery, weight) {
                            return Last::Full;
                        }
                    }
                    Pop::Behind => return Last::Behind,
                    Pop::Empty => return Last::Empty,
                    Pop::Over => return Last::Over,
                }
            }
        })
    }
}

/// What is next, and whether more may follow it at once.
pub(super) enum One<T> {
    Delivery { delivery: Delivery<T>, weight: usize, more: bool },
    Nothing(Last),
}

/// What was taken at once.
pub(super) struct Taken {
    pub(super) any: bool,
    pub(super) bytes: usize,
    pub(super) last: Last,
}

/// Why no more was taken.
#[derive(Clone, Copy)]
pub(super) enum Last {
    Full,
    Empty,
    Over,
    /// What the fan has published has to go through the queues first.
    Behind,
}

/// How many deliveries are taken under one lock.
const BATCH: usize = 16;
