//! Keeps credentials out of all that is logged further in.

mod future;
mod layer;
pub(super) mod response;
mod service;

use http::Extensions;

pub use self::{future::ResponseFuture, layer::RedactLayer, service::RedactService};
use super::strip::{Carried, Place};

/// What a [`RedactLayer`] has taken out of the query, for a handler or a layer that expects it there.
///
/// - `name`: of the parameter, which has to have been spelt exactly so.
/// - Returns the value as it was, percent-encoded; `None` if there was none, or more than one.
///
/// # Examples
///
/// ```
/// use axum::extract::Request;
/// use longwave_ticket::http::stripped;
///
/// async fn feed(request: Request) -> String {
///     let token = stripped(request.extensions(), "access_token");
///     format!("there is {} token", if token.is_some() { "a" } else { "no" })
/// }
/// # drop(feed);
/// ```
#[must_use]
pub fn stripped<'e>(extensions: &'e Extensions, name: &str) -> Option<&'e str> {
    let Carried(stripped) = extensions.get()?;
    let named = |place: &Place| matches!(place, Place::Query(found) if **found == *name);
    let mut values = stripped.pieces.iter().filter(|piece| named(&piece.place)).map(|piece| &*piece.text);
    values.next().filter(|_| values.next().is_none() && !stripped.too_many)
}
