use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    task::Poll,
};

use bytes::Bytes;
use http::{Response, StatusCode, Uri};
use http_body_util::Empty;
use hyper::{
    client::conn::http1,
    rt::{Read, Write},
    upgrade::{self, Upgraded},
};
use hyper_util::rt::TokioIo;
use longwave_ws::handshake::client;
use tokio::io::{AsyncRead, AsyncWrite};

use super::{Error, Options, agreement::Agreement};
use crate::WebSocket;

/// Opens a WebSocket by an upgrade of HTTP/1.1, over a connection on which nothing was said yet.
///
/// The socket is on `io` itself, with nothing of hyper around it, and the response is there for what else it says. No
/// task is spawned.
///
/// - `io`: connected to the host of `uri`; for `wss` through TLS, and without HTTP/2 having been negotiated.
/// - `uri`: absolute, with scheme `ws` or `wss` (or `http` or `https`).
///
/// Source: [RFC 6455 §4.1](https://www.rfc-editor.org/rfc/rfc6455#section-4.1).
///
/// # Errors
///
/// [`Error`] if no request can be made, the connection fails, or the response does not open a WebSocket;
/// [`Error::Refused`] has the response.
///
/// # Cancel safety
///
/// Dropping the future drops the connection.
///
/// # Examples
///
/// Over a pipe here, to a server of hyper:
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
/// # use http::{Request, Response};
/// # use longwave_ws_hyper::{server, upgrade};
/// # let (io, far) = tokio::io::duplex(4096);
/// # let answer = |mut request: Request<hyper::body::Incoming>| {
/// #     let (response, upgrading) = upgrade::<_, String>(&mut request, &server::Options::new()).unwrap();
/// #     tokio::spawn(async move {
/// #         let mut socket = upgrading.await.unwrap();
/// #         let message = socket.recv().await.unwrap().unwrap();
/// #         socket.send(message).await.unwrap();
/// #         while socket.recv().await.is_some() {}
/// #     });
/// #     std::future::ready(Ok::<_, std::convert::Infallible>(response))
/// # };
/// # tokio::spawn(
/// #     hyper::server::conn::http1::Builder::new()
/// #         .serve_connection(hyper_util::rt::TokioIo::new(far), hyper::service::service_fn(answer))
/// #         .with_upgrades(),
/// # );
/// use longwave_ws_hyper::{Message, client};
///
/// let uri = "ws://example.com/chat".parse()?;
/// let (mut socket, response) = client::http1(io, &uri, &client::Options::new()).await?;
/// assert_eq!(response.status(), 101);
/// socket.send("hello").await?;
/// assert_eq!(socket.recv().await.transpose()?, Some(Message::text("hello")));
/// socket.close(None).await?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub async fn http1<T>(io: T, uri: &Uri, options: &Options) -> Result<(WebSocket<T>, Response<()>), Error>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (upgraded, agreement, response) = ask(TokioIo::new(io), uri, options).await?;
    let Ok(parts) = upgraded.downcast::<TokioIo<T>>() else {
        unreachable!("hyper gives back what it was given")
    };
    let socket = agreement.open(parts.io.into_inner(), parts.read_buf, false, options);
    Ok((socket, response))
}

/// Asks for the upgrade, and waits for it.
pub(super) async fn ask<I>(
    io: I,
    uri: &Uri,
    options: &Options,
) -> Result<(Upgraded, Agreement, Response<()>), Error>
where
    I: Read + Write + Send + Unpin + 'static,
{
    let (nonce, asks) = (rand::random(), options.asks());
    let request = client::request(uri, nonce, &asks)?.map(|()| Empty::<Bytes>::new());
    let (mut sender, connection) = http1::Builder::new().max_buf_size(options.max_head).handshake(io).await?;
    let connection = pin!(connection.with_upgrades());
    let mut connection = Driven { connection: Some(connection) };
    let mut response = connection.until(sender.send_request(request)).await?;
    let on_upgrade = upgrade::on(&mut response);
    let response = response.map(drop);
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(Error::Refused(Box::new(response)));
    }
    let established = client::validate(&response, nonce, &asks)?;
    let agreement = Agreement::of(&established, options)?;
    let upgraded = connection.until(on_upgrade).await?;
    Ok((upgraded, agreement, response))
}

/// A connection that goes on while something is waited for.
struct Driven<'a, C> {
    /// Gone when it is over.
    connection: Option<Pin<&'a mut C>>,
}

impl<C: Future<Output = hyper::Result<()>>> Driven<'_, C> {
    async fn until<T>(&mut self, future: impl Future<Output = hyper::Result<T>>) -> hyper::Result<T> {
        let mut future = pin!(future);
        poll_fn(|cx| {
            let Some(connection) = &mut self.connection else { return future.as_mut().poll(cx) };
            let over = connection.as_mut().poll(cx);
            if over.is_ready() {
                self.connection = None;
            }
            match (future.as_mut().poll(cx), over) {
                // What went wrong is told to whoever waits for the response, as far as somebody does.
                (Poll::Pending, Poll::Ready(Err(error))) => Poll::Ready(Err(error)),
                (polled, _) => polled,
            }
        })
        .await
    }
}
