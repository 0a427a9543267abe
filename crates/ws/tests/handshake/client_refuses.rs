//! One case for each MUST that a response can break, named after the section that has it.

use http::{HeaderName, HeaderValue, Response, StatusCode, Uri};
use longwave_ws::handshake::{
    ExtensionsError, accept_key,
    client::{self, HandshakeError, RequestError},
};

use crate::{Edit as _, NONCE, asks, switching};

macro_rules! refused {
    ($($name:ident: $response:expr => $error:pat,)*) => {
        $(
            #[test]
            fn $name() {
                let error = client::validate(&$response, NONCE, &asks()).unwrap_err();
                assert!(matches!(error, $error), "{error:?}");
            }
        )*
    };
}

refused! {
    rfc6455_4_1_response_item_1_ok: status(200) => HandshakeError::Status { status: StatusCode::OK, .. },
    rfc6455_4_1_response_item_1_login:
        status(401) => HandshakeError::Status { status: StatusCode::UNAUTHORIZED, .. },
    rfc6455_4_1_response_item_1_redirect: status(307) => HandshakeError::Status { .. },
    rfc6455_4_1_response_item_1_continue: status(100) => HandshakeError::Status { .. },

    rfc6455_4_1_response_item_2_no_upgrade: switching().remove("upgrade") => HandshakeError::Upgrade,
    rfc6455_4_1_response_item_2_other_upgrade:
        switching().set("upgrade", b"h2c") => HandshakeError::Upgrade,
    rfc6455_4_1_response_item_2_list:
        switching().set("upgrade", b"websocket, h2c") => HandshakeError::Upgrade,
    rfc6455_4_1_response_item_2_two_lines:
        switching().add("upgrade", b"websocket") => HandshakeError::Upgrade,

    rfc6455_4_1_response_item_3_no_connection:
        switching().remove("connection") => HandshakeError::Connection,
    rfc6455_4_1_response_item_3_close:
        switching().set("connection", b"close") => HandshakeError::Connection,
    rfc6455_4_1_response_item_3_substring:
        switching().set("connection", b"upgraded") => HandshakeError::Connection,

    rfc6455_4_1_response_item_4_no_accept:
        switching().remove("sec-websocket-accept") => HandshakeError::Accept,
    rfc6455_4_1_response_item_4_empty:
        switching().set("sec-websocket-accept", b"") => HandshakeError::Accept,
    rfc6455_4_1_response_item_4_of_another_key:
        switching().set("sec-websocket-accept", &accept_key("AQIDBAUGBwgJCgsMDQ4PEA=="))
        => HandshakeError::Accept,
    rfc6455_4_1_response_item_4_other_case:
        switching().set("sec-websocket-accept", b"S3PPLMBITXAQ9KYGZZHZRBK+XOO=") => HandshakeError::Accept,
    rfc6455_4_1_response_item_4_longer:
        switching().set("sec-websocket-accept", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo==") => HandshakeError::Accept,
    rfc6455_11_3_3_two_accepts:
        switching().add("sec-websocket-accept", b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=") => HandshakeError::Accept,

    rfc6455_4_1_response_item_5_extension_not_offered:
        switching().add("sec-websocket-extensions", b"permessage-deflate, bar")
        => HandshakeError::ExtensionNotOffered,
    rfc6455_4_1_response_item_5_not_offered_on_another_line:
        switching().add("sec-websocket-extensions", b"foo").add("sec-websocket-extensions", b"bar")
        => HandshakeError::ExtensionNotOffered,
    rfc6455_9_1_malformed_extensions:
        switching().add("sec-websocket-extensions", b"foo bar")
        => HandshakeError::Extensions(ExtensionsError::Malformed),
    rfc6455_9_1_empty_extensions:
        switching().add("sec-websocket-extensions", b"")
        => HandshakeError::Extensions(ExtensionsError::Malformed),

    rfc6455_4_1_response_item_6_protocol_not_offered:
        switching().set("sec-websocket-protocol", b"v3") => HandshakeError::Protocol,
    rfc6455_4_1_response_item_6_other_case:
        switching().set("sec-websocket-protocol", b"Chat") => HandshakeError::Protocol,
    rfc6455_4_1_response_item_6_list:
        switching().set("sec-websocket-protocol", b"chat, superchat") => HandshakeError::Protocol,
    rfc6455_4_1_response_item_6_empty:
        switching().set("sec-websocket-protocol", b"") => HandshakeError::Protocol,
    rfc6455_11_3_4_two_protocols:
        switching().add("sec-websocket-protocol", b"superchat") => HandshakeError::Protocol,
}

fn status(code: u16) -> Response<()> {
    let mut response = switching();
    *response.status_mut() = StatusCode::from_u16(code).unwrap();
    response
}

#[test]
fn what_must_be_tolerated_is() {
    for (name, value) in [
        ("upgrade", b" WebSocket\t".as_slice()),
        ("connection", b"keep-alive, UPGRADE"),
        ("sec-websocket-accept", b"\ts3pPLMBiTxaQ9kYGzzhZRbK+xOo= "),
        ("sec-websocket-protocol", b" superchat "),
        ("sec-websocket-extensions", b"foo; a=1, permessage-deflate"),
    ] {
        let result = client::validate(&switching().set(name, value), NONCE, &asks());
        assert!(result.is_ok(), "{name}: {} gives {result:?}", value.escape_ascii());
    }
    let response = switching().remove("sec-websocket-protocol");
    assert_eq!(client::validate(&response, NONCE, &asks()).unwrap().protocol(), None);
}

#[test]
fn rfc8441_5_a_connect_succeeds_by_2xx() {
    for code in [200, 204, 299] {
        assert!(client::validate_connect(&status(code), &asks()).is_ok(), "{code}");
    }
    for code in [101, 302, 400, 501] {
        let error = client::validate_connect(&status(code), &asks()).unwrap_err();
        assert!(matches!(error, HandshakeError::Status { status, .. } if status == code), "{error:?}");
    }
    let response = status(200).set("sec-websocket-protocol", b"v3");
    assert_eq!(client::validate_connect(&response, &asks()), Err(HandshakeError::Protocol));
    let response = status(200).set("sec-websocket-extensions", b"bar");
    assert_eq!(client::validate_connect(&response, &asks()), Err(HandshakeError::ExtensionNotOffered));
}

#[test]
fn rfc6455_3_a_uri_without_a_websocket_is_refused() {
    for (uri, error) in [
        ("/chat", RequestError::Scheme),
        ("ftp://example.com/", RequestError::Scheme),
        ("example.com", RequestError::Scheme),
        ("ws://me:secret@example.com/", RequestError::UserInfo),
        ("ws://[v1.x]/", RequestError::Host),
        ("ws://host:99999/", RequestError::Host),
    ] {
        let uri: Uri = uri.parse().expect(uri);
        assert_eq!(client::request(&uri, NONCE, &asks()).unwrap_err(), error, "{uri}");
        assert_eq!(client::connect(&uri, &asks()).unwrap_err(), error, "{uri}");
    }
}

#[test]
fn rfc6455_4_1_fields_of_the_handshake_cannot_be_overridden() {
    let uri = Uri::from_static("ws://example.com");
    for name in [
        "connection",
        "content-length",
        "host",
        "http2-settings",
        "keep-alive",
        "origin",
        "proxy-connection",
        "sec-websocket-accept",
        "sec-websocket-extensions",
        "sec-websocket-key",
        "sec-websocket-protocol",
        "sec-websocket-version",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ] {
        let options = asks().header(HeaderName::from_static(name), HeaderValue::from_static("x"));
        let error = client::request(&uri, NONCE, &options).unwrap_err();
        assert!(matches!(&error, RequestError::Reserved { name: found, .. } if found == name), "{error:?}");
        assert_eq!(client::connect(&uri, &options).unwrap_err(), error);
    }
}

#[test]
fn secrets_are_not_shown() {
    let options = asks().header(HeaderName::from_static("cookie"), HeaderValue::from_static("id=secret"));
    assert!(!format!("{options:?}").contains("secret"));
}
