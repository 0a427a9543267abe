//! Tickets that are good once, and stores that fail.

use std::{
    future::pending,
    sync::{Arc, Mutex},
};

use longwave_ticket::{
    Burnt, Grant, KeyRing, MintError, Minted, Mode, NoRevocations, Put, Record, RedeemError, Revocations,
    StoreError, SubjectHash, TicketId, TicketStore, UnixMillis, Verifier, Why,
};

use crate::support::{Counted, NOW, Service, User, ada, after, audience, body, connect, master, now, text};

#[test]
fn a_ticket_is_good_once() {
    for mode in [Mode::TakeOnce, Mode::SelfContained] {
        let service = Service::new();
        let verifier = service.verifier.clone().mode(mode);
        let minted =
            now(service.issuer.clone().mode(mode).mint(&ada(), &connect(NOW), service.id())).unwrap();
        let redeem = |verifier: &Verifier<User, Counted>| {
            now(verifier.redeem(minted.ticket().expose(), &connect(NOW)))
        };
        let redeemed = redeem(&verifier).unwrap();
        assert_eq!((redeemed.grant(), redeemed.id(), redeemed.issued()), (&ada(), minted.ticket().id(), NOW));
        for again in [&verifier, &verifier.clone()] {
            assert_eq!(redeem(again).unwrap_err(), Why::Replayed.into(), "{mode:?}");
        }
    }
}

#[test]
fn two_nodes_with_one_store_redeem_a_ticket_once() {
    let store = Counted::default();
    let [one, other] = [(); 2].map(|()| Service::with(KeyRing::new(master()), store.clone()));
    let ticket = one.mint();
    assert_eq!(other.why(ticket.expose(), &connect(NOW)), None);
    assert_eq!(one.why(ticket.expose(), &connect(NOW)), Some(Why::Replayed));
}

#[test]
fn a_refresh_is_good_once() {
    let service = Service::new();
    let context = longwave_ticket::Context::new(longwave_ticket::Purpose::Refresh, NOW);
    let ticket = service.mint_for(&context);
    assert_eq!(service.why(ticket.expose(), &context), None);
    assert_eq!(service.why(ticket.expose(), &context), Some(Why::Replayed));
}

#[test]
fn a_ticket_is_verified_without_being_spent() {
    let service = Service::new();
    let ticket = service.mint();
    let asked = service.store.asked();
    for _ in 0..3 {
        assert!(service.verifier.verify(ticket.expose(), &connect(NOW)).is_ok());
    }
    assert_eq!(service.store.asked(), asked);
    let [first, second] = [(); 2].map(|()| service.verifier.verify(ticket.expose(), &connect(NOW)).unwrap());
    assert!(now(service.verifier.consume(first, NOW)).is_ok());
    assert_eq!(now(service.verifier.consume(second, NOW)).unwrap_err(), Why::Replayed.into());
}

#[test]
fn a_store_that_fails_lets_nobody_in() {
    for error in [StoreError::Unavailable, StoreError::Timeout, StoreError::Full] {
        for mode in [Mode::TakeOnce, Mode::SelfContained] {
            let service = Service::new();
            let minted =
                now(service.issuer.clone().mode(mode).mint(&ada(), &connect(NOW), service.id())).unwrap();
            let store = Counted { broken: Some(error), ..service.store.clone() };
            let down = Service::with(service.ring.clone(), store);
            let verifier = down.verifier.clone().mode(mode);
            let refused = now(verifier.redeem(minted.ticket().expose(), &connect(NOW))).unwrap_err();
            assert_eq!(refused, RedeemError::Store(error));
            let refused = now(down.issuer.mint(&ada(), &connect(NOW), down.id()));
            assert!(matches!(refused, Err(MintError::Store(found)) if found == error));
            // Those that are self-contained are minted without.
            assert!(
                now(down.issuer.clone().mode(Mode::SelfContained).mint(&ada(), &connect(NOW), down.id()))
                    .is_ok()
            );
        }
    }
}

#[test]
fn a_forged_ticket_never_reaches_the_store() {
    let store = Counted { broken: Some(StoreError::Unavailable), ..Counted::default() };
    let service = Service::with(KeyRing::new(master()), store);
    let minted =
        now(service.issuer.clone().mode(Mode::SelfContained).mint(&ada(), &connect(NOW), service.id()));
    let genuine = body(minted.unwrap().ticket());
    for number in 0..10_000_u32 {
        let mut forged = genuine.clone();
        let end = forged.len() - 4;
        forged[end..].copy_from_slice(&number.to_be_bytes());
        assert_eq!(service.why(&text(&forged), &connect(NOW)), Some(Why::BadMac));
    }
    assert_eq!(service.store.asked(), 0);
}

/// A store that does what it is asked and never answers.
#[derive(Clone, Debug, Default)]
struct Mute(Counted);

impl TicketStore for Mute {
    const SHARED: bool = true;

    async fn put(&self, id: &TicketId, record: Record<'_>, now: UnixMillis) -> Result<Put, StoreError> {
        self.0.put(id, record, now).await
    }

    async fn take(&self, id: &TicketId, now: UnixMillis) -> Result<Option<Vec<u8>>, StoreError> {
        drop(self.0.take(id, now).await);
        pending().await
    }

