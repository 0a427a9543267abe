//! One case for each MUST that a request can break, named after the section that has it.

use http::{Method, StatusCode, Version};
use longwave_ws::handshake::{ExtensionsError, Reason, SubprotocolsError, server};

use crate::{Edit as _, accept, connect, upgrade};

macro_rules! refused {
    ($($name:ident: $request:expr => $reason:pat, $status:literal;)*) => {
        $(
            #[test]
            fn $name() {
                let request = $request;
                let rejection = accept(&request).unwrap_err();
                assert!(matches!(rejection.reason(), $reason), "{rejection:?}");
                assert_eq!(rejection.status(), $status);
                assert_eq!(rejection.response().status(), $status);
            }
        )*
    };
}

macro_rules! request {
    ($request:ident.$part:ident = $value:expr) => {{
        let mut request = $request();
        *request.$part() = $value;
        request
    }};
}

refused! {
    rfc6455_4_2_1_item_1_post: request!(upgrade.method_mut = Method::POST) => Reason::Method, 405;
    rfc6455_4_2_1_item_1_head: request!(upgrade.method_mut = Method::HEAD) => Reason::Method, 405;
    rfc6455_4_2_1_item_1_connect: request!(upgrade.method_mut = Method::CONNECT) => Reason::Method, 405;
    rfc6455_4_2_1_item_1_method_in_lower_case:
        request!(upgrade.method_mut = Method::from_bytes(b"get").unwrap()) => Reason::Method, 405;
    rfc6455_4_2_1_item_1_http_1_0:
        request!(upgrade.version_mut = Version::HTTP_10) => Reason::HttpVersion, 505;
    rfc6455_4_2_1_item_1_http_0_9:
        request!(upgrade.version_mut = Version::HTTP_09) => Reason::HttpVersion, 505;

    rfc6455_4_2_1_item_2_no_host: upgrade().remove("host") => Reason::Host, 400;
    rfc6455_4_2_1_item_2_empty_host: upgrade().set("host", b"") => Reason::Host, 400;
    rfc6455_4_2_1_item_2_host_with_user:
        upgrade().set("host", b"me@server.example.com") => Reason::Host, 400;
    rfc6455_4_2_1_item_2_host_with_path: upgrade().set("host", b"server.example.com/") => Reason::Host, 400;
    rfc6455_4_2_1_item_2_host_not_ascii: upgrade().set("host", b"\xffserver") => Reason::Host, 400;
    rfc6455_4_2_1_item_2_port_out_of_range: upgrade().set("host", b"server:65536") => Reason::Host, 400;
    rfc6455_4_2_1_item_2_port_with_sign: upgrade().set("host", b"server:+80") => Reason::Host, 400;
    rfc9112_3_2_two_hosts: upgrade().add("host", b"server.example.com") => Reason::Host, 400;
    rfc9112_3_2_two_hosts_in_one: upgrade().set("host", b"a.example, b.example") => Reason::Host, 400;
    rfc9112_3_2_2_no_host_with_absolute_target:
        request!(upgrade.uri_mut = "http://server.example.com/chat".parse().unwrap()).remove("host")
        => Reason::Host, 400;

    rfc6455_4_2_1_item_3_no_upgrade: upgrade().remove("upgrade") => Reason::Upgrade, 426;
    rfc6455_4_2_1_item_3_empty_upgrade: upgrade().set("upgrade", b"") => Reason::Upgrade, 426;
    rfc6455_4_2_1_item_3_other_protocol: upgrade().set("upgrade", b"h2c") => Reason::Upgrade, 426;
    rfc6455_4_2_1_item_3_protocol_with_version:
        upgrade().set("upgrade", b"websocket/13") => Reason::Upgrade, 426;
    rfc6455_4_2_1_item_3_substring:
        upgrade().set("upgrade", b"websockets, xwebsocket") => Reason::Upgrade, 426;
    rfc6455_4_2_1_item_3_not_separated: upgrade().set("upgrade", b"h2c websocket") => Reason::Upgrade, 426;

    rfc6455_4_2_1_item_4_no_connection: upgrade().remove("connection") => Reason::Connection, 426;
    rfc6455_4_2_1_item_4_keep_alive: upgrade().set("connection", b"keep-alive") => Reason::Connection, 426;
    rfc6455_4_2_1_item_4_substring:
        upgrade().set("connection", b"no-upgrade, upgrades") => Reason::Connection, 426;
    rfc6455_4_2_1_item_4_quoted: upgrade().set("connection", b"\"upgrade\"") => Reason::Connection, 426;

    rfc6455_4_2_1_item_5_no_key: upgrade().remove("sec-websocket-key") => Reason::Key, 400;
    rfc6455_4_2_1_item_5_empty_key: upgrade().set("sec-websocket-key", b"") => Reason::Key, 400;
    rfc6455_4_2_1_item_5_key_of_15_bytes:
        upgrade().set("sec-websocket-key", b"AQIDBAUGBwgJCgsMDQ4P") => Reason::Key, 400;
    rfc6455_4_2_1_item_5_key_of_17_bytes:
        upgrade().set("sec-websocket-key", b"AQIDBAUGBwgJCgsMDQ4PEBE=") => Reason::Key, 400;
    rfc6455_4_2_1_item_5_key_of_19_bytes:
        upgrade().set("sec-websocket-key", b"AQIDBAUGBwgJCgsMDQ4PEBESEw==") => Reason::Key, 400;
    rfc6455_4_2_1_item_5_key_without_padding:
        upgrade().set("sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ") => Reason::Key, 400;
    rfc6455_4_2_1_item_5_key_with_half_its_padding:
        upgrade().set("sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ=") => Reason::Key, 400;
    rfc6455_4_2_1_item_5_key_padded_inside:
        upgrade().set("sec-websocket-key", b"dGhlIHNhbXBsZSBub25j====") => Reason::Key, 400;
    rfc6455_4_2_1_item_5_key_in_the_url_alphabet:
        upgrade().set("sec-websocket-key", b"dGhl-HNhbXBsZSBub25jZQ==") => Reason::Key, 400;
    rfc6455_4_2_1_item_5_key_with_space:
        upgrade().set("sec-websocket-key", b"dGhl HNhbXBsZSBub25jZQ==") => Reason::Key, 400;
    rfc6455_11_3_1_two_keys:
        upgrade().add("sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ==") => Reason::Key, 400;

    rfc6455_4_2_1_item_6_no_version:
        upgrade().remove("sec-websocket-version") => Reason::VersionMissing, 400;
    rfc6455_4_2_1_item_6_empty_version: upgrade().set("sec-websocket-version", b"") => Reason::Version, 426;
    rfc6455_4_2_1_item_6_version_8: upgrade().set("sec-websocket-version", b"8") => Reason::Version, 426;
    rfc6455_4_2_1_item_6_version_14: upgrade().set("sec-websocket-version", b"14") => Reason::Version, 426;
    rfc6455_4_2_1_item_6_leading_zero:
        upgrade().set("sec-websocket-version", b"013") => Reason::Version, 426;
    rfc6455_4_2_1_item_6_list: upgrade().set("sec-websocket-version", b"13, 8") => Reason::Version, 426;
    rfc6455_11_3_5_two_versions: upgrade().add("sec-websocket-version", b"13") => Reason::Version, 426;

    rfc6455_4_2_2_item_4_other_origin:
        upgrade().set("origin", b"http://evil.example") => Reason::Origin, 403;
    rfc6455_4_2_2_item_4_two_origins:
        upgrade().add("origin", b"http://server.example.com") => Reason::OriginRepeated, 400;

    rfc6455_4_1_item_10_protocol_not_token:
        upgrade().set("sec-websocket-protocol", b"chat, super chat")
        => Reason::Subprotocols(SubprotocolsError::Malformed), 400;
    rfc6455_4_1_item_10_protocol_not_ascii:
        upgrade().set("sec-websocket-protocol", b"ch\xc3\xa4t")
        => Reason::Subprotocols(SubprotocolsError::Malformed), 400;
    rfc6455_4_1_item_10_no_protocol_in_the_field:
        upgrade().set("sec-websocket-protocol", b", ,")
        => Reason::Subprotocols(SubprotocolsError::Malformed), 400;
    rfc6455_4_1_item_10_protocol_twice:
        upgrade().set("sec-websocket-protocol", b"a, b, a")
        => Reason::Subprotocols(SubprotocolsError::Duplicate), 400;
    rfc6455_4_1_item_10_protocol_twice_over_lines:
        upgrade().add("sec-websocket-protocol", b"chat")
        => Reason::Subprotocols(SubprotocolsError::Duplicate), 400;
    too_many_protocols:
        upgrade().set("sec-websocket-protocol", numbered(33).as_bytes())
        => Reason::Subprotocols(SubprotocolsError::TooMany { max: 32, .. }), 400;

    rfc6455_9_1_malformed_extension:
        upgrade().set("sec-websocket-extensions", b"foo; =1")
        => Reason::Extensions(ExtensionsError::Malformed), 400;
    too_many_extensions:
        upgrade().set("sec-websocket-extensions", numbered(33).as_bytes())
        => Reason::Extensions(ExtensionsError::TooMany { max: 32, .. }), 400;

    upgrade_with_content_length: upgrade().add("content-length", b"1") => Reason::Body, 400;
    upgrade_with_content_length_twice:
        upgrade().add("content-length", b"0").add("content-length", b"0") => Reason::Body, 400;
    upgrade_with_content_length_of_zeros: upgrade().add("content-length", b"00") => Reason::Body, 400;
    upgrade_with_chunked_body: upgrade().add("transfer-encoding", b"chunked") => Reason::Body, 400;

    rfc8441_5_get: request!(connect.method_mut = Method::GET) => Reason::Method, 405;
    rfc8441_5_no_version: connect().remove("sec-websocket-version") => Reason::VersionMissing, 400;
    rfc8441_5_version_8: connect().set("sec-websocket-version", b"8") => Reason::Version, 400;
    rfc8441_5_two_versions: connect().add("sec-websocket-version", b"13") => Reason::Version, 400;
    rfc8441_5_other_origin: connect().set("origin", b"https://evil.example") => Reason::Origin, 403;
    rfc8441_5_no_authority: request!(connect.uri_mut = "/chat".parse().unwrap()) => Reason::Host, 400;
    rfc8441_5_malformed_protocols:
        connect().set("sec-websocket-protocol", b"@")
        => Reason::Subprotocols(SubprotocolsError::Malformed), 400;
    rfc8441_5_malformed_extensions:
        connect().set("sec-websocket-extensions", b"@")
        => Reason::Extensions(ExtensionsError::Malformed), 400;
    rfc8441_5_body: connect().add("content-length", b"5") => Reason::Body, 400;
    rfc9113_8_3_1_host_differs: connect().add("host", b"other.example.com") => Reason::Host, 400;
    rfc9113_8_3_1_two_hosts:
        connect().add("host", b"server.example.com").add("host", b"server.example.com")
        => Reason::Host, 400;
}

