use std::{
    fmt,
    future::Future,
    mem,
    pin::{Pin, pin},
    task::{Context, Poll, ready},
};

use http::{HeaderValue, Request, Response, Version};
use longwave_core::{Attach, Lifeline, StreamBody, StreamKind};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::{decision::Decision, finish::finish};
use crate::http::{Asked, Refusals, redact::response::redact};

pin_project! {
    /// The response future of [`TicketService`](super::TicketService).
    #[must_use = "futures do nothing unless polled"]
    pub struct TicketFuture<F, S, B> {
        #[pin]
        state: State<F, S, B>,
        version: Version,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, S, B> {
        Asking {
            decision: Decision,
            // The service that was ready, and the body, until it is called.
            waiting: Option<(S, B)>,
        },
        Called {
            #[pin]
            inner: Attach<F>,
            cookies: Vec<HeaderValue>,
            // That of the request, if there is a session.
            lifeline: Option<Lifeline>,
        },
    }
}

impl<F, S, B> TicketFuture<F, S, B> {
    pub(super) const fn asking(decision: Decision, inner: S, body: B, version: Version) -> Self {
        Self { state: State::Asking { decision, waiting: Some((inner, body)) }, version }
    }

    pub(super) const fn called(inner: Attach<F>, version: Version) -> Self {
        Self { state: State::Called { inner, cookies: Vec::new(), lifeline: None }, version }
    }
}

impl<S, B, ResBody> Future for TicketFuture<S::Future, S, B>
where
    S: Service<Request<B>, Response = Response<ResBody>>,
{
    type Output = Result<Response<StreamBody<ResBody>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let called = match this.state.as_mut().project() {
                StateProj::Asking { decision, waiting } => {
                    let decided = ready!(decision.as_mut().poll(cx));
                    let (mut inner, body) =
                        waiting.take().expect("a future is not polled after it was ready");
                    match decided {
                        Ok(admitted) => {
                            let request = Request::from_parts(admitted.parts, body);
                            let lifeline = admitted.tether.lifeline();
                            let inner = Attach::new(inner.call(request), lifeline);
                            let lifeline = Some(lifeline.clone());
                            State::Called { inner, cookies: admitted.cookies, lifeline }
                        }
                        Err(answer) => State::Called {
                            inner: Attach::answer(answer),
                            cookies: Vec::new(),
                            lifeline: None,
                        },
                    }
                }
                StateProj::Called { inner, cookies, lifeline } => {
                    let mut response = ready!(inner.poll(cx))?;
                    if let Err(leak) = redact(response.headers_mut()) {
                        if let Some(lifeline) = lifeline {
                            lifeline.refused(StreamKind::WebSocket, "leak");
                        }
                        let answer = Refusals::new().answer(leak, Asked::websocket(*this.version));
                        return pin!(Attach::<S::Future>::answer(answer)).poll(cx);
                    }
                    finish(&mut response, lifeline.as_ref(), mem::take(cookies));
                    return Poll::Ready(Ok(response));
                }
            };
            this.state.set(called);
        }
    }
}

impl<F, S, B> fmt::Debug for TicketFuture<F, S, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TicketFuture").field("version", &self.version).finish_non_exhaustive()
    }
}
