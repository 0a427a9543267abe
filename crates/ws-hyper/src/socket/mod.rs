//! The socket: messages over anything that reads and writes.

mod flusher;
mod pacing;
mod prepared;
mod pulse;
mod read_half;
mod reader;
mod scratch;
mod shared;
mod vigil;
mod wakers;
mod wire;
mod write_half;

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;
use futures_sink::Sink;
use longwave_core::{EndReason, Heartbeat, Lifeline, StreamKind, Tether};
use longwave_ws::{CloseCode, CloseFrame, Connection, Last, Message, Prepared, Role};
use tokio::io::{AsyncRead, AsyncWrite};

pub use self::{
    prepared::PreparedSink,
    read_half::{ReadHalf, Receiving},
    reader::Part,
    write_half::{Sending, WriteHalf},
};
use self::{reader::Reader, shared::Shared, wakers::Wakers, wire::Wire};
use crate::{Config, Error, config::Beats, handshake::Subprotocol};

/// A WebSocket: a stream of messages that come, and a sink for those that are to go.
///
/// It holds no buffers while it waits, puts everything that is ready into one write, answers pings and close frames,
/// and keeps itself alive by pings of its own.
///
/// - **Somebody has to receive.** All of this happens while [`recv`](Self::recv) is polled; a socket that nobody polls
///   neither pings nor ends. A peer is never found dead because its messages were not received for a while.
/// - **Sending does not wait for the network**, but for the peer to take what is in front: see [`send`](Self::send).
/// - **Ends with a reason.** When the [lifeline](Self::lifeline) of the request ends, the peer is told the reason by a
///   close frame. Whatever the end, `recv` says so once: that the peer has closed it is a message, all else
///   an error. Then there is nothing more, and everything it held is let go of.
///
/// # Panics
///
/// Without tokio's timer, unless the heartbeat is off, nothing is closed, and the peer takes what is sent.
///
/// # Examples
///
/// An echo server, over a pair of pipes here:
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// use longwave_ws_hyper::{Config, Message, WebSocket};
///
/// let (near, far) = tokio::io::duplex(4096);
/// let server = tokio::spawn(async move {
///     let mut socket = WebSocket::server(far, &Config::new());
///     while let Some(message) = socket.recv().await {
///         match message? {
///             Message::Close(_) => {}
///             message => socket.send(message).await?,
///         }
///     }
///     Ok::<_, longwave_ws_hyper::Error>(())
/// });
///
/// let mut client = WebSocket::client(near, &Config::new());
/// client.send("hello").await?;
/// assert_eq!(client.recv().await.transpose()?, Some(Message::text("hello")));
/// client.close(None).await?;
/// server.await??;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub struct WebSocket<T> {
    read: ReadHalf<T>,
    write: WriteHalf<T>,
}

/// All that a socket is made of.
pub(crate) struct Setup<T> {
    pub(crate) io: T,
    pub(crate) role: Role,
    /// Bytes that have come behind the head of the handshake.
    pub(crate) read_ahead: Bytes,
    pub(crate) is_http2: bool,
    pub(crate) tether: Option<Tether>,
    pub(crate) protocol: Option<Subprotocol>,
    #[cfg(feature = "deflate")]
    pub(crate) deflate: Option<longwave_ws::deflate::Agreed>,
}

impl<T> Setup<T> {
    pub(crate) const fn new(io: T, role: Role) -> Self {
        Self {
            io,
            role,
            read_ahead: Bytes::new(),
            is_http2: false,
            tether: None,
            protocol: None,
            #[cfg(feature = "deflate")]
            deflate: None,
        }
    }

    fn connection(&mut self, config: &Config) -> Connection {
        let mut connection = match self.role {
            Role::Server => Connection::server(config.limits),
            Role::Client => Connection::client(config.limits, rand::random),
        };
        connection = connection.close_timeout(config.close_timeout);
        if let Some(bytes) = config.fragment_size {
            connection = connection.fragment_size(bytes);
        }
        #[cfg(feature = "deflate")]
        if let Some(agreed) = self.deflate.take() {
            connection = connection.deflate(agreed, config.pool.clone());
        }
        connection
    }

