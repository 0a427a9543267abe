//! A ticket, and the browser that it is for.

use longwave_ticket::{Binding, Scope, Why, http::BrowserCookie};

use crate::support::{House, code, cookie, headers, post, send, ticket};

#[tokio::test]
async fn a_ticket_is_of_no_use_without_the_cookie_and_stays_good_for_its_owner() {
    let house = House::new();
    let response = send(house.mint(), post("ada")).await;
    let (text, own) = (ticket(&response), cookie(&response));
    let other = cookie(&send(house.mint(), post("eve")).await);
    assert_ne!(own, other);
    for cookies in [&[][..], &["a=1"], &[&*other], &["__Host-lw_b=", "a=1"], &["__Host-lw_b=garbage"]] {
        assert_eq!(house.redeem(&text, cookies, Binding::new()).await, Err(Why::Binding), "{cookies:?}");
    }
    assert_eq!(house.redeem(&text, &[&own], Binding::new()).await.unwrap(), "ada");
}

#[tokio::test]
async fn a_ticket_of_an_attacker_is_of_no_use_in_a_browser_of_another() {
    let house = House::new();
    let planted = ticket(&send(house.mint(), post("eve")).await);
    let victim = cookie(&send(house.mint(), post("ada")).await);
    assert_eq!(house.redeem(&planted, &[&victim], Binding::new()).await, Err(Why::Binding));
}

#[tokio::test]
async fn a_browser_gets_one_cookie_and_keeps_it() {
    let house = House::new();
    let first = send(house.mint(), post("ada")).await;
    let set = &first.headers()["set-cookie"];
    assert!(set.is_sensitive());
    let attributes = set.to_str().unwrap().split_once("; ").unwrap().1;
    assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=Strict");
    let own = cookie(&first);

    let second = send(house.mint(), post("ada").header("cookie", format!("a=1; {own}; b=2"))).await;
    assert!(!second.headers().contains_key("set-cookie"));
    for response in [&first, &second] {
        assert_eq!(house.redeem(&ticket(response), &[&own], Binding::new()).await.unwrap(), "ada");
    }
    // What was never set here is no cookie: there is a new one.
    let third = send(house.mint(), post("ada").header("cookie", "__Host-lw_b=short")).await;
    assert_eq!(house.redeem(&ticket(&third), &[&cookie(&third)], Binding::new()).await.unwrap(), "ada");
}

#[tokio::test]
async fn two_cookies_of_the_name_mint_nothing() {
    let house = House::new();
    let own = cookie(&send(house.mint(), post("ada")).await);
    let asked = house.store.asked.load(std::sync::atomic::Ordering::Relaxed);
    for tossed in
        [format!("{own}; {own}"), format!("__Host-lw_b=tossed; {own}"), format!("{own}; __Host-lw_b")]
    {
        let response = send(house.mint(), post("ada").header("cookie", tossed)).await;
        assert_eq!(code(&response), (400, "ambiguous_credentials".into()));
    }
    let response = send(house.mint(), post("ada").header("cookie", &own).header("cookie", &own)).await;
    assert_eq!(response.status(), 400);
    assert_eq!(house.told.last(), "ambiguous");
    assert_eq!(house.store.asked.load(std::sync::atomic::Ordering::Relaxed), asked);
}

#[tokio::test]
async fn for_plain_http_there_is_another_cookie_and_for_other_clients_none() {
    let house = House::new();
    let plain = BrowserCookie::insecure_for_development();
    let response = send(house.mint().cookie(plain.clone()), post("ada")).await;
    let set = response.headers()["set-cookie"].to_str().unwrap();
    assert!(
        set.starts_with("lw_b_insecure=") && !set.contains("Secure;") && set.contains("HttpOnly"),
        "{set}"
    );
    assert!(plain.read(&headers(&[&cookie(&response)])).unwrap().is_some());
    assert!(BrowserCookie::new().read(&headers(&[&cookie(&response)])).unwrap().is_none());

    let response = send(house.mint().without_cookie(), post("ada")).await;
    assert!(!response.headers().contains_key("set-cookie"));
    assert_eq!(house.redeem(&ticket(&response), &[], Binding::new()).await.unwrap(), "ada");
}

#[tokio::test]
async fn no_element_of_a_binding_is_the_end_of_one_and_the_beginning_of_another() {
    let house = House::new();
    let mint = house.mint().bind_origin();
    let response = send(mint, post("ada").header("x-scope", "a")).await;
    let (text, own) = (ticket(&response), cookie(&response));
    let bound =
        |scope: &str, origin| Binding::new().scope(Scope::new(scope).unwrap()).origin(origin).unwrap();
    for (scope, origin) in [
        ("ahttps", "https://app.example.com"),
        ("a", "https://app.example.co"),
        ("a", "http://app.example.com"),
    ] {
        assert_eq!(house.redeem(&text, &[&own], bound(scope, origin)).await, Err(Why::Binding), "{scope}");
    }
    assert_eq!(house.redeem(&text, &[&own], bound("a", "https://app.example.com")).await.unwrap(), "ada");
}
