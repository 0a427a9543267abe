//! How many tickets of one subject a store holds, in memory and as its documentation has it elsewhere.

use std::time::Duration;

use longwave_ticket::{
    Audience, Binding, Bound, Context, Grant, Issuer, KeyRing, MemoryStore, MintError, Minted, Purpose, Put,
    Record, SubjectHash, TicketId, TicketStore, Verifier, Why,
};

use crate::{
    remote::Remote,
    support::{Counted, NOW, Service, User, ada, after, audience, connect, master, now},
};

fn id(number: u32) -> TicketId {
    TicketId::from_bytes([[0; 12].as_slice(), &number.to_be_bytes()].concat().try_into().unwrap())
}

fn hash(subject: &str) -> SubjectHash {
    SubjectHash::of(&audience(), subject)
}

/// What holds for any store.
fn contract<S: TicketStore>(store: &S) {
    let put = |number, subject, seconds, bound| {
        let record = Record::new(b"claims", hash(subject), Duration::from_secs(seconds)).bounded(bound);
        now(store.put(&id(number), record, NOW)).unwrap()
    };
    let peek = |number| now(store.peek(&id(number), NOW)).unwrap();
    let claims = Some(b"claims".to_vec());

    let refuse = [1, 2, 3].map(|number| put(number, "refuse", 30, Bound::Refuse(2)));
    assert_eq!(refuse, [Put::Stored, Put::Stored, Put::OverLimit]);
    assert_eq!([peek(1), peek(2), peek(3)], [claims.clone(), claims.clone(), None]);
    assert_eq!(put(3, "another", 30, Bound::Refuse(2)), Put::Stored);
    assert_eq!(now(store.take(&id(1), NOW)), Ok(claims.clone()));
    assert_eq!(now(store.take(&id(1), NOW)), Ok(None));
    assert_eq!(put(4, "refuse", 30, Bound::Refuse(2)), Put::Stored);

    // The third is the first to expire.
    for (number, seconds) in [(11, 60), (12, 90), (13, 30)] {
        assert_eq!(put(number, "replace", seconds, Bound::Replace(3)), Put::Stored);
    }
    assert_eq!(put(14, "replace", 60, Bound::Replace(3)), Put::Stored);
    assert_eq!([11, 12, 13, 14].map(|number| peek(number).is_some()), [true, true, false, true]);
    // A bound that is lower than it was.
    assert_eq!(put(15, "replace", 90, Bound::Replace(2)), Put::Stored);
    assert_eq!([11, 12, 14, 15].map(|number| peek(number).is_some()), [false, true, false, true]);
    assert_eq!(put(16, "replace", 60, Bound::Replace(0)), Put::OverLimit);
    assert_eq!(put(12, "somebody", 60, Bound::Refuse(8)), Put::Duplicate);

    assert_eq!(now(store.forget_subject(hash("replace"), NOW)), Ok(2));
    assert_eq!(now(store.forget_subject(hash("replace"), NOW)), Ok(0));
    assert_eq!([12, 15, 2, 3, 4].map(|number| peek(number).is_some()), [false, false, true, true, true]);
}

#[test]
fn stores_hold_to_the_bound_of_a_subject() {
    contract(&MemoryStore::new());
    contract(&Remote::default());
    let store = MemoryStore::new();
    contract(&store);
    for subject in ["refuse", "another"] {
        now(store.forget_subject(hash(subject), NOW)).unwrap();
    }
    assert!(store.is_empty());
}

#[test]
fn a_bound_that_is_no_bound_costs_nothing() {
    let store = MemoryStore::new();
    let put =
        |number, at| now(store.put(&id(number), Record::new(b"", hash("x"), Duration::from_secs(36)), at));
    for number in 0..40_000 {
        assert_eq!(put(number, NOW), Ok(Put::Stored));
    }
    for number in 0..39_998 {
        assert!(now(store.take(&id(number), NOW)).unwrap().is_some());
    }
    assert_eq!(put(40_000, after(36_001)), Ok(Put::Stored));
    assert_eq!(now(store.forget_subject(hash("x"), after(36_001))), Ok(1));
}

