use super::{Burnt, Put, Record, StoreError, SubjectHash, TicketStore};
use crate::{TicketId, UnixMillis};

/// Says that this process is the only one that redeems, so that a store of its own will do for keys that are kept.
///
/// What was redeemed before the process began is not known any more, so tickets from before are refused. Those that are
/// [self-contained](crate::Mode::SelfContained) are so, too, if they are from the 5 s after: whatever has minted them,
/// and taken them before, may have had a clock that was ahead by as much. For that long after it has begun, such a
/// service lets nobody in with a ticket.
///
/// # Examples
///
/// ```
/// use std::time::SystemTime;
///
/// use longwave_ticket::{
///     Audience, Claims, ClaimsError, Issuer, KeyRing, MemoryStore, SecretKey, SetupError, SingleNode,
/// };
/// # struct User(String);
/// # impl Claims for User {
/// #     fn subject(&self) -> &str { &self.0 }
/// #     fn encode(&self) -> Result<Vec<u8>, ClaimsError> { Ok(self.0.clone().into_bytes()) }
/// #     fn decode(_: &[u8]) -> Result<Self, ClaimsError> { Err(ClaimsError::unreadable()) }
/// # }
///
/// let audience = Audience::new("https://app.example.com|events")?;
/// let ring = KeyRing::new(SecretKey::from_base64("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA")?);
///
/// let refused = Issuer::<User, _>::new(&audience, &ring, MemoryStore::new());
/// assert_eq!(refused.unwrap_err(), SetupError::KeysOutliveStore);
///
/// let store = SingleNode::new(MemoryStore::new(), SystemTime::now().into());
/// assert!(Issuer::<User, _>::new(&audience, &ring, store).is_ok());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct SingleNode<S> {
    store: S,
    since: UnixMillis,
}

impl<S> SingleNode<S> {
    /// Wraps a store that has begun, empty, at a moment.
    #[must_use]
    pub const fn new(store: S, since: UnixMillis) -> Self {
        Self { store, since }
    }
}

impl<S: TicketStore> TicketStore for SingleNode<S> {
    const SHARED: bool = true;

    fn put(
        &self,
        id: &TicketId,
        record: Record<'_>,
        now: UnixMillis,
    ) -> impl Future<Output = Result<Put, StoreError>> + Send {
        self.store.put(id, record, now)
    }

    fn take(
        &self,
        id: &TicketId,
        now: UnixMillis,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send {
        self.store.take(id, now)
    }

    fn peek(
        &self,
        id: &TicketId,
        now: UnixMillis,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send {
        self.store.peek(id, now)
    }

    fn burn(
        &self,
        id: &TicketId,
        until: UnixMillis,
        now: UnixMillis,
    ) -> impl Future<Output = Result<Burnt, StoreError>> + Send {
        self.store.burn(id, until, now)
    }

    fn forget_subject(
        &self,
        subject: SubjectHash,
        now: UnixMillis,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send {
        self.store.forget_subject(subject, now)
    }

    fn since(&self) -> UnixMillis {
        self.since
    }
}
