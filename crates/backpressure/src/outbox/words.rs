use std::{error::Error, fmt, time::Duration};

/// What an item is for, which decides its turn and its limits.
///
/// Each class is a queue of its own with limits of its own, so none can push another's items out. What is in a
/// class that comes first overtakes all that comes later; within a class the order is kept.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Class {
    /// Pings, closes and other words about the stream: first in turn, small, and never dropped.
    Control,
    /// What the consumer has missed before it came: it goes out before anything live.
    Replay,
    /// What happens now.
    Live,
}

/// What is done with an item for which there is no room.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Policy {
    /// The sender is told, and waits if it wants to; nothing is dropped for want of room.
    Wait,
    /// The item is dropped.
    DropNewest,
    /// Items are dropped from the front until there is room.
    DropOldest,
    /// The outbox ends, and all that is in it is dropped.
    Disconnect,
}

/// Why an outbox has ended before its sender was done.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum End {
    /// There was no room, and the policy is [`Policy::Disconnect`] or the item was [`Class::Control`].
    Overflow,
    /// The policy is [`Policy::Disconnect`], and an item had waited longer than it may.
    Age,
    /// The [`Budget`](super::Budget) was exceeded, and this outbox made the least progress.
    Budget,
    /// The application found its reader too slow.
    Slow,
    /// The application had another reason.
    Requested,
}

/// What comes out of an outbox.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Delivery<T> {
    /// The next item.
    Item(T),
    /// Here, between what came before and what comes next in this class, items are missing.
    #[non_exhaustive]
    Lagged {
        /// The class of what is missing.
        class: Class,
        /// How many items were dropped here.
        dropped: u64,
        /// Their weight, in bytes.
        bytes: u64,
    },
    /// The next item has replaced older ones that had its key.
    #[non_exhaustive]
    Conflated {
        /// How many items it has replaced.
        replaced: u64,
    },
    /// The outbox has ended early; nothing comes after this.
    #[non_exhaustive]
    Ended {
        /// Why.
        reason: End,
        /// How many items are missing here: those that were waiting, and those that were dropped behind them.
        dropped: u64,
        /// Their weight, in bytes.
        bytes: u64,
    },
}

/// What became of an item that was handed over.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Sent {
    /// It is in the queue, and nothing had to go for it.
    Queued,
    /// It has replaced an older item with its key.
    Conflated,
    /// It is in the queue, and older items were dropped for it.
    Displaced,
    /// It was dropped, which the consumer is told.
    Dropped,
    /// It was dropped, and the outbox has ended.
    Ended,
}

/// An item that was not taken, and why.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SendError<T> {
    /// There is no room now. Only with [`Policy::Wait`].
    Full(T),
    /// The item is heavier than what the outbox may hold. Only with [`Policy::Wait`].
    TooLarge(T),
    /// The consumer is gone, or the outbox has ended.
    Closed(T),
}

/// The consumer is gone, or the outbox has ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Closed;

/// Why there is nothing to take now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TryRecvError {
    /// Nothing is waiting.
    Empty,
    /// Nothing will come any more.
    Over,
}

/// Whether a consumer keeps up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// Little is waiting, or what is waiting has become less in time.
    Healthy,
    /// Much is waiting, and for the time that is allowed it has not become less than it was.
    Slow,
}

/// What an outbox holds and what has gone through it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// Items that wait, of all classes.
    pub waiting: usize,
    /// Their weight, in bytes.
    pub waiting_bytes: usize,
    /// For how long the first item has waited by the latest time told, of whichever class that is longest for;
    /// [`None`] if nothing waits.
    ///
    /// Of an item that has replaced another, since it came itself.
    pub oldest: Option<Duration>,
    /// Items that the consumer has taken.
    pub delivered: u64,
    /// Items that were dropped, by any policy, for their age or by the end.
    pub dropped: u64,
    /// Their weight, in bytes.
    pub dropped_bytes: u64,
    /// Items that were replaced by a newer one with their key.
    pub conflated: u64,
    /// Why the outbox has ended, if it was before its sender was done.
    pub ended: Option<End>,
}

impl<T> Delivery<T> {
    /// Changes the item, if it is one, and leaves all else as it is.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Delivery<U> {
        match self {
            Self::Item(item) => Delivery::Item(change(item)),
            Self::Lagged { class, dropped, bytes } => Delivery::Lagged { class, dropped, bytes },
            Self::Conflated { replaced } => Delivery::Conflated { replaced },
            Self::Ended { reason, dropped, bytes } => Delivery::Ended { reason, dropped, bytes },
        }
    }
}

/// What a consumer does not get of what was sent to it, for whoever counts (see [`Outbox::on_loss`]).
///
/// [`Outbox::on_loss`]: super::Outbox::on_loss
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Loss {
    /// What its outbox does when it is full.
    pub policy: Policy,
    /// How many items were dropped.
    pub dropped: u64,
    /// Their weight, in bytes.
    pub bytes: u64,
    /// How many items were replaced by newer ones with their keys.
    pub conflated: u64,
    /// Why the outbox has ended, if it has just done so.
    pub ended: Option<End>,
}

impl Policy {
    /// Returns a short name, for the label of a metric.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::DropNewest => "drop_newest",
            Self::DropOldest => "drop_oldest",
            Self::Disconnect => "disconnect",
        }
    }
}

impl End {
    /// Returns a short name, for the label of a metric.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overflow => "overflow",
            Self::Age => "age",
            Self::Budget => "budget",
            Self::Slow => "slow",
            Self::Requested => "requested",
        }
    }
}

impl<T> SendError<T> {
    /// Gives the item back.
    pub fn into_item(self) -> T {
        match self {
            Self::Full(item) | Self::TooLarge(item) | Self::Closed(item) => item,
        }
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "outbox is full",
            Self::TooLarge(_) => "item is heavier than its outbox allows",
            Self::Closed(_) => "outbox is closed",
        })
    }
}

impl<T: fmt::Debug> Error for SendError<T> {}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("outbox is closed")
    }
}

impl Error for Closed {}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "outbox is empty",
            Self::Over => "outbox is over",
        })
    }
}

impl Error for TryRecvError {}
