use std::{borrow::Cow, fmt};

use http::{HeaderMap, header, request::Parts};
use longwave_core::StreamKind;

use super::{
    Asked, Refusal, Strip,
    strip::{Piece, Place, Plan, Stripped, strip},
};

/// Where in a request a ticket may be.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Source {
    /// After the scheme `Ticket` in `Authorization`.
    Authorization,
    /// In the cookie with this name, which a browser sends by itself: only with a list of
    /// [`Origins`](super::Origins).
    Cookie(Cow<'static, str>),
    /// In the parameter of the query with this name, which is to be spelt exactly so.
    Query(Cow<'static, str>),
    /// As a subprotocol of a WebSocket, after `lw.ticket.`; the client has to offer another one, for the server to
    /// select.
    Subprotocol,
}

/// The places where a service looks for tickets.
///
/// # Examples
///
/// ```
/// use longwave_ticket::http::{Source, Sources};
///
/// let sources = Sources::new([Source::Subprotocol, Source::Query("ticket".into())]);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Sources {
    list: Vec<Source>,
    plan: Plan,
}

/// What is in a request for the one who asks who it is from.
#[derive(Clone, Debug)]
#[must_use]
pub enum Found {
    /// Nothing: whoever it is does not say.
    Nothing,
    /// A credential, which may still be anything.
    One(Credential),
    /// More than one, and no telling which of them counts.
    Ambiguous,
    /// One that was the only subprotocol, so that there is none left to select and a browser would give up.
    AloneAsSubprotocol,
}

/// A text that is meant to be a ticket; it is not in its `Debug` output.
#[derive(Clone)]
pub struct Credential {
    text: Box<str>,
    source: Source,
}

/// Whether a credential was sent on purpose.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Presented {
    /// By a program that knows it.
    Explicitly,
    /// By a browser, to wherever a page lets it go (a cookie, `Authorization: Basic`).
    Ambiently,
}

/// Finds the one credential of a request, and leaves none in it.
///
/// Whatever the outcome, and whichever sources are asked: the URL and the headers have no ticket any more after this. The
/// query, `Cookie`, `Referer` and the copies of the URL that are known of some proxies have no parameter or cookie by a
/// name of the sources either, in whatever case or percent-encoding. What a [`RedactLayer`](super::RedactLayer)
/// further out has taken counts as if it were still there. All other parameters, cookies, subprotocols and their
/// order stay. The rest of `Authorization`, `Cookie` and `Sec-WebSocket-Protocol` is
/// [sensitive](http::HeaderValue::set_sensitive) from here on.
///
/// A credential that is sent explicitly counts, and cookies beside it do not: a browser sends them whether they are
/// meant or not. Two explicit ones, or two cookies, are ambiguous, even if they are the same. A subprotocol counts
/// only when a WebSocket is asked for.
///
/// # Examples
///
/// ```
/// use http::Request;
/// use longwave_ticket::http::{Found, Source, Sources, collect};
///
/// let sources = Sources::new([Source::Query("ticket".into())]);
/// let (mut parts, ()) = Request::get("/feed?a=1&ticket=lwt1_AQEBAAAA").body(())?.into_parts();
/// let Found::One(credential) = collect(&mut parts, &sources) else { panic!("there is one") };
/// assert_eq!(credential.as_str(), "lwt1_AQEBAAAA");
/// assert_eq!(parts.uri, "/feed?a=1");
/// # Ok::<_, http::Error>(())
/// ```
pub fn collect(parts: &mut Parts, sources: &Sources) -> Found {
    collect_all(parts, sources).0
}

/// The same, and the tickets in cookies that are no source.
pub(super) fn collect_all(parts: &mut Parts, sources: &Sources) -> (Found, Cookies) {
    let mut stripped = strip(parts, &sources.plan);
    if stripped.is_empty() {
        return (Found::Nothing, Cookies::default());
    }
    let others =
        |piece: &mut Piece| matches!(piece.place, Place::Cookie(_)) && sources.of(&piece.place).is_none();
    let cookies = Cookies(stripped.pieces.extract_if(.., others).collect());
    let websocket = Asked::of(parts).kind() == StreamKind::WebSocket;
    let found = match choose(stripped, sources, websocket) {
        Found::One(Credential { source: Source::Subprotocol, .. }) if !offers_another(&parts.headers) => {
            Found::AloneAsSubprotocol
        }
        found => found,
    };
    (found, cookies)
}

