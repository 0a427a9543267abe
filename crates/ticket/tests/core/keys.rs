//! Keys that change, and keys that collide.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use longwave_ticket::{
    Audience, Issuer, KeyId, KeyRing, KeyRingError, MemoryStore, SecretKey, SetupError, SingleNode,
    UnixMillis, Verifier, Why,
};
use sha2::{Digest, Sha256};

use crate::support::{
    Counted, MASTER, NOW, Service, User, ada, after, alone, another, audience, connect, master, now,
};

const GRACE: Duration = Duration::from_secs(60);

#[test]
fn a_key_before_is_good_for_the_grace() {
    let service = Service::new();
    let issuer = service.issuer.clone().ttl(GRACE);
    let [early, late] = [(); 2].map(|()| now(issuer.mint(&ada(), &connect(NOW), service.id())).unwrap());
    service.ring.rotate(another(1), Duration::from_secs(10), NOW).unwrap();

    let new = service.mint();
    assert_eq!(service.redeem(new.expose(), &connect(NOW)).unwrap().key_id(), another(1).key_id(&audience()));
    let redeemed = service.redeem(early.ticket().expose(), &connect(after(10_000))).unwrap();
    assert_eq!(redeemed.key_id(), master().key_id(&audience()));
    assert_eq!(service.why(late.ticket().expose(), &connect(after(10_001))), Some(Why::UnknownKey));
}

#[test]
fn a_key_without_grace_is_gone_at_once() {
    let service = Service::new();
    let ticket = service.mint();
    service.ring.rotate(another(1), Duration::ZERO, NOW).unwrap();
    assert_eq!(service.why(ticket.expose(), &connect(NOW)), Some(Why::UnknownKey));
}

#[test]
fn a_key_that_is_distrusted_is_gone_at_once() {
    let service = Service::new();
    let ticket = service.mint();
    let old = master().key_id(&audience());
    assert_eq!(service.ring.distrust(old), Err(KeyRingError::Active));
    service.ring.rotate(another(1), GRACE, NOW).unwrap();
    assert!(service.verifier.verify(ticket.expose(), &connect(NOW)).is_ok());
    assert_eq!(service.ring.distrust(old), Ok(()));
    assert_eq!(service.why(ticket.expose(), &connect(NOW)), Some(Why::UnknownKey));
    assert_eq!(service.ring.distrust(old), Err(KeyRingError::Unknown));
    service.assert_not_spent(&service.mint());
}

#[test]
fn nodes_that_know_the_new_key_beforehand_refuse_nothing() {
    let store = Counted::default();
    let [one, other] = [(); 2].map(|()| Service::with(KeyRing::new(master()), store.clone()));
    for node in [&one, &other] {
        node.ring.accept(another(1), after(60_000)).unwrap();
    }
    one.ring.rotate(another(1), GRACE, NOW).unwrap();
    let new = one.mint();
    assert_eq!(other.why(new.expose(), &connect(NOW)), None);
    other.ring.rotate(another(1), GRACE, NOW).unwrap();
    assert_eq!(other.ring.rotate(another(1), GRACE, NOW), Err(KeyRingError::Active));
    // What was accepted up to a date now signs without one.
    let later = after(1_000_000);
    let ticket = now(one.issuer.mint(&ada(), &connect(later), one.id())).unwrap();
    assert_eq!(one.why(ticket.ticket().expose(), &connect(later)), None);
}

/// Two keys that have the same id for the audience of these tests, `e3b5158e`.
fn colliding() -> [SecretKey; 2] {
    [30_226, 79_636].map(|number| {
        SecretKey::from_bytes(Sha256::digest(format!("longwave kid collision {number}")).into()).unwrap()
    })
}

