use std::{convert::Infallible, error::Error, fmt};

use axum::{
    body::Body,
    extract::{FromRequestParts, OptionalFromRequestParts},
    response::{IntoResponse, Response},
};
use http::request::Parts;

use super::Session;
use crate::{
    Claims,
    http::{Asked, Refusal, Refusals},
};

/// A request has no session, for a handler of axum that wants one; answered as one without credentials (401).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SessionMissing {
    asked: Asked,
}

/// Takes the session that the request has in its extensions; 401 if there is none.
impl<T: Claims, S: Sync> FromRequestParts<S> for Session<T> {
    type Rejection = SessionMissing;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionMissing> {
        parts.extensions.get().cloned().ok_or_else(|| SessionMissing { asked: Asked::of(parts) })
    }
}

/// Takes the session, for handlers that serve others too.
impl<T: Claims, S: Sync> OptionalFromRequestParts<S> for Session<T> {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get().cloned())
    }
}

impl IntoResponse for SessionMissing {
    fn into_response(self) -> Response {
        Refusals::new().answer(Refusal::CredentialsRequired, self.asked).map(Body::from)
    }
}

impl fmt::Display for SessionMissing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("request has no session")
    }
}

impl Error for SessionMissing {}
