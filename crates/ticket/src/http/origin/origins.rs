use std::{borrow::Cow, error::Error, fmt, sync::Arc};

use http::{HeaderMap, header, request::Parts};

use super::{Hosts, authority::Authority};
use crate::http::{Presented, Refusal};

/// From which web pages streams may be opened.
///
/// A browser opens a WebSocket to any server for any page, with the user's cookies, and leaves it to the server to
/// look at `Origin`; `SameSite` does not stop a sibling subdomain. So pages are listed by their exact origin:
/// scheme, host and port, compared without respect to case and to a default port.
///
/// - A page that has no origin (`null`: a sandboxed frame, `data:`) is refused, unless
///   [allowed by name](Self::allow_null_dangerously).
/// - Where `Origin` is absent, what counts is whether the credential was sent on purpose, see [`AbsentOrigin`]. A
///   same-origin `GET` of a browser has none either: `Sec-Fetch-Site: same-origin`, which no page can write itself,
///   stands for the origin of the request's own host, and that has to be let in like any other. `cross-site` and
///   `same-site` are refused: a foreign page's `GET` that is not to read the answer has no `Origin`. Only those who follow
///   a link from there are not, which opens no stream. None of this is looked at where there is an `Origin`.
/// - Two of them, or a list, are refused.
///
/// # Examples
///
/// ```
/// use http::Request;
/// use longwave_ticket::http::{Origins, Presented};
///
/// let origins = Origins::list(["https://app.example.com"])?;
/// let from = |origin| Request::get("/").header("origin", origin).body(()).map(|request| request.into_parts().0);
/// assert!(origins.check(&from("https://app.example.com")?, Presented::Ambiently).is_ok());
/// assert!(origins.check(&from("https://other.example.com")?, Presented::Explicitly).is_err());
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Origins {
    listed: Arc<[Box<str>]>,
    same_host: Option<Hosts>,
    absent: AbsentOrigin,
    null: bool,
}

/// What becomes of a request without an `Origin`, which is one of a program that is not a browser, or of a page from
/// the same origin.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum AbsentOrigin {
    /// It is let in, whatever its credential is, unless the browser says that it is a foreign page's.
    Allow,
    /// It is let in if its credential was sent on purpose, and not if a browser has added it by itself.
    #[default]
    AllowExplicit,
    /// It is refused.
    Refuse,
}

/// A text that is not an origin: `scheme://host` or `scheme://host:port`, in ASCII.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct InvalidOrigin;

/// The page that a request is from is not let in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct OriginRefused;

