//! What is done for those who fall behind.

use super::words::{Item, KEYS, SIZE};
use longwave_backpressure::outbox::{Limits, Outbox, Policy};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How many items may wait for a subscriber.
pub const QUEUE: usize = 64;

/// A policy, as this program calls it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum Kind {
    DropOldest,
    DropNewest,
    Latest,
    Disconnect,
    Wait,
}

impl Kind {
    pub const ALL: [Kind; 5] =
        [Kind::DropOldest, Kind::DropNewest, Kind::Latest, Kind::Disconnect, Kind::Wait];

    pub fn name(self) -> &'static str {
        match self {
            Kind::DropOldest => "drop-oldest",
            Kind::DropNewest => "drop-newest",
            Kind::Latest => "latest",
            Kind::Disconnect => "disconnect",
            Kind::Wait => "wait",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub fn outbox(self) -> Outbox<Arc<Item>> {
        let live = match self {
            // One for each key, so that nothing is lost that is the latest.
            Kind::Latest => Limits::new(KEYS as usize * SIZE, KEYS as usize),
            _ => Limits::new(QUEUE * SIZE, QUEUE),
        };
        let outbox = Outbox::new(live).replay(Limits::new(1 << 20, 4096));
        match self {
            Kind::DropOldest => outbox.policy(Policy::DropOldest),
            Kind::DropNewest => outbox.policy(Policy::DropNewest),
            Kind::Latest => {
                outbox.policy(Policy::DropOldest).latest_by(|item: &Arc<Item>| Some(item.number % KEYS))
            }
            Kind::Disconnect => outbox.policy(Policy::Disconnect),
            Kind::Wait => outbox.policy(Policy::Wait),
        }
    }
}
