//! What is no ticket, or none of ours.

use longwave_ticket::{Audience, Context, Grant, Issuer, MintError, Mode, Purpose, Ticket, Verifier, Why};

use crate::support::{NOW, Service, User, ada, alone, audience, body, connect, now, patched, sign, text};

const MALFORMED: Option<Why> = Some(Why::Malformed);

#[test]
fn nothing_and_the_prefix_alone_are_malformed() {
    let service = Service::new();
    for text in ["", "lwt1_", "lwt1", "l"] {
        assert_eq!(service.why(text, &connect(NOW)), MALFORMED, "{text:?}");
    }
}

#[test]
fn another_prefix_is_malformed() {
    let service = Service::new();
    let ticket = service.mint();
    for prefix in ["lwt2_", "LWT1_", "lwt1-", "lwt1", " lwt1_", "\u{feff}lwt1_"] {
        let text = ticket.expose().replace(Ticket::PREFIX, prefix);
        assert_eq!(service.why(&text, &connect(NOW)), MALFORMED, "{prefix:?}");
    }
    service.assert_not_spent(&ticket);
}

#[test]
fn every_truncation_is_malformed() {
    let service = Service::new();
    let ticket = service.mint();
    for len in 0..ticket.expose().len() {
        assert_eq!(service.why(&ticket.expose()[..len], &connect(NOW)), MALFORMED, "{len}");
    }
    service.assert_not_spent(&ticket);
}

#[test]
fn appended_characters_and_bytes_are_refused() {
    let service = Service::new();
    let ticket = service.mint();
    for more in 1..=8 {
        let longer = ticket.expose().to_owned() + &"A".repeat(more);
        assert_eq!(service.why(&longer, &connect(NOW)), MALFORMED, "{more}");
        // A reference has no claims.
        assert_eq!(service.why(&text(&[body(&ticket), vec![0; more]].concat()), &connect(NOW)), MALFORMED);
    }
    service.assert_not_spent(&ticket);
}

#[test]
fn every_flipped_bit_is_refused_without_the_store() {
    let service = Service::new();
    let ticket = service.mint();
    let (body, asked) = (body(&ticket), service.store.asked());
    for bit in 0..body.len() * 8 {
        let mut flipped = body.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(service.why(&text(&flipped), &connect(NOW)).is_some(), "bit {bit}");
    }
    assert_eq!(service.store.asked(), asked);
    service.assert_not_spent(&ticket);
}

#[test]
fn every_other_character_is_refused_without_the_store() {
    let service = Service::new();
    let ticket = service.mint();
    let (good, asked) = (ticket.expose(), service.store.asked());
    let mut tried = 0;
    for (place, right) in good.char_indices() {
        for wrong in (0..128_u8).map(char::from).chain(['é', '€']).filter(|wrong| *wrong != right) {
            let text = format!("{}{wrong}{}", &good[..place], &good[place + 1..]);
            assert!(service.why(&text, &connect(NOW)).is_some(), "{wrong:?} in place of {place}");
            tried += 1;
        }
    }
    assert_eq!((tried, service.store.asked()), (123 * 129, asked));
    service.assert_not_spent(&ticket);
}

#[test]
fn one_ticket_has_one_spelling() {
    let service = Service::new();
    let ticket = service.mint();
    let good = ticket.expose();
    // 88 bytes leave four bits of the last character unused.
    let same: Vec<_> = ('A'..='z')
        .chain(['-', '_', '0'])
        .filter(|last| Ticket::parse(&format!("{}{last}", &good[..good.len() - 1])).is_ok())
        .collect();
    assert!(same.contains(&good.chars().last().unwrap()));
    assert!(same.len() <= 4, "only those whose four last bits are zero: {same:?}");
    for more in ["=", "==", "%3D", " ", "\n", "\0"] {
        assert_eq!(service.why(&(good.to_owned() + more), &connect(NOW)), MALFORMED, "{more:?}");
    }
    for wrong in ['+', '/', '=', ' ', '\t', '%', '.', '~'] {
        assert_eq!(
            service.why(&good.replacen(&good[40..=40], &wrong.to_string(), 1), &connect(NOW)),
            MALFORMED
        );
    }
    service.assert_not_spent(&ticket);
}

#[test]
fn what_is_far_too_long_is_malformed() {
    let service = Service::new();
    for len in [Ticket::MAX_LEN + 1, 2049, 64 * 1024] {
        let long = Ticket::PREFIX.to_owned() + &"A".repeat(len - 5);
        assert_eq!(service.why(&long, &connect(NOW)), MALFORMED, "{len}");
    }
}

#[test]
fn unknown_flags_are_malformed_though_signed() {
    let service = Service::new();
    let ticket = service.mint();
    for bit in 5..16 {
        let flags = (1_u16 | 1 << bit).to_be_bytes();
        assert_eq!(service.why(&patched(&ticket, 2, &flags), &connect(NOW)), MALFORMED, "bit {bit}");
    }
    service.assert_not_spent(&ticket);
}

#[test]
fn other_versions_and_purposes_are_malformed_though_signed() {
    let service = Service::new();
    let ticket = service.mint();
    for (at, byte) in [(0, 0), (0, 2), (0, 255), (1, 0), (1, 4), (1, 255)] {
        assert_eq!(service.why(&patched(&ticket, at, &[byte]), &connect(NOW)), MALFORMED, "{byte} at {at}");
    }
    service.assert_not_spent(&ticket);
}

