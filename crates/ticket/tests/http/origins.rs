//! From which pages requests are let in.

use http::{Request, request::Builder};
use longwave_ticket::http::{AbsentOrigin, Hosts, OriginLayer, Origins, Presented};
use tower::{Layer, ServiceExt};

use crate::common::{Echo, connect, feed, get, parts, socket};

const APP: &str = "https://app.example.com";

fn lets_in(origins: &Origins, request: Builder, presented: Presented) -> bool {
    origins.check(&parts(request), presented).is_ok()
}

fn from(origin: &str) -> bool {
    let listed = [APP, "http://[::1]:8080", "https://xn--bcher-kva.example", "chrome-extension://abcdef"];
    lets_in(&Origins::list(listed).unwrap(), socket("/").header("origin", origin), Presented::Explicitly)
}

#[test]
fn an_origin_is_compared_exactly_but_for_its_spelling() {
    let listed = [
        APP,
        "https://app.example.com:443",
        "https://APP.example.com",
        "HTTPS://app.example.com",
        "http://[::1]:8080",
        "http://[0:0::1]:8080",
        "https://xn--bcher-kva.example",
        "chrome-extension://abcdef",
    ];
    for origin in listed {
        assert!(from(origin), "{origin}");
    }
}

#[test]
fn what_only_looks_alike_is_another_origin() {
    let others = [
        "https://app.example.com.evil.com",
        "https://evilapp.example.com",
        "https://evil-app.example.com",
        "http://app.example.com",
        "https://app.example.com:444",
        "https://app.example.com:80",
        "https://app.example.com.",
        "https://app.example.com/",
        "https://app.example.com/path",
        "https://app.example.com?q",
        "https://app.example.com#f",
        "https://app.example.com@evil.com",
        "https://user@app.example.com",
        "https://app.example.com\\@evil.com",
        "https://example.com",
        "https://*.example.com",
        "https://app.example.com:",
        "https://app.example.com:+443",
        "https://app.example.com:65979",
        "http://[::ffff:127.0.0.1]:8080",
        "http://2130706433:8080",
        "http://[::1]",
        "https://",
        "app.example.com",
        "//app.example.com",
        "file://",
        "chrome-extension://other",
    ];
    for origin in others {
        assert!(!from(origin), "{origin}");
    }
    let umlaut = socket("/").header("origin", "https://bücher.example".as_bytes());
    let origins = Origins::list(["https://xn--bcher-kva.example"]).unwrap();
    assert!(!lets_in(&origins, umlaut, Presented::Explicitly));
}

#[test]
fn what_is_no_origin_cannot_be_listed() {
    for text in [
        "null",
        "*",
        "app.example.com",
        "https://app.example.com/",
        "https://bücher.example",
        "https://a@b",
        "",
    ] {
        assert!(Origins::list([text]).is_err(), "{text}");
    }
    assert!(Origins::list(["file://"]).is_ok());
}

#[test]
fn null_is_neither_absent_nor_let_in() {
    let origins = Origins::list([APP]).unwrap().absent(AbsentOrigin::Allow);
    for origin in ["null", "NULL", "", " "] {
        let request = || socket("/").header("origin", origin);
        assert!(!lets_in(&origins, request(), Presented::Explicitly), "{origin:?}");
        let dangerous = origins.clone().allow_null_dangerously();
        assert_eq!(lets_in(&dangerous, request(), Presented::Explicitly), origin == "null", "{origin:?}");
    }
}

#[test]
fn two_origins_are_none_that_is_let_in() {
    let origins = Origins::list([APP]).unwrap().absent(AbsentOrigin::Allow);
    for request in [
        socket("/").header("origin", APP).header("origin", APP),
        socket("/").header("origin", format!("{APP}, {APP}")),
        socket("/").header("origin", format!("{APP} {APP}")),
    ] {
        assert!(!lets_in(&origins, request, Presented::Explicitly));
    }
}

