//! What a ticket is bound to has to be presented with it.

use http::{Request, request::Builder};
use longwave_ticket::{
    Binding, BindingKind, Grant, Purpose, Scope,
    http::{BrowserCookie, BrowserNonce, Hosts, Origins},
};

use crate::support::{House, PAGE, Reasons, User, ann, bare_feed, feed};

fn nonce(number: u8) -> BrowserNonce {
    BrowserNonce::from_bytes([number; 32])
}

/// From the browser that has this.
fn from_browser(request: Builder, nonce: &BrowserNonce) -> Builder {
    let set = BrowserCookie::new().set(nonce);
    let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
    request.header("cookie", pair)
}

#[tokio::test]
async fn a_ticket_is_of_no_use_in_another_browser_and_still_good_in_the_right_one() {
    let house = House::new();
    let (layer, reasons) = (house.layer(), Reasons::default());
    let hers = Binding::new().browser(nonce(1).as_bytes());
    let ticket = house.mint_for(ann(), Purpose::Connect, hers).await;
    let garbled = feed(&ticket).header("cookie", "__Host-lw_b=garbled");
    for request in [feed(&ticket), from_browser(feed(&ticket), &nonce(2)), garbled] {
        assert_eq!(house.status(&layer, reasons.watch(request)).await, 401);
    }
    let two = from_browser(from_browser(feed(&ticket), &nonce(1)), &nonce(1));
    assert_eq!(house.status(&layer, reasons.watch(two)).await, 400);
    assert_eq!(reasons.take(), ["binding", "binding", "binding", "ambiguous"]);
    assert_eq!(house.status(&layer, from_browser(feed(&ticket), &nonce(1))).await, 200);
    assert_eq!(house.handler.calls(), 1);
}

#[tokio::test]
async fn a_ticket_of_an_attacker_does_not_count_in_the_browser_of_a_victim() {
    let house = House::new();
    let verifier = house.verifier.clone().require(BindingKind::Browser);
    let layer = house.layer_of(verifier);
    let mallory = || Grant::new(User("mallory".to_owned()));
    let theirs = Binding::new().browser(nonce(6).as_bytes());
    let bound = house.mint_for(mallory(), Purpose::Connect, theirs).await;
    // Bound to nothing, as one that some other client has got.
    let unbound = house.mint_for(mallory(), Purpose::Connect, Binding::new()).await;
    for planted in [&bound, &unbound] {
        assert_eq!(house.status(&layer, from_browser(feed(planted), &nonce(1))).await, 401);
    }
    assert_eq!(house.handler.calls(), 0);
    house.assert_not_spent(&unbound).await;
}

#[tokio::test]
async fn a_ticket_for_one_scope_opens_no_other() {
    let house = House::new();
    let scope = |name| Scope::new(name).unwrap();
    let (events, admin) = (house.layer().scope(scope("events")), house.layer().scope(scope("admin")));
    let ticket = house.mint_for(ann().within(scope("events")), Purpose::Connect, Binding::new()).await;
    let (of_none, reasons) = (house.mint().await, Reasons::default());
    assert_eq!(house.status(&admin, reasons.watch(feed(&ticket))).await, 401);
    assert_eq!(house.status(&events, reasons.watch(feed(&of_none))).await, 401);
    assert_eq!(reasons.take(), ["binding", "binding"]);
    assert_eq!(house.status(&events, feed(&ticket)).await, 200);
    house.assert_not_spent(&of_none).await;
}

#[tokio::test]
async fn a_ticket_for_one_page_is_of_no_use_on_another_that_is_let_in_too() {
    let house = House::new();
    let layer = house.layer_from(Origins::list([PAGE, "https://other.example.com"]).unwrap());
    let bound = || Binding::new().origin("https://other.example.com").unwrap();
    let ticket = house.mint_for(ann(), Purpose::Connect, bound()).await;
    assert_eq!(house.status(&layer, feed(&ticket)).await, 401);
    assert_eq!(house.status(&layer, bare_feed(&ticket)).await, 401, "nor without saying which");
    let other = bare_feed(&ticket).header("origin", "https://other.example.com");
    assert_eq!(house.status(&layer, other).await, 200);
}

#[tokio::test]
async fn a_page_of_the_same_origin_need_not_say_which_it_is() {
    let house = House::new();
    let ticket = house.mint_for(ann(), Purpose::Connect, Binding::new().origin(PAGE).unwrap()).await;
    let request = |site| bare_feed(&ticket).header("sec-fetch-site", site);
    assert_eq!(house.status(&house.layer(), request("none")).await, 401);
    assert_eq!(house.status(&house.layer(), request("same-origin")).await, 200);
}

#[tokio::test]
async fn where_any_scheme_is_let_in_the_page_tells_which_it_has() {
    let house = House::new();
    let hosts = Hosts::list(["localhost:3000"]).unwrap();
    let layer = house.layer_from(Origins::same_host(hosts));
    let request = |ticket: &str| {
        Request::get(format!("/feed?ticket={ticket}"))
            .header("accept", "text/event-stream")
            .header("host", "localhost:3000")
            .header("sec-fetch-site", "same-origin")
    };
    let of = |origin| house.mint_for(ann(), Purpose::Connect, Binding::new().origin(origin).unwrap());
    let (plain, secure) = (of("http://localhost:3000").await, of("https://localhost:3000").await);
    let page = "http://localhost:3000/a";
    assert_eq!(house.status(&layer, request(&plain)).await, 401);
    assert_eq!(house.status(&layer, request(&secure).header("referer", page)).await, 401);
    let other = "http://localhost:30001/";
    assert_eq!(house.status(&layer, request(&plain).header("referer", other)).await, 401);
    assert_eq!(house.status(&layer, request(&plain).header("referer", page)).await, 200);
    assert_eq!(house.status(&layer, request(&secure)).await, 200);
}

#[tokio::test]
async fn two_layers_have_rules_of_their_own() {
    let house = House::new();
    let theirs = house.layer_from(Origins::list(["https://partner.test"]).unwrap());
    let ours = house.layer();
    let partner = |ticket: &str| {
        Request::get(format!("/feed?ticket={ticket}"))
            .header("accept", "text/event-stream")
            .header("origin", "https://partner.test")
    };
    let ticket = house.mint().await;
    assert_eq!(house.status(&ours, partner(&ticket)).await, 403);
    assert_eq!(house.status(&theirs, feed(&ticket)).await, 403);
    assert_eq!(house.status(&theirs, partner(&ticket)).await, 200);
}