#[test]
fn keys_with_one_id_are_not_put_into_one_ring() {
    let id = Some(KeyId::from_bytes([0xe3, 0xb5, 0x15, 0x8e]));
    assert_eq!(colliding().map(|key| Some(key.key_id(&audience()))), [id, id]);

    let [one, other] = colliding();
    let ring = KeyRing::new(one);
    ring.accept(other, after(1000)).unwrap();
    let refused = Issuer::<User, _>::new(&audience(), &ring, alone()).unwrap_err();
    assert_eq!(refused, SetupError::Collision);
    assert!(Verifier::<User, _>::new(&audience(), &ring, alone()).is_err());
    // They can be told apart by others.
    assert!(Verifier::<User, _>::new(&Audience::new("another").unwrap(), &ring, alone()).is_ok());

    let [one, other] = colliding();
    let service = Service::with(KeyRing::new(one), Counted::default());
    assert_eq!(service.ring.accept(other, after(1000)), Err(KeyRingError::Collision));
    let [_, other] = colliding();
    assert_eq!(service.ring.rotate(other, GRACE, NOW), Err(KeyRingError::Collision));
    service.assert_not_spent(&service.mint());
}

#[test]
fn one_key_is_not_put_into_a_ring_twice() {
    let ring = KeyRing::new(master());
    assert_eq!(ring.accept(master(), after(1000)), Err(KeyRingError::Active));
    assert_eq!(ring.rotate(master(), GRACE, NOW), Err(KeyRingError::Active));
}

#[test]
fn the_date_of_a_key_can_be_set_anew() {
    for (first, then) in [(1000, 20_000), (20_000, 1000)] {
        let old = Service::with(KeyRing::new(another(1)), Counted::default());
        let service = Service::with(KeyRing::new(master()), old.store.clone());
        let [early, late] = [(); 2].map(|()| old.mint());
        service.ring.accept(another(1), after(first)).unwrap();
        service.ring.accept(another(1), after(then)).unwrap();
        assert_eq!(service.why(early.expose(), &connect(after(then))), None);
        assert_eq!(service.why(late.expose(), &connect(after(then + 1))), Some(Why::UnknownKey));
    }
}

#[test]
fn keys_whose_time_is_over_are_forgotten_when_others_come() {
    let service = Service::new();
    for number in 1..=100 {
        service.ring.accept(another(number), after(u64::from(number) * 1000)).unwrap();
        assert!(service.verifier.verify("", &connect(after(u64::from(number) * 1000 + 1))).is_err());
    }
    let shown = format!("{:?}", service.ring);
    assert!(shown.contains("others: 1,"), "{shown}");
}

#[test]
fn an_ephemeral_ring_takes_no_key_that_another_process_may_have() {
    let generate = |number: u8| SecretKey::generate(|key| *key = Sha256::digest([number]).into()).unwrap();
    let ring = KeyRing::ephemeral(|key| *key = Sha256::digest([1]).into()).unwrap();
    let issuer = Issuer::<User, _>::new(&audience(), &ring, MemoryStore::new()).unwrap();
    for kept in [master, || SecretKey::from_base64("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA").unwrap()] {
        assert_eq!(ring.rotate(kept(), GRACE, NOW), Err(KeyRingError::Kept));
        assert_eq!(ring.clone().accept(kept(), after(1000)), Err(KeyRingError::Kept));
    }
    assert_eq!(ring.accept(generate(2), after(1000)), Ok(()));
    assert_eq!(ring.rotate(generate(3), GRACE, NOW), Ok(()));
    let id = longwave_ticket::TicketId::from_bytes([1; 16]);
    let ticket = now(issuer.mint(&ada(), &connect(NOW), id)).unwrap().into_ticket();
    let verifier = Verifier::<User, _>::new(&audience(), &ring, MemoryStore::new()).unwrap();
    let genuine = verifier.verify(ticket.expose(), &connect(NOW)).unwrap();
    assert_eq!(genuine.key_id(), generate(3).key_id(&audience()));
    // A ring of keys that are kept takes both.
    assert_eq!(KeyRing::new(master()).rotate(generate(2), GRACE, NOW), Ok(()));
}

