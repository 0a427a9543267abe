use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response, header, request::Parts};
use longwave_core::{Attach, Lifeline, StreamBody};
use tower_service::Service;

use super::{Hosts, Origins};
use crate::http::{Asked, Presented, Refusal, Refusals, text::cut};

/// Refuses streams to pages that are not let in; made by [`OriginLayer`](super::OriginLayer).
#[derive(Clone, Debug)]
pub struct OriginService<S> {
    inner: S,
    settings: Arc<Settings<Origins>>,
}

/// Refuses requests for other hosts; made by [`HostLayer`](super::HostLayer).
#[derive(Clone, Debug)]
pub struct HostService<S> {
    inner: S,
    settings: Arc<Settings<Hosts>>,
}

/// What the services of a layer share.
#[derive(Clone, Debug)]
pub(super) struct Settings<L> {
    pub(super) list: L,
    pub(super) refusals: Refusals,
    /// Whether requests are looked at that open no stream.
    pub(super) everything: bool,
}

impl<S> OriginService<S> {
    pub(super) const fn new(inner: S, settings: Arc<Settings<Origins>>) -> Self {
        Self { inner, settings }
    }
}

impl<S> HostService<S> {
    pub(super) const fn new(inner: S, settings: Arc<Settings<Hosts>>) -> Self {
        Self { inner, settings }
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for OriginService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
{
    type Response = Response<StreamBody<ResBody>>;
    type Error = S::Error;
    type Future = Attach<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        self.settings.check(&mut self.inner, request, |origins, parts| {
            origins.check(parts, presented(parts)).map_err(|refused| (refused.refusal(), "origin"))
        })
    }
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for HostService<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
{
    type Response = Response<StreamBody<ResBody>>;
    type Error = S::Error;
    type Future = Attach<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        self.settings.check(&mut self.inner, request, |hosts, parts| {
            hosts.check(parts).map_err(|refused| (refused.refusal(), "host"))
        })
    }
}

impl<L> Settings<L> {
    /// Calls the service inside if the request is let in.
    fn check<S, B>(
        &self,
        inner: &mut S,
        request: Request<B>,
        check: impl FnOnce(&L, &Parts) -> Result<(), (Refusal, &'static str)>,
    ) -> Attach<S::Future>
    where
        S: Service<Request<B>>,
    {
        let (parts, body) = request.into_parts();
        let asked = Asked::of(&parts);
        if (self.everything || asked.may_open_a_stream())
            && let Err((refusal, name)) = check(&self.list, &parts)
        {
            if let Some(lifeline) = parts.extensions.get::<Lifeline>() {
                lifeline.refused(asked.kind(), name);
            }
            return Attach::answer(self.refusals.answer(refusal, asked));
        }
        Attach::passing(inner.call(Request::from_parts(parts, body)))
    }
}

/// How a credential comes that is somewhere in a request, as far as one can tell from outside.
pub(in crate::http) fn presented(parts: &Parts) -> Presented {
    let mut lines = parts.headers.get_all(header::AUTHORIZATION).iter().peekable();
    // A `GET` of a foreign page without an `Origin` may have any `Accept` and any query, but write no such header.
    let ambient = match lines.peek() {
        Some(_) => lines.any(|line| is_added_by_browsers(line.as_bytes())),
        None => parts.headers.contains_key(header::COOKIE),
    };
    if ambient { Presented::Ambiently } else { Presented::Explicitly }
}

/// Whether a browser adds such an `Authorization` by itself, to whatever page's request, once somebody has logged in.
fn is_added_by_browsers(line: &[u8]) -> bool {
    let scheme = cut(line, b' ').0;
    ["basic", "digest", "negotiate", "ntlm"].iter().any(|known| scheme.eq_ignore_ascii_case(known.as_bytes()))
}
