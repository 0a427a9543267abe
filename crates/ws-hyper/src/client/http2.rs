use std::{
    fmt,
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use http::{Response, StatusCode, Uri};
use http_body_util::Empty;
use hyper::{
    client::conn::http2::{self, Connection, SendRequest},
    ext::Protocol,
    rt::{Read, Write},
    upgrade,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use longwave_ws::handshake::{PROTOCOL, client};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    time::timeout,
};

use super::{
    Error, Options,
    agreement::Agreement,
    arrival::{Arrival, Watched},
};
use crate::{Upgraded, WebSocket};

/// A connection of HTTP/2, over which many WebSockets can be opened; cheap to clone.
///
/// It lasts until the last handle and the last socket are dropped.
///
/// Source: [RFC 8441](https://www.rfc-editor.org/rfc/rfc8441).
///
/// # Examples
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use longwave_ws_hyper::client::{Http2, Options};
/// use tokio::net::TcpStream;
///
/// let connection = Http2::connect(TcpStream::connect("example.com:80").await?).await?;
/// let (mut news, _) = connection.open(&"ws://example.com/news".parse()?, &Options::new()).await?;
/// let (mut chat, _) = connection.open(&"ws://example.com/chat".parse()?, &Options::new()).await?;
/// chat.send("any news?").await?;
/// println!("{:?}", news.recv().await.transpose()?);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Http2 {
    sender: SendRequest<Empty<Bytes>>,
    /// Whether the server takes extended CONNECTs, once it is known.
    allowed: watch::Receiver<Option<bool>>,
}

impl Http2 {
    /// Begins to speak HTTP/2 over a connection on which nothing was said yet, with knowledge that the server does.
    ///
    /// Tasks are spawned that go on with it.
    ///
    /// # Errors
    ///
    /// [`Error::Hyper`] if the connection fails.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub async fn connect<T>(io: T) -> Result<Self, Error>
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let arrival = Arc::<Arrival>::default();
        let io = TokioIo::new(Watched::new(io, arrival.clone()));
        let (sender, connection) = http2::Builder::new(TokioExecutor::new()).handshake(io).await?;
        let (tell, allowed) = watch::channel(None);
        tokio::spawn(drive(connection, arrival, tell));
        Ok(Self { sender, allowed })
    }

    /// Opens a WebSocket, as soon as the server has said that it takes them this way.
    ///
    /// - `uri`: absolute, with scheme `ws` or `wss` (or `http` or `https`), and a host that the server is for.
    ///
    /// # Errors
    ///
    /// [`Error::NoExtendedConnect`] if the settings of the server do not say so, or do not come within 5 s; any other
    /// [`Error`] if no request can be made, the connection fails, or the response does not open a WebSocket.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the connection as it is, and the server with at most a stream that is closed.
    pub async fn open(
        &self,
        uri: &Uri,
        options: &Options,
    ) -> Result<(WebSocket<Upgraded>, Response<()>), Error> {
        let asks = options.asks();
        let mut request = client::connect(uri, &asks)?.map(|()| Empty::new());
        request.extensions_mut().insert(Protocol::from_static(PROTOCOL));
        self.ready().await?;
        let mut response = self.sender.clone().send_request(request).await?;
        let on_upgrade = upgrade::on(&mut response);
        let response = response.map(drop);
        // Of any other success hyper makes no upgrade.
        if response.status() != StatusCode::OK {
            return Err(Error::Refused(Box::new(response)));
        }
        let established = client::validate_connect(&response, &asks)?;
        let agreement = Agreement::of(&established, options)?;
        let upgraded = Upgraded::from(on_upgrade.await?);
        Ok((agreement.open(upgraded, Bytes::new(), true, options), response))
    }

    /// Waits until the server has said that it takes WebSockets over HTTP/2.
    ///
    /// # Errors
    ///
    /// [`Error::NoExtendedConnect`] if its settings do not say so, or do not come within 5 s; [`Error::Hyper`] if the
    /// connection is over.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn ready(&self) -> Result<(), Error> {
        let mut allowed = self.allowed.clone();
        let known = timeout(PATIENCE, allowed.wait_for(Option::is_some));
        match known.await.map(|known| known.map(|known| *known)) {
            // If it was over before anything was known, this says so.
            Ok(Ok(Some(true)) | Err(_)) => Ok(self.sender.clone().ready().await?),
            Ok(Ok(_)) | Err(_) => Err(Error::NoExtendedConnect),
        }
    }

    /// Whether no more WebSockets can be opened, as the connection is closing or gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }
}

impl fmt::Debug for Http2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http2").field("allowed", &*self.allowed.borrow()).finish_non_exhaustive()
    }
}

/// Goes on with a connection, and tells whether the server takes extended CONNECTs.
async fn drive<I>(
    connection: Connection<I, Empty<Bytes>, TokioExecutor>,
    arrival: Arc<Arrival>,
    tell: watch::Sender<Option<bool>>,
) where
    I: Read + Write + Send + Unpin + 'static,
{
    let mut connection = pin!(connection);
    // What goes wrong is told to those who open a WebSocket.
    let _over = poll_fn(|cx| {
        let over = connection.as_mut().poll(cx);
        if over.is_pending() && arrival.poll(cx.waker()) {
            // A server may also allow it later, by other settings.
            let allowed = Some(connection.is_extended_connect_protocol_enabled());
            tell.send_if_modified(|told| std::mem::replace(told, allowed) != allowed);
        }
        over
    })
    .await;
}

/// How long the settings may take.
const PATIENCE: Duration = Duration::from_secs(5);
