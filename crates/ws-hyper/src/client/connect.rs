use std::{error, future::poll_fn};

use http::{Response, Uri, uri::Scheme};
use hyper::rt::{Read, Write};
use hyper_util::rt::TokioIo;
use longwave_ws::handshake::client;
use tower_service::Service;

use super::{Error, Http2, HttpVersion, Options, RequestError, http1};
use crate::{Upgraded, WebSocket};

/// Opens a WebSocket over a connection that a connector makes, such as `HttpConnector` of hyper-util, or one that
/// speaks TLS.
///
/// - `connector`: is asked for `http` and `https` where the URI says `ws` and `wss`, as by any client of HTTP. Which
///   version of HTTP there is to speak cannot be learnt from it, so that what TLS negotiates has to go with
///   [`Options::http_version`]: a connector for [`HttpVersion::Http2OrHttp1`] negotiates nothing, or the connection
///   for the second try is one of HTTP/2 again.
/// - `uri`: absolute, with scheme `ws` or `wss` (or `http` or `https`).
///
/// # Errors
///
/// [`Error::Connect`] if there is no connection; else as from [`http1`](super::http1()) and [`Http2::open`].
///
/// # Cancel safety
///
/// Dropping the future drops the connection.
///
/// # Examples
///
/// ```no_run
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use hyper_util::rt::TokioIo;
/// use longwave_ws_hyper::client;
/// use tokio::net::TcpStream;
/// # use std::{future::Future, io, pin::Pin, task::{Context, Poll}};
///
/// /// Connects by TCP; any connector of hyper-util's clients does as well.
/// struct Connector;
///
/// impl tower_service::Service<http::Uri> for Connector {
///     // …
/// #   type Response = TokioIo<TcpStream>;
/// #   type Error = io::Error;
/// #   type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<TcpStream>>> + Send>>;
/// #
/// #   fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
/// #       Poll::Ready(Ok(()))
/// #   }
/// #
///     fn call(&mut self, uri: http::Uri) -> Self::Future {
///         Box::pin(async move {
///             let host = (uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(80));
///             TcpStream::connect(host).await.map(TokioIo::new)
///         })
///     }
/// }
///
/// let uri = "ws://example.com/chat".parse()?;
/// let (mut socket, _) = client::connect(&mut Connector, &uri, &client::Options::new()).await?;
/// socket.send("hello").await?;
/// # Ok(())
/// # }
/// ```
pub async fn connect<C>(
    connector: &mut C,
    uri: &Uri,
    options: &Options,
) -> Result<(WebSocket<Upgraded>, Response<()>), Error>
where
    C: Service<Uri>,
    C::Response: Read + Write + Send + Unpin + 'static,
    C::Error: Into<Box<dyn error::Error + Send + Sync>>,
{
    // What cannot be asked for is no reason to connect.
    client::connect(uri, &options.asks())?;
    if options.version != HttpVersion::Http1 {
        match (many(connector, uri).await, options.version) {
            // A server that knows nothing of HTTP/2 hangs up, in one way or another.
            (Err(Error::Hyper(_) | Error::NoExtendedConnect), HttpVersion::Http2OrHttp1) => {}
            (connection, _) => return connection?.open(uri, options).await,
        }
    }
    let io = dial(connector, uri).await?;
    let (upgraded, agreement, response) = http1::ask(io, uri, options).await?;
    Ok((agreement.open(Upgraded::from(upgraded), bytes::Bytes::new(), false, options), response))
}

/// Makes a connection of HTTP/2 to a server that takes WebSockets over it.
async fn many<C>(connector: &mut C, uri: &Uri) -> Result<Http2, Error>
where
    C: Service<Uri>,
    C::Response: Read + Write + Send + Unpin + 'static,
    C::Error: Into<Box<dyn error::Error + Send + Sync>>,
{
    let connection = Http2::connect(TokioIo::new(dial(connector, uri).await?)).await?;
    connection.ready().await?;
    Ok(connection)
}

async fn dial<C>(connector: &mut C, uri: &Uri) -> Result<C::Response, Error>
where
    C: Service<Uri>,
    C::Error: Into<Box<dyn error::Error + Send + Sync>>,
{
    let uri = http_uri(uri)?;
    poll_fn(|cx| connector.poll_ready(cx)).await.map_err(|error| Error::Connect(error.into()))?;
    connector.call(uri).await.map_err(|error| Error::Connect(error.into()))
}

/// The URI as clients of HTTP have it, which is what connectors know.
fn http_uri(uri: &Uri) -> Result<Uri, Error> {
    let mut parts = uri.clone().into_parts();
    let scheme = uri.scheme_str().unwrap_or_default();
    if scheme.eq_ignore_ascii_case("ws") {
        parts.scheme = Some(Scheme::HTTP);
    } else if scheme.eq_ignore_ascii_case("wss") {
        parts.scheme = Some(Scheme::HTTPS);
    }
    Uri::from_parts(parts).map_err(|_| Error::Request(RequestError::Host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connector_is_asked_in_the_words_of_http() {
        for (uri, http) in [
            ("ws://example.com", "http://example.com/"),
            ("WSS://example.com:8443?a", "https://example.com:8443/?a"),
            ("https://example.com/a", "https://example.com/a"),
        ] {
            let asked = http_uri(&uri.parse().expect("a URI")).expect("a URI of HTTP");
            assert_eq!(asked.to_string(), http);
        }
    }
}