#[test]
fn without_an_origin_it_counts_how_the_credential_came() {
    let origins = Origins::list([APP]).unwrap();
    let check = |origins: &Origins, presented| lets_in(origins, socket("/"), presented);
    assert!(check(&origins, Presented::Explicitly));
    assert!(!check(&origins, Presented::Ambiently));
    let allow = origins.clone().absent(AbsentOrigin::Allow);
    assert!(check(&allow, Presented::Explicitly) && check(&allow, Presented::Ambiently));
    let refuse = origins.absent(AbsentOrigin::Refuse);
    assert!(!check(&refuse, Presented::Explicitly) && !check(&refuse, Presented::Ambiently));
}

#[test]
fn a_page_of_the_own_host_has_to_be_one_that_is_let_in() {
    let hosts = || Hosts::list(["app.example.com", "localhost:3000"]).unwrap();
    let page = |host, origin| socket("/").header("host", host).header("origin", origin);
    for origins in [Origins::same_host(hosts()), Origins::list([]).unwrap().or_same_host(hosts())] {
        let check = |request| lets_in(&origins, request, Presented::Ambiently);
        assert!(check(page("app.example.com", APP)));
        assert!(check(page("app.example.com:443", APP)));
        assert!(check(page("APP.example.com", APP)));
        assert!(check(page("localhost:3000", "http://localhost:3000")));
        assert!(!check(page("app.example.com:80", APP)), "another port");
        assert!(!check(page("localhost:3000", "http://localhost")), "another port");
        assert!(!check(page("app.example.com", "http://localhost:3000")), "another host that is listed");
        assert!(!check(page("evil.test", "http://evil.test")), "rebound");
        assert!(!check(page("127.0.0.1:3000", "http://127.0.0.1:3000")));
        assert!(!check(page("app.example.com", "ftp://app.example.com")));
        assert!(!check(socket("/").header("origin", APP)), "no host");
        assert!(!check(page("app.example.com", APP).header("host", "evil.test")), "two hosts");
    }
}

#[test]
fn a_browser_that_says_same_origin_stands_for_that_origin() {
    let origins = Origins::list([APP]).unwrap().absent(AbsentOrigin::Refuse);
    let check = |request| lets_in(&origins, request, Presented::Ambiently);
    let says = |site, host| feed("/feed").header("sec-fetch-site", site).header("host", host);
    assert!(check(says("same-origin", "app.example.com")));
    assert!(!check(says("same-origin", "evil.test")), "rebound");
    assert!(!check(says("same-origin", "app.example.com").header("sec-fetch-site", "cross-site")));
    for site in ["same-site", "cross-site", "none", ""] {
        assert!(!check(says(site, "app.example.com")), "{site}");
    }
    let same_host = Origins::same_host(Hosts::list(["localhost:3000"]).unwrap());
    assert!(lets_in(&same_host, says("same-origin", "localhost:3000"), Presented::Ambiently));
}

#[test]
fn where_there_is_an_origin_nothing_else_decides() {
    let check = |origin, site| {
        let request = socket("/").header("origin", origin).header("sec-fetch-site", site);
        let request = request.header("host", "app.example.com");
        lets_in(&Origins::list([APP]).unwrap(), request, Presented::Ambiently)
    };
    assert!(check(APP, "cross-site"));
    assert!(!check("https://sibling.example.com", "same-origin"));
    assert!(!check("https://sibling.example.com", "same-site"));
}

async fn status(layer: &OriginLayer, request: Builder) -> u16 {
    let service = layer.layer(Echo(|_| http::Response::new(())));
    service.oneshot(request.body(()).unwrap()).await.unwrap().status().as_u16()
}

#[tokio::test]
async fn the_layer_looks_at_all_that_may_open_a_stream() {
    let layer = OriginLayer::new(Origins::list([APP]).unwrap());
    let evil = |request: Builder| request.header("origin", "https://evil.test");
    let upgrade = |to| get("/").header("connection", "upgrade").header("upgrade", to);
    let connects = [connect("https://app.example.com/chat"), Request::connect("app.example.com:443")];
    for request in { connects }.into_iter().chain([socket("/"), upgrade("websocket, h2c"), feed("/feed")]) {
        assert_eq!(status(&layer, evil(request)).await, 403);
    }
    for request in [get("/"), Request::post("/").header("accept", "*/*")] {
        assert_eq!(status(&layer, evil(request)).await, 200);
    }
    assert_eq!(status(&layer, socket("/").header("origin", APP)).await, 200);
    assert_eq!(status(&layer.clone().every_request(), evil(get("/"))).await, 403);
    assert_eq!(status(&layer, evil(get("/"))).await, 200, "a copy is a layer of its own");
}

