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
    let mut tickets = tickets(text.as_bytes()).peekable();
    if tickets.peek().is_none() {
        return Cow::Borrowed(text);
    }
    let mut redacted = String::with_capacity(text.len());
    let mut end = 0;
    for ticket in tickets {
        redacted.push_str(&text[end..ticket.start]);
        redacted.push_str(REDACTED);
        end = ticket.end;
    }
    redacted.push_str(&text[end..]);
    Cow::Owned(redacted)
}

/// The same for text that need not be UTF-8; `None` if it has no ticket.
pub(super) fn redact_bytes(text: &[u8]) -> Option<Vec<u8>> {
    let mut tickets = tickets(text).peekable();
    tickets.peek()?;
    let mut redacted = Vec::with_capacity(text.len());
    let mut end = 0;
    for ticket in tickets {
        redacted.extend_from_slice(&text[end..ticket.start]);
        redacted.extend_from_slice(REDACTED.as_bytes());
        end = ticket.end;
    }
    redacted.extend_from_slice(&text[end..]);
    Some(redacted)
}

/// Whether there is a ticket, percent-encoded or not.
pub(super) fn holds_ticket(text: &[u8]) -> bool {
    tickets(text).next().is_some()
}

/// Where the tickets are, percent-encoded or not, in order.
fn tickets(text: &[u8]) -> Tickets<'_> {
    Tickets { text, at: 0, escapes: memchr(b'%', text).is_some() }
}

/// Goes through a text once.
struct Tickets<'t> {
    text: &'t [u8],
    /// What comes before is done with.
    at: usize,
    /// Whether anything may be percent-encoded.
    escapes: bool,
}

impl Iterator for Tickets<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let rest = &self.text[self.at..];
        let begins = |&start: &usize| {
            let first = after_prefix(&rest[start..]).and_then(decode);
            first.is_some_and(|(byte, _)| is_ticket_byte(byte))
        };
        let found = if self.escapes {
            memchr2_iter(b'l', b'%', rest).find(begins)
        } else {
            // The rarest letter of the prefix in URLs, so that hardly anything is looked at twice.
            memchr_iter(b'w', rest).filter_map(|at| at.checked_sub(1)).find(begins)
        };
        let Some(start) = found else {
            self.at = self.text.len();
            return None;
        };
        let mut tail = after_prefix(&rest[start..])?;
        while let Some((byte, after)) = decode(tail)
            && is_ticket_byte(byte)
        {
            tail = after;
        }
        let start = self.at + start;
        self.at = self.text.len() - tail.len();
        Some(start..self.at)
    }
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

    /// It took hours when what comes after each ticket was looked through to its end.
    #[test]
    fn many_tickets_take_as_long_as_they_are() {
        const TICKETS: usize = 500_000;
        let redacted = redact_str(&"lwt1_a ".repeat(TICKETS)).into_owned();
        assert_eq!(redacted.len(), TICKETS * "REDACTED ".len());
        let escaped = redact_str(&"%6cwt1_a%20".repeat(TICKETS)).into_owned();
        assert_eq!(escaped.len(), TICKETS * "REDACTED%20".len());
        // What only begins like one.
        assert!(!holds_ticket("lwt1_ lwt1_%".repeat(TICKETS).as_bytes()));
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
