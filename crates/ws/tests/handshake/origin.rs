use longwave_ws::handshake::{Origin, OriginPolicy, server};

use crate::{Edit as _, connect, upgrade};

fn permits(policy: &OriginPolicy, origin: &str, host: &str) -> bool {
    let request = upgrade().set("origin", origin.as_bytes()).set("host", host.as_bytes());
    server::accept(&request, None, &server::Options::new().origins(policy.clone())).is_ok()
}

#[test]
fn the_same_host_is_let_in_by_default() {
    for (origin, host) in [
        ("http://example.com", "example.com"),
        ("https://example.com", "example.com"),
        ("https://EXAMPLE.com", "example.COM"),
        ("https://example.com", "example.com:443"),
        ("http://example.com", "example.com:80"),
        ("http://example.com:80", "example.com"),
        ("https://example.com:8443", "example.com:8443"),
        ("http://localhost:3000", "localhost:3000"),
        ("http://127.0.0.1:3000", "127.0.0.1:3000"),
        ("https://[::1]", "[::1]"),
        ("https://[::1]:8443", "[0:0:0:0:0:0:0:1]:8443"),
        ("https://[2001:DB8::1]", "[2001:db8::1]:443"),
    ] {
        assert!(permits(&OriginPolicy::default(), origin, host), "{origin} at {host}");
        assert!(!permits(&OriginPolicy::listed(), origin, host), "{origin} at {host}");
        assert!(permits(&OriginPolicy::listed().allow(origin.parse().unwrap()), origin, host), "{origin}");
    }
}

#[test]
fn every_other_page_is_refused_by_default() {
    for (origin, host) in [
        ("null", "example.com"),
        ("", "example.com"),
        ("example.com", "example.com"),
        ("//example.com", "example.com"),
        ("http://", "example.com"),
        ("http://example.com/", "example.com"),
        ("http://example.com?", "example.com"),
        ("http://me@example.com", "example.com"),
        ("http://evil.example@example.com", "example.com"),
        ("http://example.com http://evil.example", "example.com"),
        ("http://example.com, http://evil.example", "example.com"),
        ("http://evil.example", "example.com"),
        ("http://example.com.evil.example", "example.com"),
        ("http://evilexample.com", "example.com"),
        ("http://sub.example.com", "example.com"),
        ("http://example.com.", "example.com"),
        ("http://example.com:8080", "example.com"),
        ("http://example.com", "example.com:8080"),
        ("http://example.com", "example.com:443"),
        ("https://example.com", "example.com:80"),
        ("https://example.com:80", "example.com:443"),
        ("http://example.com:99999", "example.com"),
        ("http://example.com:8 0", "example.com"),
        ("chrome-extension://example.com", "example.com"),
        ("ws://example.com", "example.com"),
        ("file://", "example.com"),
        ("http://[::1]", "[::2]"),
        ("http://[::1", "[::1]"),
        ("http://::1", "[::1]"),
        ("http://exämple.com", "example.com"),
    ] {
        assert!(!permits(&OriginPolicy::default(), origin, host), "{origin} at {host}");
        assert!(permits(&OriginPolicy::unchecked(), origin, host), "{origin} at {host}");
    }
}

#[test]
fn origins_that_are_listed_are_let_in_too() {
    let policy = OriginPolicy::same_host()
        .allow("https://App.example.com:443".parse().unwrap())
        .allow("chrome-extension://abcdef".parse().unwrap())
        .allow("file://".parse().unwrap());
    for origin in ["https://app.example.com", "chrome-extension://abcdef", "file://", "https://example.com"] {
        assert!(permits(&policy, origin, "example.com"), "{origin}");
    }
    for origin in ["http://app.example.com", "https://app.example.com:8443", "file://x", "null"] {
        assert!(!permits(&policy, origin, "example.com"), "{origin}");
    }
    assert!(permits(&policy.allow(Origin::NULL), "null", "example.com"));
}

#[test]
fn a_request_without_an_origin_is_not_from_a_browser() {
    for policy in [OriginPolicy::same_host(), OriginPolicy::listed(), OriginPolicy::unchecked()] {
        let options = server::Options::new().origins(policy);
        assert!(server::accept(&upgrade().remove("origin"), None, &options).is_ok());
        assert!(server::accept(&connect().remove("origin"), Some("websocket"), &options).is_ok());
    }
}

#[test]
fn rfc9112_3_2_2_the_target_names_the_host_where_it_is_absolute() {
    let request = |origin: &[u8]| {
        let mut request = upgrade().set("origin", origin).set("host", b"evil.example");
        *request.uri_mut() = "http://example.com/chat".parse().unwrap();
        server::accept(&request, None, &server::Options::new()).is_ok()
    };
    assert!(request(b"http://example.com"));
    assert!(!request(b"http://evil.example"));
}

#[test]
fn a_host_alone_does_for_a_connect() {
    let mut request = connect().add("host", b"server.example.com");
    *request.uri_mut() = "/chat".parse().unwrap();
    assert!(server::accept(&request, Some("websocket"), &server::Options::new()).is_ok());
}

#[test]
fn what_is_not_an_origin_cannot_be_listed() {
    for text in
        ["", "NULL", "*", "example.com", "http:example.com", "http://", "wss://", "://h", "1://h", "a b://h"]
    {
        assert!(text.parse::<Origin>().is_err(), "{text}");
    }
    for text in
        ["http://h/", "http://h#a", "http://a@h", "http://:80", "http://h:x", "http://[::g]", "http://[::1]x"]
    {
        assert!(text.parse::<Origin>().is_err(), "{text}");
    }
}
