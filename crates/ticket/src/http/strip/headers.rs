//! Credentials in headers.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{Place, Plan, Stripped, scrub};
use crate::{
    envelope::MIN_LEN,
    http::{
        cookie,
        text::{REDACTED, cut, holds_ticket, owned, redact_bytes, same_name},
    },
};

/// Takes credentials out of headers, and keeps those from being logged that are secret by nature.
pub(super) fn strip(headers: &mut HeaderMap, plan: &Plan, stripped: &mut Stripped) {
    let (mut authorization, mut cookies, mut protocol) = (false, false, false);
    for (name, value) in headers.iter_mut() {
        match name.as_str() {
            "authorization" => {
                value.set_sensitive(true);
                authorization |= is_ticket_line(value.as_bytes());
            }
            "cookie" => {
                value.set_sensitive(true);
                cookies |= has_secret(value.as_bytes(), plan);
            }
            "sec-websocket-protocol" => {
                value.set_sensitive(true);
                let mut elements = value.as_bytes().split(|&byte| byte == b',');
                protocol |= elements.any(|element| is_ours(element.trim_ascii()));
            }
            "proxy-authorization" => {
                replace(value, redact_bytes(value.as_bytes()));
                value.set_sensitive(true);
            }
            // All but the first are where proxies put the URL they were called with.
            "referer"
            | "x-envoy-original-path"
            | "x-forwarded-uri"
            | "x-forwarded-url"
            | "x-original-uri"
            | "x-original-url"
            | "x-replaced-path"
            | "x-rewrite-url"
            | "x-waws-unencoded-url" => replace(value, scrub(value.as_bytes(), plan)),
            // Where others put it, nobody knows; in most there is not even room for one.
            _ if value.len() < MIN_LEN => {}
            _ => replace(value, redact_bytes(value.as_bytes())),
        }
    }
    if authorization {
        strip_authorization(headers, stripped);
    }
    if cookies {
        rewrite(headers, &header::COOKIE, b';', &mut |pair| {
            let secret = is_secret(pair, plan);
            if secret {
                let (name, value) = cookie::pair(pair);
                stripped.push(Place::Cookie(owned(name)), value.unwrap_or_default());
            }
            !secret
        });
    }
    if protocol {
        rewrite(headers, &header::SEC_WEBSOCKET_PROTOCOL, b',', &mut |element| {
            let element = element.trim_ascii();
            if let Some(ticket) = element.strip_prefix(SUBPROTOCOL) {
                stripped.push(Place::Subprotocol, ticket);
            }
            !element.is_empty() && !is_ours(element)
        });
    }
}

fn replace(value: &mut HeaderValue, clean: Option<Vec<u8>>) {
    let Some(clean) = clean else { return };
    let sensitive = value.is_sensitive();
    *value = HeaderValue::from_maybe_shared(Bytes::from(clean)).unwrap_or(HeaderValue::from_static(REDACTED));
    value.set_sensitive(sensitive);
}

/// Whether an element of `Sec-WebSocket-Protocol` is a ticket, or meant to be one.
pub(in crate::http) fn is_ours(element: &[u8]) -> bool {
    let start = element.get(..SUBPROTOCOL.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(SUBPROTOCOL)) || holds_ticket(element)
}

fn strip_authorization(headers: &mut HeaderMap, stripped: &mut Stripped) {
    let lines: Vec<_> = headers.get_all(header::AUTHORIZATION).iter().cloned().collect();
    headers.remove(header::AUTHORIZATION);
    // Not a list, so there is no saying which one counts (RFC 9110, section 5.3).
    stripped.too_many |= lines.len() > 1;
    for line in lines {
        if !is_ticket_line(line.as_bytes()) {
            headers.append(header::AUTHORIZATION, line);
            continue;
        }
        let (scheme, ticket) = cut(line.as_bytes(), b' ');
        if scheme.eq_ignore_ascii_case(SCHEME) {
            stripped.push(Place::Authorization, ticket.unwrap_or_default());
        }
    }
}

fn is_ticket_line(line: &[u8]) -> bool {
    cut(line, b' ').0.eq_ignore_ascii_case(SCHEME) || holds_ticket(line)
}

fn has_secret(cookies: &[u8], plan: &Plan) -> bool {
    let mut pairs = cookies.split(|&byte| byte == b';');
    holds_ticket(cookies) || !plan.cookies.is_empty() && pairs.any(|pair| is_secret(pair, plan))
}

fn is_secret(pair: &[u8], plan: &Plan) -> bool {
    let name = cut(pair, b'=').0.trim_ascii();
    plan.cookies.iter().any(|secret| same_name(name, secret)) || holds_ticket(pair)
}

/// Leaves out the members of a list that `keep` does not keep; all others stay as they are and where they are.
fn rewrite(headers: &mut HeaderMap, name: &HeaderName, separator: u8, keep: &mut dyn FnMut(&[u8]) -> bool) {
    let lines: Vec<_> = headers.get_all(name).iter().cloned().collect();
    headers.remove(name);
    for line in lines {
        let mut kept = Vec::with_capacity(line.len());
        for member in line.as_bytes().split(|&byte| byte == separator).filter(|member| keep(member)) {
            if !kept.is_empty() {
                kept.push(separator);
            }
            kept.extend_from_slice(member);
        }
        // The white space around a value is not part of it.
        let kept = Bytes::copy_from_slice(kept.trim_ascii());
        if !kept.is_empty()
            && let Ok(mut value) = HeaderValue::from_maybe_shared(kept)
        {
            value.set_sensitive(true);
            headers.append(name, value);
        }
    }
}

/// The scheme of `Authorization`, in any case (RFC 9110, section 11.1).
const SCHEME: &[u8] = b"ticket";
/// What a subprotocol begins with that is a ticket.
const SUBPROTOCOL: &[u8] = b"lw.ticket.";
