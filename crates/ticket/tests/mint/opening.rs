//! From the endpoint to the layer that takes its tickets.

use axum::{Router, body::Body, routing::get};
use http::{Request, StatusCode};
use longwave_ticket::{
    Audience, BindingKind, Grant, Issuer, KeyRing, MemoryStore, Scope, Verifier,
    http::{BrowserCookie, MintService, Origins, TicketLayer},
    live::{Session, Sessions},
};
use tower::ServiceExt;

use crate::support::{APP, House, NOW, Store, User, cookie, post, send, ticket};

fn feed(house: &House, layer: impl FnOnce(Layer) -> Layer) -> Router {
    let origins = Origins::list([APP]).unwrap();
    let sessions = Sessions::builder().clock(|| NOW).build();
    let layer = layer(TicketLayer::new(house.verifier.clone(), origins, sessions).clock(|| NOW));
    around(layer.scope(Scope::new("events").unwrap()))
}

fn around<S: longwave_ticket::TicketStore>(layer: TicketLayer<User, Verifier<User, S>>) -> Router {
    Router::new().route("/feed", get(async |session: Session<User>| session.claims().0.clone())).layer(layer)
}

type Layer = TicketLayer<User, Verifier<User, Store>>;

async fn open(feed: &Router, ticket: &str, cookie: Option<&str>) -> StatusCode {
    let mut request = Request::get(format!("/feed?ticket={ticket}"))
        .header("accept", "text/event-stream")
        .header("origin", APP);
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    feed.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status()
}

#[tokio::test]
async fn the_defaults_of_what_mints_and_what_redeems_fit_together() {
    let audience = Audience::new("https://app.example.com|events").unwrap();
    let (keys, store) = (KeyRing::random().unwrap(), MemoryStore::new());
    let issuer = Issuer::<User, _>::new(&audience, &keys, store.clone()).unwrap();
    let verifier = Verifier::<User, _>::new(&audience, &keys, store).unwrap();
    let origins = Origins::list([APP]).unwrap();
    let mint = MintService::new(issuer, origins.clone(), |_: &http::request::Parts| {
        std::future::ready(Ok(Grant::new(User("ada".to_owned()))))
    });
    let feed = around(TicketLayer::new(verifier, origins, Sessions::builder().build()));
    // The first one of a browser, with which it gets its cookie, and the next.
    let first = send(mint.clone(), post("ada")).await;
    let cookie = cookie(&first);
    let next = send(mint, post("ada").header("cookie", &cookie)).await;
    assert!(!next.headers().contains_key("set-cookie"));
    for minted in [first, next] {
        let ticket = ticket(&minted);
        assert_eq!(open(&feed, &ticket, None).await, 401, "whoever has read a log");
        assert_eq!(open(&feed, &ticket, Some(&cookie)).await, 200);
        assert_eq!(open(&feed, &ticket, Some(&cookie)).await, 401, "spent");
    }
}

#[tokio::test]
async fn what_is_minted_opens_a_stream_once_in_the_browser_it_is_for() {
    let house = House::new();
    let response = send(house.mint(), post("ada").header("x-scope", "events")).await;
    let (text, own) = (ticket(&response), cookie(&response));
    let other = cookie(&send(house.mint(), post("eve")).await);
    let feed = feed(&house, |layer| layer);
    assert_eq!(open(&feed, &text, None).await, 401);
    assert_eq!(open(&feed, &text, Some(&other)).await, 401);
    assert_eq!(open(&feed, &text, Some(&format!("{own}; {own}"))).await, 400);
    assert_eq!(open(&feed, &text, Some(&own)).await, 200);
    assert_eq!(open(&feed, &text, Some(&own)).await, 401);
}

#[tokio::test]
async fn both_can_be_told_of_another_cookie_or_of_none() {
    let house = House::new();
    let cases = [Some(BrowserCookie::insecure_for_development()), None];
    for names in cases {
        let mint = match names.clone() {
            Some(cookie) => house.mint().cookie(cookie),
            None => house.mint().without_cookie(),
        };
        let feed = feed(&house, |layer| match names.clone() {
            Some(cookie) => layer.cookie(cookie),
            None => layer.without_cookie(),
        });
        let response = send(mint, post("ada").header("x-scope", "events")).await;
        let own = names.map(|names| {
            let own = cookie(&response);
            assert!(own.starts_with(names.name()), "{own}");
            own
        });
        assert_eq!(open(&feed, &ticket(&response), own.as_deref()).await, 200);
    }
}

#[tokio::test]
async fn a_layer_that_knows_no_browsers_takes_no_ticket_that_is_for_one() {
    let house = House::new();
    let response = send(house.mint(), post("ada").header("x-scope", "events")).await;
    let (text, own) = (ticket(&response), cookie(&response));
    assert_eq!(open(&feed(&house, Layer::without_cookie), &text, Some(&own)).await, 401);
    assert_eq!(open(&feed(&house, |layer| layer), &text, Some(&own)).await, 200);
}

#[tokio::test]
async fn a_ticket_for_any_browser_is_taken_unless_all_have_to_be_for_one() {
    let mut house = House::new();
    let any = async |house: &House| {
        let mint = house.mint().without_cookie();
        ticket(&send(mint, post("ada").header("x-scope", "events")).await)
    };
    let own = cookie(&send(house.mint(), post("ada")).await);
    assert_eq!(open(&feed(&house, |layer| layer), &any(&house).await, Some(&own)).await, 200);
    house.verifier = house.verifier.clone().require(BindingKind::Browser);
    let strict = feed(&house, |layer| layer);
    assert_eq!(open(&strict, &any(&house).await, Some(&own)).await, 401);
}
