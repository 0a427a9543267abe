//! What the tests share.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Wake, Waker},
    time::Duration,
};

use longwave_backpressure::outbox::{Delivery, Receiver};

/// An item that weighs what it says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Item {
    pub(crate) id: u64,
    pub(crate) weight: usize,
    pub(crate) key: Option<u8>,
}

pub(crate) const fn item(id: u64, weight: usize) -> Item {
    Item { id, weight, key: None }
}

pub(crate) const fn keyed(id: u64, weight: usize, key: u8) -> Item {
    Item { id, weight, key: Some(key) }
}

pub(crate) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(crate) fn all<T>(receiver: &mut Receiver<T>) -> Vec<Delivery<T>> {
    std::iter::from_fn(|| receiver.try_recv().ok()).collect()
}

/// Deliveries, short enough to compare with.
pub(crate) fn short(deliveries: &[Delivery<Item>]) -> String {
    let one = |delivery: &Delivery<Item>| match delivery {
        Delivery::Item(item) => item.id.to_string(),
        Delivery::Lagged { dropped, bytes, .. } => format!("-{dropped}/{bytes}"),
        Delivery::Conflated { replaced, .. } => format!("~{replaced}"),
        Delivery::Ended { reason, dropped, bytes, .. } => format!("{} -{dropped}/{bytes}", reason.name()),
        other => panic!("{other:?} is new"),
    };
    deliveries.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Counts how often it was woken.
#[derive(Default)]
pub(crate) struct Count(AtomicUsize);

impl Count {
    pub(crate) fn waker() -> (Arc<Self>, Waker) {
        let count = Arc::new(Self::default());
        (Arc::clone(&count), Waker::from(count))
    }

    pub(crate) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
