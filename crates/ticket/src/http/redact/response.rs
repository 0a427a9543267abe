//! Tickets in responses.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};

use crate::http::{
    Refusal,
    strip::{Plan, is_ours, scrub},
};

/// Takes tickets out of a response.
///
/// Parameters by other names stay: a redirect may be how somebody else hands out a token.
///
/// # Errors
///
/// [`Refusal::Leak`] if a ticket was selected as the subprotocol, which cannot be taken back without breaking off
/// the handshake.
pub(in crate::http) fn redact(headers: &mut HeaderMap) -> Result<(), Refusal> {
    for (name, value) in headers.iter_mut() {
        match *name {
            header::LOCATION | header::CONTENT_LOCATION => {
                if let Some(clean) = scrub(value.as_bytes(), &TICKETS) {
                    *value = HeaderValue::from_maybe_shared(Bytes::from(clean))
                        .unwrap_or(HeaderValue::from_static("/"));
                }
            }
            header::SEC_WEBSOCKET_PROTOCOL => {
                let mut elements = value.as_bytes().split(|&byte| byte == b',');
                if elements.any(|element| is_ours(element.trim_ascii())) {
                    return Err(Refusal::Leak);
                }
            }
            header::SET_COOKIE => value.set_sensitive(true),
            _ => {}
        }
    }
    Ok(())
}

/// Nothing but what looks like a ticket.
const TICKETS: Plan = Plan { queries: Vec::new(), cookies: Vec::new(), strip: crate::http::Strip::Remove };