#[test]
fn rfc9220_3_other_protocols_are_not_implemented() {
    for protocol in [None, Some(""), Some("connect-udp"), Some("websockets"), Some("websocket/13")] {
        let rejection = server::accept(&connect(), protocol, &server::Options::new()).unwrap_err();
        assert_eq!(rejection.reason(), Reason::Protocol, "{protocol:?}");
        assert_eq!(rejection.status(), StatusCode::NOT_IMPLEMENTED);
    }
}

#[test]
fn refusals_say_what_would_do() {
    let respond = |request| accept(&request).unwrap_err().response();
    let fields = |response: http::Response<()>| {
        let fields = response.headers().iter();
        let mut fields: Vec<_> =
            fields.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        fields.sort_unstable();
        fields
    };
    let version = "sec-websocket-version: 13";
    let old = |request: http::Request<()>| request.set("sec-websocket-version", b"8");
    let upgrade_required = ["connection: upgrade, close", version, "upgrade: websocket"];
    assert_eq!(fields(respond(old(upgrade()))), upgrade_required);
    assert_eq!(fields(respond(upgrade().remove("upgrade"))), upgrade_required);
    assert_eq!(fields(respond(upgrade().remove("sec-websocket-version"))), ["connection: close", version]);
    assert_eq!(fields(respond(upgrade().remove("host"))), ["connection: close"]);
    let post = request!(upgrade.method_mut = Method::POST);
    assert_eq!(fields(respond(post)), ["allow: GET", "connection: close"]);
    // HTTP/2 has no fields about the connection.
    assert_eq!(fields(respond(old(connect()))), [version]);
    assert_eq!(fields(respond(request!(connect.method_mut = Method::GET))), ["allow: CONNECT"]);
    assert!(fields(respond(connect().set("origin", b"null"))).is_empty());
}

#[test]
fn a_refusal_has_its_cause() {
    let request = upgrade().set("sec-websocket-extensions", b"foo; a=@");
    let rejection = server::accept(&request, None, &server::Options::new()).unwrap_err();
    assert_eq!(rejection.to_string(), "extensions cannot be read");
    assert_eq!(std::error::Error::source(&rejection).unwrap().to_string(), "extensions malformed");
}

fn numbered(count: usize) -> String {
    (0..count).map(|number| format!("x{number}")).collect::<Vec<_>>().join(", ")
}
