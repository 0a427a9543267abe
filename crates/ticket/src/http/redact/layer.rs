use std::sync::Arc;

use tower_layer::Layer;

use super::RedactService;
use crate::http::strip::{Plan, Strip};

/// Takes credentials out of requests before anybody logs them, and hands them inward.
///
/// It goes outside of everything else. On the way in, what looks like a ticket is gone from the URL and from all headers.
/// So are the parameters and cookies that are named here, also from `Referer` and from the copies of the URL that are
/// known of some proxies, the scheme `Ticket` of `Authorization`, and subprotocols that begin with `lw.ticket.`. Whoever checks tickets further
/// in still finds them, and [`stripped`](super::stripped) has the parameters for those who check others. What is left
/// of `Authorization`, `Cookie` and `Sec-WebSocket-Protocol` is [sensitive](http::HeaderValue::set_sensitive), so
/// that it is not in `Debug` output.
///
/// On the way out, `Location` and `Content-Location` have no ticket either, `Set-Cookie` is sensitive, and a response
/// that selects a ticket as its subprotocol becomes a `500` without it.
///
/// In axum a layer of a `Router` comes too late for the copy of the URI that axum keeps (`OriginalUri`): the feature
/// `axum` strips that too. Better put the layer around the whole `Router`. Nothing can be done here about what has
/// been logged further out.
///
/// # Examples
///
/// ```
/// use http::Request;
/// use longwave_ticket::http::RedactLayer;
/// use tower::{Layer, ServiceExt, service_fn};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let service = RedactLayer::new().query("access_token").layer(service_fn(async |request: Request<()>| {
///     assert_eq!(request.uri(), "/feed?a=1");
///     Ok::<_, std::convert::Infallible>(http::Response::new(http_body_util::Empty::<bytes::Bytes>::new()))
/// }));
/// service.oneshot(Request::get("/feed?a=1&access_token=eyJhbGciOi").body(())?).await?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct RedactLayer {
    plan: Arc<Plan>,
}

impl RedactLayer {
    /// Takes out what looks like a ticket.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes out the parameters of the query with this name too, in any case and percent-encoding: `access_token`,
    /// `token`, `jwt`, and what else has tickets that do not look like one.
    pub fn query(mut self, name: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.plan).queries.push(name.into().into());
        self
    }

    /// Takes out the cookies with this name too.
    pub fn cookie(mut self, name: impl Into<String>) -> Self {
        Arc::make_mut(&mut self.plan).cookies.push(name.into().into());
        self
    }

    /// Sets what becomes of parameters of the query that held a credential; they are removed if not set.
    pub fn strip(mut self, strip: Strip) -> Self {
        Arc::make_mut(&mut self.plan).strip = strip;
        self
    }
}

impl<S> Layer<S> for RedactLayer {
    type Service = RedactService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RedactService::new(inner, self.plan.clone())
    }
}