/// Tickets in cookies that are no source.
#[derive(Default)]
pub(super) struct Cookies(Vec<Piece>);

impl Cookies {
    /// Their names and values.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|piece| match &piece.place {
            Place::Cookie(name) => Some((&**name, &*piece.text)),
            _ => None,
        })
    }
}

impl Sources {
    /// Looks for tickets there; which comes first makes no difference.
    pub fn new(sources: impl IntoIterator<Item = Source>) -> Self {
        let mut plan = Plan::default();
        let list: Vec<_> = sources.into_iter().collect();
        for source in &list {
            match source {
                Source::Query(name) => plan.queries.push(name.as_ref().into()),
                Source::Cookie(name) => plan.cookies.push(name.as_ref().into()),
                Source::Authorization | Source::Subprotocol => {}
            }
        }
        Self { list, plan }
    }

    /// Sets what becomes of parameters that held a credential; they are removed if not set.
    pub fn strip(mut self, strip: Strip) -> Self {
        self.plan.strip = strip;
        self
    }

    /// Whether any of them is one that a browser sends by itself, so that it matters from which page.
    #[must_use]
    pub fn are_ambient(&self) -> bool {
        self.list.iter().any(|source| matches!(source, Source::Cookie(_)))
    }

    fn of(&self, place: &Place) -> Option<&Source> {
        self.list.iter().find(|source| match (source, place) {
            (Source::Authorization, Place::Authorization) | (Source::Subprotocol, Place::Subprotocol) => true,
            (Source::Cookie(name), Place::Cookie(found)) | (Source::Query(name), Place::Query(found)) => {
                **name == **found
            }
            _ => false,
        })
    }
}

impl Found {
    /// The credential, if there is one and it counts.
    ///
    /// # Errors
    ///
    /// [`Refusal::Ambiguous`] or [`Refusal::MissingSubprotocol`], for which nobody has to know whether there is a
    /// valid one.
    pub fn credential(self) -> Result<Option<Credential>, Refusal> {
        match self {
            Self::Nothing => Ok(None),
            Self::One(credential) => Ok(Some(credential)),
            Self::Ambiguous => Err(Refusal::Ambiguous),
            Self::AloneAsSubprotocol => Err(Refusal::MissingSubprotocol),
        }
    }
}

impl Credential {
    /// The text, which is whatever the client has sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where it was.
    #[must_use]
    pub const fn source(&self) -> &Source {
        &self.source
    }

    /// Whether it was sent on purpose.
    #[must_use]
    pub const fn presented(&self) -> Presented {
        match self.source {
            Source::Cookie(_) => Presented::Ambiently,
            Source::Authorization | Source::Query(_) | Source::Subprotocol => Presented::Explicitly,
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("source", &self.source).finish_non_exhaustive()
    }
}

fn choose(stripped: Stripped, sources: &Sources, websocket: bool) -> Found {
    if stripped.too_many {
        return Found::Ambiguous;
    }
    let (mut explicit, mut ambient) = (Found::Nothing, Found::Nothing);
    for Piece { place, text } in stripped.pieces {
        let Some(source) = sources.of(&place).cloned() else { continue };
        let counts = match source {
            Source::Subprotocol => websocket,
            Source::Authorization | Source::Cookie(_) | Source::Query(_) => true,
        };
        if !counts {
            continue;
        }
        let credential = Credential { text, source };
        let found = match credential.presented() {
            Presented::Explicitly => &mut explicit,
            Presented::Ambiently => &mut ambient,
        };
        *found = match found {
            Found::Nothing => Found::One(credential),
            _ => Found::Ambiguous,
        };
    }
    match explicit {
        Found::Nothing if stripped.too_many_cookies && sources.are_ambient() => Found::Ambiguous,
        Found::Nothing => ambient,
        explicit => explicit,
    }
}

fn offers_another(headers: &HeaderMap) -> bool {
    headers.contains_key(header::SEC_WEBSOCKET_PROTOCOL)
}
