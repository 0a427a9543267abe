use http::{HeaderName, HeaderValue};
use longwave_ws::handshake::{Origin, Subprotocol, client};

use crate::Config;

/// What a client asks for, and how its socket behaves.
///
/// Unless told otherwise it asks for a WebSocket over HTTP/1.1, without a subprotocol and without compression.
///
/// # Examples
///
/// ```
/// use http::{HeaderValue, header::AUTHORIZATION};
/// use longwave_ws_hyper::{client::Options, handshake::Subprotocol};
///
/// let options = Options::new()
///     .protocol(Subprotocol::from_static("chat.v2"))
///     .header(AUTHORIZATION, HeaderValue::from_static("Bearer of-news"));
/// # let _ = options;
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Options {
    asks: client::Options,
    pub(super) config: Config,
    pub(super) max_head: usize,
    pub(super) version: HttpVersion,
    #[cfg(feature = "deflate")]
    pub(super) deflate: Option<longwave_ws::deflate::Settings>,
}

/// Over which version of HTTP [`connect`](super::connect) opens a WebSocket.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum HttpVersion {
    /// By an upgrade.
    #[default]
    Http1,
    /// By an extended CONNECT, which not every server takes.
    Http2,
    /// By an extended CONNECT, or else, over another connection, by an upgrade.
    Http2OrHttp1,
}

impl Options {
    /// Makes the default.
    pub fn new() -> Self {
        Self {
            asks: client::Options::new(),
            config: Config::new(),
            max_head: MAX_HEAD,
            version: HttpVersion::default(),
            #[cfg(feature = "deflate")]
            deflate: None,
        }
    }

    /// Appends a subprotocol to those that are offered, the preferred one first.
    pub fn protocol(mut self, protocol: Subprotocol) -> Self {
        self.asks = self.asks.protocol(protocol);
        self
    }

    /// Appends any other field to the request, such as `Authorization` or `Cookie`.
    ///
    /// Those that the handshake makes itself are refused when it is made, by [`RequestError`](super::RequestError).
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.asks = self.asks.header(name, value);
        self
    }

    /// Sets the `Origin`, which only a client that acts for a web page sends.
    pub fn origin(mut self, origin: Origin) -> Self {
        self.asks = self.asks.origin(origin);
        self
    }

    /// Offers to compress messages ([RFC 7692](https://www.rfc-editor.org/rfc/rfc7692)).
    #[cfg(feature = "deflate")]
    pub const fn deflate(mut self, settings: longwave_ws::deflate::Settings) -> Self {
        self.deflate = Some(settings);
        self
    }

    /// Sets how the socket behaves.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Sets how large the head of a response over HTTP/1.1 may be, 16 KiB unless set; less than 8 KiB counts as that.
    ///
    /// It may have 100 fields. Over HTTP/2 both is for the connection to say.
    pub const fn max_head(mut self, bytes: usize) -> Self {
        self.max_head = if bytes < MIN_HEAD { MIN_HEAD } else { bytes };
        self
    }

    /// Sets over which version of HTTP [`connect`](super::connect) opens a WebSocket.
    pub const fn http_version(mut self, version: HttpVersion) -> Self {
        self.version = version;
        self
    }

    /// All that goes into the request.
    #[cfg(not(feature = "deflate"))]
    pub(super) fn asks(&self) -> client::Options {
        self.asks.clone()
    }

    /// All that goes into the request.
    #[cfg(feature = "deflate")]
    pub(super) fn asks(&self) -> client::Options {
        let offers = self.deflate.map(|settings| settings.offer());
        // An offer that could not be read is none.
        let extensions =
            offers.and_then(|offers| longwave_ws::handshake::Extension::parse_list(&offers).ok());
        self.asks.clone().extensions(extensions.unwrap_or_default())
    }
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

const MAX_HEAD: usize = 16 * 1024;
/// What hyper reads at once.
const MIN_HEAD: usize = 8 * 1024;
