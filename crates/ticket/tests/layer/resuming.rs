//! An `EventSource` comes back by itself, with the URL it has and a cookie.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{Response, request::Builder};
use longwave_core::StreamBody;
use longwave_ticket::{
    Binding, Grant, Purpose, StoreError,
    http::{BrowserCookie, BrowserNonce, Denial, InvalidPath, Refusal, Resume, TicketLayer},
    live::{Close, Selector, Verdict},
};

use crate::support::{House, Inner, PAGE, Reasons, Store, User, ann, bare_feed, feed, secs, settle, socket};

type Layer = TicketLayer<User, Resume<User, Store>>;

const HOUR: u64 = 3600;

fn house() -> House {
    House::with(|sessions| sessions.remember(secs(12 * HOUR)))
}

fn resume(house: &House) -> Resume<User, Store> {
    Resume::new(house.verifier.clone(), house.issuer.clone(), "/feed").unwrap()
}

fn layer(house: &House) -> Layer {
    house.layer_of(resume(house))
}

/// What the browser stores: names, values, and for how long.
fn cookies(response: &Response<StreamBody<Inner>>) -> Vec<(String, String, u64)> {
    let lines = response.headers().get_all("set-cookie").iter();
    let parse = |line: &http::HeaderValue| {
        assert!(line.is_sensitive());
        let line = line.to_str().unwrap();
        let (pair, attributes) = line.split_once("; Path=/feed; Max-Age=").unwrap();
        let (seconds, rest) = attributes.split_once(';').unwrap();
        assert_eq!(rest, " HttpOnly; Secure; SameSite=Strict");
        let (name, value) = pair.split_once('=').unwrap();
        assert!(name.starts_with("__Secure-lw_r_"));
        (name.to_owned(), value.to_owned(), seconds.parse().unwrap())
    };
    lines.map(parse).collect()
}

async fn lapsing(house: &House, after: u64) -> String {
    let grant = ann().until(house.wall.now().plus(secs(after)));
    house.mint_for(grant, Purpose::Connect, Binding::new()).await
}

/// Opens a stream, and gives the cookie.
async fn open(house: &House, layer: &Layer, ticket: &str) -> (String, String) {
    let response = house.ask(layer, feed(ticket)).await;
    assert_eq!(response.status(), 200);
    let mut cookies = cookies(&response);
    assert_eq!(cookies.len(), 1);
    let (name, value, _) = cookies.remove(0);
    house.handler.last();
    (name, value)
}

fn with(request: Builder, (name, value): &(String, String)) -> Builder {
    request.header("cookie", format!("{name}={value}"))
}

#[tokio::test(start_paused = true)]
async fn a_spent_ticket_comes_back_with_its_cookie_as_often_as_it_has_to() {
    let (house, reasons) = (house(), Reasons::default());
    let layer = layer(&house);
    let ticket = lapsing(&house, 6 * HOUR).await;
    let response = house.ask(&layer, feed(&ticket)).await;
    let cookie = cookies(&response).remove(0);
    assert_eq!(cookie.2, 6 * HOUR);
    let seen = house.handler.last();
    assert!(seen.resumed.is_none(), "it is the first time");
    let first = seen.session.unwrap();
    let cookie = (cookie.0, cookie.1);

    for wait in [1, 3600, 3600] {
        tokio::time::sleep(secs(wait)).await;
        let again = house.ask(&layer, with(feed(&ticket), &cookie)).await;
        assert_eq!(again.status(), 200);
        assert!(!again.headers().contains_key("set-cookie"));
        let seen = house.handler.last();
        assert!(!seen.headers.contains_key("cookie"), "nobody further in sees it");
        assert!(seen.resumed.is_some());
        let session = seen.session.unwrap();
        assert_eq!(session.claims(), first.claims());
        assert_ne!(session.id(), first.id());
        let left = session.deadline().unwrap() - first.deadline().unwrap();
        assert_eq!(left, secs(0), "the deadline is the same");
    }
    // Without the cookie it is spent, or has expired.
    assert_eq!(house.status(&layer, reasons.watch(feed(&ticket))).await, 401);
    assert_eq!((reasons.take(), house.handler.calls()), (vec!["expired"], 0));
}

