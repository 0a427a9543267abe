//! Takes credentials out of a request: all that is configured, and all that looks like a ticket.

mod headers;
mod uri;

#[cfg(feature = "axum")]
use axum::extract::OriginalUri;
use http::{Extensions, HeaderMap, Uri, request::Parts};

pub(super) use self::headers::is_ours;
pub(super) use self::uri::scrub;
use super::text;

/// What becomes of a parameter that held a credential.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Strip {
    /// It is removed from the query; what is left of it is the same to the byte.
    #[default]
    Remove,
    /// Its value becomes `REDACTED`, so that a log still says that it was there.
    Replace,
}

/// What is a credential besides what looks like a ticket, and what becomes of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    pub(super) queries: Vec<Box<str>>,
    pub(super) cookies: Vec<Box<str>>,
    pub(super) strip: Strip,
}

/// What was taken out of a request.
#[derive(Clone, Default)]
pub(super) struct Stripped {
    pub(super) pieces: Vec<Piece>,
    /// There were more pieces than anyone sends, or more than there may be of a header.
    pub(super) too_many: bool,
    /// The same of cookies alone, which anyone can have set who has a name below the same domain.
    pub(super) too_many_cookies: bool,
}

/// Text that may be a credential, and where it was.
#[derive(Clone)]
pub(super) struct Piece {
    pub(super) place: Place,
    pub(super) text: Box<str>,
}

/// Names are as they were in the request, to the byte.
#[derive(Clone, Eq, PartialEq)]
pub(super) enum Place {
    Authorization,
    Cookie(Box<str>),
    Query(Box<str>),
    Subprotocol,
}

/// In the extensions of a request: what a layer further out has stripped. Nobody else can name it.
#[derive(Clone)]
pub(super) struct Carried(pub(super) Stripped);

/// Strips a request, and marks those of its headers that are secret by nature.
pub(super) fn strip(parts: &mut Parts, plan: &Plan) -> Stripped {
    let mut stripped = Stripped::default();
    stripped.take_from_uri(&mut parts.uri, plan);
    stripped.take_from_extensions(&mut parts.extensions, plan);
    stripped.take_from_headers(&mut parts.headers, plan);
    stripped
}

impl Stripped {
    pub(super) fn take_from_uri(&mut self, uri: &mut Uri, plan: &Plan) {
        if let Some(clean) = uri::stripped(uri, plan, self) {
            *uri = clean;
        }
    }

    pub(super) fn take_from_headers(&mut self, headers: &mut HeaderMap, plan: &Plan) {
        headers::strip(headers, plan, self);
    }

    /// Takes what a layer further out has stripped, and strips the copy of the URI that axum has put there.
    pub(super) fn take_from_extensions(&mut self, extensions: &mut Extensions, plan: &Plan) {
        #[cfg(feature = "axum")]
        if let Some(OriginalUri(original)) = extensions.get_mut() {
            // What is in this copy was in the URI, and has been taken from there.
            Self::default().take_from_uri(original, plan);
        }
        #[cfg(not(feature = "axum"))]
        let _ = plan;
        if let Some(Carried(carried)) = extensions.remove() {
            self.too_many |= carried.too_many;
            self.too_many_cookies |= carried.too_many_cookies;
            self.pieces.extend(carried.pieces);
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.pieces.is_empty() && !self.too_many && !self.too_many_cookies
    }

    fn push(&mut self, place: Place, text: &[u8]) {
        let is_cookie = |place: &Place| matches!(place, Place::Cookie(_));
        let cookie = is_cookie(&place);
        let alike = self.pieces.iter().filter(|piece| is_cookie(&piece.place) == cookie);
        if alike.count() < MOST_PIECES {
            self.pieces.push(Piece { place, text: text::owned(text) });
        } else if cookie {
            self.too_many_cookies = true;
        } else {
            self.too_many = true;
        }
    }
}

/// A request has one credential, perhaps a few for others; whoever sends hundreds is not worth the memory.
const MOST_PIECES: usize = 32;
