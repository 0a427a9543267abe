use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Response, StatusCode, header};
use pin_project_lite::pin_project;

use super::StreamBody;
use crate::{Lifeline, StreamKind, Tether};

pin_project! {
    /// The response future of a layer: carries the stream while the head is being made, and then puts a
    /// [`StreamBody`] around the body.
    ///
    /// After a `101` there is no body: if the [`Connection`](crate::Connection) is known, it
    /// [keeps](crate::Connection::keep) the stream, whoever speaks over it now.
    ///
    /// # Examples
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
    /// use std::{convert::Infallible, future::ready};
    ///
    /// use http::{Request, Response};
    /// use longwave_core::{Attach, Lifeline};
    ///
    /// let mut request = Request::new(());
    /// let lifeline = Lifeline::of(request.extensions_mut());
    /// let inner = ready(Ok::<_, Infallible>(Response::new(String::from("hello"))));
    /// let response = Attach::new(inner, &lifeline).await?;
    /// # let _ = response;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct Attach<F> {
        #[pin]
        source: Source<F>,
        tether: Option<Tether>,
    }
}

pin_project! {
    /// Where the response comes from.
    #[project = SourceProj]
    enum Source<F> {
        Inner {
            #[pin]
            inner: F,
        },
        // In a box, so that it takes no room in all the futures that are none.
        Answer {
            response: Option<Box<Response<Bytes>>>,
        },
    }
}

/// In the extensions of a response: its body carries the stream of this lifeline already. It may be another one,
/// if a service in between has made a request of its own.
#[derive(Clone)]
struct Attached(Lifeline);

/// In the extensions of a response: a layer has refused the request, so that there is no stream, whatever it looks
/// like.
#[derive(Clone, Copy)]
struct Answered;

impl<F> Attach<F> {
    /// Carries the stream of a request while the inner service makes its response.
    pub fn new(inner: F, lifeline: &Lifeline) -> Self {
        Self { source: Source::Inner { inner }, tether: Some(lifeline.carry()) }
    }

    /// Passes on the response of an inner service to which the layer has nothing to add.
    pub const fn passing(inner: F) -> Self {
        Self { source: Source::Inner { inner }, tether: None }
    }

    /// Answers in place of the inner service: what a layer says to a request that it refuses.
    pub fn answer(response: Response<Bytes>) -> Self {
        Self { source: Source::Answer { response: Some(Box::new(response)) }, tether: None }
    }
}

impl<F, B, E> Future for Attach<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<StreamBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = match this.source.project() {
            SourceProj::Inner { inner } => ready!(inner.poll(cx)),
            SourceProj::Answer { response } => {
                let response = response.take().expect("a future is not polled after it was ready");
                let mut response = response.map(StreamBody::answer);
                response.extensions_mut().insert(Answered);
                return Poll::Ready(Ok(response));
            }
        };
        let tether = this.tether.take();
        Poll::Ready(response.map(|response| attach(response, tether)))
    }
}

impl<F> fmt::Debug for Attach<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attach").field("tether", &self.tether).finish_non_exhaustive()
    }
}

fn attach<B>(mut response: Response<B>, tether: Option<Tether>) -> Response<StreamBody<B>> {
    let Some(tether) = tether else { return response.map(StreamBody::passing) };
    let kind = StreamKind::of_response(&response);
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let lifeline = tether.lifeline();
        if lifeline.is_claimed() {
            // Whoever has claimed it carries it on.
            return response.map(StreamBody::passing);
        }
        if let Some(connection) = lifeline.connection().cloned() {
            connection.keep(tether);
            return response.map(StreamBody::passing);
        }
    }
    if matches!(kind, StreamKind::EventStream | StreamKind::Grpc) {
        // An ordinary body only holds its tether, which it may do twice; two of these would beat twice.
        let carried = response.extensions().get().is_some_and(|Attached(of)| of == tether.lifeline());
        if carried || response.extensions().get::<Answered>().is_some() {
            return response.map(StreamBody::passing);
        }
        response.extensions_mut().insert(Attached(tether.lifeline().clone()));
        // The body may end early, or grow.
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    response.map(|body| StreamBody::carrying(body, tether, kind))
}