    pub(crate) fn open(mut self, config: &Config) -> WebSocket<T> {
        let (decoder, sender) = self.connection(config).into_parts();
        let lifeline = self.tether.as_ref().map(Tether::lifeline);
        let heartbeat = match &config.beats {
            Beats::Off => None,
            Beats::Set(heartbeat) => Some(heartbeat.clone()),
            Beats::Inherited => Some(lifeline.and_then(Lifeline::heartbeat).unwrap_or_default()),
        };
        if let Some(lifeline) = lifeline {
            lifeline.opened(StreamKind::WebSocket);
        }
        let wakers = Arc::<Wakers>::default();
        let wire = Wire::new(
            self.io,
            sender,
            wakers.all(),
            config.stall_timeout,
            heartbeat.as_ref().map(Heartbeat::websocket_interval),
            self.is_http2,
            self.tether,
        );
        let shared = Arc::new(Shared::new(wire, wakers, config.high_water, self.protocol.map(Box::new)));
        let read = ReadHalf::new(shared.clone(), Reader::new(decoder, self.read_ahead));
        WebSocket { read, write: WriteHalf::new(shared) }
    }
}

impl<T> WebSocket<T> {
    /// Makes the end that was asked for the connection, of which the opening handshake is over.
    pub fn server(io: T, config: &Config) -> Self {
        Setup::new(io, Role::Server).open(config)
    }

    /// Makes the end that has asked for the connection, of which the opening handshake is over.
    pub fn client(io: T, config: &Config) -> Self {
        Setup::new(io, Role::Client).open(config)
    }

    /// Makes either end of a connection that carries the stream of a lifeline: it ends with that, for its reason, and
    /// lets go of the tether when it is over.
    pub fn carrying(io: T, role: Role, tether: Tether, config: &Config) -> Self {
        Setup { tether: Some(tether), ..Setup::new(io, role) }.open(config)
    }

    /// The subprotocol that was agreed on.
    #[must_use]
    pub fn protocol(&self) -> Option<&Subprotocol> {
        self.read.protocol()
    }

    /// The lifeline of the request that has led to it, until the connection is over.
    #[must_use]
    pub fn lifeline(&self) -> Option<Lifeline> {
        self.read.lifeline()
    }

