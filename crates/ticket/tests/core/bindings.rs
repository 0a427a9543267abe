//! Tickets in the wrong hands, and in the wrong place.

use longwave_ticket::{Binding, BindingKind, Context, MintError, Purpose, Scope, TicketId, Why};

use crate::support::{NOW, Service, ada, bound, connect, now};

const WRONG: Option<Why> = Some(Why::Binding);

fn scope(label: &str) -> Binding {
    Binding::new().scope(Scope::new(label).unwrap())
}

fn origin(origin: &str) -> Binding {
    Binding::new().origin(origin).unwrap()
}

#[test]
fn another_browser_cannot_spend_a_ticket() {
    let service = Service::new();
    let ticket = service.mint_for(&bound(Binding::new().browser(b"the victim's")));
    let asked = service.store.asked();
    assert_eq!(service.why(ticket.expose(), &connect(NOW)), WRONG);
    assert_eq!(service.why(ticket.expose(), &bound(Binding::new().browser(b"another"))), WRONG);
    assert_eq!(service.store.asked(), asked);
    assert_eq!(service.why(ticket.expose(), &bound(Binding::new().browser(b"the victim's"))), None);
}

#[test]
fn a_ticket_planted_in_another_browser_is_refused() {
    let service = Service::new();
    let attackers = service.mint_for(&bound(Binding::new().browser(b"the attacker's")));
    assert_eq!(service.why(attackers.expose(), &bound(Binding::new().browser(b"the victim's"))), WRONG);

    // And one that is bound to none, where that is asked for.
    let unbound = service.mint();
    let strict = service.verifier.clone().require(BindingKind::Browser);
    let victim = bound(Binding::new().browser(b"the victim's"));
    assert_eq!(strict.verify(unbound.expose(), &victim).unwrap_err().why(), Why::Binding);
}

#[test]
fn a_ticket_for_one_scope_is_refused_for_another() {
    let service = Service::new();
    let ticket = service.mint_for(&bound(scope("room:42")));
    for presented in [scope("room:43"), scope("room:4"), scope("room:42 "), Binding::new()] {
        assert_eq!(service.why(ticket.expose(), &bound(presented)), WRONG);
    }
    let redeemed = service.redeem(ticket.expose(), &bound(scope("room:42"))).unwrap();
    assert_eq!(redeemed.grant().scope().map(Scope::as_str), Some("room:42"));
}

#[test]
fn a_ticket_for_no_scope_is_refused_for_one() {
    let service = Service::new();
    let ticket = service.mint();
    assert_eq!(service.why(ticket.expose(), &bound(scope("room:42"))), WRONG);
    service.assert_not_spent(&ticket);
}

#[test]
fn the_scope_of_a_grant_is_bound() {
    let service = Service::new();
    let grant = ada().within(Scope::new("room:42").unwrap());
    let mint = |context: &Context| now(service.issuer.mint(&grant, context, service.id()));
    for context in [connect(NOW), bound(scope("room:42"))] {
        let ticket = mint(&context).unwrap().into_ticket();
        assert_eq!(service.why(ticket.expose(), &connect(NOW)), WRONG);
        assert_eq!(*service.redeem(ticket.expose(), &bound(scope("room:42"))).unwrap().grant(), grant);
    }
    assert!(matches!(mint(&bound(scope("room:43"))), Err(MintError::Scope)));
}

#[test]
fn a_ticket_minted_at_one_origin_is_refused_at_another() {
    let service = Service::new();
    let ticket = service.mint_for(&bound(origin("https://app.example.com")));
    for other in ["https://www.example.com", "http://app.example.com", "https://app.example.com:444"] {
        assert_eq!(service.why(ticket.expose(), &bound(origin(other))), WRONG, "{other}");
    }
    assert_eq!(service.why(ticket.expose(), &bound(origin("https://APP.example.com:443"))), None);
}

#[test]
fn values_do_not_run_into_each_other() {
    let service = Service::new();
    // No text is both a scope and an origin, so the ends are moved within what each allows.
    let one = scope("a").origin("https://b.c").unwrap();
    let other = scope("ahttps://b").origin("https://c").unwrap();
    let ticket = service.mint_for(&bound(one.clone()));
    assert_eq!(service.why(ticket.expose(), &bound(other)), WRONG);
    assert_eq!(service.why(ticket.expose(), &bound(one)), None);

    // A value of one kind is none of another.
    let nonce = "https://app.example.com";
    let ticket = service.mint_for(&bound(origin(nonce)));
    assert_eq!(service.why(ticket.expose(), &bound(Binding::new().browser(nonce.as_bytes()))), WRONG);
    let ticket = service.mint_for(&bound(scope(nonce)));
    assert_eq!(service.why(ticket.expose(), &bound(origin(nonce))), WRONG);
}

