//! The opening handshake: whatever is in a head, it is judged, and what is accepted is understood.

use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, Version,
    header::{SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_PROTOCOL},
};
use longwave_ws::{
    deflate::Settings,
    handshake::{
        Extension, Opening, Origin, OriginPolicy, PROTOCOL, Subprotocol,
        client::{self, Established},
        format_extensions, parse_extensions, parse_subprotocols,
        server::{self, Accepted},
    },
};

/// A line of a head: which field it is of, and its value.
pub type Line<'a> = (HeaderName, &'a [u8]);

/// The fields that mean something in a handshake, and one that does not.
pub const FIELDS: [&str; 12] = [
    "connection",
    "content-length",
    "cookie",
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

/// What the lines are added to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Onto {
    /// A head that is right, whose fields they replace.
    Right,
    /// A head that is right, each of whose fields they are one more line of.
    More,
    /// A head without any.
    Nothing,
}

/// Requests and responses with these lines are judged; one that is accepted gets an answer that its client takes,
/// and that says what was agreed on.
///
/// # Panics
///
/// If they are not, or the answer is not as it should be.
pub fn heads_are_judged(onto: Onto, lines: &[Line<'_>], protocol: Option<&str>, uri: Option<&Uri>) {
    let (mut upgrade, mut connect, mut response) = (upgrade(), connect(), switching());
    for headers in [upgrade.headers_mut(), connect.headers_mut(), response.headers_mut()] {
        add(headers, onto, lines);
    }
    let asks = asks();
    let _ = client::validate(&response, NONCE, &asks).map(|told| is_asked_for(&told));
    let _ = client::validate_connect(&response, &asks);
    *response.status_mut() = http::StatusCode::OK;
    let _ = client::validate_connect(&response, &asks).map(|told| is_asked_for(&told));
    if let Some(uri) = uri {
        *upgrade.uri_mut() = uri.clone();
        *connect.uri_mut() = uri.clone();
    }
    for request in [upgrade, connect] {
        for origins in [OriginPolicy::same_host(), OriginPolicy::unchecked()] {
            let options = server::Options::new().origins(origins);
            let options = CHATS
                .into_iter()
                .fold(options, |options, name| options.protocol(Subprotocol::from_static(name)));
            match server::accept(&request, protocol.or(Some(PROTOCOL)), &options) {
                Ok(accepted) => is_understood(accepted, &request),
                Err(rejection) => {
                    let response = rejection.response();
                    assert!(response.status().is_client_error() || response.status().is_server_error());
                    assert!(!rejection.to_string().is_empty());
                }
            }
        }
    }
}

/// A server has taken nothing else.
fn is_asked_for(told: &Established) {
    assert!(told.protocol().is_none_or(|protocol| CHATS.contains(&protocol.as_str())));
    assert!(told.extensions().iter().all(|extension| EXTENSIONS.contains(&extension.name())));
}

/// The client takes the answer to what it has asked for.
fn is_understood(mut accepted: Accepted, request: &Request<()>) {
    lists_round_trip(request.headers());
    let (protocols, extensions) =
        (accepted.offered_protocols().to_vec(), accepted.offered_extensions().to_vec());
    assert_eq!(parse_subprotocols(request.headers()).as_ref(), Ok(&protocols));
    assert_eq!(parse_extensions(request.headers()).as_ref(), Ok(&extensions));
    let asks = protocols.iter().cloned().fold(client::Options::new(), client::Options::protocol);
    let asks = asks.extensions(extensions.iter().cloned());
    let agreed = format_extensions(&extensions);
    let agreed = agreed.as_ref().map(|agreed| agreed.to_str().expect("it is made of tokens"));
    accepted.agree_extensions(agreed).expect("that is what was offered");
    let selected = accepted.protocol().cloned();
    for name in protocols.iter().map(Some).chain([None, selected.as_ref()]) {
        accepted.select_protocol(name.map(Subprotocol::as_str)).expect("that is what was offered");
        let response = accepted.response();
        let established = match accepted.opening() {
            // Of another key the nonce is not known here.
            Opening::Upgrade if request.headers()["sec-websocket-key"] != KEY => continue,
            Opening::Upgrade => client::validate(&response, NONCE, &asks),
            _ => client::validate_connect(&response, &asks),
        };
        let established = established.expect("an answer to what was asked");
        assert_eq!((established.protocol(), established.extensions()), (name, &extensions[..]));
    }
    if let Some((_, answer)) = Settings::new().negotiate(offers(&extensions)) {
        accepted.agree_extensions(Some(&answer)).expect("that is what was offered");
    }
}

/// What is read of the lists in a head is written so that it is read as the same.
///
/// # Panics
///
/// If it is not.
pub fn lists_round_trip(headers: &HeaderMap) {
    let mut again = HeaderMap::new();
    if let Ok(list) = parse_extensions(headers) {
        assert!(list.len() <= Extension::MAX_OFFERED);
        assert!(list.iter().all(|extension| extension.params().len() <= Extension::MAX_PARAMS));
        if let Some(value) = format_extensions(&list) {
            let text = value.to_str().expect("it is made of tokens");
            assert_eq!(Extension::parse_list(text).as_ref(), Ok(&list));
            again.insert(SEC_WEBSOCKET_EXTENSIONS, value);
        }
        assert_eq!(parse_extensions(&again).as_ref(), Ok(&list));
        for extension in list {
            assert_eq!(rebuilt(&extension), extension);
            assert_eq!(extension.to_string().parse(), Ok(extension));
        }
    }
    if let Ok(list) = parse_subprotocols(headers) {
        assert!(list.len() <= Subprotocol::MAX_OFFERED);
        for protocol in &list {
            assert_eq!(Subprotocol::new(protocol.to_string()).as_ref(), Ok(protocol));
            let value = HeaderValue::from_str(protocol.as_str()).expect("a token is a value");
            again.append(SEC_WEBSOCKET_PROTOCOL, value);
        }
        assert_eq!(parse_subprotocols(&again), Ok(list));
    }
}

/// The same, from its parts.
fn rebuilt(extension: &Extension) -> Extension {
    let name = Extension::new(extension.name()).expect("a name is a token");
    extension.params().fold(name, |built, param| {
        match param {
            (name, None) => built.param(name),
            (name, Some(value)) => built.param_value(name, value),
        }
        .expect("parameters are tokens")
    })
}

/// Compression is agreed on or not, and never beyond what is wanted; a server's answer, offered again, is answered
/// the same.
///
/// # Panics
///
/// If it is.
pub fn compression_is_negotiated(settings: &Settings, text: &str) {
    let Ok(list) = Extension::parse_list(text) else { return };
    let plain = settings.peer_window_bits(15).negotiate([("permessage-deflate", [])]);
    let own = plain.expect("nothing is asked for that a client must know").0.own();
    if let Some((agreed, answer)) = settings.negotiate(offers(&list)) {
        assert!(agreed.own().window_bits() <= own.window_bits());
        assert!(own.takeover() || !agreed.own().takeover());
        let answered: Extension = answer.parse().expect("an answer is an extension");
        assert!(list.iter().any(|offer| offer.name() == answered.name()));
        assert_eq!(settings.negotiate(offers(&[answered])), Some((agreed, answer)));
    }
    for extension in list {
        if let Ok(agreed) = settings.accept_response(extension.params()) {
            assert!(agreed.own().window_bits() <= own.window_bits());
            assert!(own.takeover() || !agreed.own().takeover());
            assert!(matches!(agreed.peer().window_bits(), 8..=15));
        }
    }
}

fn offers(list: &[Extension]) -> impl Iterator<Item = (&str, impl Iterator<Item = (&str, Option<&str>)>)> {
    list.iter().map(|extension| (extension.name(), extension.params()))
}

/// What a client makes of a URI, a server accepts; and an origin that is read is written as the same.
///
/// # Panics
///
/// If it does not, or is not.
pub fn uris_and_origins_are_sent(text: &str) {
    if let Ok(origin) = text.parse::<Origin>() {
        assert_eq!(origin.to_string().parse(), Ok(origin));
    }
    let Ok(uri) = text.parse::<Uri>() else { return };
    let options = server::Options::new();
    let requests = [client::request(&uri, NONCE, &asks()), client::connect(&uri, &asks())];
    for request in requests.into_iter().flatten() {
        let accepted = server::accept(&request, Some(PROTOCOL), &options).expect("a client's own request");
        is_understood(accepted, &request);
    }
}

fn add(headers: &mut HeaderMap, onto: Onto, lines: &[Line<'_>]) {
    if onto == Onto::Nothing {
        headers.clear();
    }
    for (name, value) in lines {
        // What is no value never gets here from an HTTP implementation.
        let Ok(value) = HeaderValue::from_bytes(value) else { continue };
        if onto == Onto::Right {
            headers.insert(name, value);
        } else {
            headers.append(name, value);
        }
    }
}

/// The request of RFC 6455, section 1.2.
fn upgrade() -> Request<()> {
    let mut request = Request::new(());
    *request.uri_mut() = Uri::from_static("/chat");
    let fields = [
        ("host", "server.example.com"),
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("sec-websocket-key", KEY),
        ("origin", "http://server.example.com"),
        ("sec-websocket-protocol", "chat, superchat"),
        ("sec-websocket-version", "13"),
    ];
    request.headers_mut().extend(fields.map(field));
    request
}

/// The request of RFC 8441, section 5.1.
fn connect() -> Request<()> {
    let mut request = Request::new(());
    *request.method_mut() = http::Method::CONNECT;
    *request.version_mut() = Version::HTTP_2;
    *request.uri_mut() = Uri::from_static("https://server.example.com/chat");
    let fields = [
        ("sec-websocket-protocol", "chat, superchat"),
        ("sec-websocket-extensions", "permessage-deflate"),
        ("sec-websocket-version", "13"),
        ("origin", "https://server.example.com"),
    ];
    request.headers_mut().extend(fields.map(field));
    request
}

/// The response of RFC 6455, section 1.3.
fn switching() -> Response<()> {
    let mut response = Response::new(());
    *response.status_mut() = http::StatusCode::SWITCHING_PROTOCOLS;
    let fields = [
        ("upgrade", "websocket"),
        ("connection", "Upgrade"),
        ("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ("sec-websocket-protocol", "chat"),
    ];
    response.headers_mut().extend(fields.map(field));
    response
}

fn field((name, value): (&'static str, &'static str)) -> (HeaderName, HeaderValue) {
    (HeaderName::from_static(name), HeaderValue::from_static(value))
}

/// What the client of RFC 6455, section 1.2, asks for, with extensions.
fn asks() -> client::Options {
    let extensions = EXTENSIONS.map(|name| Extension::new(name).expect("a token"));
    let protocols = CHATS.map(Subprotocol::from_static);
    { protocols }.into_iter().fold(client::Options::new(), client::Options::protocol).extensions(extensions)
}

const CHATS: [&str; 2] = ["chat", "superchat"];
const EXTENSIONS: [&str; 2] = ["permessage-deflate", "foo"];

/// The nonce of RFC 6455, section 1.3, and the key that it is sent as.
const NONCE: [u8; 16] = *b"the sample nonce";
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
