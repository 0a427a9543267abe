use alloc::{string::String, vec::Vec};
use core::{error::Error, fmt, str::FromStr};

mod authority;

pub(super) use self::authority::Authority;

/// Where a web page comes from: scheme, host and port, as browsers send it in `Origin`.
///
/// Made by parsing. Compared without respect to case, to how an IPv6 address is written, and to whether the
/// default port of `http`, `https`, `ws` or `wss` is given.
///
/// Source: [RFC 6454 §6.2](https://www.rfc-editor.org/rfc/rfc6454#section-6.2).
///
/// # Examples
///
/// ```
/// use longwave_ws::handshake::Origin;
///
/// let origin: Origin = "https://Example.com:443".parse()?;
/// assert_eq!(origin, "https://example.com".parse()?);
/// assert_eq!(origin.to_string(), "https://example.com");
/// assert!("https://example.com/".parse::<Origin>().is_err());
/// assert_eq!("null".parse(), Ok(Origin::NULL));
/// # Ok::<_, longwave_ws::handshake::OriginError>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Origin(Option<Tuple>);

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Tuple {
    scheme: String,
    /// `None` for schemes without hosts, such as `file`.
    authority: Option<Authority>,
}

/// A text that is not an origin: `scheme://host`, `scheme://host:port`, or `null`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct OriginError;

/// From which web pages a server lets WebSockets be opened.
///
/// A browser opens a WebSocket to any server for any page, with the user's cookies, and leaves it to the
/// server to look at `Origin` ([RFC 6455 §10.2]). So it is checked by default: the host and the port of the
/// origin have to be those of the request. A request without an `Origin` is not from a browser, and is let
/// in; `null`, which a page can bring about itself, is refused unless it is listed.
///
/// The request's host is its `Host` or `:authority`. Behind a proxy that rewrites it, list the origins that
/// users see; and that the host is one of the server's own is for somebody else to check.
///
/// # Examples
///
/// ```
/// use longwave_ws::handshake::{OriginPolicy, server};
///
/// let origins = OriginPolicy::same_host().allow("https://app.example.com".parse()?);
/// let options = server::Options::new().origins(origins);
/// # Ok::<_, longwave_ws::handshake::OriginError>(())
/// ```
///
/// [RFC 6455 §10.2]: https://www.rfc-editor.org/rfc/rfc6455#section-10.2
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct OriginPolicy(Policy);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Policy {
    SameHostOr(Vec<Origin>),
    Listed(Vec<Origin>),
    Unchecked,
}

impl OriginPolicy {
    /// Lets in pages from the host that the request is for, which is the default.
    pub const fn same_host() -> Self {
        Self(Policy::SameHostOr(Vec::new()))
    }

    /// Lets in only the pages that [`allow`](Self::allow) lists; without any, no browser gets in.
    pub const fn listed() -> Self {
        Self(Policy::Listed(Vec::new()))
    }

    /// Lets in every page of the web, so that each can act as its visitor: only for servers that use neither
    /// cookies nor anything else that a browser sends by itself.
    pub const fn unchecked() -> Self {
        Self(Policy::Unchecked)
    }

    /// Lets in pages from this origin, too.
    pub fn allow(mut self, origin: Origin) -> Self {
        match &mut self.0 {
            Policy::SameHostOr(list) | Policy::Listed(list) => list.push(origin),
            Policy::Unchecked => {}
        }
        self
    }

    /// Judges the value of `Origin`, of a request for a host.
    pub(super) fn permits(&self, origin: &[u8], host: &Authority) -> bool {
        let (same_host, list) = match &self.0 {
            Policy::Unchecked => return true,
            Policy::SameHostOr(list) => (true, list),
            Policy::Listed(list) => (false, list),
        };
        let origin = core::str::from_utf8(origin).ok().and_then(|text| text.parse().ok());
        origin.is_some_and(|origin| list.contains(&origin) || same_host && origin.has_host(host))
    }
}

impl Default for OriginPolicy {
    fn default() -> Self {
        Self::same_host()
    }
}

impl Origin {
    /// The origin of pages that have none, such as those of a sandboxed frame.
    pub const NULL: Self = Self(None);

    /// Whether this is the origin of a web page from a host; a scheme other than the web's names something
    /// else by the same name.
    fn has_host(&self, host: &Authority) -> bool {
        let Some(Tuple { scheme, authority: Some(authority) }) = &self.0 else {
            return false;
        };
        // A `Host` without a port means the default port of a scheme that is known here only by the origin,
        // because TLS may end at a proxy.
        matches!(scheme.as_str(), "http" | "https")
            && host.clone().without_port(default_port(scheme)) == *authority
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "null" {
            return Ok(Self::NULL);
        }
        let (scheme, rest) = text.split_once("://").ok_or(OriginError)?;
        let scheme = match scheme.as_bytes() {
            [b'a'..=b'z' | b'A'..=b'Z', rest @ ..] if rest.iter().copied().all(is_scheme_byte) => {
                scheme.to_ascii_lowercase()
            }
            _ => return Err(OriginError),
        };
        let authority = match rest {
            "" if default_port(&scheme).is_none() => None,
            _ => Some(Authority::parse(rest).ok_or(OriginError)?.without_port(default_port(&scheme))),
        };
        Ok(Self(Some(Tuple { scheme, authority })))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => f.write_str("null"),
            Some(Tuple { scheme, authority: None }) => write!(f, "{scheme}://"),
            Some(Tuple { scheme, authority: Some(authority) }) => write!(f, "{scheme}://{authority}"),
        }
    }
}

impl fmt::Display for OriginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an origin")
    }
}

impl Error for OriginError {}

pub(super) fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

const fn is_scheme_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
}
