use alloc::string::{String, ToString};

use super::{
    Agreed, NegotiationError, Parameter, Settings,
    agreed::Context,
    params::{ClientBits, NAME, Params},
};

/// The window of a side that has not limited it.
const MAX_BITS: u8 = 15;

impl Settings {
    /// Answers, on a server, what a client offers; `None` declines.
    ///
    /// - `offers`: the extensions of `Sec-WebSocket-Extensions` in order, each with its name and its parameters;
    ///   quotes around values have been taken off. Other extensions are passed over.
    /// - Returns what the first acceptable offer leads to, and the extension for the response.
    ///
    /// An offer with a parameter that is unknown, comes twice or has an invalid value is not acceptable, and
    /// neither is one from a client that cannot make its window as small as is
    /// [required](Settings::require_peer_limits).
    ///
    /// Source: [RFC 7692 §5 and §7.1](https://www.rfc-editor.org/rfc/rfc7692#section-5).
    ///
    /// # Examples
    ///
    /// ```
    /// use longwave_ws::deflate::Settings;
    ///
    /// let offers = [
    ///     ("permessage-deflate", vec![("server_max_window_bits", Some("16"))]),
    ///     ("permessage-deflate", vec![("server_no_context_takeover", None), ("client_max_window_bits", None)]),
    /// ];
    /// let (agreed, response) = Settings::new().negotiate(offers).expect("the second offer is acceptable");
    /// assert_eq!(
    ///     response,
    ///     "permessage-deflate; server_no_context_takeover; server_max_window_bits=12; client_max_window_bits=12",
    /// );
    /// assert!(!agreed.own().takeover());
    /// ```
    pub fn negotiate<'a, O, P>(&self, offers: O) -> Option<(Agreed, String)>
    where
        O: IntoIterator<Item = (&'a str, P)>,
        P: IntoIterator<Item = (&'a str, Option<&'a str>)>,
    {
        let mut ours = offers.into_iter().filter(|(name, _)| *name == NAME);
        let (own, peer, response) = ours.find_map(|(_, params)| self.answer(Params::parse(params).ok()?))?;
        Some((self.agreed(own, peer), response.to_string()))
    }

    /// What a client offers: the value of `Sec-WebSocket-Extensions`.
    ///
    /// When more is asked of the server than every server may know, a second offer goes without that, unless it
    /// is [required](Settings::require_peer_limits).
    ///
    /// Source: [RFC 7692 §5 and §7.1](https://www.rfc-editor.org/rfc/rfc7692#section-5).
    ///
    /// # Examples
    ///
    /// ```
    /// use longwave_ws::deflate::Settings;
    ///
    /// assert_eq!(
    ///     Settings::new().own_window_bits(15).offer(),
    ///     "permessage-deflate; server_max_window_bits=12; client_max_window_bits, \
    ///      permessage-deflate; client_max_window_bits",
    /// );
    /// ```
    #[must_use]
    pub fn offer(&self) -> String {
        let [wanted, fallback] = self.offers();
        match fallback {
            Some(fallback) => alloc::format!("{wanted}, {fallback}", wanted = wanted.unwrap_or_default()),
            None => wanted.unwrap_or_default().to_string(),
        }
    }

    /// Takes, on a client, the server's response to what [`offer`](Self::offer) returned.
    ///
    /// - `params`: the parameters of the one `permessage-deflate` in the response; quotes around values have
    ///   been taken off.
    ///
    /// # Errors
    ///
    /// A [`NegotiationError`] if the response has a parameter that is unknown, invalid or there twice, or
    /// corresponds to nothing that was offered: "if a client receives such a response, it MUST _Fail the
    /// WebSocket Connection_" ([RFC 7692 §7.1](https://www.rfc-editor.org/rfc/rfc7692#section-7.1)).
    ///
    /// # Examples
    ///
    /// ```
    /// use longwave_ws::deflate::{NegotiationError, Parameter, Settings};
    ///
    /// let settings = Settings::new();
    /// let agreed = settings.accept_response([("client_max_window_bits", Some("10"))])?;
    /// assert_eq!(agreed.own().window_bits(), 10);
    /// assert_eq!(agreed.peer().window_bits(), 15);
    ///
    /// assert_eq!(
    ///     settings.accept_response([("client_max_window_bits", None)]),
    ///     Err(NegotiationError::InvalidValue(Parameter::ClientMaxWindowBits)),
    /// );
    /// # Ok::<_, NegotiationError>(())
    /// ```
    pub fn accept_response<'a>(
        &self,
        params: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
    ) -> Result<Agreed, NegotiationError> {
        let response = Params::parse(params)?;
        let bits = match response.client_bits {
            ClientBits::Absent => self.own.window_bits,
            // "A client_max_window_bits parameter without a value" is for offers only (§7.1.2.2).
            ClientBits::Any => return Err(NegotiationError::InvalidValue(Parameter::ClientMaxWindowBits)),
            ClientBits::Max(bits) => bits.min(self.own.window_bits),
        };
        // Any of the offers may be the one that was accepted; the last asks for the least.
        let mut outcome = Ok(());
        for offer in self.offers().into_iter().flatten() {
            outcome = offer.permits(response);
            if outcome.is_ok() {
                break;
            }
        }
        outcome?;
        let own = Context { window_bits: bits, takeover: self.own.takeover && !response.client_no_takeover };
        let peer = Context {
            window_bits: response.server_bits.unwrap_or(MAX_BITS),
            takeover: !response.server_no_takeover,
        };
        Ok(self.agreed(own, peer))
    }

