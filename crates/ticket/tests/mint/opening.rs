//! From the endpoint to the layer that takes its tickets.

use axum::{Router, body::Body, routing::get};
use http::{Request, StatusCode};
use longwave_ticket::{
    Scope,
    http::{BrowserCookie, TicketLayer},
    live::{Session, Sessions},
};
use tower::ServiceExt;

use crate::support::{APP, House, NOW, User, cookie, post, send, ticket};

fn feed(house: &House, layer: impl FnOnce(Layer) -> Layer) -> Router {
    let origins = longwave_ticket::http::Origins::list([APP]).unwrap();
    let sessions = Sessions::builder().clock(|| NOW).build();
    let layer = layer(TicketLayer::new(house.verifier.clone(), origins, sessions).clock(|| NOW));
    Router::new()
        .route("/feed", get(async |session: Session<User>| session.claims().0.clone()))
        .layer(layer.scope(Scope::new("events").unwrap()))
}

type Layer = TicketLayer<User, longwave_ticket::Verifier<User, crate::support::Store>>;

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
async fn what_is_minted_opens_a_stream_once_in_the_browser_it_is_for() {
    let house = House::new();
    let response = send(house.mint(), post("ada").header("x-scope", "events")).await;
    let (text, own) = (ticket(&response), cookie(&response));
    let other = cookie(&send(house.mint(), post("eve")).await);
    let feed = feed(&house, |layer| layer.browser(BrowserCookie::new()));
    assert_eq!(open(&feed, &text, None).await, 401);
    assert_eq!(open(&feed, &text, Some(&other)).await, 401);
    assert_eq!(open(&feed, &text, Some(&format!("{own}; {own}"))).await, 400);
    assert_eq!(open(&feed, &text, Some(&own)).await, 200);
    assert_eq!(open(&feed, &text, Some(&own)).await, 401);
}

#[tokio::test]
async fn a_layer_that_asks_for_browsers_takes_no_ticket_that_is_for_any() {
    let house = House::new();
    let mint = house.mint().without_cookie();
    let text = ticket(&send(mint, post("ada").header("x-scope", "events")).await);
    let own = cookie(&send(house.mint(), post("ada")).await);
    assert_eq!(
        open(&feed(&house, |layer| layer.browser(BrowserCookie::new())), &text, Some(&own)).await,
        401
    );
    assert_eq!(open(&feed(&house, |layer| layer), &text, None).await, 200);
}
