use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use futures_sink::Sink;
use longwave_ws::{Message, Prepared};
use tokio::io::{AsyncRead, AsyncWrite};

use super::WriteHalf;
use crate::Error;

/// The half of a [`WebSocket`](super::WebSocket) that sends, as a sink of messages that go to many; made by
/// [`WriteHalf::into_prepared_sink`].
///
/// As the half itself as a sink of messages, it flushes when it is told to: all that is ready goes out in one write.
pub struct PreparedSink<T> {
    half: WriteHalf<T>,
}

impl<T> WriteHalf<T> {
    /// Makes a sink of messages that go to many of it, such as a stream of them can be forwarded into.
    ///
    /// # Examples
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// use futures_util::{StreamExt, stream};
    /// use longwave_ws_hyper::{Config, Message, Prepared, WebSocket};
    ///
    /// let (near, far) = tokio::io::duplex(4096);
    /// let (mut receiving, sending) = WebSocket::server(far, &Config::new()).split();
    /// let news = stream::iter([Prepared::text("one"), Prepared::text("two")]).map(Ok);
    /// tokio::spawn(async move {
    ///     // Somebody has to receive, too.
    ///     tokio::join!(news.forward(sending.into_prepared_sink()), receiving.recv())
    /// });
    ///
    /// let mut client = WebSocket::client(near, &Config::new());
    /// assert_eq!(client.recv().await.transpose()?, Some(Message::text("one")));
    /// assert_eq!(client.recv().await.transpose()?, Some(Message::text("two")));
    /// # Ok::<_, longwave_ws_hyper::Error>(())
    /// # })?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn into_prepared_sink(self) -> PreparedSink<T> {
        PreparedSink { half: self }
    }
}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> PreparedSink<T> {
    fn half(self: Pin<&mut Self>) -> Pin<&mut WriteHalf<T>> {
        Pin::new(&mut self.get_mut().half)
    }
}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Sink<Prepared> for PreparedSink<T> {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Sink::<Message>::poll_ready(self.half(), cx)
    }

    fn start_send(self: Pin<&mut Self>, prepared: Prepared) -> Result<(), Error> {
        let mut wire = self.half.shared.lock();
        wire.sender.send_prepared(&prepared).map_err(|error| wire.refusal(error))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Sink::<Message>::poll_flush(self.half(), cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Sink::<Message>::poll_close(self.half(), cx)
    }
}

impl<T> fmt::Debug for PreparedSink<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedSink").finish_non_exhaustive()
    }
}
