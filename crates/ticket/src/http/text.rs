//! What a ticket looks like in the middle of other text.

use std::{borrow::Cow, ops::Range};

use memchr::{memchr, memchr_iter, memchr2_iter};

/// Replaces all tickets in a text by `REDACTED`, for log pipelines.
///
/// A ticket is the prefix `lwt1_` and all letters, digits, `_` and `-` after it, at least one, percent-encoded or
/// not. A text without one is returned as it is, without an allocation.
///
/// # Examples
///
/// ```
/// use longwave_ticket::http::redact_str;
///
/// assert_eq!(redact_str("GET /feed?ticket=lwt1_AQEBAAAA&a=1"), "GET /feed?ticket=REDACTED&a=1");
/// ```
#[must_use]
pub fn redact_str(text: &str) -> Cow<'_, str> {
    let Some(mut ticket) = find(text.as_bytes()) else { return Cow::Borrowed(text) };
    let mut redacted = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        redacted.push_str(&rest[..ticket.start]);
        redacted.push_str(REDACTED);
        rest = &rest[ticket.end..];
        match find(rest.as_bytes()) {
            Some(next) => ticket = next,
            None => break,
        }
    }
    redacted.push_str(rest);
    Cow::Owned(redacted)
}

/// Where the first ticket is, percent-encoded or not.
fn find(text: &[u8]) -> Option<Range<usize>> {
    let start = start(text)?;
    let mut rest = after_prefix(&text[start..])?;
    while let Some((byte, tail)) = decode(rest)
        && is_ticket_byte(byte)
    {
        rest = tail;
    }
    Some(start..text.len() - rest.len())
}

/// Whether there is a ticket, percent-encoded or not.
pub(super) fn holds_ticket(text: &[u8]) -> bool {
    start(text).is_some()
}

fn start(text: &[u8]) -> Option<usize> {
    let begins = |&start: &usize| {
        let first = after_prefix(&text[start..]).and_then(decode);
        first.is_some_and(|(byte, _)| is_ticket_byte(byte))
    };
    if memchr(b'%', text).is_some() {
        return memchr2_iter(b'l', b'%', text).find(begins);
    }
    // The rarest letter of the prefix in URLs, so that hardly anything is looked at twice.
    memchr_iter(b'w', text).filter_map(|at| at.checked_sub(1)).find(begins)
}

/// What comes after the prefix, if the text begins with it.
fn after_prefix(text: &[u8]) -> Option<&[u8]> {
    PREFIX.iter().try_fold(text, |rest, &expected| {
        let (byte, tail) = decode(rest)?;
        (byte == expected).then_some(tail)
    })
}

/// Whether this name of a parameter may be taken for `name` by anyone: percent-decoded, in whatever case.
pub(super) fn same_name(raw: &[u8], name: &str) -> bool {
    // An escape is longer than what it stands for.
    if raw.len() <= name.len() {
        return raw.eq_ignore_ascii_case(name.as_bytes());
    }
    let lower = |byte: u8| byte.to_ascii_lowercase();
    raw.contains(&b'%') && decoded(raw).map(lower).eq(name.bytes().map(lower))
}

/// Splits at the first such byte, which is left out.
pub(super) fn cut(text: &[u8], at: u8) -> (&[u8], Option<&[u8]>) {
    match memchr(at, text) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

/// Text as the name or the value of a credential; what is not UTF-8 is not a ticket either way.
pub(super) fn owned(text: &[u8]) -> Box<str> {
    String::from_utf8_lossy(text).into()
}

/// Undoes percent-encoding; what is not a correct escape is passed on as it is.
fn decoded(mut text: &[u8]) -> impl Iterator<Item = u8> {
    std::iter::from_fn(move || {
        let (byte, rest) = decode(text)?;
        text = rest;
        Some(byte)
    })
}

fn decode(text: &[u8]) -> Option<(u8, &[u8])> {
    let (&first, rest) = text.split_first()?;
    if let (b'%', Some((&[high, low], rest))) = (first, rest.split_first_chunk())
        && let (Some(high), Some(low)) = (hex(high), hex(low))
    {
        return Some((high << 4 | low, rest));
    }
    Some((first, rest))
}

const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

const fn is_ticket_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// What all tickets begin with.
pub(super) const PREFIX: &[u8] = b"lwt1_";
/// What stands where a credential was; the literal of OpenTelemetry's semantic conventions.
pub(super) const REDACTED: &str = "REDACTED";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_found_wherever_it_is_and_however_it_is_encoded() {
        for text in ["lwt1_a", "wlwt1_a", "lwlwt1_a", "xlwt1_lwt1_a", "lwt1_=lwt1_a", "www.lw/lwt1_-"] {
            assert!(holds_ticket(text.as_bytes()), "{text}");
            assert!(holds_ticket(text.replace('w', "%77").as_bytes()), "{text}");
            assert!(holds_ticket(text.replace('_', "%5f").as_bytes()), "{text}");
        }
        for text in ["", "w", "lwt1_", "LWT1_a", "lwt2_a", "lwt1_%", "lw%t1_a", "lwt1_%3d", "w%"] {
            assert!(!holds_ticket(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn a_name_is_the_same_in_any_spelling() {
        for raw in ["ticket", "TICKET", "tic%6Bet", "%74icket", "%54%49cket"] {
            assert!(same_name(raw.as_bytes(), "ticket"), "{raw}");
        }
        for raw in ["tickets", "xticket", "tic%6ket", "tic%256Bet", "ticket%00", ""] {
            assert!(!same_name(raw.as_bytes(), "ticket"), "{raw}");
        }
    }

    #[test]
    fn a_log_line_keeps_all_but_its_tickets() {
        assert_eq!(redact_str("lwt1_a lwt1_b, /e/lwt1_c?x"), "REDACTED REDACTED, /e/REDACTED?x");
        assert_eq!(redact_str("/?b=%6cwt1%5Fa%62c%3Dlwt1_-%zé"), "/?b=REDACTED%3DREDACTED%zé");
        assert!(matches!(redact_str("prefix lwt1_ of tickets"), Cow::Borrowed(_)));
    }
}