    /// The offers of a client, the most wanted first.
    fn offers(&self) -> [Option<Params>; 2] {
        let least = Params {
            client_no_takeover: !self.own.takeover,
            client_bits: match self.own.window_bits {
                MAX_BITS => ClientBits::Any,
                bits => ClientBits::Max(bits),
            },
            ..Params::default()
        };
        let wanted = Params {
            server_no_takeover: !self.peer.takeover,
            server_bits: limited(self.peer.window_bits),
            ..least
        };
        [Some(wanted), (wanted != least && !self.required).then_some(least)]
    }

    /// What a server makes of one offer: its own context, the client's, and the response.
    fn answer(&self, offer: Params) -> Option<(Context, Context, Params)> {
        let own = Context {
            window_bits: self.own.window_bits.min(offer.server_bits.unwrap_or(MAX_BITS)),
            // "A server accepts" the parameter "by including" it (§7.1.1.1), and may do so unasked.
            takeover: self.own.takeover && !offer.server_no_takeover,
        };
        let peer_bits = match offer.client_bits {
            // "The server MUST NOT include" the parameter then (§7.1.2.2), so that nothing limits the client.
            ClientBits::Absent if self.required && self.peer.window_bits < MAX_BITS => return None,
            ClientBits::Absent => MAX_BITS,
            ClientBits::Any => self.peer.window_bits,
            ClientBits::Max(bits) => self.peer.window_bits.min(bits),
        };
        // A client that says it keeps no context is held to it: so much less to remember.
        let peer =
            Context { window_bits: peer_bits, takeover: self.peer.takeover && !offer.client_no_takeover };
        let response = Params {
            server_no_takeover: !own.takeover,
            client_no_takeover: !peer.takeover,
            server_bits: limited(own.window_bits).or(offer.server_bits),
            client_bits: limited(peer.window_bits).map_or(ClientBits::Absent, ClientBits::Max),
        };
        Some((own, peer, response))
    }

    fn agreed(&self, own: Context, peer: Context) -> Agreed {
        Agreed { own, peer, level: self.level, mem_level: self.mem_level, threshold: self.threshold }
    }
}

impl Params {
    /// Whether a server may answer this offer so.
    fn permits(self, response: Self) -> Result<(), NegotiationError> {
        if self.server_no_takeover && !response.server_no_takeover {
            return Err(NegotiationError::Missing(Parameter::ServerNoContextTakeover));
        }
        if let Some(max) = self.server_bits {
            let parameter = Parameter::ServerMaxWindowBits;
            let bits = response.server_bits.ok_or(NegotiationError::Missing(parameter))?;
            if bits > max {
                return Err(NegotiationError::TooLarge { parameter, bits, max });
            }
        }
        let parameter = Parameter::ClientMaxWindowBits;
        match (self.client_bits, response.client_bits) {
            (ClientBits::Absent, ClientBits::Max(_)) => Err(NegotiationError::NotOffered(parameter)),
            // More than was offered is a mistake that harms nobody: this side stays at its own window.
            _ => Ok(()),
        }
    }
}

/// The value of a parameter that is left out when it limits nothing.
fn limited(window_bits: u8) -> Option<u8> {
    (window_bits < MAX_BITS).then_some(window_bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s7_1_2_2_a_window_that_was_not_offered_must_not_be_limited() {
        let response = Params { client_bits: ClientBits::Max(15), ..Params::default() };
        assert_eq!(
            Params::default().permits(response),
            Err(NegotiationError::NotOffered(Parameter::ClientMaxWindowBits))
        );
        let offer = Params { client_bits: ClientBits::Any, ..Params::default() };
        assert_eq!(offer.permits(response), Ok(()));
    }
}
