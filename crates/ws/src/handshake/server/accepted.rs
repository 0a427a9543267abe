use alloc::vec::Vec;
use core::{error::Error, fmt};

use http::{
    HeaderValue, Response, StatusCode,
    header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_PROTOCOL, UPGRADE},
};

use crate::handshake::{Extension, Opening, PROTOCOL, Subprotocol, format_extensions, tokens};

/// A correct handshake: what the client offers, what the server takes of it, and the response that says so.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The `Sec-WebSocket-Accept` of an upgrade.
    accept: Option<[u8; 28]>,
    protocols: Vec<Subprotocol>,
    /// The index in `protocols`.
    selected: Option<usize>,
    extensions: Vec<Extension>,
    /// The value of `Sec-WebSocket-Extensions`.
    agreed: Option<HeaderValue>,
}

/// A choice that a server cannot make, because the client does not offer it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct NotOffered;

impl Accepted {
    pub(super) fn new(
        accept: Option<[u8; 28]>,
        protocols: Vec<Subprotocol>,
        extensions: Vec<Extension>,
        supported: &[Subprotocol],
    ) -> Self {
        let mut best = supported.iter();
        let selected = best.find_map(|protocol| protocols.iter().position(|offered| offered == protocol));
        Self { accept, protocols, selected, extensions, agreed: None }
    }

    /// How the WebSocket is opened.
    #[must_use]
    pub const fn opening(&self) -> Opening {
        match self.accept {
            Some(_) => Opening::Upgrade,
            None => Opening::ExtendedConnect,
        }
    }

    /// The subprotocols that the client offers, in its order of preference.
    #[must_use]
    pub fn offered_protocols(&self) -> &[Subprotocol] {
        &self.protocols
    }

    /// The extensions that the client offers, in its order of preference.
    #[must_use]
    pub fn offered_extensions(&self) -> &[Extension] {
        &self.extensions
    }

    /// The subprotocol that is selected: the first of the server's that the client offers, or the last that
    /// [`select_protocol`](Self::select_protocol) was given.
    ///
    /// With `None` the response names none, and a browser that has offered any fails the connection.
    #[must_use]
    pub fn protocol(&self) -> Option<&Subprotocol> {
        self.selected.and_then(|selected| self.protocols.get(selected))
    }

    /// Selects a subprotocol, or none, whatever the server's options say.
    ///
    /// # Errors
    ///
    /// [`NotOffered`] if the client does not offer it; nothing changes then.
    ///
    /// # Examples
    ///
    /// ```
    /// use longwave_ws::handshake::{Subprotocol, client, server};
    ///
    /// let asks = client::Options::new().protocol(Subprotocol::from_static("v1"));
    /// let request = client::request(&"ws://example.com".parse()?, [0; 16], &asks)?;
    /// let mut accepted = server::accept(&request, None, &server::Options::new())?;
    ///
    /// assert_eq!(accepted.offered_protocols()[0].as_str(), "v1");
    /// accepted.select_protocol(Some("v1"))?;
    /// assert!(accepted.select_protocol(Some("v2")).is_err());
    /// assert_eq!(accepted.response().headers()["sec-websocket-protocol"], "v1");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn select_protocol(&mut self, name: Option<&str>) -> Result<(), NotOffered> {
        self.selected = match name {
            None => None,
            Some(name) => {
                let position = self.protocols.iter().position(|offered| offered.as_str() == name);
                Some(position.ok_or(NotOffered)?)
            }
        };
        Ok(())
    }

    /// Sets what the response says of extensions; without it, and with `None`, none is agreed to.
    ///
    /// - `agreed`: a list as in `Sec-WebSocket-Extensions`, such as the implementation of an extension makes
    ///   from those offered. What it says is for that implementation to be true to; only names are checked.
    ///
    /// # Errors
    ///
    /// [`NotOffered`] if the list names an extension that the client does not offer, or cannot be read;
    /// nothing changes then.
    ///
    /// # Examples
    ///
    /// ```
    /// use longwave_ws::handshake::{Extension, client, server};
    ///
    /// let asks = client::Options::new().extensions(Extension::parse_list("permessage-deflate")?);
    /// let request = client::request(&"ws://example.com".parse()?, [0; 16], &asks)?;
    /// let mut accepted = server::accept(&request, None, &server::Options::new())?;
    ///
    /// assert_eq!(accepted.offered_extensions()[0].name(), "permessage-deflate");
    /// accepted.agree_extensions(Some("permessage-deflate"))?;
    /// assert_eq!(accepted.response().headers()["sec-websocket-extensions"], "permessage-deflate");
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    pub fn agree_extensions(&mut self, agreed: Option<&str>) -> Result<(), NotOffered> {
        self.agreed = match agreed {
            None => None,
            Some(text) => {
                let list = Extension::parse_list(text).map_err(|_| NotOffered)?;
                if !Extension::all_offered(&list, &self.extensions) {
                    return Err(NotOffered);
                }
                format_extensions(&list)
            }
        };
        Ok(())
    }

    /// Makes the head of the response: `101` to an upgrade, `200` to an extended CONNECT.
    ///
    /// Other fields may be added, and the body that the server's framework wants, by [`Response::map`].
    ///
    /// Source: [RFC 6455 §4.2.2](https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2), item 5.
    #[must_use]
    pub fn response(&self) -> Response<()> {
        let mut response = Response::new(());
        if let Some(accept) = &self.accept {
            *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            let headers = response.headers_mut();
            headers.insert(UPGRADE, HeaderValue::from_static(PROTOCOL));
            headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
            headers.insert(SEC_WEBSOCKET_ACCEPT, tokens::value(accept));
        }
        let headers = response.headers_mut();
        if let Some(protocol) = self.protocol() {
            headers.insert(SEC_WEBSOCKET_PROTOCOL, tokens::value(protocol.as_str().as_bytes()));
        }
        if let Some(agreed) = &self.agreed {
            headers.insert(SEC_WEBSOCKET_EXTENSIONS, agreed.clone());
        }
        response
    }
}

impl fmt::Display for NotOffered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not offered by the client")
    }
}

impl Error for NotOffered {}
