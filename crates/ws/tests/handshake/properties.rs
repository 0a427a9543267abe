use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, Version};
use longwave_ws::handshake::{
    Extension, Origin, Subprotocol, client, format_extensions, parse_extensions, parse_subprotocols, server,
};
use proptest::prelude::*;

use crate::{Edit as _, NONCE, asks, connect, switching, upgrade};

const FIELDS: [&str; 11] = [
    "connection",
    "content-length",
    "host",
    "origin",
    "sec-websocket-accept",
    "sec-websocket-extensions",
    "sec-websocket-key",
    "sec-websocket-protocol",
    "sec-websocket-version",
    "transfer-encoding",
    "upgrade",
];

fn token() -> impl Strategy<Value = String> {
    "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}"
}

fn extension() -> impl Strategy<Value = Extension> {
    let params = prop::collection::vec((token(), prop::option::of(token())), 0..5);
    (token(), params).prop_map(|(name, params)| {
        { params }.into_iter().fold(Extension::new(&name).unwrap(), |extension, param| {
            match param {
                (name, None) => extension.param(&name),
                (name, Some(value)) => extension.param_value(&name, &value),
            }
            .unwrap()
        })
    })
}

/// Bytes of a field, of which many have a meaning in a list.
fn value() -> impl Strategy<Value = HeaderValue> {
    let byte = prop_oneof![prop::sample::select(b",;=\"\\ \tab13:/[]@".as_slice()), 0x20..=0xff_u8];
    let bytes = prop::collection::vec(byte, 0..40);
    bytes.prop_filter_map("delete is no value", |bytes| HeaderValue::from_bytes(&bytes).ok())
}

fn fields() -> impl Strategy<Value = Vec<(&'static str, HeaderValue)>> {
    prop::collection::vec((prop::sample::select(&FIELDS), value()), 0..6)
}

proptest! {
    /// Whatever is in the fields of a head, judging it comes to an end.
    #[test]
    fn no_head_panics(fields in fields(), protocol in prop::option::of(".*"), keep in any::<bool>()) {
        let (mut upgrade, mut connect, mut response) = (upgrade(), connect(), switching());
        for headers in [upgrade.headers_mut(), connect.headers_mut(), response.headers_mut()] {
            if !keep {
                headers.clear();
            }
            for (name, value) in &fields {
                // One field is spoilt beside others that are right, or added to itself.
                let name = HeaderName::from_static(name);
                if keep {
                    headers.insert(name, value.clone());
                } else {
                    headers.append(name, value.clone());
                }
            }
        }
        for request in [upgrade, connect] {
            match server::accept(&request, protocol.as_deref(), &server::Options::new()) {
                Ok(accepted) => prop_assert!(accepted.response().status().as_u16() < 300),
                Err(rejection) => prop_assert!(rejection.response().status().as_u16() >= 400),
            }
        }
        let _ = client::validate(&response, NONCE, &asks());
        let _ = client::validate_connect(&response, &asks());
    }

    /// What is written is what is read, on one line or on several.
    #[test]
    fn extensions_round_trip(list in prop::collection::vec(extension(), 1..8), cut in 0..8_usize) {
        let (first, second) = list.split_at(cut.min(list.len()));
        let mut headers = HeaderMap::new();
        for line in [first, second].into_iter().filter_map(format_extensions) {
            headers.append("sec-websocket-extensions", line);
        }
        prop_assert_eq!(parse_extensions(&headers), Ok(list));
    }

    /// A value means the same in quotes, with each character escaped or none.
    #[test]
    fn quotes_change_nothing(name in token(), value in token()) {
        let plain: Extension = format!("x; {name}={value}").parse().unwrap();
        let escaped: String = value.chars().flat_map(|char| ['\\', char]).collect();
        for quoted in [value, escaped] {
            prop_assert_eq!(format!("x; {name}=\"{quoted}\"").parse(), Ok(plain.clone()));
        }
    }

    /// What is read is written so that it is read as the same.
    #[test]
    fn extensions_that_are_read_can_be_written(value in value()) {
        let mut headers = HeaderMap::new();
        headers.insert("sec-websocket-extensions", value);
        if let Ok(list) = parse_extensions(&headers) {
            headers.insert("sec-websocket-extensions", format_extensions(&list).unwrap());
            prop_assert_eq!(parse_extensions(&headers), Ok(list));
        }
    }

    #[test]
    fn subprotocols_round_trip(names in prop::collection::btree_set(token(), 1..8)) {
        let value = names.iter().map(String::as_str).collect::<Vec<_>>().join(" ,\t");
        let mut headers = HeaderMap::new();
        headers.insert("sec-websocket-protocol", HeaderValue::try_from(value).unwrap());
        let offered = parse_subprotocols(&headers).unwrap();
        prop_assert!(offered.iter().map(Subprotocol::as_str).eq(names.iter().map(String::as_str)));
    }

    #[test]
    fn origins_round_trip(
        text in "(https?|[a-z]{1,5})://([A-Za-z0-9.-]{1,9}|\\[[0-9a-f:]{2,9}\\])(:[0-9]{0,6})?",
    ) {
        if let Ok(origin) = text.parse::<Origin>() {
            prop_assert_eq!(origin.to_string().parse(), Ok(origin));
        }
    }

    /// A client's request is accepted, and the answer to it is valid, whatever the nonce and the offers.
    #[test]
    fn handshakes_round_trip(
        nonce: [u8; 16],
        names in prop::collection::vec(token(), 0..6),
        supported in prop::sample::subsequence(vec![0, 1, 2, 3, 4, 5], 0..4),
        extensions in prop::collection::vec(extension(), 0..6),
        port in prop::option::of(any::<u16>()),
    ) {
        let protocols: Vec<_> = names.into_iter().map(|name| Subprotocol::new(name).unwrap()).collect();
        let asks = protocols.iter().cloned().fold(client::Options::new(), client::Options::protocol);
        let asks = asks.extensions(extensions.iter().cloned());
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let asks = asks.origin(format!("https://h{port}").parse().unwrap());
        let supported = supported.into_iter().filter_map(|index| protocols.get(index)).cloned();
        let supports = supported.fold(server::Options::new(), server::Options::protocol);
        let uri: Uri = format!("wss://h{port}/").parse().unwrap();

        let upgrade: Request<()> = client::request(&uri, nonce, &asks).unwrap();
        let connect = client::connect(&uri, &asks).unwrap();
        for request in [upgrade, connect] {
            let mut accepted = server::accept(&request, Some("websocket"), &supports).unwrap();
            prop_assert_eq!(accepted.offered_extensions(), &extensions);
            let agreed = format_extensions(&extensions);
            accepted.agree_extensions(agreed.as_ref().map(|agreed| agreed.to_str().unwrap())).unwrap();
            let response = accepted.response();
            let established = match request.version() {
                Version::HTTP_11 => client::validate(&response, nonce, &asks),
                _ => client::validate_connect(&response, &asks),
            };
            let established = established.unwrap();
            prop_assert_eq!(established.protocol(), accepted.protocol());
            prop_assert_eq!(established.extensions(), &extensions);
        }
    }

    /// A key is accepted if, and only if, it is base64 of 16 bytes, whatever its spare bits are.
    #[test]
    fn keys_are_base64_of_16_bytes(bytes in prop::collection::vec(any::<u8>(), 0..24)) {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let request = upgrade().set("sec-websocket-key", STANDARD.encode(&bytes).as_bytes());
        let accepted = server::accept(&request, None, &server::Options::new()).is_ok();
        prop_assert_eq!(accepted, bytes.len() == 16);
    }
}