#[test]
fn a_digest_without_a_flag_is_malformed_though_signed() {
    let service = Service::new();
    assert_eq!(service.why(&patched(&service.mint(), 55, &[1]), &connect(NOW)), MALFORMED);
}

#[test]
fn impossible_lifetimes_are_refused_though_signed() {
    let service = Service::new();
    let ticket = service.mint();
    for ttl in [0, 60_001, u32::MAX] {
        let text = patched(&ticket, 14, &ttl.to_be_bytes());
        assert_eq!(service.why(&text, &connect(NOW)), Some(Why::Lifetime), "{ttl}");
    }
    assert_eq!(service.why(&patched(&ticket, 8, &[0xff; 6]), &connect(NOW)), Some(Why::Future));
    assert_eq!(service.why(&patched(&ticket, 8, &[0; 6]), &connect(NOW)), Some(Why::Expired));
    service.assert_not_spent(&ticket);
}

#[test]
fn claims_here_and_in_the_store_are_malformed() {
    let service = Service::new();
    let mut unsigned = body(&service.mint());
    unsigned.truncate(56);
    assert_eq!(service.why(&sign(&[&unsigned[..], b"ada"].concat()), &connect(NOW)), MALFORMED);
}

#[test]
fn claims_that_cannot_be_read_are_refused() {
    let service = Service::new();
    let verifier = service.verifier.clone().mode(Mode::SelfContained);
    let mut unsigned = body(&service.mint());
    unsigned.truncate(56);
    unsigned[3] = 0;
    for (claims, why) in [(&b"\xff\xfe"[..], Why::Claims), (&[b'x'; 1025], Why::Malformed)] {
        let text = sign(&[&unsigned[..], claims].concat());
        let refused = now(verifier.redeem(&text, &connect(NOW))).unwrap_err();
        assert_eq!(refused, why.into());
    }
}

#[test]
fn claims_of_more_than_a_kibibyte_are_not_minted() {
    let service = Service::new();
    for mode in [Mode::TakeOnce, Mode::SelfContained] {
        let issuer = service.issuer.clone().mode(mode);
        let mint = |len| now(issuer.mint(&Grant::new(User("x".repeat(len))), &connect(NOW), service.id()));
        assert!(mint(1024).is_ok());
        assert!(matches!(mint(1025), Err(MintError::TooLong { len: 1025, max: 1024, .. })));
    }
}

#[test]
fn a_ticket_that_holds_claims_is_for_verifiers_that_want_it() {
    let service = Service::new();
    let issuer = service.issuer.clone().mode(Mode::SelfContained);
    let minted = now(issuer.mint(&ada(), &connect(NOW), service.id())).unwrap();
    assert_eq!(service.why(minted.ticket().expose(), &connect(NOW)), Some(Why::Mode));
    let verifier = service.verifier.clone().mode(Mode::SelfContained);
    assert!(now(verifier.redeem(minted.ticket().expose(), &connect(NOW))).is_ok());
    // It takes the others as well.
    assert!(now(verifier.redeem(service.mint().expose(), &connect(NOW))).is_ok());
}

#[test]
fn each_purpose_is_refused_for_the_others() {
    let service = Service::new();
    let first = service.id();
    let context =
        |purpose| Context::new(purpose, NOW).binding(longwave_ticket::Binding::new().resumes(first));
    let all = [Purpose::Connect, Purpose::Resume, Purpose::Refresh];
    for made_for in all {
        let ticket = service.mint_for(&context(made_for));
        for presented_for in all.into_iter().filter(|other| *other != made_for) {
            assert_eq!(service.why(ticket.expose(), &context(presented_for)), Some(Why::Purpose));
        }
        assert_eq!(service.why(ticket.expose(), &context(made_for)), None, "it was not spent");
    }
}

#[test]
fn another_audience_does_not_know_the_key() {
    let service = Service::new();
    let ticket = service.mint();
    let other = Audience::new("https://app.example.com|admin").unwrap();
    for ring in [service.ring.clone(), longwave_ticket::KeyRing::new(crate::support::master())] {
        let verifier = Verifier::<User, _>::new(&other, &ring, alone()).unwrap();
        assert_eq!(verifier.verify(ticket.expose(), &connect(NOW)).unwrap_err().why(), Why::UnknownKey);
    }
    service.assert_not_spent(&ticket);
}

#[test]
fn tags_cannot_be_swapped() {
    let service = Service::new();
    let (one, other) = (service.mint(), service.mint());
    let swapped = [&body(&one)[..56], &body(&other)[56..]].concat();
    assert_eq!(service.why(&text(&swapped), &connect(NOW)), Some(Why::BadMac));
    service.assert_not_spent(&one);
    service.assert_not_spent(&other);
}

#[test]
fn a_broken_codec_is_an_error_of_the_minting() {
    #[derive(Debug)]
    struct Broken;
    impl longwave_ticket::Claims for Broken {
        fn subject(&self) -> &'static str {
            "broken"
        }
        fn encode(&self) -> Result<Vec<u8>, longwave_ticket::ClaimsError> {
            Err(longwave_ticket::ClaimsError::new("broken"))
        }
        fn decode(_: &[u8]) -> Result<Self, longwave_ticket::ClaimsError> {
            Err(longwave_ticket::ClaimsError::unreadable())
        }
    }
    let service = Service::new();
    let issuer = Issuer::new(&audience(), &service.ring, service.store.clone()).unwrap();
    let refused = now(issuer.mint(&Grant::new(Broken), &connect(NOW), service.id())).unwrap_err();
    assert!(matches!(refused, MintError::Claims(_)));
    assert_eq!(service.store.asked(), 0);
}