    async fn peek(&self, id: &TicketId, now: UnixMillis) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.peek(id, now).await
    }

    async fn burn(&self, id: &TicketId, until: UnixMillis, now: UnixMillis) -> Result<Burnt, StoreError> {
        self.0.burn(id, until, now).await
    }

    async fn forget_subject(&self, subject: SubjectHash, now: UnixMillis) -> Result<u64, StoreError> {
        self.0.forget_subject(subject, now).await
    }
}

#[test]
fn a_redemption_that_is_given_up_leaves_the_ticket_spent() {
    let service = Service::new();
    let ticket = service.mint();
    let mute = Verifier::<User, _>::new(&audience(), &service.ring, Mute(service.store.clone())).unwrap();
    {
        let context = connect(NOW);
        let mut redeem = std::pin::pin!(mute.redeem(ticket.expose(), &context));
        let mut task = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(redeem.as_mut().poll(&mut task).is_pending());
    }
    assert_eq!(service.why(ticket.expose(), &connect(NOW)), Some(Why::Replayed));
}

/// What was revoked, and who was asked about.
#[derive(Clone, Debug, Default)]
struct Revoked(Arc<Mutex<Vec<(String, UnixMillis)>>>);

impl Revocations for Revoked {
    fn revoked_before(&self, subject: &str, session: Option<&str>) -> Option<UnixMillis> {
        assert_eq!(session, None);
        let revoked = self.0.lock().unwrap();
        revoked.iter().rev().find(|(name, _)| name == subject).map(|(_, moment)| *moment)
    }
}

#[test]
fn a_revocation_between_minting_and_redemption_counts() {
    for mode in [Mode::TakeOnce, Mode::SelfContained] {
        let service = Service::new();
        let issuer = service.issuer.clone().mode(mode);
        let revoked = Revoked::default();
        let verifier = service.verifier.clone().mode(mode).revocations(revoked.clone());
        let mint =
            |at| now(issuer.mint(&ada(), &connect(at), service.id())).map(Minted::into_ticket).unwrap();
        let redeem = |ticket: &longwave_ticket::Ticket, at| {
            now(verifier.redeem(ticket.expose(), &connect(at))).map(drop)
        };

        let [before, same] = [mint(NOW), mint(after(10))];
        revoked.0.lock().unwrap().push(("ada".to_owned(), after(10)));
        let later = mint(after(11));
        assert_eq!(redeem(&before, after(12)), Err(Why::Revoked.into()));
        assert_eq!(redeem(&same, after(12)), Err(Why::Revoked.into()));
        assert_eq!(redeem(&later, after(12)), Ok(()));
        // Of somebody else.
        revoked.0.lock().unwrap().push(("bob".to_owned(), after(60_000)));
        assert_eq!(redeem(&mint(after(13)), after(14)), Ok(()));
    }
    assert_eq!(NoRevocations.revoked_before("ada", None), None);
}

#[test]
fn a_logout_takes_outstanding_tickets_back() {
    let service = Service::new();
    let tickets = [(); 3].map(|()| service.mint());
    let bob = Grant::new(User("bob".to_owned()));
    let bobs = now(service.issuer.mint(&bob, &connect(NOW), service.id())).unwrap();
    assert_eq!(service.why(tickets[0].expose(), &connect(NOW)), None);
    assert_eq!(now(service.issuer.forget_subject("ada", NOW)), Ok(2));
    for ticket in &tickets {
        assert_eq!(service.why(ticket.expose(), &connect(NOW)), Some(Why::Replayed));
    }
    assert_eq!(service.why(bobs.ticket().expose(), &connect(NOW)), None);
    assert_eq!(now(service.issuer.forget_subject("ada", NOW)), Ok(0));
}

#[test]
fn one_subject_cannot_mint_without_end() {
    let service = Service::new();
    let mint = |name: &str, at| {
        now(service.issuer.mint(&Grant::new(User(name.to_owned())), &connect(at), service.id()))
    };
    let tickets: Vec<_> = (0..8).map(|_| mint("ada", NOW).unwrap().into_ticket()).collect();
    assert!(matches!(mint("ada", NOW), Err(MintError::TooMany)));
    assert!(mint("bob", NOW).is_ok());
    // One that is redeemed makes a place, and so does time.
    assert_eq!(service.why(tickets[3].expose(), &connect(NOW)), None);
    assert!(mint("ada", NOW).is_ok());
    assert!(matches!(mint("ada", after(30_000)), Err(MintError::TooMany)));
    assert!(mint("ada", after(37_000)).is_ok());
}

#[test]
fn tickets_that_resume_do_not_count() {
    let service = Service::new();
    for _ in 0..20 {
        let binding = longwave_ticket::Binding::new().resumes(service.id());
        let context = longwave_ticket::Context::new(longwave_ticket::Purpose::Resume, NOW).binding(binding);
        service.mint_for(&context);
    }
    service.assert_not_spent(&service.mint());
    assert_eq!(now(service.issuer.forget_subject("ada", NOW)), Ok(20));
}

#[test]
fn ids_that_are_not_random_are_noticed() {
    let service = Service::new();
    let mint = || now(service.issuer.mint(&ada(), &connect(NOW), TicketId::from_bytes([7; 16])));
    let ticket = mint().unwrap().into_ticket();
    assert!(matches!(mint(), Err(MintError::Duplicate)));
    service.assert_not_spent(&ticket);
}
