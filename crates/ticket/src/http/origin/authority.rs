use std::{fmt, net::Ipv6Addr};

use http::{header, request::Parts};

/// A host and a port, in the one spelling that can be compared.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Authority {
    pub(super) host: String,
    pub(super) port: Option<u16>,
}

impl Authority {
    /// Parses `host` or `host:port`, without user information. An address in another spelling than the usual is
    /// another host, and so is one with a dot at its end.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (address, port) = rest.split_once(']')?;
            (format!("[{}]", address.parse::<Ipv6Addr>().ok()?), port)
        } else {
            let (host, port) = text.split_at(text.find(':').unwrap_or(text.len()));
            if host.is_empty() || !host.bytes().all(is_name_byte) {
                return None;
            }
            (host.to_ascii_lowercase(), port)
        };
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => None,
            // `parse` would take a plus sign.
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
            _ => return None,
        };
        Some(Self { host, port })
    }

    /// The host that a request is for.
    ///
    /// What the target of the request and what `Host` say has to be the same, so that nobody in between has let the
    /// one pass and meant the other. Nothing is believed of what a proxy may say it was called.
    pub(super) fn of(parts: &Parts) -> Option<Self> {
        let target = match parts.uri.authority() {
            Some(target) => Some(Self::parse(target.as_str())?),
            None => None,
        };
        let mut lines = parts.headers.get_all(header::HOST).iter();
        let host = match (lines.next(), lines.next()) {
            (None, _) => return target,
            (Some(line), None) => Self::parse(line.to_str().ok()?)?,
            (Some(_), Some(_)) => return None,
        };
        target.is_none_or(|target| target.same_as(&host)).then_some(host)
    }

    /// The same but for a port that goes without saying: which one does depends on a scheme that nobody here knows.
    pub(super) fn same_as(&self, other: &Self) -> bool {
        let said = |port: Option<u16>| port.filter(|port| !matches!(port, 80 | 443));
        self.host == other.host && (self.port == other.port || said(self.port).or(said(other.port)).is_none())
    }

    pub(super) fn without_port(mut self, default: Option<u16>) -> Self {
        if self.port == default {
            self.port = None;
        }
        self
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            None => f.write_str(&self.host),
            Some(port) => write!(f, "{}:{port}", self.host),
        }
    }
}

/// What host names are made of on the web; the grammar of URLs has more, which only serves confusion.
const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_')
}
