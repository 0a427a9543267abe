//! A list of all that ever went in, which does what an outbox should.

use longwave_backpressure::outbox::{Class, End, Policy, SendError, Sent};

use crate::support::Item;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Entry {
    Item { item: Item, since: u64, replaced: u64 },
    Gap(u64, u64),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) policy: Policy,
    pub(crate) keyed: bool,
    pub(crate) bytes: usize,
    pub(crate) items: usize,
    pub(crate) age: u64,
    pub(crate) watermarks: (usize, usize),
}

pub(crate) struct Model {
    pub(crate) setup: Setup,
    pub(crate) now: u64,
    pub(crate) lanes: [Vec<Entry>; 3],
    pub(crate) ended: Option<(End, u64, u64)>,
    pub(crate) told: bool,
    pub(crate) dropped: u64,
    pub(crate) conflated: u64,
}

pub(crate) const CLASSES: [Class; 3] = [Class::Control, Class::Replay, Class::Live];

pub(crate) fn weight_of(entry: &Entry) -> Option<usize> {
    if let Entry::Item { item, .. } = entry { Some(item.weight) } else { None }
}

impl Model {
    pub(crate) fn new(setup: Setup) -> Self {
        let lanes = [vec![], vec![], vec![]];
        Self { setup, now: 0, lanes, ended: None, told: false, dropped: 0, conflated: 0 }
    }

    pub(crate) fn count(&self, lane: usize) -> (usize, usize) {
        let weights = || self.lanes[lane].iter().filter_map(weight_of);
        (weights().count(), weights().sum())
    }

    pub(crate) fn gap(&mut self, lane: usize, place: usize) {
        let weight = weight_of(&self.lanes[lane][place]).expect("it is an item");
        self.lanes[lane][place] = Entry::Gap(1, weight as u64);
        self.dropped += 1;
    }

    pub(crate) fn first_item(&self, lane: usize, but: Option<usize>) -> Option<usize> {
        let mut items = self.lanes[lane].iter().enumerate().filter(|(_, entry)| weight_of(entry).is_some());
        items.find(|(place, _)| Some(*place) != but).map(|(place, _)| place)
    }

    pub(crate) fn end(&mut self, reason: End) {
        if self.ended.is_some() {
            return;
        }
        let (mut dropped, mut bytes) = (0, 0);
        for entry in self.lanes.iter_mut().flat_map(std::mem::take) {
            match entry {
                Entry::Item { item, .. } => {
                    (dropped, bytes) = (dropped + 1, bytes + item.weight as u64);
                    self.dropped += 1;
                }
                Entry::Gap(items, weight) => (dropped, bytes) = (dropped + items, bytes + weight),
            }
        }
        self.ended = Some((reason, dropped, bytes));
    }

    pub(crate) fn advance(&mut self, by: u64) {
        self.now += by;
        for lane in [1, 2] {
            while let Some(place) = self.first_item(lane, None) {
                match self.lanes[lane][place] {
                    Entry::Item { since, .. } if since + self.setup.age < self.now => {}
                    _ => break,
                }
                if self.setup.policy == Policy::Disconnect {
                    return self.end(End::Age);
                }
                self.gap(lane, place);
            }
        }
    }

    pub(crate) fn send(&mut self, class: Class, item: Item, wait: u64) -> Result<Sent, SendError<Item>> {
        self.advance(wait);
        if self.ended.is_some() {
            return Err(SendError::Closed(item));
        }
        let Setup { policy, keyed, bytes, items, .. } = self.setup;
        let lane = CLASSES.iter().position(|one| *one == class).expect("it is one of them");
        if item.weight > bytes {
            return if policy == Policy::Wait {
                Err(SendError::TooLarge(item))
            } else {
                self.no_room(lane, item)
            };
        }
        let same = |entry: &Entry| matches!(entry, Entry::Item { item: old, .. } if old.key.is_some() && old.key == item.key);
        let found = if keyed && class == Class::Live { self.lanes[lane].iter().position(same) } else { None };
        let old = found.and_then(|place| weight_of(&self.lanes[lane][place])).unwrap_or(0);
        let mut displaced = false;
        loop {
            let (count, total) = self.count(lane);
            if total - old + item.weight <= bytes && (found.is_some() || count < items) {
                break;
            }
            match self.first_item(lane, found) {
                Some(place) if policy == Policy::DropOldest && class != Class::Control => {
                    self.gap(lane, place);
                    displaced = true;
                }
                _ => return self.no_room(lane, item),
            }
        }
        if let Some(place) = found {
            if let Entry::Item { item: old, since, replaced } = &mut self.lanes[lane][place] {
                (*old, *since, *replaced) = (item, self.now, *replaced + 1);
            }
            self.conflated += 1;
        } else {
            self.lanes[lane].push(Entry::Item { item, since: self.now, replaced: 0 });
        }
        Ok(match (displaced, found) {
            (true, _) => Sent::Displaced,
            (false, Some(_)) => Sent::Conflated,
            (false, None) => Sent::Queued,
        })
    }

    pub(crate) fn no_room(&mut self, lane: usize, item: Item) -> Result<Sent, SendError<Item>> {
        if self.setup.policy == Policy::Wait {
            return Err(SendError::Full(item));
        }
        self.lanes[lane].push(Entry::Gap(1, item.weight as u64));
        self.dropped += 1;
        if lane != 0 && self.setup.policy != Policy::Disconnect {
            return Ok(Sent::Dropped);
        }
        self.end(End::Overflow);
        Ok(Sent::Ended)
    }

    pub(crate) fn receive(&mut self) -> Option<(String, usize)> {
        self.advance(0);
        if let Some((reason, dropped, bytes)) = self.ended {
            let told = std::mem::replace(&mut self.told, true);
            return (!told).then(|| (format!("{} -{dropped}/{bytes}", reason.name()), 0));
        }
        for lane in &mut self.lanes {
            let (mut dropped, mut bytes) = (0, 0);
            while let Some(Entry::Gap(items, weight)) = lane.first() {
                (dropped, bytes) = (dropped + items, bytes + weight);
                lane.remove(0);
            }
            if dropped > 0 {
                return Some((format!("-{dropped}/{bytes}"), 0));
            }
            match lane.first_mut() {
                Some(Entry::Item { replaced, .. }) if *replaced > 0 => {
                    return Some((format!("~{}", std::mem::take(replaced)), 0));
                }
                Some(Entry::Item { item, .. }) => {
                    let taken = *item;
                    lane.remove(0);
                    return Some((taken.id.to_string(), taken.weight));
                }
                _ => {}
            }
        }
        None
    }
}
