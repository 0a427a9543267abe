use alloc::string::{String, ToString as _};
use core::{error::Error, fmt};

use http::{HeaderMap, HeaderName, HeaderValue};

/// A text that was to be a token and is none: empty, or with a character other than visible ASCII without
/// separators.
///
/// Source: [RFC 9110 §5.6.2](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct NotToken;

impl fmt::Display for NotToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a token")
    }
}

impl Error for NotToken {}

/// How often a field appears that may appear once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Lines<'a> {
    None,
    /// Its value, without spaces around it.
    One(&'a [u8]),
    Many,
}

impl<'a> Lines<'a> {
    pub(super) fn of(headers: &'a HeaderMap, name: &HeaderName) -> Self {
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            (None, _) => Self::None,
            (Some(value), None) => Self::One(trim(value.as_bytes())),
            (Some(_), Some(_)) => Self::Many,
        }
    }
}

/// The members of a list over all lines of a field, without spaces around them; empty ones are left out
/// ([RFC 9110 §5.6.1.2](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.1.2)).
pub(super) fn members<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
    let lines = headers.get_all(name).into_iter();
    let members = lines.flat_map(|line| line.as_bytes().split(|&byte| byte == b','));
    members.map(trim).filter(|member| !member.is_empty())
}

/// Whether a list over all lines of a field has a token among its members, whatever its case.
pub(super) fn has_member(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    members(headers, name).any(|member| member.eq_ignore_ascii_case(token.as_bytes()))
}

/// Writes a list as the value of a field, or `None` where it is empty; its members are made of tokens.
pub(super) fn join<T: fmt::Display>(members: &[T]) -> Option<HeaderValue> {
    let (first, rest) = members.split_first()?;
    let mut value = first.to_string();
    for member in rest {
        value.push_str(", ");
        value.push_str(&member.to_string());
    }
    Some(self::value(value.as_bytes()))
}

/// Makes the value of a field from bytes that are made of tokens, separators, and base64.
pub(super) fn value(bytes: &[u8]) -> HeaderValue {
    HeaderValue::from_bytes(bytes).expect("visible ASCII and spaces make a value")
}

/// Takes a token out of bytes.
pub(super) fn token(bytes: &[u8]) -> Result<String, NotToken> {
    if is_token(bytes) { Ok(bytes.iter().copied().map(char::from).collect()) } else { Err(NotToken) }
}

pub(super) const fn is_token(bytes: &[u8]) -> bool {
    // A loop by hand, because iterators are not `const`.
    let mut at = 0;
    while at < bytes.len() {
        if !is_token_byte(bytes[at]) {
            return false;
        }
        at += 1;
    }
    !bytes.is_empty()
}

pub(super) const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

/// Cuts off optional whitespace, which is spaces and tabs and nothing else.
fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}