#[tokio::test]
async fn a_spent_ticket_without_its_cookie_is_spent() {
    let (house, reasons) = (house(), Reasons::default());
    let layer = layer(&house);
    let ticket = house.mint().await;
    open(&house, &layer, &ticket).await;
    assert_eq!(house.status(&layer, reasons.watch(feed(&ticket))).await, 401);
    assert_eq!(reasons.take(), ["replayed"]);
}

#[tokio::test]
async fn the_cookie_of_another_stream_does_not_count_and_is_cleared() {
    let (house, reasons) = (house(), Reasons::default());
    let layer = layer(&house);
    let (mine, others) = (house.mint().await, house.mint().await);
    let (my_cookie, other_cookie) = (open(&house, &layer, &mine).await, open(&house, &layer, &others).await);
    // By its own name it is not looked at.
    assert_eq!(house.status(&layer, with(feed(&mine), &other_cookie)).await, 401);
    // By this one, it was tossed.
    let tossed = (my_cookie.0.clone(), other_cookie.1);
    let response = house.ask(&layer, reasons.watch(with(feed(&mine), &tossed))).await;
    assert_eq!((response.status().as_u16(), reasons.take()), (401, vec!["binding"]));
    assert_eq!(cookies(&response), [(my_cookie.0.clone(), String::new(), 0)]);
    // A ticket that connects does not resume.
    let (connects, fresh) = (house.mint().await, house.mint().await);
    let renamed = (my_cookie.0.clone(), connects.clone());
    assert_eq!(house.status(&layer, with(feed(&mine), &renamed)).await, 401);
    house.assert_not_spent(&connects).await;
    // One that resumes does not connect, nor does it resume what it says itself.
    assert_eq!(house.status(&layer, feed(&my_cookie.1)).await, 401);
    assert_eq!(house.status(&layer, with(feed(&my_cookie.1), &my_cookie)).await, 401);
    assert_eq!(
        house.status(&layer, with(feed(&fresh), &my_cookie)).await,
        200,
        "it has nothing to do with this"
    );
    // Two of the name: neither.
    let two = with(feed(&mine), &my_cookie).header("cookie", format!("{}={}", tossed.0, tossed.1));
    assert_eq!(house.status(&layer, two).await, 401);
    assert_eq!(house.status(&layer, with(feed(&mine), &my_cookie)).await, 200);
}

#[tokio::test(start_paused = true)]
async fn a_login_that_has_lapsed_is_not_resumed_and_its_cookie_is_cleared() {
    let (house, reasons) = (house(), Reasons::default());
    let layer = layer(&house);
    let ticket = lapsing(&house, HOUR).await;
    let cookie = open(&house, &layer, &ticket).await;
    tokio::time::sleep(secs(HOUR)).await;
    let response = house.ask(&layer, reasons.watch(with(feed(&ticket), &cookie))).await;
    assert_eq!((response.status().as_u16(), reasons.take()), (401, vec!["expired"]));
    assert_eq!(cookies(&response), [(cookie.0, String::new(), 0)]);
}

