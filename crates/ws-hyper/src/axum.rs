use std::{future::Future, mem};

use axum_core::{
    body::Body,
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use http::{Request, request::Parts};
use longwave_ws::handshake::Subprotocol;

use crate::{
    Upgraded, WebSocket,
    server::{Handshake, NotOffered, Options, Rejection, Upgrading},
};

/// An extractor of axum for a request that opens a WebSocket, over HTTP/1.1 or HTTP/2.
///
/// - The route has to be one for `any` method: over HTTP/2 it is a `CONNECT`, and `get` would answer 405.
/// - What the server supports, and whom it lets in, is said by a layer `Extension` with [`Options`]; without it they
///   are the default.
/// - A request that is not a correct handshake is answered by its [`Rejection`].
///
/// # Examples
///
/// ```
/// use axum::{Extension, Router, response::Response, routing::any};
/// use longwave_ws_hyper::{Message, WebSocketUpgrade, handshake::Subprotocol, server::Options};
///
/// async fn echo(upgrade: WebSocketUpgrade) -> Response {
///     upgrade.on_upgrade(|mut socket| async move {
///         while let Some(Ok(message)) = socket.recv().await {
///             if matches!(message, Message::Close(_)) || socket.send(message).await.is_err() {
///                 break;
///             }
///         }
///     })
/// }
///
/// let options = Options::new().protocol(Subprotocol::from_static("echo"));
/// let app: Router = Router::new().route("/echo", any(echo)).layer(Extension(options));
/// # let _ = app;
/// ```
#[derive(Debug)]
#[must_use = "nothing is answered yet"]
pub struct WebSocketUpgrade {
    handshake: Handshake,
}

impl WebSocketUpgrade {
    /// The subprotocols that the client offers, in its order of preference.
    #[must_use]
    pub fn offered_protocols(&self) -> &[Subprotocol] {
        self.handshake.offered_protocols()
    }

    /// The subprotocol that is selected: the first of the server's that the client offers, or what
    /// [`select_protocol`](Self::select_protocol) was last given.
    #[must_use]
    pub fn protocol(&self) -> Option<&Subprotocol> {
        self.handshake.protocol()
    }

    /// Selects a subprotocol, or none, whatever the options say.
    ///
    /// # Errors
    ///
    /// [`NotOffered`] if the client does not offer it; nothing changes then.
    pub fn select_protocol(&mut self, name: Option<&str>) -> Result<(), NotOffered> {
        self.handshake.select_protocol(name)
    }

    /// Makes the response, and spawns a task that runs `serve` when the socket is there.
    ///
    /// If it never is, as the client has gone meanwhile, `serve` is dropped; [`finish`](Self::finish) tells why.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn on_upgrade<F, S>(self, serve: S) -> Response
    where
        S: FnOnce(WebSocket<Upgraded>) -> F + Send + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let (response, upgrading) = self.finish();
        tokio::spawn(async move {
            if let Ok(socket) = upgrading.await {
                serve(socket).await;
            }
        });
        response
    }

    /// Makes the response, and what becomes the socket once it is sent.
    #[must_use = "the response is to be sent, and the socket to be waited for"]
    pub fn finish(self) -> (Response, Upgrading) {
        self.handshake.finish::<Body>()
    }
}

impl<S: Sync> FromRequestParts<S> for WebSocketUpgrade {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Rejection> {
        let options = parts.extensions.get::<Options>().cloned().unwrap_or_default();
        let (empty, ()) = Request::new(()).into_parts();
        let mut request = Request::from_parts(mem::replace(parts, empty), ());
        let handshake = Handshake::new(&mut request, &options);
        (*parts, ()) = request.into_parts();
        handshake.map(|handshake| Self { handshake })
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        self.response()
    }
}
