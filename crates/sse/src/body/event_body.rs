use core::{
    fmt,
    future::{Future, Ready},
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::Encode;

pin_project! {
    /// A stream of events as an HTTP body.
    ///
    /// All events that are ready go out in one frame, without waiting for more: with HTTP/1.1 that is
    /// several times the events per second, and with HTTP/2 it keeps clear of the budget that some peers
    /// have for small DATA frames. Nothing is held while the stream is pending.
    ///
    /// When the stream fails, the events before the error go out first; the error is then the body's, and its
    /// last. Dropping the body drops the stream, which is how an application learns that the client has gone.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{convert::Infallible, time::Duration};
    ///
    /// use futures_util::stream;
    /// use longwave_sse::{Event, EventBody, random_retry, response};
    ///
    /// # let random = || 42;
    /// let prices = stream::iter([Ok::<_, Infallible>(Event::new().data("42.10"))]);
    /// let retry = random_retry(Duration::from_secs(2)..=Duration::from_secs(6), random());
    /// let response = response(EventBody::new(prices).first(Event::new().retry(retry)));
    /// assert_eq!(response.headers()["content-type"], "text/event-stream");
    /// ```
    #[must_use = "a body does nothing unless it is sent"]
    pub struct EventBody<S, F = fn() -> Ready<()>, W = Ready<()>>
    where
        S: Stream,
    {
        // Gone once it has ended, with all that it holds.
        #[pin]
        stream: Option<S>,
        // The error that the stream ended with, while the events before it go out.
        failed: Option<S::Item>,
        pending: Pending,
        // A large item that gets the next frame for itself.
        next: Option<Bytes>,
        // What `pending` has was set by `first`, and does not linger.
        urgent: bool,
        // The size of the last frame if several items made it, or 0.
        expected: usize,
        min_frame: usize,
        max_frame: usize,
        linger: Option<F>,
        #[pin]
        wait: Option<W>,
    }
}

/// A frame in the making.
#[derive(Debug)]
enum Pending {
    Empty,
    /// One item, which is not copied.
    One(Bytes),
    Many(BytesMut),
}

impl<S: Stream> EventBody<S> {
    /// Makes a body of a stream of events, or of bytes that are encoded events.
    pub const fn new(stream: S) -> Self {
        Self {
            stream: Some(stream),
            failed: None,
            pending: Pending::Empty,
            next: None,
            urgent: false,
            expected: 0,
            min_frame: MIN_FRAME,
            max_frame: MAX_FRAME,
            linger: None,
            wait: None,
        }
    }

    /// Lets a frame wait for more events while it is smaller than [`min_frame`](EventBody::min_frame), as
    /// long as the future that `wait` makes takes; 20 ms is plenty.
    ///
    /// It is off by default, and costs that much latency for a single event. It is for HTTP/2 peers
    /// that count small DATA frames: `h2` from 0.4.16 answers a peer that has sent many of less than 256
    /// bytes, faster than they are read, by closing the connection with `ENHANCE_YOUR_CALM`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{convert::Infallible, time::Duration};
    ///
    /// use futures_util::stream;
    /// use longwave_sse::{Event, EventBody};
    ///
    /// let events = stream::pending::<Result<Event, Infallible>>();
    /// let body = EventBody::new(events).linger(|| tokio::time::sleep(Duration::from_millis(20)));
    /// # let _ = body;
    /// ```
    pub fn linger<F, W>(self, wait: F) -> EventBody<S, F, W>
    where
        F: FnMut() -> W,
        W: Future<Output = ()>,
    {
        EventBody {
            stream: self.stream,
            failed: self.failed,
            pending: self.pending,
            next: self.next,
            urgent: self.urgent,
            expected: self.expected,
            min_frame: self.min_frame,
            max_frame: self.max_frame,
            linger: Some(wait),
            wait: None,
        }
    }
}

impl<S: Stream, F, W> EventBody<S, F, W> {
    /// Sends an event before those of the stream, and at once; after an earlier first event if there is one.
    ///
    /// Use it to get the head of the response through proxies, to give the client an id to resume from before
    /// anything has happened, and to set its `retry`. For the id to count in Firefox, the event needs data
    /// (see [`Event`](crate::Event)).
    pub fn first(mut self, event: impl Encode) -> Self {
        self.pending = match self.pending {
            Pending::Empty => Pending::One(event.into_bytes()),
            earlier => {
                let mut frame = BytesMut::from(earlier.into_bytes());
                event.append_to(&mut frame);
                Pending::Many(frame)
            }
        };
        self.urgent = true;
        self
    }

    /// Sets the size in bytes that a frame [lingers](EventBody::linger) for; 256 by default.
    pub fn min_frame(self, bytes: usize) -> Self {
        Self { min_frame: bytes, ..self }
    }

    /// Sets from which size in bytes on a frame takes no further event; 16 KiB by default.
    ///
    /// The last one may go beyond it, since no event is split. Encoded bytes of 4 KiB and more are not copied,
    /// and get a frame of their own.
    pub fn max_frame(self, bytes: usize) -> Self {
        Self { max_frame: bytes, ..self }
    }
}

impl<S, I, E, F, W> Body for EventBody<S, F, W>
where
    S: Stream<Item = Result<I, E>>,
    I: Encode,
    F: FnMut() -> W,
    W: Future<Output = ()>,
{
    type Data = Bytes;
    type Error = E;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, E>>> {
        let mut this = self.project();
        if let (Pending::Empty, Some(next)) = (&*this.pending, this.next.take()) {
            *this.pending = Pending::One(next);
        }
        let (mut waiting, mut items) = (false, 0);
        while this.pending.has_room(*this.max_frame) && this.next.is_none() && !waiting {
            // Every item counts, so that a stream of empty ones cannot keep the task for itself.
            if items > *this.max_frame {
                break;
            }
            let Some(stream) = this.stream.as_mut().as_pin_mut() else { break };
            match stream.poll_next(cx) {
                Poll::Ready(Some(Ok(item))) => {
                    *this.next = this.pending.push(item, *this.expected);
                    items += 1;
                }
                Poll::Ready(end) => {
                    *this.failed = end;
                    this.stream.set(None);
                }
                Poll::Pending => waiting = true,
            }
        }
        if this.pending.len() == 0 {
            return match this.failed.take() {
                Some(Err(error)) => Poll::Ready(Some(Err(error))),
                _ if this.stream.is_none() => Poll::Ready(None),
                _ => {
                    if !waiting {
                        cx.waker().wake_by_ref();
                    }
                    Poll::Pending
                }
            };
        }
        if let (true, false, Some(linger)) = (waiting, *this.urgent, this.linger)
            && this.pending.len() < *this.min_frame
        {
            if this.wait.is_none() {
                this.wait.set(Some(linger()));
            }
            if let Some(wait) = this.wait.as_mut().as_pin_mut() {
                ready!(wait.poll(cx));
            }
        }
        this.wait.set(None);
        *this.urgent = false;
        let frame = mem::replace(this.pending, Pending::Empty).into_bytes();
        *this.expected = if items > 1 { frame.len().min(*this.max_frame) } else { 0 };
        Poll::Ready(Some(Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_none() && self.failed.is_none() && self.next.is_none() && self.pending.len() == 0
    }

    fn size_hint(&self) -> SizeHint {
        if self.is_end_stream() { SizeHint::with_exact(0) } else { SizeHint::default() }
    }
}

impl<S: Stream, F, W> fmt::Debug for EventBody<S, F, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventBody")
            .field("ended", &self.stream.is_none())
            .field("pending", &self.pending.len())
            .field("min_frame", &self.min_frame)
            .field("max_frame", &self.max_frame)
            .finish_non_exhaustive()
    }
}

impl Pending {
    fn len(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::One(bytes) => bytes.len(),
            Self::Many(bytes) => bytes.len(),
        }
    }

    fn has_room(&self, max_frame: usize) -> bool {
        match self {
            Self::One(bytes) if bytes.len() >= LARGE => false,
            other => other.len() < max_frame.max(1),
        }
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Self::Empty => Bytes::new(),
            Self::One(bytes) => bytes,
            Self::Many(bytes) => bytes.freeze(),
        }
    }

    /// Adds an item, or gives it back for a frame of its own; `expected` is how large the frame will be if it is
    /// like the last, or 0.
    fn push(&mut self, item: impl Encode, expected: usize) -> Option<Bytes> {
        let large = item.encoded().is_some_and(|bytes| bytes.len() >= LARGE);
        match self {
            Self::Empty if large || expected == 0 => *self = Self::One(item.into_bytes()),
            _ if large => return Some(item.into_bytes()),
            Self::Many(frame) => item.append_to(frame),
            Self::Empty => {
                let mut frame = BytesMut::with_capacity(expected + expected / 8);
                item.append_to(&mut frame);
                *self = Self::Many(frame);
            }
            Self::One(first) => {
                let mut frame = BytesMut::with_capacity(2 * first.len() + SECOND);
                frame.extend_from_slice(first);
                item.append_to(&mut frame);
                *self = Self::Many(frame);
            }
        }
        None
    }
}

const MIN_FRAME: usize = 256;
const MAX_FRAME: usize = 16 << 10;
/// From which size in bytes on encoded bytes are not copied into a frame with others.
const LARGE: usize = 4 << 10;
/// Room in bytes that a second item gets.
const SECOND: usize = 256;
