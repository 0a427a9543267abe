//! What those get who get a ticket.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::Request;
use longwave_ticket::{
    Binding, Context, Grant, Purpose, Scope, Ticket, Why,
    http::{BrowserCookie, MintService, Origins},
};
use tower_service::Service;

use crate::support::{APP, House, NOW, Seen, TTL, User, cookie, post, send, ticket};

#[tokio::test]
async fn a_ticket_comes_as_json_that_nobody_stores_or_changes() {
    let house = House::new();
    let response = send(house.mint(), post("ada")).await;

    let text = ticket(&response);
    assert_eq!(*response.body(), format!(r#"{{"ticket":"{text}","expires_in":30}}"#));
    let headers = response.headers();
    for (name, value) in [
        ("content-type", "application/json"),
        ("cache-control", "no-store, no-transform"),
        ("pragma", "no-cache"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
    ] {
        assert_eq!(headers[name], value);
    }
    assert!(headers.keys().all(|name| !name.as_str().starts_with("access-control-")));
    assert_eq!(house.redeem(&text, &[&cookie(&response)], Binding::new()).await.unwrap(), "ada");
}

#[tokio::test]
async fn each_has_an_id_of_its_own_which_the_observer_names() {
    let house = House::new();
    let mint = house.mint();
    let first = ticket(&send(mint.clone(), post("ada")).await);
    let second = ticket(&send(mint, post("ada")).await);
    assert_ne!(first, second);
    for (text, told) in [first, second].iter().zip(house.told.all().iter()) {
        let fingerprint = Ticket::parse(text).unwrap().id().fingerprint();
        let text = format!("Minted({fingerprint})");
        assert_eq!(*told, Seen { purpose: Purpose::Connect, name: "ok", refusal: None, text });
    }
}

#[tokio::test]
async fn a_ticket_is_for_the_scope_of_the_grant() {
    let house = House::new();
    let response = send(house.mint(), post("ada").header("x-scope", "events")).await;
    let (text, cookie) = (ticket(&response), cookie(&response));
    let within = |scope| Binding::new().scope(Scope::new(scope).unwrap());
    assert_eq!(house.redeem(&text, &[&cookie], within("rooms")).await, Err(Why::Binding));
    assert_eq!(house.redeem(&text, &[&cookie], within("events")).await.unwrap(), "ada");
}

#[tokio::test]
async fn a_ticket_can_be_for_the_origin_of_the_page() {
    let house = House::new();
    let mint = house.mint().bind_origin();
    let response = send(mint.clone(), post("ada")).await;
    let (text, cookie) = (ticket(&response), cookie(&response));
    let from = |origin| Binding::new().origin(origin).unwrap();
    let elsewhere = house.redeem(&text, &[&cookie], from("https://www.example.com")).await;
    assert_eq!(elsewhere, Err(Why::Binding));
    assert_eq!(house.redeem(&text, &[&cookie], Binding::new()).await, Err(Why::Binding));
    assert_eq!(house.redeem(&text, &[&cookie], from(APP)).await.unwrap(), "ada");

    // A program that is no browser has no page.
    let program = Request::post("/").header("x-user", "ada").header("content-type", "application/json");
    let response = send(mint, program).await;
    let (text, cookie) = (ticket(&response), crate::support::cookie(&response));
    assert_eq!(house.redeem(&text, &[&cookie], Binding::new()).await.unwrap(), "ada");
}

#[tokio::test]
async fn a_page_without_an_origin_gets_no_ticket_that_is_for_one() {
    let house = House::new();
    let origins = Origins::list([APP]).unwrap().allow_null_dangerously();
    let mint =
        MintService::new(house.issuer.clone(), origins, |_| async { Ok(Grant::new(User("ada".into()))) });
    let request = || Request::post("/").header("origin", "null").header("content-type", "application/json");
    assert_eq!(send(mint.clone(), request()).await.status(), 200);
    assert_eq!(send(mint.bind_origin(), request()).await.status(), 403);
}

#[tokio::test]
async fn a_mint_that_refreshes_opens_nothing() {
    let house = House::new();
    let response = send(house.mint().refreshing(), post("ada")).await;
    let (text, cookie) = (ticket(&response), cookie(&response));
    assert_eq!(house.redeem(&text, &[&cookie], Binding::new()).await, Err(Why::Purpose));
    let binding = BrowserCookie::new().bind(&crate::support::headers(&[&cookie]), Binding::new()).unwrap();
    let context = Context::new(Purpose::Refresh, NOW.plus(TTL)).binding(binding);
    assert_eq!(house.verifier.redeem(&text, &context).await.unwrap().grant().claims().0, "ada");
    assert_eq!(house.told.all()[0].purpose, Purpose::Refresh);
}

#[tokio::test]
async fn the_system_gives_time_and_randomness_unless_told_otherwise() {
    let house = House::new();
    let origins = Origins::list([APP]).unwrap();
    let mint =
        MintService::new(house.issuer.clone(), origins, |_| async { Ok(Grant::new(User("ada".into()))) });
    let first = send(mint.clone(), post("ada")).await;
    let second = send(mint, post("ada")).await;
    assert_ne!(ticket(&first), ticket(&second));
    assert_ne!(cookie(&first), cookie(&second));
    let binding = BrowserCookie::new().bind(&crate::support::headers(&[&cookie(&first)]), Binding::new());
    let now = std::time::SystemTime::now().into();
    let context = Context::new(Purpose::Connect, now).binding(binding.unwrap());
    assert!(house.verifier.redeem(&ticket(&first), &context).await.is_ok());
}

#[tokio::test]
async fn a_setting_of_one_clone_is_none_of_the_others() {
    let house = House::new();
    let mint = house.mint();
    let other = mint.clone().without_cookie();
    assert!(send(mint, post("ada")).await.headers().contains_key("set-cookie"));
    assert!(!send(other, post("ada")).await.headers().contains_key("set-cookie"));
}

#[tokio::test]
async fn the_content_of_a_request_is_dropped_and_nothing_is_asked_before_the_future_runs() {
    struct Content(Arc<AtomicBool>);

    impl Drop for Content {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    let house = House::new();
    let dropped = Arc::<AtomicBool>::default();
    let request = post("ada").body(Content(dropped.clone())).unwrap();
    let future = house.mint().call(request);
    assert!(dropped.load(Ordering::Relaxed));
    drop(future);
    assert_eq!(house.store.asked.load(Ordering::Relaxed), 0);
}
