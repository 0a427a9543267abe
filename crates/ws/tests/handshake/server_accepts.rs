use http::Version;
use longwave_ws::handshake::{Opening, Subprotocol, server};

use crate::{Edit as _, accept, connect, upgrade};

#[test]
fn rfc6455_1_3_sample_handshake() {
    let options = server::Options::new().protocol(Subprotocol::from_static("chat"));
    let accepted = server::accept(&upgrade(), None, &options).unwrap();
    assert_eq!(accepted.opening(), Opening::Upgrade);
    let response = accepted.response();
    assert_eq!((response.status().as_u16(), response.headers().len()), (101, 4));
    assert_eq!(response.headers()["upgrade"], "websocket");
    assert_eq!(response.headers()["connection"], "Upgrade");
    assert_eq!(response.headers()["sec-websocket-accept"], "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_eq!(response.headers()["sec-websocket-protocol"], "chat");
}

#[test]
fn rfc8441_5_1_sample_handshake() {
    let options = server::Options::new().protocol(Subprotocol::from_static("chat"));
    let accepted = server::accept(&connect(), Some("websocket"), &options).unwrap();
    assert_eq!(accepted.opening(), Opening::ExtendedConnect);
    assert_eq!(accepted.offered_extensions()[0].name(), "permessage-deflate");
    let response = accepted.response();
    assert_eq!((response.status().as_u16(), response.headers().len()), (200, 1));
    assert_eq!(response.headers()["sec-websocket-protocol"], "chat");
}

#[test]
fn what_must_be_tolerated_is() {
    for (name, value) in [
        ("upgrade", b"h2c, WebSocket".as_slice()),
        ("upgrade", b",\t WEBSOCKET\t,,"),
        ("connection", b"keep-alive, Upgrade"),
        ("connection", b"UPGRADE,keep-alive"),
        ("sec-websocket-version", b" 13\t"),
        ("sec-websocket-key", b" dGhlIHNhbXBsZSBub25jZQ== "),
        // Erratum 3150: the standard's own example has bits to spare that are not zero.
        ("sec-websocket-key", b"AQIDBAUGBwgJCgsMDQ4PEC=="),
        ("sec-websocket-key", b"AQIDBAUGBwgJCgsMDQ4PEP=="),
        ("content-length", b"0"),
        ("host", b"SERVER.example.com:"),
        ("sec-websocket-protocol", b",a,,b , "),
        // RFC 6455 §4.2.1, item 10: "Unknown header fields are ignored".
        ("sec-websocket-key1", b"4 @1  46546xW%0l 1 5"),
    ] {
        let result = accept(&upgrade().set(name, value));
        assert!(result.is_ok(), "{name}: {} gives {result:?}", value.escape_ascii());
    }
}

#[test]
fn lists_go_over_all_lines() {
    let request = upgrade()
        .set("upgrade", b"h2c")
        .add("upgrade", b"websocket")
        .set("connection", b"keep-alive")
        .add("connection", b"x, upgrade")
        .set("sec-websocket-protocol", b"a")
        .add("sec-websocket-protocol", b"b, c")
        .add("sec-websocket-extensions", b"x; y")
        .add("sec-websocket-extensions", b"z");
    let accepted = accept(&request).unwrap();
    let protocols: Vec<_> = accepted.offered_protocols().iter().map(Subprotocol::as_str).collect();
    assert_eq!(protocols, ["a", "b", "c"]);
    let extensions: Vec<_> = accepted.offered_extensions().iter().map(ToString::to_string).collect();
    assert_eq!(extensions, ["x; y", "z"]);
}

#[test]
fn what_an_upgrade_needs_is_not_looked_at_in_a_connect() {
    let request = connect().add("sec-websocket-key", b"?").add("host", b"SERVER.EXAMPLE.COM");
    let accepted = server::accept(&request, Some("WebSocket"), &server::Options::new()).unwrap();
    assert!(!accepted.response().headers().contains_key("sec-websocket-accept"));
    let mut request = connect();
    *request.version_mut() = Version::HTTP_3;
    assert!(accept(&request).is_ok());
}

#[test]
fn a_protocol_argument_says_nothing_about_an_upgrade() {
    for protocol in [None, Some("connect-udp")] {
        assert!(server::accept(&upgrade(), protocol, &server::Options::new()).is_ok());
    }
}

#[test]
fn the_servers_order_decides_and_the_handler_has_the_last_word() {
    let supported = ["v3", "superchat", "chat"].map(Subprotocol::from_static);
    let options = { supported }.into_iter().fold(server::Options::new(), server::Options::protocol);
    let mut accepted = server::accept(&upgrade(), None, &options).unwrap();
    let selected = |accepted: &server::Accepted| accepted.protocol().map(ToString::to_string);
    assert_eq!(selected(&accepted).as_deref(), Some("superchat"));
    accepted.select_protocol(Some("chat")).unwrap();
    // RFC 6455 §4.2.2, item 5: "The value chosen MUST be derived from the client's handshake".
    for not_offered in ["v3", "CHAT", "", "chat, superchat"] {
        assert!(accepted.select_protocol(Some(not_offered)).is_err(), "{not_offered}");
    }
    assert_eq!(selected(&accepted).as_deref(), Some("chat"));
    accepted.select_protocol(None).unwrap();
    assert!(!accepted.response().headers().contains_key("sec-websocket-protocol"));
}

#[test]
fn only_extensions_that_are_offered_are_agreed_to() {
    let mut accepted = accept(&upgrade().add("sec-websocket-extensions", b"x; y, z")).unwrap();
    let mut agree = |value: &str| accepted.agree_extensions(Some(value));
    for wrong in ["a", "x, a", "X", "", "x;", "y"] {
        assert!(agree(wrong).is_err(), "{wrong}");
    }
    agree("x; y=\"1\",z").unwrap();
    assert!(agree("a").is_err());
    assert_eq!(accepted.response().headers()["sec-websocket-extensions"], "x; y=1, z");
    accepted.agree_extensions(None).unwrap();
    assert!(!accepted.response().headers().contains_key("sec-websocket-extensions"));
}
