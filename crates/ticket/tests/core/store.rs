//! The store in memory: what it holds, refuses and lets go.

use std::time::Duration;

use longwave_ticket::{
    Bound, Burnt, MemoryStore, Put, Record, StoreError, SubjectHash, TicketId, TicketStore, UnixMillis,
};

use crate::support::{NOW, after, audience, now};

fn id(number: u32) -> TicketId {
    TicketId::from_bytes([[0; 12].as_slice(), &number.to_be_bytes()].concat().try_into().unwrap())
}

fn subject(number: u32) -> SubjectHash {
    SubjectHash::of(&audience(), &number.to_string())
}

fn put(store: &MemoryStore, number: u32, at: UnixMillis) -> Result<Put, StoreError> {
    let record = Record::new(b"claims", subject(number), Duration::from_secs(36)).bounded(Bound::Refuse(8));
    now(store.put(&id(number), record, at))
}

fn take(store: &MemoryStore, number: u32, at: UnixMillis) -> Option<Vec<u8>> {
    now(store.take(&id(number), at)).unwrap()
}

#[test]
fn a_full_store_refuses_and_evicts_nothing() {
    let store = MemoryStore::new().capacity(1000);
    for number in 0..1000 {
        assert_eq!(put(&store, number, NOW), Ok(Put::Stored));
    }
    for number in 1000..1100 {
        assert_eq!(put(&store, number, NOW), Err(StoreError::Full));
        assert_eq!(now(store.burn(&id(number), after(36_000), NOW)), Err(StoreError::Full));
    }
    for number in 0..1000 {
        assert_eq!(take(&store, number, NOW).as_deref(), Some(&b"claims"[..]));
    }
    assert!(store.is_empty());
    assert_eq!(put(&store, 0, NOW), Ok(Put::Stored));
}

#[test]
fn more_redemptions_than_there_is_place_for_are_no_replays() {
    let store = MemoryStore::new().capacity(10_000);
    let burn = |number| now(store.burn(&id(number), after(36_000), NOW));
    let first: Vec<_> = (0..12_000).map(burn).collect();
    assert!(first[..10_000].iter().all(|burnt| *burnt == Ok(Burnt::Now)));
    assert!(first[10_000..].iter().all(|burnt| *burnt == Err(StoreError::Full)));
    for number in 0..12_000 {
        assert_ne!(burn(number), Ok(Burnt::Now));
    }
}

#[test]
fn what_has_expired_makes_place() {
    let store = MemoryStore::new().capacity(1000);
    for number in 0..1000 {
        assert_eq!(put(&store, number, NOW), Ok(Put::Stored));
    }
    // It is looked for at most once a second: a flood is refused at once.
    assert_eq!(put(&store, 1000, after(36_000)), Err(StoreError::Full));
    assert_eq!(put(&store, 1000, after(36_500)), Err(StoreError::Full));
    assert_eq!(put(&store, 1000, after(37_000)), Ok(Put::Stored));
    assert_eq!(store.len(), 1);
}

#[test]
fn what_has_expired_is_gone() {
    let store = MemoryStore::new();
    for number in 0..2 {
        assert_eq!(put(&store, number, NOW), Ok(Put::Stored));
    }
    assert_eq!(now(store.peek(&id(0), after(36_000))).unwrap().as_deref(), Some(&b"claims"[..]));
    assert!(take(&store, 0, after(36_000)).is_some());
    assert_eq!(now(store.peek(&id(1), after(36_001))), Ok(None));
    assert_eq!(take(&store, 1, after(36_001)), None);
    // And is not back when the clock is.
    assert_eq!(take(&store, 1, NOW), None);
}

#[test]
fn shards_are_swept_in_passing() {
    let store = MemoryStore::new();
    let mut most = 0;
    // Ten hours of one ticket every 600 ms, with 60 that live at a time.
    for number in 0..60_000 {
        assert_eq!(put(&store, number, after(u64::from(number) * 600)), Ok(Put::Stored));
        most = most.max(store.len());
    }
    assert!((60..500).contains(&most), "{most}");
}

#[test]
fn what_lives_for_long_is_not_swept() {
    let store = MemoryStore::new();
    let hours = Duration::from_secs(12 * 3600);
    assert_eq!(now(store.put(&id(0), Record::new(b"long", subject(0), hours), NOW)), Ok(Put::Stored));
    for number in 1..20_000 {
        put(&store, number, after(u64::from(number) * 1000)).unwrap();
    }
    let later = after(20_000_000);
    assert_eq!(now(store.peek(&id(0), later)).unwrap().as_deref(), Some(&b"long"[..]));
    assert_eq!(now(store.forget_subject(subject(0), later)), Ok(1));
    assert_eq!(now(store.peek(&id(0), later)), Ok(None));
}

#[test]
fn a_note_that_a_ticket_is_spent_is_no_claims() {
    let store = MemoryStore::new();
    assert_eq!(now(store.burn(&id(1), after(1000), NOW)), Ok(Burnt::Now));
    assert_eq!(take(&store, 1, NOW), None);
    assert_eq!(now(store.peek(&id(1), NOW)), Ok(None));
    assert_eq!(put(&store, 1, NOW), Ok(Put::Duplicate));
    assert_eq!(now(store.burn(&id(1), after(1000), NOW)), Ok(Burnt::Before));
    assert_eq!(store.len(), 1);
}

#[test]
fn a_limit_is_for_each_subject() {
    let store = MemoryStore::new();
    let record = Record::new(b"", subject(0), Duration::from_secs(1)).bounded(Bound::Refuse(2));
    let puts = [1, 2, 3].map(|number| now(store.put(&id(number), record, NOW)));
    assert_eq!(puts, [Ok(Put::Stored), Ok(Put::Stored), Ok(Put::OverLimit)]);
    assert_eq!(store.len(), 2);
    let record = Record::new(b"", subject(1), Duration::from_secs(1)).bounded(Bound::Refuse(2));
    assert_eq!(now(store.put(&id(3), record, NOW)), Ok(Put::Stored));
    let none = Record::new(b"", subject(2), Duration::from_secs(1)).bounded(Bound::Refuse(0));
    assert_eq!(now(store.put(&id(4), none, NOW)), Ok(Put::OverLimit));
}