#[tokio::test]
async fn a_sibling_with_a_strict_cookie_is_refused_like_any_other() {
    let layer = OriginLayer::new(Origins::list([APP]).unwrap());
    let sibling =
        socket("/").header("origin", "https://blog.example.com").header("sec-fetch-site", "same-site");
    assert_eq!(status(&layer, sibling.header("cookie", "__Host-session=1")).await, 403);
}

#[tokio::test]
async fn the_layer_tells_a_cookie_from_what_a_page_cannot_send() {
    let layer = OriginLayer::new(Origins::list([APP]).unwrap());
    assert_eq!(status(&layer, feed("/feed")).await, 200);
    assert_eq!(status(&layer, feed("/feed?ticket=lwt1_x").header("cookie", "session=1")).await, 403);
    let both = feed("/feed").header("cookie", "lb=1").header("authorization", "Bearer X");
    assert_eq!(status(&layer, both).await, 200);
}

#[tokio::test]
async fn what_a_browser_adds_by_itself_is_no_sign_of_a_program() {
    let layer = OriginLayer::new(Origins::list([APP]).unwrap());
    let says = |line: &str| feed("/feed").header("authorization", line);
    for line in ["Basic YTpi", "basic", "DIGEST username=a", "Negotiate YII", "NTLM TlRM", "Bearer"] {
        let expected = if line == "Bearer" { 200 } else { 403 };
        assert_eq!(status(&layer, says(line)).await, expected, "{line}");
        assert_eq!(status(&layer, says(line).header("cookie", "session=1")).await, expected, "{line}");
        assert_eq!(status(&layer, says(line).header("origin", APP)).await, 200, "{line}");
    }
    let both = says("Bearer X").header("authorization", "Basic YTpi");
    assert_eq!(status(&layer, both).await, 403);
    for line in ["Ticket X", "Bearer X", "DPoP X", "ApiKey X"] {
        assert_eq!(status(&layer, says(line).header("cookie", "session=1")).await, 200, "{line}");
    }
}

#[test]
fn without_an_origin_a_page_that_a_browser_says_is_foreign_is() {
    let origins = Origins::list([APP]).unwrap().absent(AbsentOrigin::Allow);
    let says = |site| feed("/feed").header("host", "app.example.com").header("sec-fetch-site", site);
    for site in ["cross-site", "same-site", "none, cross-site"] {
        assert!(!lets_in(&origins, says(site), Presented::Explicitly), "{site}");
        let two = says("same-origin").header("sec-fetch-site", site);
        assert!(!lets_in(&origins, two, Presented::Explicitly), "{site}");
        let link = || says(site).header("sec-fetch-mode", "navigate");
        assert!(lets_in(&origins, link(), Presented::Ambiently), "a link: {site}");
        let strict = Origins::list([APP]).unwrap();
        assert!(!lets_in(&strict, link(), Presented::Ambiently), "{site}");
    }
    assert!(lets_in(&origins, says("none"), Presented::Ambiently), "typed by somebody");
}

#[tokio::test]
async fn layers_on_two_routes_have_nothing_to_do_with_each_other() {
    use axum::{Router, body::Body, routing::get};

    let layer = |origin| OriginLayer::new(Origins::list([origin]).unwrap());
    let app = Router::new()
        .route("/a", get(async || "a").layer(layer("https://a.example")))
        .route("/b", get(async || "b").layer(layer("https://b.example")));
    for (path, origin, expected) in [
        ("/a", "https://a.example", 200),
        ("/b", "https://a.example", 403),
        ("/b", "https://b.example", 200),
        ("/a", "https://b.example", 403),
    ] {
        let request = feed(path).header("origin", origin).body(Body::empty()).unwrap();
        assert_eq!(app.clone().oneshot(request).await.unwrap().status(), expected, "{path} {origin}");
    }
}
