//! Clocks: expired, from the future, set back.

use std::time::Duration;

use longwave_ticket::{Context, Grant, MintError, Mode, Purpose, UnixMillis, Why};

use crate::support::{NOW, Service, User, ada, after, connect, now, patched};

#[test]
fn a_ticket_is_good_up_to_its_end_and_the_tolerance() {
    for (later, why) in [
        (0, None),
        (30_000, None),
        (35_000, None),
        (35_001, Some(Why::Expired)),
        (100_000, Some(Why::Expired)),
    ] {
        let service = Service::new();
        let ticket = service.mint();
        assert_eq!(service.why(ticket.expose(), &connect(after(later))), why, "{later} ms later");
    }
}

#[test]
fn a_ticket_may_come_from_a_clock_that_is_a_little_ahead() {
    for (earlier, why) in [(5_000, None), (5_001, Some(Why::Future))] {
        let (mints, verifies) = (Service::new(), Service::new());
        let ticket = mints.mint();
        let before = UnixMillis::new(NOW.as_millis() - earlier);
        let refused = verifies
            .verifier
            .verify(ticket.expose(), &connect(before))
            .err()
            .map(longwave_ticket::InvalidTicket::why);
        assert_eq!(refused, why, "{earlier} ms earlier");
    }
}

#[test]
fn a_replay_within_the_tolerance_is_refused() {
    for mode in [Mode::TakeOnce, Mode::SelfContained] {
        for later in [30_000, 30_001, 34_999, 35_000] {
            let service = Service::new();
            let issuer = service.issuer.clone().mode(mode);
            let verifier = service.verifier.clone().mode(mode);
            let minted = now(issuer.mint(&ada(), &connect(NOW), service.id())).unwrap();
            let redeem = |at| now(verifier.redeem(minted.ticket().expose(), &connect(at)));
            assert!(redeem(NOW).is_ok());
            assert_eq!(redeem(after(later)).unwrap_err(), Why::Replayed.into(), "{mode:?}, {later} ms later");
        }
    }
}

#[test]
fn a_clock_that_is_set_back_brings_no_ticket_back() {
    for mode in [Mode::TakeOnce, Mode::SelfContained] {
        let service = Service::new();
        let issuer = service.issuer.clone().mode(mode);
        let verifier = service.verifier.clone().mode(mode);
        let spent = now(issuer.mint(&ada(), &connect(NOW), service.id())).unwrap();
        assert!(now(verifier.redeem(spent.ticket().expose(), &connect(NOW))).is_ok());
        // Two minutes later all that has expired is swept away, and then the clock is set back by an hour.
        let later = after(120_000);
        for _ in 0..1000 {
            let other = now(issuer.mint(&ada(), &connect(later), service.id())).unwrap();
            assert!(now(verifier.redeem(other.ticket().expose(), &connect(later))).is_ok());
        }
        let back = UnixMillis::new(later.as_millis() - 3_600_000);
        for at in [NOW, after(1), back] {
            let refused = now(verifier.redeem(spent.ticket().expose(), &connect(at))).unwrap_err();
            assert_eq!(refused, Why::Expired.into());
        }
    }
}

/// Whoever gives a ring its times has to see to it that they go on.
#[test]
fn time_stands_still_until_a_clock_that_was_set_back_is_there_again() {
    let (ahead, hour) = (after(3_600_000), Duration::from_secs(3600));
    let service = Service::new();
    service.mint_for(&connect(ahead));
    let minted: Vec<_> = (0..7).map(|_| service.mint_for(&connect(NOW))).collect();
    for ticket in &minted {
        // It is dated by the latest time there was.
        assert_eq!(service.verifier.verify(ticket.expose(), &connect(NOW)).unwrap().issued(), ahead);
    }
    let full = |at| now(service.issuer.mint(&ada(), &connect(at), service.id()));
    assert!(matches!(full(NOW.plus(hour)), Err(MintError::TooMany)));
    assert_eq!(service.why(minted[0].expose(), &connect(NOW.plus(hour))), None);
    // From there on time goes by, and all is as ever.
    let later = ahead.plus(Duration::from_secs(40));
    assert_eq!(service.why(minted[1].expose(), &connect(later)), Some(Why::Expired));
    assert!(full(later).is_ok());
}

/// The verifier tells the sessions by which clock tickets are dated.
#[cfg(feature = "tower")]
#[test]
fn what_is_revoked_while_the_ring_is_ahead_is_refused() {
    use longwave_ticket::live::{Close, Selector, Sessions};

    for ahead in [0, 3_600_000] {
        let service = Service::new();
        let sessions = Sessions::<User>::builder().clock(|| after(10)).build();
        let verifier = service.verifier.clone().revocations(sessions.clone());
        let rotated =
            service.ring.rotate(crate::support::another(1), Duration::from_secs(7200), after(ahead));
        rotated.unwrap();
        let ticket = service.mint_for(&connect(NOW));
        sessions.revoke(Selector::Subject("ada".into()), Close::Revoked);
        let refused = now(verifier.redeem(ticket.expose(), &connect(after(20)))).unwrap_err();
        assert_eq!(refused, Why::Revoked.into());
    }
}

