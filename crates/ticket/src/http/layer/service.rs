use std::{
    fmt,
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use longwave_core::{Attach, StreamBody};
use tower_service::Service;

use super::{Authenticator, TicketFuture, decision::Entry, ready::take_ready, settings::Settings};
use crate::Claims;

/// Lets in those who have a ticket; made by [`TicketLayer`](super::TicketLayer).
pub struct TicketService<S, T, A> {
    inner: S,
    settings: Arc<Settings<T, A>>,
}

impl<S, T, A> TicketService<S, T, A> {
    pub(super) const fn new(inner: S, settings: Arc<Settings<T, A>>) -> Self {
        Self { inner, settings }
    }
}

impl<S, T, A, ReqBody, ResBody> Service<Request<ReqBody>> for TicketService<S, T, A>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>> + Clone,
    T: Claims,
    A: Authenticator<T>,
{
    type Response = Response<StreamBody<ResBody>>;
    type Error = S::Error;
    type Future = TicketFuture<S::Future, S, ReqBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let version = request.version();
        let (parts, body) = request.into_parts();
        match self.settings.enter(parts) {
            Entry::Asking(decision) => {
                TicketFuture::asking(decision, take_ready(&mut self.inner), body, version)
            }
            Entry::Anonymous(parts) => {
                let inner = self.inner.call(Request::from_parts(parts, body));
                TicketFuture::called(Attach::passing(inner), version)
            }
            Entry::Refused(answer) => TicketFuture::called(Attach::answer(answer), version),
        }
    }
}

impl<S: Clone, T, A> Clone for TicketService<S, T, A> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), settings: self.settings.clone() }
    }
}

impl<S: fmt::Debug, T, A> fmt::Debug for TicketService<S, T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TicketService").field("inner", &self.inner).field("settings", &self.settings).finish()
    }
}