#[test]
fn one_subject_cannot_fill_the_store_with_what_resumes() {
    let store = Counted { store: MemoryStore::new().capacity(100), ..Counted::default() };
    let service = Service::with(KeyRing::new(master()), store);
    let context = |at| Context::new(Purpose::Resume, at).binding(Binding::new().resumes(id(1)));
    let tickets: Vec<_> = (0..2000).map(|number| service.mint_for(&context(after(number)))).collect();
    assert_eq!(service.store.store.len(), 32);
    let bob = Grant::new(User("bob".to_owned()));
    assert!(now(service.issuer.mint(&bob, &connect(after(2000)), service.id())).is_ok());

    let (gone, last) = tickets.split_at(2000 - 32);
    assert_eq!(service.why(gone.last().unwrap().expose(), &context(after(2000))), Some(Why::Replayed));
    for ticket in last {
        assert_eq!(service.why(ticket.expose(), &context(after(2000))), None);
    }
    let none = service.issuer.clone().resume_limit(0);
    assert!(matches!(now(none.mint(&ada(), &context(after(2000)), service.id())), Err(MintError::TooMany)));
}

#[test]
fn audiences_count_and_forget_apart() {
    let (ring, store) = (KeyRing::new(master()), Counted::default());
    let service = Service::with(ring.clone(), store.clone());
    let other = Audience::new("https://app.example.com|admin").unwrap();
    let issuer = Issuer::<User, _>::new(&other, &ring, store.clone()).unwrap();
    let verifier = Verifier::<User, _>::new(&other, &ring, store).unwrap();
    for _ in 0..8 {
        service.mint();
    }
    assert!(matches!(now(service.issuer.mint(&ada(), &connect(NOW), service.id())), Err(MintError::TooMany)));
    let mint =
        |context: &Context| now(issuer.mint(&ada(), context, service.id())).map(Minted::into_ticket).unwrap();
    let resume = Context::new(Purpose::Resume, NOW).binding(Binding::new().resumes(id(1)));
    let [connects, resumes] = [mint(&connect(NOW)), mint(&resume)];
    assert_eq!(now(service.issuer.forget_subject("ada", NOW)), Ok(8));
    assert!(now(verifier.redeem(connects.expose(), &connect(NOW))).is_ok());
    assert!(now(verifier.redeem(resumes.expose(), &resume)).is_ok());
    assert_eq!(now(issuer.forget_subject("ada", NOW)), Ok(1));
    assert!(now(verifier.redeem(resumes.expose(), &resume)).is_err());
}

#[test]
fn names_run_together_are_others() {
    let audience = |name| Audience::new(name).unwrap();
    let hashes = [
        SubjectHash::of(&audience("ab"), "c"),
        SubjectHash::of(&audience("a"), "bc"),
        SubjectHash::resuming(&audience("ab"), "c"),
        SubjectHash::resuming(&audience("a"), "bc"),
    ];
    for (place, hash) in hashes.iter().enumerate() {
        assert!(!hashes[..place].contains(hash));
    }
    assert_eq!(SubjectHash::of(&audience("ab"), "c"), hashes[0]);
}

#[test]
fn a_ticket_is_not_said_to_be_good_for_longer_than_what_it_grants() {
    for (deadline, expires_in) in [(1, 1), (29_999, 29_999), (30_000, 30_000), (3_600_000, 30_000)] {
        let service = Service::new();
        let grant = ada().until(after(deadline));
        let minted = now(service.issuer.mint(&grant, &connect(NOW), service.id())).unwrap();
        assert_eq!(minted.expires_in(), Duration::from_millis(expires_in));
        let good = |at| service.verifier.verify(minted.ticket().expose(), &connect(after(at))).is_ok();
        assert!(good(expires_in - 1));
        assert_eq!(good(expires_in), deadline > expires_in);
    }
}
