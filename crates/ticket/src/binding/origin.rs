use std::{error::Error, fmt};

/// An origin in the one spelling that is hashed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Origin(Box<str>);

impl Origin {
    pub(crate) fn new(origin: &str) -> Result<Self, InvalidOrigin> {
        let (scheme, authority) = origin.split_once("://").ok_or(InvalidOrigin)?;
        let (host, port) = match authority.rsplit_once(':') {
            // The colons of an IPv6 address are not the one before a port.
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (authority, None),
        };
        if !is_scheme(scheme) || !is_host(host) || origin.len() > MAX_LEN {
            return Err(InvalidOrigin);
        }
        let mut normal = format!("{scheme}://{host}").to_ascii_lowercase();
        if let Some(port) = port {
            let port = number(port)?;
            if !OWN_PORTS.iter().any(|own| normal.starts_with(own.0) && own.1 == port) {
                normal = format!("{normal}:{port}");
            }
        }
        Ok(Self(normal.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_scheme(scheme: &str) -> bool {
    scheme.starts_with(|char: char| char.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return !address.is_empty()
            && address.bytes().all(|byte| byte.is_ascii_hexdigit() || b":.".contains(&byte));
    }
    !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}

/// A port has no sign and no zero before it.
fn number(port: &str) -> Result<u16, InvalidOrigin> {
    let plain = port.bytes().all(|byte| byte.is_ascii_digit()) && !port.starts_with('0');
    port.parse().ok().filter(|_| plain).ok_or(InvalidOrigin)
}

/// What a browser leaves out.
const OWN_PORTS: [(&str, u16); 4] = [("http://", 80), ("https://", 443), ("ws://", 80), ("wss://", 443)];

/// Bytes; names of hosts have up to 253.
const MAX_LEN: usize = 512;

/// A text that is no origin, such as `null`, a list of them, or one with a path.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct InvalidOrigin;

impl fmt::Display for InvalidOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no origin")
    }
}

impl Error for InvalidOrigin {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_origin_are_alike() {
        for (origin, normal) in [
            ("https://app.example.com", "https://app.example.com"),
            ("HTTPS://APP.example.com:443", "https://app.example.com"),
            ("http://app.example.com:443", "http://app.example.com:443"),
            ("http://localhost:80", "http://localhost"),
            ("https://[::1]:8080", "https://[::1]:8080"),
            ("https://[2001:DB8::1]", "https://[2001:db8::1]"),
            ("chrome-extension://abcdef", "chrome-extension://abcdef"),
        ] {
            assert_eq!(Origin::new(origin).unwrap().as_str(), normal);
        }
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for origin in [
            "",
            "null",
            "app.example.com",
            "https://",
            "https://a/",
            "https://a/b",
            "https://a?b",
            "https://user@a",
            "https://a, https://b",
            "https://a https://b",
            "https://ä",
            "https://a:",
            "https://a:0",
            "https://a:080",
            "https://a:+80",
            "https://a:65536",
            "https://a:b:80",
            "https://[::1",
            "https://[]",
            "://a",
            "1s://a",
            "https://a\0",
        ] {
            assert_eq!(Origin::new(origin), Err(InvalidOrigin), "{origin:?}");
        }
        assert_eq!(Origin::new(&format!("https://{}", "a".repeat(600))), Err(InvalidOrigin));
    }
}