#[test]
fn lifetimes_are_cut() {
    let service = Service::new();
    for (asked, given) in [(0, 1), (1, 1), (45_000, 45_000), (60_000, 60_000), (3_600_000, 60_000)] {
        let issuer = service.issuer.clone().ttl(Duration::from_millis(asked));
        let minted = now(issuer.mint(&ada(), &connect(NOW), service.id())).unwrap();
        assert_eq!(minted.expires_in(), Duration::from_millis(given));
        let verified = service.verifier.verify(minted.ticket().expose(), &connect(NOW)).unwrap();
        assert_eq!((verified.issued(), verified.expires()), (NOW, after(given)));
        assert!(service.redeem(minted.ticket().expose(), &connect(NOW)).is_ok());
    }
}

#[test]
fn a_verifier_can_be_stricter() {
    let service = Service::new();
    let ticket = service.mint();
    let short = service.verifier.clone().max_ttl(Duration::from_millis(29_999));
    assert_eq!(short.verify(ticket.expose(), &connect(NOW)).unwrap_err().why(), Why::Lifetime);
    let punctual = service.verifier.clone().skew(Duration::ZERO);
    assert!(punctual.verify(ticket.expose(), &connect(after(30_000))).is_ok());
    assert_eq!(punctual.verify(ticket.expose(), &connect(after(30_001))).unwrap_err().why(), Why::Expired);
}

#[test]
fn what_is_granted_lapses_on_the_dot() {
    let service = Service::new();
    let grant = ada().until(after(1000));
    let ticket = now(service.issuer.mint(&grant, &connect(NOW), service.id())).unwrap().into_ticket();
    let verified = service.verifier.verify(ticket.expose(), &connect(after(999))).unwrap();
    assert_eq!(verified.deadline(), Some(after(1000)));
    assert_eq!(service.why(ticket.expose(), &connect(after(1000))), Some(Why::Expired));
}

#[test]
fn a_deadline_comes_back_with_the_claims() {
    let service = Service::new();
    let grant = ada().until(after(3_600_000));
    let ticket = now(service.issuer.mint(&grant, &connect(NOW), service.id())).unwrap().into_ticket();
    assert_eq!(*service.redeem(ticket.expose(), &connect(NOW)).unwrap().grant(), grant);
    assert_eq!(service.redeem(service.mint().expose(), &connect(NOW)).unwrap().grant().deadline(), None);
}

#[test]
fn what_has_lapsed_is_not_minted() {
    let service = Service::new();
    for deadline in [NOW, UnixMillis::new(NOW.as_millis() - 1), UnixMillis::EPOCH] {
        let grant = Grant::new(User("ada".to_owned())).until(deadline);
        let refused = now(service.issuer.mint(&grant, &connect(NOW), service.id()));
        assert!(matches!(refused, Err(MintError::Lapsed)));
    }
    assert_eq!(service.store.asked(), 0);
}

#[test]
fn a_ticket_that_resumes_lives_as_long_as_what_is_granted() {
    let service = Service::new();
    let binding = longwave_ticket::Binding::new().resumes(service.id());
    let context = |at| Context::new(Purpose::Resume, at).binding(binding.clone());
    let mint = |grant| now(service.issuer.mint(&grant, &context(NOW), service.id())).unwrap();
    assert_eq!(mint(ada()).expires_in(), Duration::from_secs(12 * 3600));
    let minted = mint(ada().until(after(3_600_000)));
    assert_eq!(minted.expires_in(), Duration::from_secs(3600));
    // It is good more than once.
    for at in [1, 1, 1_800_000, 3_599_999] {
        assert_eq!(service.why(minted.ticket().expose(), &context(after(at))), None);
    }
    assert_eq!(service.why(minted.ticket().expose(), &context(after(3_600_000))), Some(Why::Expired));
}

#[test]
fn a_ticket_that_resumes_may_live_for_a_day_and_no_longer() {
    let service = Service::new();
    let context =
        Context::new(Purpose::Resume, NOW).binding(longwave_ticket::Binding::new().resumes(service.id()));
    let ticket = service.mint_for(&context);
    let day = 24 * 60 * 60 * 1000_u32;
    let verify = |ttl: u32| service.verifier.verify(&patched(&ticket, 14, &ttl.to_be_bytes()), &context);
    assert!(verify(day).is_ok());
    assert_eq!(verify(day + 1).unwrap_err().why(), Why::Lifetime);
}
