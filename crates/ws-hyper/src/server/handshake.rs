use http::{Request, Response};
use hyper::{
    ext::Protocol,
    upgrade::{self, OnUpgrade},
};
use longwave_core::{Lifeline, StreamKind, Tether};
use longwave_ws::handshake::{
    Opening, Subprotocol,
    server::{self, Accepted, NotOffered},
};

use super::{Options, Rejection, Upgrading, upgrading::Agreement};

/// A correct request to open a WebSocket, of which the response is still to be made.
///
/// It is for handlers that choose the subprotocol by what else they know; others have [`upgrade()`]. To be dropped
/// without a response of its own is fine: then none comes of it, and what the request's lifeline holds is let go of.
///
/// # Examples
///
/// ```
/// use http::{Request, Response};
/// use longwave_ws_hyper::server::{Handshake, Options};
///
/// /// Speaks the version of the protocol that the user has been moved to.
/// fn open<B>(request: &mut Request<B>, version: &str) -> Response<String> {
///     let mut handshake = match Handshake::new(request, &Options::new()) {
///         Ok(handshake) => handshake,
///         Err(rejection) => return rejection.response(),
///     };
///     if handshake.select_protocol(Some(version)).is_err() {
///         return Response::new(format!("this server wants to speak {version}"));
///     }
///     let (response, upgrading) = handshake.finish();
///     tokio::spawn(async move {
///         let mut socket = upgrading.await?;
///         socket.send("hello").await?;
///         socket.close(None).await?;
///         Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
///     });
///     response
/// }
/// # let _ = open::<()>;
/// ```
#[derive(Debug)]
#[must_use = "nothing is answered yet"]
pub struct Handshake {
    accepted: Accepted,
    on_upgrade: OnUpgrade,
    tether: Tether,
    options: Options,
}

/// Opens a WebSocket: judges a request, makes the response, and waits for hyper to give the connection away.
///
/// Works alike for an upgrade of HTTP/1.1 and an extended CONNECT of HTTP/2. The response is for hyper to send; only
/// then does [`Upgrading`] become the socket, so it is to be awaited in a task of its own.
///
/// What the lifeline of the request holds is from here on held by `Upgrading`, and then by the socket.
///
/// Source: [RFC 6455 §4.2], [RFC 8441 §5].
///
/// # Errors
///
/// [`Rejection`] if the request is not a correct handshake, comes from a web page that is not let in, or cannot be
/// upgraded by the server. [`Rejection::response`] is what to answer.
///
/// # Examples
///
/// A handler of hyper; the body can be any that has a default and is made of text.
///
/// ```
/// use http::{Request, Response};
/// use longwave_ws_hyper::{Message, server::Options, upgrade};
///
/// fn echo<B>(mut request: Request<B>) -> Response<String> {
///     let (response, upgrading) = match upgrade(&mut request, &Options::new()) {
///         Ok(upgrade) => upgrade,
///         Err(rejection) => return rejection.response(),
///     };
///     tokio::spawn(async move {
///         let mut socket = upgrading.await?;
///         while let Some(message) = socket.recv().await {
///             match message? {
///                 Message::Close(_) => {}
///                 message => socket.send(message).await?,
///             }
///         }
///         Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
///     });
///     response
/// }
/// # assert!(echo(Request::new(())).status().is_client_error());
/// ```
///
/// [RFC 6455 §4.2]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2
/// [RFC 8441 §5]: https://www.rfc-editor.org/rfc/rfc8441#section-5
pub fn upgrade<B, R: Default>(
    request: &mut Request<B>,
    options: &Options,
) -> Result<(Response<R>, Upgrading), Rejection> {
    Ok(Handshake::new(request, options)?.finish())
}

impl Handshake {
    /// Judges a request.
    ///
    /// # Errors
    ///
    /// [`Rejection`] as from [`upgrade()`]; the request is left as it was.
    pub fn new<B>(request: &mut Request<B>, options: &Options) -> Result<Self, Rejection> {
        let accepted = judge(request, options).inspect_err(|rejection| {
            if let Some(lifeline) = request.extensions().get::<Lifeline>() {
                lifeline.refused(StreamKind::WebSocket, rejection.name());
            }
        })?;
        let on_upgrade = upgrade::on(&mut *request);
        let tether = Lifeline::of(request.extensions_mut()).claim();
        Ok(Self { accepted, on_upgrade, tether, options: options.clone() })
    }

    /// The subprotocols that the client offers, in its order of preference.
    #[must_use]
    pub fn offered_protocols(&self) -> &[Subprotocol] {
        self.accepted.offered_protocols()
    }

    /// The subprotocol that is selected: the first of the server's that the client offers, or what
    /// [`select_protocol`](Self::select_protocol) was last given.
    #[must_use]
    pub fn protocol(&self) -> Option<&Subprotocol> {
        self.accepted.protocol()
    }

    /// Selects a subprotocol, or none, whatever the options say.
    ///
    /// # Errors
    ///
    /// [`NotOffered`] if the client does not offer it; nothing changes then.
    pub fn select_protocol(&mut self, name: Option<&str>) -> Result<(), NotOffered> {
        self.accepted.select_protocol(name)
    }

    /// Makes the response, `101` on HTTP/1.1 and `200` on HTTP/2, and what becomes the socket once it is sent.
    ///
    /// Other fields may be added to the response, such as cookies.
    #[must_use = "the response is to be sent, and the socket to be waited for"]
    pub fn finish<R: Default>(self) -> (Response<R>, Upgrading) {
        #[cfg_attr(
            not(feature = "deflate"),
            expect(unused_mut, reason = "there are no extensions to agree on")
        )]
        let Self { mut accepted, on_upgrade, tether, options } = self;
        let agreement = Agreement {
            is_http2: accepted.opening() == Opening::ExtendedConnect,
            tether,
            protocol: accepted.protocol().cloned(),
            #[cfg(feature = "deflate")]
            deflate: deflate(&mut accepted, &options),
        };
        let response = accepted.response().map(|()| R::default());
        (response, Upgrading::new(on_upgrade, agreement, options))
    }
}

/// The request first: hyper prepares an upgrade only for what looks like one.
fn judge<B>(request: &Request<B>, options: &Options) -> Result<Accepted, Rejection> {
    let protocol = request.extensions().get::<Protocol>().map(Protocol::as_str);
    let accepted = server::accept(request, protocol, options.handshake())?;
    match request.extensions().get::<OnUpgrade>() {
        Some(_) => Ok(accepted),
        None => Err(Rejection::NotUpgradable),
    }
}

/// Agrees to compress, if both want to.
#[cfg(feature = "deflate")]
fn deflate(accepted: &mut Accepted, options: &Options) -> Option<longwave_ws::deflate::Agreed> {
    let offers = accepted.offered_extensions().iter().map(|offer| (offer.name(), offer.params()));
    let (agreed, answer) = options.compression()?.negotiate(offers)?;
    accepted.agree_extensions(Some(&answer)).ok().map(|()| agreed)
}