#[test]
fn networks_matter_only_if_they_are_bound() {
    let service = Service::new();
    let network = |address: &str| bound(Binding::new().network(address.parse().unwrap()));
    // Minted over IPv4, and presented over IPv6.
    assert_eq!(service.why(service.mint().expose(), &network("2001:db8::1")), None);
    let ticket = service.mint_for(&network("192.0.2.1"));
    for other in ["192.0.3.1", "2001:db8::1"] {
        assert_eq!(service.why(ticket.expose(), &network(other)), WRONG, "{other}");
    }
    assert_eq!(service.why(ticket.expose(), &network("192.0.2.254")), None);
}

#[test]
fn what_is_presented_beyond_what_is_bound_does_not_matter() {
    let service = Service::new();
    let ticket = service.mint_for(&bound(scope("events")));
    let all = scope("events").origin("https://a").unwrap().browser(b"x").network("::1".parse().unwrap());
    assert_eq!(service.why(ticket.expose(), &bound(all.clone())), None);
    // And all of it can be bound at once.
    let ticket = service.mint_for(&bound(all.clone()));
    assert_eq!(service.why(ticket.expose(), &bound(all.clone().browser(b"y"))), WRONG);
    assert_eq!(service.why(ticket.expose(), &bound(all)), None);
}

#[test]
fn each_kind_can_be_asked_for() {
    let service = Service::new();
    let all = scope("events").origin("https://a").unwrap().browser(b"x").network("::1".parse().unwrap());
    let bound_to_all = service.mint_for(&bound(all.clone()));
    for kind in [BindingKind::Scope, BindingKind::Origin, BindingKind::Browser, BindingKind::Network] {
        let strict = service.verifier.clone().require(kind);
        assert_eq!(strict.verify(service.mint().expose(), &connect(NOW)).unwrap_err().why(), Why::Binding);
        assert!(strict.verify(bound_to_all.expose(), &bound(all.clone())).is_ok());
    }
}

#[test]
fn a_stream_is_resumed_by_whoever_has_opened_it() {
    let service = Service::new();
    let first = service.mint_for(&bound(scope("events")));
    let resume = |id: TicketId| Context::new(Purpose::Resume, NOW).binding(scope("events").resumes(id));
    let ticket = service.mint_for(&resume(first.id()));
    assert!(service.redeem(first.expose(), &bound(scope("events"))).is_ok());

    // The spent ticket in the URL still says which one it was, for as long as its key is known.
    let later = bound(scope("events")).at(crate::support::after(3_600_000));
    let spent = service.verifier.identify(first.expose(), &later).unwrap();
    assert_eq!(spent, first.id());
    assert_eq!(service.why(ticket.expose(), &resume(spent)), None);
    assert_eq!(service.why(ticket.expose(), &resume(spent)), None, "it is good more than once");

    assert_eq!(service.why(ticket.expose(), &resume(TicketId::from_bytes([9; 16]))), WRONG);
    let nothing = Context::new(Purpose::Resume, NOW).binding(scope("events"));
    assert_eq!(service.why(ticket.expose(), &nothing), WRONG);
    let refused = now(service.issuer.mint(&ada(), &nothing, service.id()));
    assert!(matches!(refused, Err(MintError::ResumesNothing)));
}

#[test]
fn what_is_identified_is_genuine_and_in_its_place() {
    let service = Service::new();
    let ticket = service.mint_for(&bound(scope("events")));
    let identify = |text: &str, context: &Context| {
        service.verifier.identify(text, context).map_err(longwave_ticket::InvalidTicket::why)
    };
    assert_eq!(identify(ticket.expose(), &bound(scope("events"))), Ok(ticket.id()));
    assert_eq!(identify(ticket.expose(), &bound(scope("other"))), Err(Why::Binding));
    let other = Context::new(Purpose::Refresh, NOW).binding(scope("events"));
    assert_eq!(identify(ticket.expose(), &other), Err(Why::Purpose));
    let forged = ticket.expose().replacen("lwt1_AQ", "lwt1_Ag", 1);
    assert_eq!(identify(&forged, &bound(scope("events"))), Err(Why::Malformed));
    let forged = crate::support::text(&[&crate::support::body(&ticket)[..56], &[0; 32]].concat());
    assert_eq!(identify(&forged, &bound(scope("events"))), Err(Why::BadMac));
}
