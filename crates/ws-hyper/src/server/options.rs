use std::sync::Arc;

use longwave_ws::handshake::{OriginPolicy, Subprotocol, server};

use crate::Config;

/// What a server supports, whom it lets in, and how its sockets behave; cheap to clone.
///
/// Unless told otherwise it knows no subprotocol, compresses nothing, and lets in web pages from its own host only.
///
/// # Examples
///
/// ```
/// use longwave_ws_hyper::{
///     Config, Limits,
///     handshake::{OriginPolicy, Subprotocol},
///     server::Options,
/// };
///
/// let options = Options::new()
///     .protocol(Subprotocol::from_static("chat.v2"))
///     .protocol(Subprotocol::from_static("chat.v1"))
///     .origins(OriginPolicy::listed().allow("https://example.com".parse()?))
///     .config(Config::new().limits(Limits::default().message(64 * 1024)));
/// # let _ = options;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Options {
    /// Shared, as a layer puts them into each request.
    shared: Arc<Shared>,
}

#[derive(Clone, Debug, Default)]
struct Shared {
    handshake: server::Options,
    config: Config,
    #[cfg(feature = "deflate")]
    deflate: Option<longwave_ws::deflate::Settings>,
}

impl Options {
    /// Makes the default.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a subprotocol to those that are supported, the best one first.
    ///
    /// The first that the client offers is selected; [`Handshake::select_protocol`](super::Handshake::select_protocol)
    /// selects otherwise.
    pub fn protocol(self, protocol: Subprotocol) -> Self {
        self.changed(|shared| shared.handshake = shared.handshake.clone().protocol(protocol))
    }

    /// Sets from which web pages WebSockets may be opened ([RFC 6455 §10.2]).
    ///
    /// [RFC 6455 §10.2]: https://www.rfc-editor.org/rfc/rfc6455#section-10.2
    pub fn origins(self, origins: OriginPolicy) -> Self {
        self.changed(|shared| shared.handshake = shared.handshake.clone().origins(origins))
    }

    /// Sets how the sockets behave.
    pub fn config(self, config: Config) -> Self {
        self.changed(|shared| shared.config = config)
    }

    /// Compresses messages, for clients that offer it ([RFC 7692](https://www.rfc-editor.org/rfc/rfc7692)).
    #[cfg(feature = "deflate")]
    pub fn deflate(self, settings: longwave_ws::deflate::Settings) -> Self {
        self.changed(|shared| shared.deflate = Some(settings))
    }

    pub(super) fn handshake(&self) -> &server::Options {
        &self.shared.handshake
    }

    pub(super) fn sockets(&self) -> &Config {
        &self.shared.config
    }

    #[cfg(feature = "deflate")]
    pub(super) fn compression(&self) -> Option<&longwave_ws::deflate::Settings> {
        self.shared.deflate.as_ref()
    }

    fn changed(mut self, change: impl FnOnce(&mut Shared)) -> Self {
        change(Arc::make_mut(&mut self.shared));
        self
    }
}
