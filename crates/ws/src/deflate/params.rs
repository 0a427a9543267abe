use core::fmt;

use super::{NegotiationError, Parameter};

/// The name of the extension ([RFC 7692 §7](https://www.rfc-editor.org/rfc/rfc7692#section-7)).
pub(super) const NAME: &str = "permessage-deflate";

/// The parameters of one offer, or of a response.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Params {
    pub(super) server_no_takeover: bool,
    pub(super) client_no_takeover: bool,
    pub(super) server_bits: Option<u8>,
    pub(super) client_bits: ClientBits,
}

/// `client_max_window_bits`, the one parameter that may come without a value, though only in an offer.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum ClientBits {
    #[default]
    Absent,
    Any,
    Max(u8),
}

impl Params {
    pub(super) fn parse<'a>(
        params: impl IntoIterator<Item = (&'a str, Option<&'a str>)>,
    ) -> Result<Self, NegotiationError> {
        let mut parsed = Self::default();
        for (name, value) in params {
            let parameter = Parameter::from_name(name).ok_or(NegotiationError::UnknownParameter)?;
            if parsed.contains(parameter) {
                return Err(NegotiationError::Duplicate(parameter));
            }
            let invalid = NegotiationError::InvalidValue(parameter);
            match (parameter, value) {
                (Parameter::ServerNoContextTakeover, None) => parsed.server_no_takeover = true,
                (Parameter::ClientNoContextTakeover, None) => parsed.client_no_takeover = true,
                (Parameter::ServerMaxWindowBits, Some(value)) => {
                    parsed.server_bits = Some(window_bits(value).ok_or(invalid)?);
                }
                (Parameter::ClientMaxWindowBits, None) => parsed.client_bits = ClientBits::Any,
                (Parameter::ClientMaxWindowBits, Some(value)) => {
                    parsed.client_bits = ClientBits::Max(window_bits(value).ok_or(invalid)?);
                }
                _ => return Err(invalid),
            }
        }
        Ok(parsed)
    }

    fn contains(self, parameter: Parameter) -> bool {
        match parameter {
            Parameter::ServerNoContextTakeover => self.server_no_takeover,
            Parameter::ClientNoContextTakeover => self.client_no_takeover,
            Parameter::ServerMaxWindowBits => self.server_bits.is_some(),
            Parameter::ClientMaxWindowBits => self.client_bits != ClientBits::Absent,
        }
    }
}

/// Writes the extension as it goes into `Sec-WebSocket-Extensions`.
impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME)?;
        if self.server_no_takeover {
            write!(f, "; {}", Parameter::ServerNoContextTakeover)?;
        }
        if self.client_no_takeover {
            write!(f, "; {}", Parameter::ClientNoContextTakeover)?;
        }
        if let Some(bits) = self.server_bits {
            write!(f, "; {}={bits}", Parameter::ServerMaxWindowBits)?;
        }
        match self.client_bits {
            ClientBits::Absent => Ok(()),
            ClientBits::Any => write!(f, "; {}", Parameter::ClientMaxWindowBits),
            ClientBits::Max(bits) => write!(f, "; {}={bits}", Parameter::ClientMaxWindowBits),
        }
    }
}

/// "A decimal integer value without leading zeroes between 8 to 15, inclusive" (§7.1.2).
fn window_bits(value: &str) -> Option<u8> {
    match value {
        "8" => Some(8),
        "9" => Some(9),
        "10" => Some(10),
        "11" => Some(11),
        "12" => Some(12),
        "13" => Some(13),
        "14" => Some(14),
        "15" => Some(15),
        _ => None,
    }
}
