use http::{
    HeaderMap, Method, Request, Version,
    header::{
        CONNECTION, CONTENT_LENGTH, HOST, ORIGIN, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION,
        TRANSFER_ENCODING, UPGRADE,
    },
};

use super::{Accepted, Options};
use crate::handshake::{
    PROTOCOL, Reason, VERSION, key,
    origin::Authority,
    parse_extensions, parse_subprotocols,
    tokens::{self, Lines},
};

/// Checks an upgrade on HTTP/1.1, item by item as in RFC 6455 §4.2.1.
pub(super) fn upgrade<B>(request: &Request<B>, options: &Options) -> Result<Accepted, Reason> {
    let headers = request.headers();
    if request.version() < Version::HTTP_11 {
        return Err(Reason::HttpVersion);
    }
    if request.method() != Method::GET {
        return Err(Reason::Method);
    }
    no_body(headers)?;
    // None, more than one, and an invalid one are a 400 (RFC 9112 §3.2), also where the target names the host.
    let Lines::One(host) = Lines::of(headers, &HOST) else {
        return Err(Reason::Host);
    };
    let host = authority(host)?;
    let host = named_by_target(request)?.unwrap_or(host);
    if !tokens::has_member(headers, &UPGRADE, PROTOCOL) {
        return Err(Reason::Upgrade);
    }
    if !tokens::has_member(headers, &CONNECTION, "upgrade") {
        return Err(Reason::Connection);
    }
    version(headers)?;
    let key = match Lines::of(headers, &SEC_WEBSOCKET_KEY) {
        Lines::One(key) if key::is_key(key) => key,
        _ => return Err(Reason::Key),
    };
    let accept = key::accept_key(key);
    finish(headers, &host, Some(accept), options)
}

/// Checks an extended CONNECT, for which `:protocol` has superseded the key and its answer (RFC 8441 §5).
pub(super) fn connect<B>(
    request: &Request<B>,
    protocol: Option<&str>,
    options: &Options,
) -> Result<Accepted, Reason> {
    let headers = request.headers();
    if request.method() != Method::CONNECT {
        return Err(Reason::Method);
    }
    if !protocol.is_some_and(|protocol| protocol.eq_ignore_ascii_case(PROTOCOL)) {
        return Err(Reason::Protocol);
    }
    no_body(headers)?;
    let host = match (named_by_target(request)?, Lines::of(headers, &HOST)) {
        (Some(host), Lines::None) => host,
        // "if it contains a Host header field that identifies an entity that differs" (RFC 9113 §8.3.1)
        (Some(host), Lines::One(same)) if authority(same)? == host => host,
        (None, Lines::One(host)) => authority(host)?,
        _ => return Err(Reason::Host),
    };
    version(headers)?;
    finish(headers, &host, None, options)
}

/// Checks what both ways have in common: the origin, and what the client offers.
fn finish(
    headers: &HeaderMap,
    host: &Authority,
    accept: Option<[u8; 28]>,
    options: &Options,
) -> Result<Accepted, Reason> {
    match Lines::of(headers, &ORIGIN) {
        Lines::None => {}
        Lines::One(origin) if options.origins.permits(origin, host) => {}
        Lines::One(_) => return Err(Reason::Origin),
        Lines::Many => return Err(Reason::OriginRepeated),
    }
    let protocols = parse_subprotocols(headers).map_err(Reason::Subprotocols)?;
    let extensions = parse_extensions(headers).map_err(Reason::Extensions)?;
    Ok(Accepted::new(accept, protocols, extensions, &options.protocols))
}

/// A body would be read as WebSocket frames by one side and not by the other: request smuggling.
fn no_body(headers: &HeaderMap) -> Result<(), Reason> {
    let empty = matches!(Lines::of(headers, &CONTENT_LENGTH), Lines::None | Lines::One(b"0"));
    if empty && !headers.contains_key(TRANSFER_ENCODING) { Ok(()) } else { Err(Reason::Body) }
}

fn version(headers: &HeaderMap) -> Result<(), Reason> {
    match Lines::of(headers, &SEC_WEBSOCKET_VERSION) {
        Lines::None => Err(Reason::VersionMissing),
        Lines::One(version) if version == VERSION.as_bytes() => Ok(()),
        Lines::One(_) | Lines::Many => Err(Reason::Version),
    }
}

/// The host in the target of the request, which counts more than `Host` (RFC 9112 §3.2.2).
fn named_by_target<B>(request: &Request<B>) -> Result<Option<Authority>, Reason> {
    request.uri().authority().map(|host| authority(host.as_str().as_bytes())).transpose()
}

fn authority(value: &[u8]) -> Result<Authority, Reason> {
    core::str::from_utf8(value).ok().and_then(Authority::parse).ok_or(Reason::Host)
}
