//! For which hosts requests are let in.

use http::{Version, request::Builder};
use longwave_ticket::http::{HostLayer, HostRefused, Hosts};
use tower::{Layer, ServiceExt};

use crate::common::{Echo, connect, get, parts};

fn check(request: Builder) -> Result<(), HostRefused> {
    Hosts::list(["app.example.com", "localhost:3000", "[::1]:3000"]).unwrap().check(&parts(request))
}

fn host(host: &str) -> Result<(), HostRefused> {
    check(get("/").header("host", host))
}

#[test]
fn only_hosts_that_are_listed_are_served() {
    let served = [
        "app.example.com",
        "APP.EXAMPLE.COM",
        "app.example.com:443",
        "app.example.com:80",
        "localhost:3000",
        "[0::1]:3000",
    ];
    for name in served {
        assert_eq!(host(name), Ok(()), "{name}");
    }
    let others = [
        "evil.test",
        "app.example.com.",
        "app.example.com.evil.test",
        "app.example.com:8443",
        "localhost",
        "127.0.0.1:3000",
        "[::1]",
        "[::ffff:127.0.0.1]:3000",
        "2130706433",
    ];
    for name in others {
        assert!(host(name).is_err(), "{name}");
    }
}

#[test]
fn a_request_says_one_host() {
    assert_eq!(check(get("/")), Err(HostRefused::Invalid));
    assert_eq!(
        check(get("/").header("host", "app.example.com").header("host", "app.example.com")),
        Err(HostRefused::Invalid)
    );
    for name in ["", "a@app.example.com", "app.example.com/", "app.example.com,evil.test", "ä"] {
        assert_eq!(check(get("/").header("host", name.as_bytes())), Err(HostRefused::Invalid), "{name}");
    }
    let absolute = |host| check(get("http://app.example.com/").header("host", host));
    assert_eq!(absolute("app.example.com"), Ok(()));
    assert_eq!(absolute("app.example.com:80"), Ok(()));
    assert_eq!(absolute("localhost:3000"), Err(HostRefused::Invalid));
    let http2 = || connect("https://app.example.com/chat");
    assert_eq!(check(http2()), Ok(()));
    assert_eq!(check(http2().header("host", "app.example.com")), Ok(()));
    assert_eq!(check(http2().header("host", "evil.test")), Err(HostRefused::Invalid));
    assert_eq!(check(get("https://evil.test/").version(Version::HTTP_2)), Err(HostRefused::NotListed));
}

#[test]
fn what_a_proxy_may_have_said_is_not_believed() {
    for name in ["x-forwarded-host", "forwarded", "x-host"] {
        let request = get("/").header("host", "evil.test").header(name, "app.example.com");
        assert_eq!(check(request), Err(HostRefused::NotListed), "{name}");
    }
}

#[test]
fn what_is_no_host_cannot_be_listed() {
    for text in ["", "*", "https://app.example.com", "app.example.com/", "a b", "bücher.example", "a:b"] {
        assert!(Hosts::list([text]).is_err(), "{text}");
    }
}

#[tokio::test]
async fn the_layer_looks_at_every_request() {
    let layer = HostLayer::new(Hosts::list(["app.example.com"]).unwrap());
    for (request, expected) in [
        (get("/").header("host", "app.example.com"), 200),
        (get("/").header("host", "evil.test"), 403),
        (get("/"), 400),
    ] {
        let service = layer.layer(Echo(|_| http::Response::new(())));
        assert_eq!(service.oneshot(request.body(()).unwrap()).await.unwrap().status(), expected);
    }
}
