use http::{HeaderName, HeaderValue, Uri, Version};
use longwave_ws::handshake::{Opening, PROTOCOL, Subprotocol, client, server};

use crate::{NONCE, asks};

#[test]
fn rfc6455_4_1_the_request_has_what_it_must() {
    let cookie = (HeaderName::from_static("cookie"), HeaderValue::from_static("a=1"));
    let options = asks().origin("https://example.com".parse().unwrap()).header(cookie.0, cookie.1);
    let request = client::request(&Uri::from_static("ws://example.com/chat?a=b"), NONCE, &options).unwrap();
    assert_eq!((request.method().as_str(), request.version()), ("GET", Version::HTTP_11));
    assert_eq!(request.uri(), "/chat?a=b");
    let fields = [
        ("host", "example.com"),
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("sec-websocket-version", "13"),
        ("sec-websocket-protocol", "chat, superchat"),
        ("sec-websocket-extensions", "permessage-deflate, foo"),
        ("origin", "https://example.com"),
        ("cookie", "a=1"),
    ];
    assert_eq!(request.headers().len(), fields.len());
    for (name, value) in fields {
        assert_eq!(request.headers()[name], value);
    }
}

#[test]
fn rfc8441_5_the_connect_has_what_it_must() {
    let request = client::connect(&Uri::from_static("wss://example.com:443/chat"), &asks()).unwrap();
    assert_eq!((request.method().as_str(), request.version()), ("CONNECT", Version::HTTP_2));
    assert_eq!(request.uri(), "https://example.com/chat");
    let names: Vec<_> = request.headers().keys().map(HeaderName::as_str).collect();
    assert_eq!(names, ["sec-websocket-version", "sec-websocket-protocol", "sec-websocket-extensions"]);
}

#[test]
fn rfc6455_3_uris_are_sent_in_their_parts() {
    for (uri, host, path, absolute) in [
        ("ws://h", "h", "/", "http://h/"),
        ("ws://h?q", "h", "/?q", "http://h/?q"),
        ("ws://h/?q", "h", "/?q", "http://h/?q"),
        ("WSS://H:443/a", "h", "/a", "https://h/a"),
        ("ws://h:443/a", "h:443", "/a", "http://h:443/a"),
        ("wss://h:80/a", "h:80", "/a", "https://h:80/a"),
        ("http://h:80/a", "h", "/a", "http://h/a"),
        ("https://[::1]:8443/a%20b", "[::1]:8443", "/a%20b", "https://[::1]:8443/a%20b"),
    ] {
        let uri: Uri = uri.parse().unwrap();
        let options = client::Options::new();
        let request = client::request(&uri, NONCE, &options).unwrap();
        assert_eq!(request.headers()["host"], host, "{uri}");
        assert_eq!(request.uri(), path, "{uri}");
        assert_eq!(client::connect(&uri, &options).unwrap().uri(), absolute, "{uri}");
    }
}

#[test]
fn a_protocol_is_offered_once() {
    let request = client::request(
        &Uri::from_static("ws://h"),
        NONCE,
        &asks().protocol(Subprotocol::from_static("chat")),
    );
    assert_eq!(request.unwrap().headers()["sec-websocket-protocol"], "chat, superchat");
}

#[test]
fn client_and_server_agree_both_ways() {
    let uri = Uri::from_static("wss://example.com/chat");
    let supports = server::Options::new().protocol(Subprotocol::from_static("superchat"));
    let asks = asks().origin("https://example.com".parse().unwrap());
    for opening in [Opening::Upgrade, Opening::ExtendedConnect] {
        let (request, protocol) = match opening {
            Opening::Upgrade => (client::request(&uri, NONCE, &asks), None),
            _ => (client::connect(&uri, &asks), Some(PROTOCOL)),
        };
        let mut accepted = server::accept(&request.unwrap(), protocol, &supports).unwrap();
        assert_eq!(accepted.opening(), opening);
        let first = accepted.offered_extensions()[..1].to_vec();
        accepted.agree_extensions(Some(&first[0].to_string())).unwrap();
        let response = accepted.response();
        let established = match opening {
            Opening::Upgrade => client::validate(&response, NONCE, &asks),
            _ => client::validate_connect(&response, &asks),
        };
        let established = established.unwrap();
        assert_eq!(established.protocol().map(Subprotocol::as_str), Some("superchat"));
        assert_eq!(established.extensions(), first);
    }
}

#[test]
fn a_refusal_reaches_the_client_as_a_status() {
    let asks = asks().origin("https://evil.example".parse().unwrap());
    let request = client::request(&Uri::from_static("wss://example.com"), NONCE, &asks).unwrap();
    let response = server::accept(&request, None, &server::Options::new()).unwrap_err().response();
    let error = client::validate(&response, NONCE, &asks).unwrap_err();
    assert!(matches!(error, client::HandshakeError::Status { status, .. } if status == 403));
}

/// The two features know nothing of each other, and fit.
#[cfg(feature = "deflate")]
#[test]
fn deflate_is_negotiated() {
    use longwave_ws::{deflate::Settings, handshake::Extension};

    let settings = Settings::new();
    let asks = client::Options::new().extensions(Extension::parse_list(&settings.offer()).unwrap());
    let request = client::request(&Uri::from_static("wss://example.com"), NONCE, &asks).unwrap();

    let mut accepted = server::accept(&request, None, &server::Options::new()).unwrap();
    let offers = accepted.offered_extensions().iter().map(|offer| (offer.name(), offer.params()));
    let (_, answer) = settings.negotiate(offers).unwrap();
    accepted.agree_extensions(Some(&answer)).unwrap();

    let established = client::validate(&accepted.response(), NONCE, &asks).unwrap();
    let [deflate] = established.extensions() else {
        panic!("one extension is agreed to");
    };
    assert_eq!(deflate.to_string(), answer);
    assert!(settings.accept_response(deflate.params()).is_ok());
}
