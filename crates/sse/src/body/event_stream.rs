use core::{
    error::Error,
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf, Bytes};
use futures_core::Stream;
use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use super::{NotEventStream, Refusal};
use crate::{DecodeError, Decoder, OwnedEvent, OwnedItem, decode::OwnedItems};

pin_project! {
    /// The events of a response, for clients and proxies.
    ///
    /// As a `Stream` it yields events; [`next_item`](Self::next_item) has all there is. After an error, and
    /// after the end, it yields nothing more.
    ///
    /// It never reconnects. Keep [`last_event_id`](Self::last_event_id) for the next request.
    ///
    /// # Examples
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// use longwave_sse::{EventStream, response};
    ///
    /// let response = response("event: price\ndata: 42\n\n".to_owned());
    /// let mut events = EventStream::from_response(response)?;
    /// while let Some(event) = events.next_event().await {
    ///     let event = event?;
    ///     assert_eq!((event.event_type(), event.data()), ("price", "42"));
    /// }
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "a stream does nothing unless it is polled"]
    pub struct EventStream<S> {
        // Gone once it has ended, with all that it holds.
        #[pin]
        chunks: Option<S>,
        chunk: Bytes,
        items: OwnedItems,
    }
}

pin_project! {
    /// The data of a body as a stream of chunks; trailers are left out.
    #[derive(Debug)]
    pub struct BodyChunks<B> {
        #[pin]
        body: B,
    }
}

/// Failure of an event stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum StreamError<E> {
    /// The peer sent what the decoder refuses.
    Decode(DecodeError),
    /// The chunks could not be read.
    Source(E),
}

impl<S> EventStream<S> {
    /// Reads a stream of chunks, such as the bytes of a response of `reqwest`; check its head by
    /// [`Refusal::check`] before.
    ///
    /// # Examples
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// use std::convert::Infallible;
    ///
    /// use futures_util::{StreamExt, stream};
    /// use longwave_sse::EventStream;
    ///
    /// let chunks = stream::iter(["data: cut", " anywhere\n\n"].map(|chunk| Ok::<_, Infallible>(chunk.as_bytes())));
    /// let events: Vec<_> = EventStream::new(chunks).collect().await;
    /// assert_eq!(events[0].as_ref().unwrap().data(), "cut anywhere");
    /// # });
    /// # Ok::<_, std::io::Error>(())
    /// ```
    pub fn new(chunks: S) -> Self {
        Self { chunks: Some(chunks), chunk: Bytes::new(), items: OwnedItems::default() }
    }

    /// Reads with a decoder of the caller's: with its settings, and its last event ID. What it has of an earlier
    /// connection is forgotten.
    ///
    /// Call it before the first event is read.
    pub fn with_decoder(self, decoder: Decoder) -> Self {
        Self { items: OwnedItems::new(decoder), ..self }
    }

    /// The last event ID as of what this stream has yielded, to send as `Last-Event-ID` when connecting again.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        self.items.last_event_id()
    }

    /// The decoder for the next connection: with the same settings, and the last event ID of what was yielded.
    pub fn into_decoder(self) -> Decoder {
        self.items.into_decoder()
    }
}

impl<B: Body> EventStream<BodyChunks<B>> {
    /// Reads a body, whatever the head of its response says.
    pub fn from_body(body: B) -> Self {
        Self::new(BodyChunks { body })
    }

    /// Reads the body of a response that is an event stream.
    ///
    /// # Errors
    ///
    /// [`NotEventStream`] with the response, if its status is not 200 or its type not `text/event-stream`.
    pub fn from_response(response: Response<B>) -> Result<Self, NotEventStream<B>> {
        match Refusal::check(response.status(), response.headers()) {
            Ok(()) => Ok(Self::from_body(response.into_body())),
            Err(refusal) => Err(NotEventStream { refusal, response }),
        }
    }
}

impl<S, D, E> EventStream<S>
where
    S: Stream<Item = Result<D, E>>,
    D: Buf,
{
    /// Waits for the next event.
    ///
    /// # Errors
    ///
    /// [`StreamError`] if the chunks fail, or the decoder refuses what is in them.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn next_event(&mut self) -> Option<Result<OwnedEvent, StreamError<E>>>
    where
        S: Unpin,
    {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Waits for the next item: an event, a cursor, a reconnection time and, if the decoder hands them out, a
    /// comment.
    ///
    /// With [`Decoder::with_comments`], a deadline around it is an idle timeout that heartbeats keep from
    /// running out:
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
    /// use std::time::Duration;
    ///
    /// use longwave_sse::{Decoder, EventStream, OwnedItem, response};
    /// use tokio::time::timeout;
    ///
    /// let body = response(": still here\n\ndata: 42\n\n".to_owned()).into_body();
    /// let mut items = EventStream::from_body(body).with_decoder(Decoder::new().with_comments());
    /// while let Some(item) = timeout(Duration::from_secs(45), items.next_item()).await? {
    ///     match item? {
    ///         OwnedItem::Event(event) => assert_eq!(event.data(), "42"),
    ///         OwnedItem::Comment(text) => assert_eq!(text, "still here"),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`StreamError`] if the chunks fail, or the decoder refuses what is in them.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn next_item(&mut self) -> Option<Result<OwnedItem, StreamError<E>>>
    where
        S: Unpin,
    {
        poll_fn(|cx| Pin::new(&mut *self).poll_next_item(cx)).await
    }

    /// Polls for the next item; see [`next_item`](Self::next_item).
    ///
    /// # Errors
    ///
    /// [`StreamError`] if the chunks fail, or the decoder refuses what is in them.
    pub fn poll_next_item(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<OwnedItem, StreamError<E>>>> {
        let mut this = self.project();
        for _ in 0..BUDGET {
            let Some(chunks) = this.chunks.as_mut().as_pin_mut() else { return Poll::Ready(None) };
            if let Some(item) = this.items.next(this.chunk) {
                if item.is_err() {
                    this.chunks.set(None);
                }
                return Poll::Ready(Some(item.map_err(StreamError::Decode)));
            }
            match ready!(chunks.poll_next(cx)) {
                Some(Ok(mut chunk)) => *this.chunk = chunk.copy_to_bytes(chunk.remaining()),
                end => {
                    this.chunks.set(None);
                    return Poll::Ready(
                        end.and_then(Result::err).map(|error| Err(StreamError::Source(error))),
                    );
                }
            }
        }
        // Chunks without items must not keep the task for themselves.
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<S, D, E> Stream for EventStream<S>
where
    S: Stream<Item = Result<D, E>>,
    D: Buf,
{
    type Item = Result<OwnedEvent, StreamError<E>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match ready!(self.as_mut().poll_next_item(cx)) {
                Some(Ok(OwnedItem::Event(event))) => return Poll::Ready(Some(Ok(event))),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

impl<B: Body> Stream for BodyChunks<B> {
    type Item = Result<B::Data, B::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut body = self.project().body;
        loop {
            match ready!(body.as_mut().poll_frame(cx)) {
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}

/// Without what has been received, which does not belong into logs.
impl<S> fmt::Debug for EventStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream")
            .field("ended", &self.chunks.is_none())
            .field("chunk", &self.chunk.len())
            .finish_non_exhaustive()
    }
}

impl<E> fmt::Display for StreamError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Decode(_) => "event stream could not be decoded",
            Self::Source(_) => "event stream could not be read",
        })
    }
}

impl<E: Error + 'static> Error for StreamError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Decode(error) => Some(error),
            Self::Source(error) => Some(error),
        }
    }
}

/// How many chunks are read in one poll.
const BUDGET: usize = 64;
