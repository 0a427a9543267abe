use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

use http::request::Parts;
use tokio::sync::Semaphore;

use super::{Denial, Require};
use crate::{
    Scope, UnixMillis,
    http::{BrowserCookie, Hosts, Origins, Refusals, Sources},
    live::Sessions,
};

/// What the services of a layer share.
pub(super) struct Settings<T, A> {
    pub(super) authenticator: A,
    pub(super) sessions: Sessions<T>,
    pub(super) authorize: Option<Arc<Authorize<T>>>,
    pub(super) rules: Rules,
}

/// What they have that is the same for all claims.
#[derive(Clone)]
pub(super) struct Rules {
    pub(super) sources: Sources,
    pub(super) origins: Origins,
    pub(super) hosts: Option<Hosts>,
    pub(super) scope: Option<Scope>,
    pub(super) cookie: Option<BrowserCookie>,
    pub(super) require: Require,
    /// Whether a `GET` for no stream may spend a ticket.
    pub(super) plain_gets: bool,
    /// Whether a call of gRPC may.
    pub(super) grpc_calls: bool,
    pub(super) refusals: Refusals,
    pub(super) timeout: Duration,
    /// For those who are being authenticated.
    pub(super) places: Arc<Semaphore>,
    pub(super) clock: Arc<dyn Fn() -> UnixMillis + Send + Sync>,
}

/// The application's own question.
pub(super) type Authorize<T> = dyn Fn(&Parts, &T) -> Answer + Send + Sync;

pub(super) type Answer = Pin<Box<dyn Future<Output = Result<(), Denial>> + Send>>;

// Not derived, as that would want claims to be cloned.
impl<T, A: Clone> Clone for Settings<T, A> {
    fn clone(&self) -> Self {
        Self {
            authenticator: self.authenticator.clone(),
            sessions: self.sessions.clone(),
            authorize: self.authorize.clone(),
            rules: self.rules.clone(),
        }
    }
}

impl<T, A> fmt::Debug for Settings<T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rules { sources, origins, hosts, scope, cookie, require, .. } = &self.rules;
        f.debug_struct("Settings")
            .field("sources", sources)
            .field("origins", origins)
            .field("hosts", hosts)
            .field("scope", scope)
            .field("cookie", cookie)
            .field("require", require)
            .finish_non_exhaustive()
    }
}