#[tokio::test(start_paused = true)]
async fn what_was_revoked_is_not_resumed_however_late_and_its_cookie_is_cleared() {
    for by_ticket in [false, true] {
        let (house, reasons) = (house(), Reasons::default());
        let layer = layer(&house);
        let ticket = lapsing(&house, 6 * HOUR).await;
        let cookie = open(&house, &layer, &ticket).await;
        let id = *longwave_ticket::Ticket::parse(&ticket).unwrap().id().as_bytes();
        let selector = if by_ticket { Selector::Ticket(id) } else { Selector::Subject("ann".into()) };
        house.sessions.revoke(selector, Close::Revoked);
        tokio::time::sleep(secs(5 * HOUR)).await;
        let response = house.ask(&layer, reasons.watch(with(feed(&ticket), &cookie))).await;
        assert_eq!((response.status().as_u16(), reasons.take()), (401, vec!["revoked"]));
        assert_eq!(cookies(&response), [(cookie.0, String::new(), 0)]);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_resumed_for_longer_than_revocations_are_remembered() {
    let house = House::with(|sessions| sessions.remember(secs(600)));
    let layer = layer(&house);
    let ticket = lapsing(&house, 6 * HOUR).await;
    let response = house.ask(&layer, feed(&ticket)).await;
    let (name, value, seconds) = cookies(&response).remove(0);
    assert_eq!(seconds, 600);
    tokio::time::sleep(secs(606)).await;
    assert_eq!(house.status(&layer, with(feed(&ticket), &(name, value))).await, 401);
}

#[tokio::test]
async fn a_stream_is_resumed_from_where_it_was_opened() {
    let house = house();
    let layer = layer(&house);
    let browser = |number| {
        let set = BrowserCookie::new().set(&BrowserNonce::from_bytes([number; 32]));
        set.to_str().unwrap().split(';').next().unwrap().to_owned()
    };
    let bound = Binding::new().browser(&[1; 32]).origin(PAGE).unwrap();
    let ticket = house.mint_for(ann(), Purpose::Connect, bound).await;
    let response = house.ask(&layer, feed(&ticket).header("cookie", browser(1))).await;
    let (name, value, _) = cookies(&response).remove(0);
    let again = |from: Builder, number| from.header("cookie", format!("{name}={value}; {}", browser(number)));
    assert_eq!(house.status(&layer, again(feed(&ticket), 2)).await, 401);
    assert_eq!(house.status(&layer, again(bare_feed(&ticket), 1)).await, 401);
    let foreign = bare_feed(&ticket).header("origin", "https://evil.test");
    assert_eq!(house.status(&layer, again(foreign, 1)).await, 403);
    let same = bare_feed(&ticket).header("sec-fetch-site", "same-origin");
    assert_eq!(house.status(&layer, again(same, 1)).await, 200);
    assert_eq!(house.status(&layer, again(feed(&ticket), 1)).await, 200);
}

#[tokio::test]
async fn only_event_streams_get_a_cookie() {
    let house = house();
    let layer = layer(&house);
    let ticket = house.mint().await;
    let response = house.ask(&layer, socket(&ticket)).await;
    assert_eq!(response.status(), 200);
    assert!(!response.headers().contains_key("set-cookie"));
    assert_eq!(house.status(&layer, socket(&ticket)).await, 401);
}

#[tokio::test]
async fn a_browser_has_eight_cookies_and_the_oldest_goes() {
    let house = House::with(|sessions| sessions.remember(secs(12 * HOUR)));
    let layer = layer(&house);
    let mut has: Vec<(String, String)> = Vec::new();
    tokio::time::pause();
    for number in 0..10 {
        let grant = Grant::new(User(format!("user {number}")));
        let ticket = house.mint_for(grant, Purpose::Connect, Binding::new()).await;
        let all = has.iter().map(|(name, value)| format!("{name}={value}"));
        let mut request = feed(&ticket);
        if !has.is_empty() {
            // Somebody else's is left alone.
            let all = all.chain(["__Secure-lw_r_other=lwt1_x".to_owned()]).collect::<Vec<_>>();
            request = request.header("cookie", all.join("; "));
        }
        let response = house.ask(&layer, request).await;
        assert_eq!(response.status(), 200);
        let mut set = cookies(&response).into_iter();
        let (name, value, _) = set.next().unwrap();
        has.push((name, value));
        for gone in set {
            assert_eq!(gone, (has.remove(0).0, String::new(), 0));
        }
        assert!(has.len() <= 8);
        tokio::time::sleep(secs(1)).await;
    }
    assert_eq!(has.len(), 8);
}

/// Cookies as anyone can toss them who has a name below the same domain.
fn tossed(kind: &str, number: u8) -> String {
    // Version 1, to resume, issued in the far future.
    let mut body = [0; 88];
    body[..2].copy_from_slice(&[1, 2]);
    body[8..14].fill(0xff);
    let value = if kind == "envelopes" { URL_SAFE_NO_PAD.encode(body) } else { "x".to_owned() };
    format!("__Secure-lw_r_0000000{number}=lwt1_{value}")
}

#[tokio::test]
async fn cookies_that_were_tossed_go_before_those_that_are_good() {
    for kind in ["envelopes", "nonsense"] {
        let house = house();
        let layer = layer(&house);
        let first = house.mint().await;
        let mine = open(&house, &layer, &first).await;
        let fakes = (0..8).map(|number| tossed(kind, number)).collect::<Vec<_>>().join("; ");
        let request = with(feed(&house.mint().await), &mine).header("cookie", fakes);
        let set = cookies(&house.ask(&layer, request).await);
        assert_eq!(set.len(), 3, "the new one, and two that go");
        let gone = &set[1..];
        assert!(gone.iter().all(|(name, _, _)| name.starts_with("__Secure-lw_r_0000000")), "{gone:?}");
        assert_eq!(house.status(&layer, with(feed(&first), &mine)).await, 200);
    }
}

#[tokio::test]
async fn whoever_is_not_let_in_leaves_nothing_in_the_store() {
    let house = house();
    let no = |_: &_, _: &User| async { Err(Denial::new(Refusal::Forbidden)) };
    let ticket = house.mint().await;
    let before = house.store.asked();
    let response = house.ask(&layer(&house).authorize(no), feed(&ticket)).await;
    assert_eq!((response.status().as_u16(), cookies(&response).len()), (403, 0));
    assert_eq!(house.store.asked() - before, 1, "the ticket was taken");

    let layer = layer(&house);
    let ticket = house.mint().await;
    house.sessions.revoke(Selector::Subject("ann".into()), Close::Revoked);
    let before = house.store.asked();
    assert_eq!(house.status(&layer, feed(&ticket)).await, 401);
    assert_eq!(house.store.asked() - before, 1);
}

#[tokio::test]
async fn whoever_has_too_many_streams_leaves_nothing_in_the_store() {
    let house = House::with(|sessions| sessions.max_per_subject(1));
    let layer = layer(&house);
    let open = house.ask(&layer, feed(&house.mint().await)).await;
    let ticket = house.mint().await;
    let before = house.store.asked();
    assert_eq!(house.status(&layer, feed(&ticket)).await, 429);
    assert_eq!(house.store.asked() - before, 1);
    drop(open);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_slow_opens_the_stream_and_perhaps_without_a_cookie() {
    let house = house();
    let layer = layer(&house);
    for (millis, set) in [(600, 1), (900, 1)] {
        let ticket = house.mint().await;
        house.store.slow_down(Duration::from_millis(millis));
        let response = house.ask(&layer, feed(&ticket)).await;
        house.store.slow_down(Duration::ZERO);
        assert_eq!((response.status().as_u16(), cookies(&response).len()), (200, set), "{millis}");
    }
    // It is slow from the second time on.
    let (ticket, store) = (house.mint().await, house.store.clone());
    let layer = layer.authorize(move |_, _| {
        store.slow_down(Duration::from_secs(60));
        async { Ok(()) }
    });
    let response = house.ask(&layer, feed(&ticket)).await;
    assert_eq!((response.status().as_u16(), cookies(&response).len()), (200, 0));
    house.store.slow_down(Duration::ZERO);
    assert_eq!(house.store.at_once(), 0, "nobody waits for it any more");
}

#[tokio::test]
async fn a_store_that_fails_resumes_nothing_and_takes_no_cookie_away() {
    let house = house();
    let layer = layer(&house);
    let ticket = house.mint().await;
    let cookie = open(&house, &layer, &ticket).await;
    house.store.break_down(Some(StoreError::Unavailable));
    let response = house.ask(&layer, with(feed(&ticket), &cookie)).await;
    assert_eq!(response.status(), 503);
    assert!(cookies(&response).is_empty());
    house.store.break_down(None);
    assert_eq!(house.status(&layer, with(feed(&ticket), &cookie)).await, 200);
}

#[tokio::test]
async fn the_path_of_a_cookie_is_one_and_nothing_else() {
    let house = house();
    let new = |path| Resume::new(house.verifier.clone(), house.issuer.clone(), path).map(drop);
    assert!(new("/feed").is_ok());
    for path in ["", "feed", "/feed; Domain=evil.test", "/fe ed", "/f\u{e9}ed"] {
        assert!(matches!(new(path), Err(InvalidPath { .. })), "{path}");
    }
}

/// The cookie is good for some seconds more than it says, as clocks may be apart.
#[tokio::test(start_paused = true)]
async fn a_revocation_is_remembered_for_as_long_as_a_cookie_is_taken() {
    for remember in [75, 600] {
        let house = House::with(|sessions| sessions.remember(secs(remember)));
        let layer = layer(&house);
        let ticket = house.mint().await;
        let cookie = open(&house, &layer, &ticket).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        house.sessions.revoke(Selector::Subject("ann".into()), Close::Revoked);
        tokio::time::sleep(secs(remember - 2)).await;
        for late in 0..10 {
            assert_eq!(house.status(&layer, with(feed(&ticket), &cookie)).await, 401, "{late}");
            tokio::time::sleep(secs(1)).await;
        }
    }
}

/// Unless it is said otherwise, the sessions remember revocations for as long as the issuer has streams resumed.
#[tokio::test(start_paused = true)]
async fn streams_are_resumed_for_hours_and_revocations_remembered_for_as_long() {
    let house = House::new();
    let layer = layer(&house);
    let ticket = house.mint().await;
    let response = house.ask(&layer, feed(&ticket)).await;
    let (name, value, seconds) = cookies(&response).remove(0);
    assert_eq!(seconds, 12 * HOUR);
    let cookie = (name, value);
    tokio::time::sleep(secs(HOUR)).await;
    assert_eq!(house.status(&layer, with(feed(&ticket), &cookie)).await, 200);
    house.sessions.revoke(Selector::Subject("ann".into()), Close::Revoked);
    for _ in 0..12 {
        tokio::time::sleep(secs(HOUR)).await;
        assert_eq!(house.status(&layer, with(feed(&ticket), &cookie)).await, 401);
    }
}

/// Another node over the same store, which has just started.
#[tokio::test(start_paused = true)]
async fn a_new_node_resumes_nothing_that_may_have_been_revoked_elsewhere() {
    let house = House::new();
    let ticket = house.mint().await;
    let cookie = open(&house, &layer(&house), &ticket).await;
    tokio::time::sleep(secs(60)).await;
    house.sessions.revoke(Selector::Subject("ann".into()), Close::Revoked);
    tokio::time::sleep(secs(60)).await;
    let other = house.node(|sessions| sessions);
    let (there, reasons) = (layer(&other), Reasons::default());
    let response = house.ask(&there, reasons.watch(with(feed(&ticket), &cookie))).await;
    assert_eq!((response.status().as_u16(), reasons.take()), (401, vec!["revoked"]));
    assert_eq!(cookies(&response), [(cookie.0, String::new(), 0)]);
    // What is issued from now on is resumed there as ever.
    let ticket = house.mint().await;
    let cookie = open(&house, &there, &ticket).await;
    tokio::time::sleep(secs(HOUR)).await;
    assert_eq!(house.status(&there, with(feed(&ticket), &cookie)).await, 200);
}

#[tokio::test(start_paused = true)]
async fn a_new_node_that_can_check_logins_does_so_at_once() {
    for (verdict, stays) in [(Verdict::Valid, true), (Verdict::Revoked, false), (Verdict::Unknown, false)] {
        let house = House::new();
        let ticket = house.mint().await;
        let cookie = open(&house, &layer(&house), &ticket).await;
        tokio::time::sleep(secs(60)).await;
        let other =
            house.node(|sessions| sessions.revalidate(secs(HOUR), 0.0, move |_| async move { verdict }));
        let _response = other.ask(&layer(&other), with(feed(&ticket), &cookie)).await;
        settle().await;
        let session = other.handler.last_session();
        assert_eq!(!session.lifeline().is_ended(), stays, "{verdict:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_forgotten_in_the_store_is_resumed_nowhere() {
    let house = House::new();
    let layer = layer(&house);
    let ticket = house.mint().await;
    let cookie = open(&house, &layer, &ticket).await;
    house.issuer.forget_subject("ann", house.wall.now()).await.unwrap();
    assert_eq!(house.status(&layer, with(feed(&ticket), &cookie)).await, 401);
}
