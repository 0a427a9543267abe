use std::task::{Context, Poll};

use http::Request;
use longwave_core::Lifeline;
use tokio::sync::{mpsc, oneshot};
use tower_layer::Layer;
use tower_service::Service;

/// Tells a test of each request that gets through all other layers.
#[derive(Clone, Debug)]
#[must_use]
pub struct Witness {
    opened: mpsc::UnboundedSender<Opened>,
}

/// A request that got through.
#[derive(Debug)]
pub struct Opened {
    path: String,
    lifeline: Lifeline,
    over: oneshot::Receiver<()>,
}

/// The service of a [`Witness`].
#[derive(Clone, Debug)]
pub struct WitnessService<S> {
    inner: S,
    witness: Witness,
}

impl Witness {
    /// Makes a witness, and what it tells.
    pub fn new() -> (Self, mpsc::UnboundedReceiver<Opened>) {
        let (opened, receiver) = mpsc::unbounded_channel();
        (Self { opened }, receiver)
    }
}

impl Opened {
    /// The path that was asked for.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The lifeline of the request.
    #[must_use]
    pub const fn lifeline(&self) -> &Lifeline {
        &self.lifeline
    }

    /// Waits until its lifeline has let go of what it held, a slot of a limit included.
    pub async fn over(&mut self) {
        // Nothing is ever sent: the sender is dropped.
        _ = (&mut self.over).await;
    }
}

impl<S> Layer<S> for Witness {
    type Service = WitnessService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        WitnessService { inner, witness: self.clone() }
    }
}

impl<S, B> Service<Request<B>> for WitnessService<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        let lifeline = Lifeline::of(request.extensions_mut());
        let (held, over) = oneshot::channel::<()>();
        lifeline.hold(held);
        // A test that does not listen is none of the server's business.
        _ = self.witness.opened.send(Opened { path: request.uri().path().to_owned(), lifeline, over });
        self.inner.call(request)
    }
}
