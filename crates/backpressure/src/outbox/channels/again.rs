use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;

/// One future after the other, each made of what the last one gave back, all in the same place in memory.
///
/// A channel of tokio can only be waited for by a future that borrows it. Here the future owns it, and is kept while
/// it waits, so that nothing is lost; and there is one allocation, whatever comes through.
pub(super) type Again<O> = Pin<Box<dyn PollAgain<O> + Send + Sync>>;

pub(super) trait PollAgain<O> {
    /// Polls the future, which is made if there is none; when it is ready, there is none.
    fn poll_again(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<O>;
}

/// Makes the place for futures that own a resource while they run.
pub(super) fn again<R, O, F>(resource: R, make: fn(R) -> F) -> Again<O>
where
    R: Send + Sync + 'static,
    F: Future<Output = (O, R)> + Send + Sync + 'static,
{
    Box::pin(Place { resource: Some(resource), make, future: None })
}

pin_project! {
    struct Place<R, F> {
        // Gone while a future has it.
        resource: Option<R>,
        make: fn(R) -> F,
        #[pin]
        future: Option<F>,
    }
}

impl<R, O, F: Future<Output = (O, R)>> PollAgain<O> for Place<R, F> {
    fn poll_again(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<O> {
        let mut this = self.project();
        if let Some(resource) = this.resource.take() {
            this.future.set(Some((this.make)(resource)));
        }
        let Some(future) = this.future.as_mut().as_pin_mut() else { return Poll::Pending };
        let (output, resource) = ready!(future.poll(cx));
        this.future.set(None);
        *this.resource = Some(resource);
        Poll::Ready(output)
    }
}
