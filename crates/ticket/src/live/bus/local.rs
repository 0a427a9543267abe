use tokio::sync::broadcast::{self, error::RecvError};

use super::{BusError, Delivery, RevocationBus, Subscription};
use crate::live::Revocation;

/// A [`RevocationBus`] within one process, for several [`Sessions`](crate::live::Sessions) of it, and for tests.
///
/// It keeps a fixed number of revocations for those who are slow; if that is not enough, there is a
/// [gap](Delivery::Gap).
///
/// # Examples
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use std::time::SystemTime;
///
/// use longwave_ticket::{
///     UnixMillis,
///     live::{Close, Delivery, LocalBus, Revocation, RevocationBus, Selector, Subscription},
/// };
///
/// let bus = LocalBus::new(16);
/// let mut subscription = bus.subscribe().await?;
/// let revocation = Revocation::new(Selector::All, Close::Renew, UnixMillis::from(SystemTime::now()));
/// bus.publish(revocation.clone()).await?;
/// assert_eq!(subscription.next().await, Delivery::Revocation(revocation));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct LocalBus {
    sender: broadcast::Sender<Revocation>,
}

/// The receiving end of a [`LocalBus`].
#[derive(Debug)]
pub struct LocalSubscription {
    receiver: broadcast::Receiver<Revocation>,
    /// So that the bus is not closed while somebody listens.
    _bus: LocalBus,
}

impl LocalBus {
    /// Makes a bus.
    ///
    /// - `kept`: how many revocations a slow listener may be behind, at least one.
    #[must_use]
    pub fn new(kept: usize) -> Self {
        let (sender, _) = broadcast::channel(kept.clamp(1, MOST));
        Self { sender }
    }
}

impl RevocationBus for LocalBus {
    type Subscription = LocalSubscription;

    async fn publish(&self, revocation: Revocation) -> Result<(), BusError> {
        // That nobody listens is no failure.
        let _listeners = self.sender.send(revocation);
        Ok(())
    }

    async fn subscribe(&self) -> Result<LocalSubscription, BusError> {
        Ok(LocalSubscription { receiver: self.sender.subscribe(), _bus: self.clone() })
    }
}

impl Subscription for LocalSubscription {
    async fn next(&mut self) -> Delivery {
        match self.receiver.recv().await {
            Ok(revocation) => Delivery::Revocation(revocation),
            Err(RecvError::Lagged(_)) => Delivery::Gap,
            Err(RecvError::Closed) => Delivery::Interrupted,
        }
    }
}

/// Room is made for all of them at once.
const MOST: usize = 1 << 20;
