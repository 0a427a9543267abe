//! What is done for readers who are too slow.

use longwave_backpressure::outbox::{Forms, Limits, Outbox, Policy};

use super::words::Tick;

/// What is done with a change for which there is no room in the outbox of a reader.
///
/// Waiting is not among them: one publisher for many waits for none of them, so it is as dropping the newest.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Manner {
    DropOldest,
    DropNewest,
    /// A change takes the place of the one before for the same symbol, so there is always room.
    LatestByKey,
    Disconnect,
}

impl Manner {
    pub(crate) const ALL: [Self; 4] =
        [Self::DropOldest, Self::DropNewest, Self::LatestByKey, Self::Disconnect];

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|manner| manner.name() == name)
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::LatestByKey => "latest_by_key",
            Self::DropOldest | Self::DropNewest | Self::Disconnect => self.policy().name(),
        }
    }

    const fn policy(self) -> Policy {
        match self {
            Self::DropOldest | Self::LatestByKey => Policy::DropOldest,
            Self::DropNewest => Policy::DropNewest,
            Self::Disconnect => Policy::Disconnect,
        }
    }

    /// The same limits for all.
    pub(super) fn outbox(self) -> Outbox<Forms<Tick>> {
        let outbox = Outbox::new(Limits::new(BYTES, ITEMS)).policy(self.policy());
        if self == Self::LatestByKey { outbox.latest_by(|tick: &Forms<Tick>| tick.symbol()) } else { outbox }
    }
}

/// So much may wait for a reader: two and a half seconds of all that is published.
pub(super) const ITEMS: usize = 256;
const BYTES: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_its_name() {
        for manner in Manner::ALL {
            assert_eq!(Manner::named(manner.name()), Some(manner));
        }
        assert_eq!(Manner::named("wait"), None);
    }
}
