//! What is printed never holds a ticket or a key.

use std::time::Duration;

use longwave_ticket::{Binding, Mode, Record, RedeemError, StoreError, SubjectHash, Ticket, Why};

use crate::support::{MASTER, NOW, Service, ada, audience, body, bound, master, now};

/// No part of the ticket beyond what each one begins with.
fn assert_tells_nothing(printed: &str, ticket: &Ticket) {
    let secret = &ticket.expose()[Ticket::PREFIX.len()..];
    for part in secret.as_bytes().windows(8) {
        assert!(!printed.contains(std::str::from_utf8(part).unwrap()), "{printed}");
    }
    let id = ticket.id();
    for part in id.as_bytes().windows(4) {
        let hex = crate::vectors::unhex(part);
        assert!(!printed.contains(&hex) && !printed.contains(&format!("{part:?}")), "{printed}");
    }
}

#[test]
fn a_ticket_prints_its_fingerprint() {
    let service = Service::new();
    let ticket = service.mint();
    let fingerprint = ticket.id().fingerprint();
    assert_eq!(format!("{ticket:?}"), format!("lwt1_…[fp {fingerprint}]"));
    assert_eq!(fingerprint.to_string().len(), 8);
    assert_tells_nothing(&format!("{ticket:#?} {:?} {fingerprint:?}", ticket.id()), &ticket);
    assert_eq!(ticket.clone().into_exposed(), ticket.expose());
}

#[test]
fn nothing_that_holds_a_ticket_prints_it() {
    let service = Service::new();
    let context = bound(Binding::new().browser(b"a nonce in a cookie"));
    let ticket = service.mint_for(&context);
    let verified = service.verifier.verify(ticket.expose(), &context).unwrap();
    let printed = format!("{context:?} {verified:?} {service:?} {:?} {:?}", service.issuer, service.verifier);
    assert_tells_nothing(&printed, &ticket);
    assert!(!printed.contains("nonce in"));
    let redeemed = now(service.verifier.consume(verified, NOW)).unwrap();
    assert_tells_nothing(&format!("{redeemed:?}"), &ticket);
}

#[test]
fn claims_are_not_printed() {
    let service = Service::new();
    let (issuer, verifier) = (service.issuer.clone(), service.verifier.clone());
    for mode in [Mode::TakeOnce, Mode::SelfContained] {
        let context = bound(Binding::new().browser(b"a nonce in a cookie"));
        let (issuer, verifier) = (issuer.clone().mode(mode), verifier.clone().mode(mode));
        let ticket = now(issuer.mint(&ada(), &context, service.id())).unwrap().into_ticket();
        let genuine = verifier.verify(ticket.expose(), &context).unwrap();
        let printed = format!("{genuine:?}");
        let printed = format!("{printed} {:?}", now(verifier.consume(genuine, NOW)).unwrap());
        assert!(printed.contains(&ticket.id().fingerprint().to_string()), "{printed}");
        let bound_to = format!("{:?}", &body(&ticket)[40..56]);
        for secret in ["ada", &format!("{:?}", b"ada"), &bound_to] {
            assert!(!printed.contains(secret), "{printed}");
        }
    }
    let record = Record::new(b"ada", SubjectHash::of(&audience(), "ada"), Duration::ZERO);
    let printed = format!("{record:?}");
    assert!(printed.contains("3 bytes") && !printed.contains("97") && !printed.contains("ada"), "{printed}");
}

#[test]
fn keys_are_not_printed() {
    let service = Service::new();
    assert_eq!(format!("{:?}", master()), "SecretKey(****)");
    let printed = format!("{:?} {service:?}", service.ring);
    for part in MASTER.windows(3) {
        assert!(!printed.contains(&format!("{part:?}")[1..8]), "{printed}");
    }
}

#[test]
fn a_refusal_says_the_same_whatever_the_reason() {
    let all = [
        Why::Malformed,
        Why::UnknownKey,
        Why::BadMac,
        Why::Mode,
        Why::Purpose,
        Why::Lifetime,
        Why::Future,
        Why::Expired,
        Why::Binding,
        Why::Claims,
        Why::Replayed,
        Why::Revoked,
    ];
    let mut names: Vec<_> = all.map(Why::name).to_vec();
    for why in all {
        assert_eq!(RedeemError::from(why).to_string(), "invalid ticket");
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all.len());
    assert_eq!(RedeemError::Store(StoreError::Full).to_string(), "ticket cannot be redeemed now");
}
