//! Those who get no ticket.

use http::{Method, Request, request::Builder};
use longwave_ticket::{
    StoreError,
    http::{EventStreamRefusals, Refusals},
};

use crate::support::{APP, House, Store, code, post, send};

/// What the answer is, and that it is one of those that nobody stores.
async fn answer(house: &House, request: Builder) -> (u16, String) {
    let response = send(house.mint(), request).await;
    let headers = response.headers();
    assert_eq!(headers["content-type"], "application/problem+json");
    assert_eq!(headers["cache-control"], "no-store");
    assert_eq!(headers["pragma"], "no-cache");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert!(!headers.contains_key("set-cookie"));
    code(&response)
}

fn json() -> Builder {
    Request::post("/ticket").header("content-type", "application/json").header("x-user", "ada")
}

#[tokio::test]
async fn other_methods_are_told_which_one_there_is() {
    let house = House::new();
    let methods = [Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT, Method::DELETE, Method::CONNECT];
    for method in methods {
        let response = send(house.mint(), post("ada").method(method)).await;
        assert_eq!(code(&response), (405, "method_not_allowed".into()));
        assert_eq!(response.headers()["allow"], "POST");
    }
    assert_eq!(house.told.last(), "method");
    // Not even softly: what asks is an `EventSource`, but what answers is no stream.
    let soft = Refusals::new().event_streams(EventStreamRefusals::Soft);
    let request = Request::get("/ticket").header("accept", "text/event-stream");
    assert_eq!(send(house.mint().refusals(soft), request).await.status(), 405);
}

#[tokio::test]
async fn a_foreign_page_gets_none_whatever_cookies_its_visitor_has() {
    let house = House::new();
    let forbidden = (403, "origin_not_allowed".to_owned());
    let cookie = "session=adas; __Host-lw_b=x";
    let from = |origin: &str| json().header("origin", origin).header("cookie", cookie);
    for origin in
        ["https://evil.example", "https://app.example.com.evil.example", "null", "http://app.example.com"]
    {
        assert_eq!(answer(&house, from(origin)).await, forbidden, "{origin}");
    }
    // What a browser says of itself does not help it, and the list decides.
    assert_eq!(
        answer(&house, from("https://evil.example").header("sec-fetch-site", "same-origin")).await,
        forbidden
    );
    assert_eq!(send(house.mint(), from(APP).header("sec-fetch-site", "cross-site")).await.status(), 200);
    assert_eq!(answer(&house, from(APP).header("origin", APP)).await, forbidden);
    // Without an `Origin`.
    assert_eq!(answer(&house, json().header("cookie", cookie)).await, forbidden);
    for site in ["cross-site", "same-site", "none"] {
        let request = json().header("sec-fetch-site", site);
        assert_eq!(answer(&house, request).await, forbidden, "{site}");
        let request = json().header("sec-fetch-site", site).header("authorization", "Bearer x");
        assert_eq!(answer(&house, request).await, forbidden, "{site}");
    }
    assert_eq!(house.told.last(), "origin");
    assert_eq!(house.store.asked.load(std::sync::atomic::Ordering::Relaxed), 1);
}

#[tokio::test]
async fn the_own_page_may_have_no_origin_and_so_may_a_program() {
    let house = House::new();
    let page = json().header("host", "app.example.com").header("sec-fetch-site", "same-origin");
    assert_eq!(send(house.mint(), page.header("cookie", "session=adas")).await.status(), 200);
    assert_eq!(send(house.mint(), json()).await.status(), 200);
    let bearer = json().header("authorization", "Bearer x").header("cookie", "a=1");
    assert_eq!(send(house.mint(), bearer).await.status(), 200);
}

#[tokio::test]
async fn a_login_that_a_browser_adds_by_itself_needs_a_page() {
    let house = House::new();
    let basic = || json().header("authorization", "Basic YTpi");
    assert_eq!(answer(&house, basic()).await, (403, "origin_not_allowed".to_owned()));
    assert_eq!(send(house.mint(), basic().header("origin", APP)).await.status(), 200);
    let page = basic().header("host", "app.example.com").header("sec-fetch-site", "same-origin");
    assert_eq!(send(house.mint(), page).await.status(), 200);
}

#[tokio::test]
async fn what_a_form_can_send_is_no_json() {
    let house = House::new();
    let of = |kind: &str| {
        Request::post("/").header("origin", APP).header("x-user", "ada").header("content-type", kind)
    };
    let refused = (415, "json_required".to_owned());
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=application/json",
        "text/plain; application/json",
        "application/jsonp",
        "",
    ] {
        assert_eq!(answer(&house, of(kind)).await, refused, "{kind}");
    }
    assert_eq!(answer(&house, Request::post("/").header("origin", APP)).await, refused);
    assert_eq!(answer(&house, of("application/json").header("content-type", "text/plain")).await, refused);
    assert_eq!(house.told.last(), "media_type");
    assert_eq!(send(house.mint(), of("Application/JSON ; charset=utf-8")).await.status(), 200);
}

#[tokio::test]
async fn the_application_decides() {
    let house = House::new();
    let nobody = Request::post("/").header("origin", APP).header("content-type", "application/json");
    let response = send(house.mint(), nobody).await;
    assert_eq!(code(&response), (401, "credentials_required".into()));
    assert!(response.headers().contains_key("www-authenticate"));
    let response = send(house.mint(), post("mallory")).await;
    assert_eq!(code(&response), (403, "forbidden".into()));
    assert_eq!(response.headers()["set-cookie"], "session=; Max-Age=0");
    assert!(response.headers()["set-cookie"].is_sensitive());
    assert_eq!(answer(&house, post("flood")).await, (429, "too_many_connections".into()));
    assert_eq!(answer(&house, post("nobody-knows")).await, (503, "unavailable".into()));
    let names: Vec<_> = house.told.all().iter().map(|told| told.name).collect();
    assert_eq!(names, ["missing", "banned", "limited", "unavailable"]);
}

#[tokio::test]
async fn what_cannot_be_minted_is_an_error_and_what_has_lapsed_a_login_that_is_over() {
    let house = House::new();
    assert_eq!(answer(&house, post("unwritable")).await, (500, "internal_error".into()));
    assert_eq!(house.told.last(), "error");
    assert_eq!(
        answer(&house, post("ada").header("x-lapsed", "1")).await,
        (401, "credentials_required".into())
    );
    assert_eq!(house.told.last(), "lapsed");
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_for_later() {
    for broken in [StoreError::Unavailable, StoreError::Timeout] {
        let mut store = Store::new(longwave_ticket::MemoryStore::new());
        store.broken = Some(broken);
        let house = House::with(store);
        let response = send(house.mint(), post("ada")).await;
        assert_eq!(code(&response), (503, "unavailable".into()));
        assert!(response.headers().contains_key("retry-after"));
        assert_eq!(house.told.last(), "store_error");
    }
}