impl Origins {
    /// Lets in pages from these origins, and no others; without any, no browser gets in.
    ///
    /// # Errors
    ///
    /// [`InvalidOrigin`] if one of them is not an origin: it has a path, user information, or a name that is not in
    /// ASCII (browsers send those in Punycode); `null` is none of the list.
    pub fn list<'o>(origins: impl IntoIterator<Item = &'o str>) -> Result<Self, InvalidOrigin> {
        let listed = origins.into_iter().map(|origin| normal(origin).ok_or(InvalidOrigin));
        let listed = listed.collect::<Result<_, _>>()?;
        Ok(Self { listed, same_host: None, absent: AbsentOrigin::default(), null: false })
    }

    /// Lets in pages from the host that the request is for, if it is one of these.
    ///
    /// Without a list of hosts this would let in whoever can have a name resolve to this server.
    pub fn same_host(hosts: Hosts) -> Self {
        let listed = Arc::default();
        Self { listed, same_host: Some(hosts), absent: AbsentOrigin::default(), null: false }
    }

    /// Lets in pages from the host that the request is for too, if it is one of these.
    pub fn or_same_host(self, hosts: Hosts) -> Self {
        Self { same_host: Some(hosts), ..self }
    }

    /// Sets what becomes of requests without an `Origin`.
    pub fn absent(self, absent: AbsentOrigin) -> Self {
        Self { absent, ..self }
    }

    /// Lets in pages that have no origin. Any page can make such a one, so this is as good as letting in all.
    pub fn allow_null_dangerously(self) -> Self {
        Self { null: true, ..self }
    }

    /// Judges where a request is from.
    ///
    /// - `presented`: how the credential came here that is going to count.
    ///
    /// # Errors
    ///
    /// [`OriginRefused`] if it is not from a page that is let in.
    pub fn check(&self, parts: &Parts, presented: Presented) -> Result<(), OriginRefused> {
        let permitted = match origin(&parts.headers) {
            Lines::One(origin) => self.permit(origin, parts),
            Lines::Many => false,
            Lines::None if is_same_origin(&parts.headers) => self.permit_own_pages(parts),
            Lines::None if is_foreign(&parts.headers) => false,
            Lines::None => match self.absent {
                AbsentOrigin::Allow => true,
                AbsentOrigin::AllowExplicit => presented == Presented::Explicitly,
                AbsentOrigin::Refuse => false,
            },
        };
        if permitted { Ok(()) } else { Err(OriginRefused) }
    }

    /// The origin of the page that a request is from: what it says, or what it need not say.
    ///
    /// A same-origin `GET` has none, and nobody here knows whether its scheme was `https` before a proxy. What is listed
    /// tells, or where the page says it is; a page that wrote anything else there would only be refused.
    pub(in crate::http) fn of<'p>(&self, parts: &'p Parts) -> Option<Cow<'p, str>> {
        match origin(&parts.headers) {
            Lines::One(origin) => Some(origin.into()),
            Lines::None if is_same_origin(&parts.headers) => {
                let host = Authority::of(parts)?;
                let own = |scheme| normal(&format!("{scheme}://{host}"));
                let (secure, plain) = (own("https")?, own("http")?);
                let is_plain = match (self.lists(&secure), self.lists(&plain)) {
                    (true, false) => false,
                    (false, true) => true,
                    _ => refers_to(&parts.headers, &plain),
                };
                Some(String::from(if is_plain { plain } else { secure }).into())
            }
            Lines::None | Lines::Many => None,
        }
    }

    /// The origins that are listed, in the form that browsers send.
    pub fn listed(&self) -> impl Iterator<Item = &str> {
        self.listed.iter().map(AsRef::as_ref)
    }

    /// Whether pages are let in from the host that a request is for, if it is one of the server's own.
    #[must_use]
    pub const fn allows_same_host(&self) -> bool {
        self.same_host.is_some()
    }

    /// Whether pages are let in that have no origin.
    #[must_use]
    pub const fn allows_null(&self) -> bool {
        self.null
    }

    fn permit(&self, origin: &str, parts: &Parts) -> bool {
        if origin == "null" {
            return self.null;
        }
        // As browsers write it, so that nothing has to be parsed.
        if self.lists(origin) {
            return true;
        }
        let Some(origin) = normal(origin) else { return false };
        self.lists(&origin) || self.is_same_host(&origin, parts)
    }

    fn permit_own_pages(&self, parts: &Parts) -> bool {
        let Some(host) = Authority::of(parts) else { return false };
        let own = |scheme| normal(&format!("{scheme}://{host}")).is_some_and(|origin| self.lists(&origin));
        self.same_host.as_ref().is_some_and(|hosts| hosts.include(&host)) || own("https") || own("http")
    }

    fn lists(&self, origin: &str) -> bool {
        self.listed.iter().any(|listed| **listed == *origin)
    }

    /// A `Host` without a port means the default port of a scheme that is known here only by the origin, because TLS
    /// may end at a proxy.
    fn is_same_host(&self, origin: &str, parts: &Parts) -> bool {
        let Some(hosts) = &self.same_host else { return false };
        let (Some((scheme, page)), Some(host)) = (origin.split_once("://"), Authority::of(parts)) else {
            return false;
        };
        let same = matches!(scheme, "http" | "https")
            && Authority::parse(page)
                .is_some_and(|page| page == host.clone().without_port(default_port(scheme)));
        same && hosts.include(&host)
    }
}

impl OriginRefused {
    /// What the client is told.
    #[must_use]
    pub const fn refusal(self) -> Refusal {
        Refusal::Origin
    }
}

impl fmt::Display for InvalidOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an origin")
    }
}

impl Error for InvalidOrigin {}

impl fmt::Display for OriginRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("origin not allowed")
    }
}

impl Error for OriginRefused {}

enum Lines<'h> {
    None,
    One(&'h str),
    Many,
}

fn origin(headers: &HeaderMap) -> Lines<'_> {
    let mut lines = headers.get_all(header::ORIGIN).iter();
    match (lines.next(), lines.next()) {
        (None, _) => Lines::None,
        // What is not ASCII is no origin, and not an absent one either.
        (Some(line), None) => Lines::One(line.to_str().unwrap_or_default()),
        (Some(_), Some(_)) => Lines::Many,
    }
}

fn is_same_origin(headers: &HeaderMap) -> bool {
    let mut lines = headers.get_all("sec-fetch-site").iter();
    lines.next().is_some_and(|line| line == "same-origin") && lines.next().is_none()
}

/// Whether a browser says that it is from a page elsewhere, and is not for a new page altogether.
fn is_foreign(headers: &HeaderMap) -> bool {
    let foreign = |site| site != "same-origin" && site != "none";
    let navigates = headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate");
    !navigates && headers.get_all("sec-fetch-site").iter().any(foreign)
}

/// Whether the page is of this origin, by what it says it is.
fn refers_to(headers: &HeaderMap, origin: &str) -> bool {
    let page = headers.get(header::REFERER).and_then(|page| page.to_str().ok()?.strip_prefix(origin));
    page.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// An origin as browsers write it: in lower case, without a default port.
fn normal(text: &str) -> Option<Box<str>> {
    let (scheme, rest) = text.split_once("://")?;
    let scheme = match scheme.as_bytes() {
        [b'a'..=b'z' | b'A'..=b'Z', rest @ ..] if rest.iter().copied().all(is_scheme_byte) => {
            scheme.to_ascii_lowercase()
        }
        _ => return None,
    };
    let default = default_port(&scheme);
    // Schemes without hosts, such as `file`.
    if rest.is_empty() && default.is_none() {
        return Some(format!("{scheme}://").into());
    }
    let authority = Authority::parse(rest)?.without_port(default);
    Some(format!("{scheme}://{authority}").into())
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

const fn is_scheme_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
}
