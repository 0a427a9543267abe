use std::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::Response;

/// The response future of [`MintService`](super::MintService).
///
/// # Cancel safety
///
/// If it is dropped, nobody has the ticket; it may count as outstanding until it expires.
#[must_use = "futures do nothing unless polled"]
pub struct MintFuture {
    state: State,
}

enum State {
    Answered(Option<Response<String>>),
    Minting(Pin<Box<dyn Future<Output = Response<String>> + Send>>),
}

impl MintFuture {
    pub(super) const fn answered(response: Response<String>) -> Self {
        Self { state: State::Answered(Some(response)) }
    }

    pub(super) fn minting(minting: impl Future<Output = Response<String>> + Send + 'static) -> Self {
        Self { state: State::Minting(Box::pin(minting)) }
    }
}

impl Future for MintFuture {
    type Output = Result<Response<String>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.state {
            State::Answered(response) => {
                Poll::Ready(Ok(response.take().expect("a future is not polled after it is ready")))
            }
            State::Minting(minting) => minting.as_mut().poll(cx).map(Ok),
        }
    }
}

impl fmt::Debug for MintFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MintFuture").finish_non_exhaustive()
    }
}