    /// How long the peer takes to answer a ping, smoothed; `None` before it has answered one.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.read.round_trip()
    }

    /// How many bytes wait to be sent.
    #[must_use]
    pub fn unsent(&self) -> usize {
        self.write.unsent()
    }

    /// Takes it apart, for one task that receives and another that sends.
    #[must_use]
    pub fn split(self) -> (ReadHalf<T>, WriteHalf<T>) {
        (self.read, self.write)
    }

    /// Gives the connection below away, and what was read from it and not handed out; `None` if it is over.
    ///
    /// A message of which only a part has come is lost, and so is what waits to be [sent](Self::flush).
    #[must_use]
    pub fn into_inner(mut self) -> Option<(T, Bytes)> {
        let unread = self.read.take_unread();
        let io = self.write.shared.lock().take_io();
        io.map(|io| (io, unread))
    }
}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> WebSocket<T> {
    /// Receives a message: text, bytes, or last of all that the peer has closed the connection.
    ///
    /// Pings are answered and not handed out. When the peer has closed the connection, that comes out once this side
    /// has answered and the connection is gone; after it, and after an error, there is nothing more.
    ///
    /// # Errors
    ///
    /// How else the connection has ended.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    #[inline]
    pub const fn recv(&mut self) -> Receiving<'_, T> {
        self.read.recv()
    }

    /// Receives a part of a message, as it comes: for messages that are too large to be put together.
    ///
    /// What was received of a message before comes first. If [`recv`](Self::recv) is called after a part, the rest of
    /// that message is passed over.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
    /// use longwave_ws_hyper::{Config, Last, WebSocket};
    ///
    /// let (near, far) = tokio::io::duplex(4096);
    /// let mut upload = WebSocket::client(near, &Config::new());
    /// upload.send_binary_fragment(b"the beginning, ", Last::No).await?;
    /// upload.send_binary_fragment(b"the end", Last::Yes).await?;
    ///
    /// let mut store = WebSocket::server(far, &Config::new());
    /// let mut size = 0;
    /// while let Some(part) = store.recv_part().await.transpose()? {
    ///     size += part.data.len();
    ///     if part.last {
    ///         break;
    ///     }
    /// }
    /// assert_eq!(size, 22);
    /// # Ok::<_, longwave_ws_hyper::Error>(())
    /// # })?;
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub async fn recv_part(&mut self) -> Option<Result<Part, Error>> {
        poll_fn(|cx| self.read.poll_recv_part(cx)).await
    }

    /// Sends a message, and then waits until the peer's side has taken it.
    ///
    /// The message is queued when this is called, and written as far as that can be; the future only waits for what
    /// could not be. So nothing is lost or torn by dropping it, but who never waits sends more than is taken, and
    /// is told so by [`Error::Full`].
    ///
    /// As long as messages are there that came together and were not received yet, what is sent waits for the answers
    /// to those, and all goes out in one write: when the last was received, when the task waits for something else,
    /// or when as much waits as [may](Config::high_water).
    ///
    /// With `SinkExt` in scope a `Box` or a `Pin` of a socket has a `send` of its own, which flushes each message.
    ///
    /// # Errors
    ///
    /// If the connection is closing or has failed; if a message was begun in fragments; or [`Error::Full`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    #[inline]
    pub fn send(&mut self, message: impl Into<Message>) -> Sending<'_, T> {
        self.write.send(message)
    }

    /// Sends a message that goes to many, whose frame was made once for all of them.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_prepared(&mut self, prepared: &Prepared) -> Sending<'_, T> {
        self.write.send_prepared(prepared)
    }

    /// Sends a message as it is, whatever was agreed on for compression: what is secret should not be compressed
    /// together with what an attacker may choose, for the length tells of both.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_uncompressed(&mut self, message: impl Into<Message>) -> Sending<'_, T> {
        self.write.send_uncompressed(message)
    }

    /// Sends a part of a message of text that is not all there yet: the first, the next or, if `last` says so,
    /// the last.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); and if a message of bytes was begun.
    pub fn send_text_fragment(&mut self, text: &str, last: Last) -> Sending<'_, T> {
        self.write.send_text_fragment(text, last)
    }

    /// Sends a part of a message of bytes that is not all there yet.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); and if a message of text was begun.
    pub fn send_binary_fragment(&mut self, bytes: &[u8], last: Last) -> Sending<'_, T> {
        self.write.send_binary_fragment(bytes, last)
    }

    /// Sends a ping, in front of messages that wait. The answer is not handed out.
    ///
    /// # Errors
    ///
    /// If the payload is longer than 125 bytes; or as [`send`](Self::send).
    pub fn ping(&mut self, payload: &[u8]) -> Sending<'_, T> {
        self.write.ping(payload)
    }

    /// Waits until all that was sent is out.
    ///
    /// # Errors
    ///
    /// If the connection has failed.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn flush(&mut self) -> Result<(), Error> {
        self.write.flush().await
    }

    /// Closes the connection, with a reason or without, and waits until it is over: all that was sent is out, the peer
    /// has answered, and the connection below is gone.
    ///
    /// It takes no longer than the [timeout](Config::close_timeout). Messages that come until then are passed over;
    /// to have them, [split](Self::split) the socket.
    ///
    /// # Errors
    ///
    /// If it has ended otherwise.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing; what is left happens when the socket is polled again. If it is dropped
    /// instead, the peer may see a connection that was cut.
    pub async fn close(&mut self, frame: impl Into<Option<CloseFrame>>) -> Result<(), Error> {
        self.write.begin_close(frame.into());
        poll_fn(|cx| self.poll_over(cx)).await
    }

    fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let word = ready!(self.read.poll_over(cx));
        Poll::Ready(word.map_or(Ok(()), |word| word.map(|_closed| ())))
    }
}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Stream for WebSocket<T> {
    type Item = Result<Message, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().read.poll_recv(cx)
    }
}

/// As a sink it flushes when it is told to, and does not wait for messages that were not received yet; closing it
/// passes over what comes until the peer has answered.
impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Sink<Message> for WebSocket<T> {
    type Error = Error;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.get_mut().write).poll_ready(cx)
    }

    fn start_send(self: Pin<&mut Self>, message: Message) -> Result<(), Error> {
        Pin::new(&mut self.get_mut().write).start_send(message)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.get_mut().write).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let this = self.get_mut();
        this.write.begin_close(None);
        this.poll_over(cx)
    }
}

impl<T> fmt::Debug for WebSocket<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket").field("protocol", &self.protocol()).finish_non_exhaustive()
    }
}

/// What a reason is on the wire; a code that may not be sent is left out.
fn close_frame(reason: &EndReason) -> Option<CloseFrame> {
    CloseCode::new(reason.close_code()).map(|code| CloseFrame::new(code).with_reason(reason.text()))
}
