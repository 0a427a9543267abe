mod error;
mod memory;
mod record;
mod single_node;

pub use self::{
    error::StoreError,
    memory::MemoryStore,
    record::{Burnt, Put, Record, SubjectHash},
    single_node::SingleNode,
};

use crate::{TicketId, UnixMillis};

/// What sees to it that a ticket is good once.
///
/// Each operation has to be atomic: of any number of [`take`](Self::take)s of one ticket at the same time, wherever
/// they come from, one gets the claims. In Redis, [`put`](Self::put) is `SET key claims NX PX ttl`,
/// [`take`](Self::take) is `GETDEL key`, [`peek`](Self::peek) is `GET key`, [`burn`](Self::burn) is `SET key 1 NX PX
/// (until - now)`, with the hexadecimal [`TicketId::digest`] in the key; a set for each subject bounds what is
/// outstanding, and finds it.
///
/// What is lost, for want of memory or in a failover, has to be what is refused, so nothing may be evicted that has
/// not expired: a store that is full says so.
///
/// All futures must be `Send`. One that is dropped may have done its work or not.
pub trait TicketStore: Clone + Send + Sync + 'static {
    /// Whether all nodes that have the keys see the same store, and a restart leaves it as it is.
    const SHARED: bool;

    /// Keeps the claims of a ticket until it is redeemed, or its time is over.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: there is then no such ticket, or it is never redeemed.
    fn put(
        &self,
        id: &TicketId,
        record: Record<'_>,
        now: UnixMillis,
    ) -> impl Future<Output = Result<Put, StoreError>> + Send;

    /// Takes the claims of a ticket away; `None` if they are not there, or no longer.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: the ticket may then be spent or not. It must not be tried again here, but by whoever has the
    /// ticket.
    fn take(
        &self,
        id: &TicketId,
        now: UnixMillis,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send;

    /// Reads the claims of a ticket that is good more than once; `None` if they are not there, or no longer.
    ///
    /// # Errors
    ///
    /// [`StoreError`].
    fn peek(
        &self,
        id: &TicketId,
        now: UnixMillis,
    ) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>> + Send;

    /// Puts a ticket that holds its claims itself on the list of those that are spent, until its time is over.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: the ticket may then be spent or not.
    fn burn(
        &self,
        id: &TicketId,
        until: UnixMillis,
        now: UnixMillis,
    ) -> impl Future<Output = Result<Burnt, StoreError>> + Send;

    /// Forgets all tickets of a subject whose claims are here, and says how many there were.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: some may then still be there.
    fn forget_subject(
        &self,
        subject: SubjectHash,
        now: UnixMillis,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Returns since when the store has known of each redemption; tickets from before are refused, and those that are
    /// [self-contained](crate::Mode::SelfContained) also if they are from the 5 s after.
    fn since(&self) -> UnixMillis {
        UnixMillis::EPOCH
    }
}
