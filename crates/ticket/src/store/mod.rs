mod error;
mod memory;
mod record;
mod single_node;

pub use self::{
    error::StoreError,
    memory::MemoryStore,
    record::{Bound, Burnt, Put, Record, SubjectHash},
    single_node::SingleNode,
};

use crate::{TicketId, UnixMillis};

/// What sees to it that a ticket is good once.
///
/// Each operation has to be atomic: of any number of [`take`](Self::take)s of one ticket at the same time, wherever
/// they come from, one gets the claims, and of any number of [`burn`](Self::burn)s one is [`Burnt::Now`].
///
/// What is lost, for want of memory or in a failover, has to be what is refused, so nothing may be evicted that has
/// not expired: a store that is full says so.
///
/// All futures must be `Send`. One that is dropped may have done its work or not.
///
/// # In Redis
///
/// Three kinds of keys; `id` is the hexadecimal [`TicketId::digest`], `subject` the [`SubjectHash`] likewise:
///
/// | key | value | lives |
/// |---|---|---|
/// | `t:id` | the 16 bytes of the subject's hash, and the claims | [`Record::ttl`] |
/// | `u:id` | `1` | until the ticket has expired |
/// | `s:subject` | a sorted set of the ids of the subject, by when they expire | as long as its last one |
///
/// - [`take`](Self::take) is `GETDEL t:id`, and then `ZREM s:subject id`, with the subject that was found.
///   [`peek`](Self::peek) is `GET t:id`.
/// - [`burn`](Self::burn) is `SET u:id 1 NX PX (until - now)`. It asks for no `t:id`, and `put` for no `u:id`:
///   a ticket is of the one kind or the other.
/// - [`put`](Self::put) is one script, so that a subject cannot have too many put at once: `ZREMRANGEBYSCORE s:subject
///   -inf (now`; if `ZCARD` has reached the [`Bound`], answer that it is [`Put::OverLimit`], or `ZPOPMIN` and `DEL` what
///   makes place; `SET t:id … NX PX ttl`; `ZADD s:subject (now + ttl) id`; and `PEXPIRE s:subject ttl` with `NX` and then
///   with `GT`, as `GT` alone leaves a set that has no end without one. In a cluster, the keys of a script have to be in
///   one place; with single commands instead, in this order, the bound is exceeded by as many as are minted at the same
///   moment, and nothing else is at stake.
/// - [`forget_subject`](Self::forget_subject) is `ZRANGE s:subject 0 -1`, and then `DEL` of each `t:id` and of the set;
///   what `DEL` has found is what is counted.
///
/// The sets are approximate, and may be: an id in one whose ticket is gone counts until it expires, and the
/// clocks of nodes are a little apart. `t:` and `u:` are not: they alone decide what is good.
///
/// **Nothing is tried again in there.** When an answer is lost, the work may be done: a second `take` then finds
/// nothing, a second `burn` says [`Burnt::Before`], and a second `put` meets the first and says [`Put::Duplicate`]. The
/// store says [`StoreError::Timeout`], and whoever has asked gets another ticket; the one that was lost
/// is never redeemed.
pub trait TicketStore: Clone + Send + Sync + 'static {
    /// Whether all nodes that have the keys see the same store, and a restart leaves it as it is.
    const SHARED: bool;

    /// Keeps the claims of a ticket until it is redeemed, or its time is over.
    ///
    /// A subject has no more of them than the record's [bound](Record::bound) says, those aside that have
    /// expired. Subjects of other audiences have other hashes, and so have those that resume.
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