#[test]
fn keys_that_were_never_filled_in_are_refused() {
    for byte in [0, 1, 0xff] {
        assert!(SecretKey::from_bytes([byte; 32]).is_err());
    }
    assert!(SecretKey::generate(|_| ()).is_err());
    assert!(KeyRing::ephemeral(|_| ()).is_err());
    for text in ["", "AQID", "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=", &"A".repeat(43)] {
        assert!(SecretKey::from_base64(text).is_err(), "{text:?}");
    }
    let key = SecretKey::from_base64("AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA").unwrap();
    assert_eq!(key.key_id(&audience()), master().key_id(&audience()));
}

#[test]
fn keys_that_are_kept_need_a_store_that_is_shared() {
    let ring = KeyRing::new(master());
    for refused in [
        Issuer::<User, _>::new(&audience(), &ring, MemoryStore::new()).err(),
        Verifier::<User, _>::new(&audience(), &ring, MemoryStore::new()).err(),
    ] {
        assert_eq!(refused, Some(SetupError::KeysOutliveStore));
    }
    let ring = KeyRing::ephemeral(|key| *key = MASTER).unwrap();
    assert!(ring.is_ephemeral());
    assert!(Issuer::<User, _>::new(&audience(), &ring, MemoryStore::new()).is_ok());
}

#[test]
fn a_restart_makes_tickets_invalid() {
    // Keys that are gone with the process.
    let ring = |byte: u8| KeyRing::ephemeral(|key| *key = Sha256::digest([byte]).into()).unwrap();
    let issuer = Issuer::<User, _>::new(&audience(), &ring(1), MemoryStore::new()).unwrap();
    let id = longwave_ticket::TicketId::from_bytes([1; 16]);
    let ticket = now(issuer.mint(&ada(), &connect(NOW), id)).unwrap().into_ticket();
    let verifier = Verifier::<User, _>::new(&audience(), &ring(2), MemoryStore::new()).unwrap();
    assert_eq!(verifier.verify(ticket.expose(), &connect(NOW)).unwrap_err().why(), Why::UnknownKey);

    // Keys that are kept, and a list of what is spent that is not.
    let mode = longwave_ticket::Mode::SelfContained;
    let node = |since| SingleNode::new(MemoryStore::new(), since);
    let issuer = Issuer::<User, _>::new(&audience(), &KeyRing::new(master()), node(NOW)).unwrap().mode(mode);
    let ticket = now(issuer.mint(&ada(), &connect(NOW), id)).unwrap().into_ticket();
    let before = UnixMillis::new(NOW.as_millis() - 5001);
    for (since, good) in [(before, true), (NOW, false), (after(1), false)] {
        let verifier = Verifier::<User, _>::new(&audience(), &KeyRing::new(master()), node(since)).unwrap();
        let outcome = verifier.mode(mode).verify(ticket.expose(), &connect(after(10)));
        assert_eq!(
            outcome.map(drop).map_err(longwave_ticket::InvalidTicket::why),
            if good { Ok(()) } else { Err(Why::Replayed) }
        );
    }
}

#[test]
fn rotation_under_load_refuses_nothing() {
    let service = Service::new();
    let stop = AtomicBool::new(false);
    let redeemed: u32 = thread::scope(|scope| {
        let redeem = || {
            let mut redeemed = 0;
            while !stop.load(Ordering::Relaxed) || redeemed < 1000 {
                let ticket = service.mint();
                assert_eq!(service.why(ticket.expose(), &connect(NOW)), None);
                redeemed += 1;
            }
            redeemed
        };
        let workers = [scope.spawn(redeem), scope.spawn(redeem)];
        for number in 0..100 {
            // Two that come back again and again, and others.
            service.ring.rotate(another(number % 3), GRACE, NOW).unwrap();
            thread::yield_now();
        }
        stop.store(true, Ordering::Relaxed);
        workers.map(|worker| worker.join().unwrap()).into_iter().sum()
    });
    assert!(redeemed >= 2000);
}
