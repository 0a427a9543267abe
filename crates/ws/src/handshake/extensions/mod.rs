use alloc::{string::String, vec::Vec};
use core::{error::Error, fmt, str::FromStr};

use http::{HeaderMap, HeaderValue, header::SEC_WEBSOCKET_EXTENSIONS};

use super::tokens::{self, NotToken};

mod parse;

/// An extension with its parameters, as a client offers it or a server agrees to it.
///
/// What the parameters mean, and whether they may be there, is the extension's own matter.
///
/// Source: [RFC 6455 §9.1](https://www.rfc-editor.org/rfc/rfc6455#section-9.1).
///
/// # Examples
///
/// ```
/// use longwave_ws::handshake::Extension;
///
/// let deflate = Extension::new("permessage-deflate")?
///     .param("client_max_window_bits")?
///     .param_value("server_max_window_bits", "10")?;
/// assert_eq!(deflate.to_string(), "permessage-deflate; client_max_window_bits; server_max_window_bits=10");
/// assert_eq!(deflate.to_string().parse(), Ok(deflate));
/// # Ok::<_, longwave_ws::handshake::NotToken>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Extension {
    name: String,
    params: Vec<(String, Option<String>)>,
}

/// What is wrong with a list of extensions.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ExtensionsError {
    /// It does not follow the grammar.
    Malformed,
    /// There are too many extensions.
    #[non_exhaustive]
    TooMany {
        /// The most that are accepted.
        max: usize,
    },
    /// An extension has too many parameters.
    #[non_exhaustive]
    TooManyParams {
        /// The most that are accepted.
        max: usize,
    },
}

impl Extension {
    /// The most extensions that are accepted in one head.
    pub const MAX_OFFERED: usize = 32;

    /// The most parameters that are accepted in one extension.
    pub const MAX_PARAMS: usize = 16;

    /// Makes an extension without parameters.
    ///
    /// # Errors
    ///
    /// [`NotToken`] if the name is not a token.
    pub fn new(name: &str) -> Result<Self, NotToken> {
        Ok(Self { name: tokens::token(name.as_bytes())?, params: Vec::new() })
    }

    /// Parses a list, as it is written on one line of `Sec-WebSocket-Extensions`.
    ///
    /// # Errors
    ///
    /// [`ExtensionsError`] as from [`parse_extensions`]; no extension at all is malformed.
    ///
    /// # Examples
    ///
    /// ```
    /// use longwave_ws::handshake::Extension;
    ///
    /// let list = Extension::parse_list("permessage-deflate; client_max_window_bits, foo")?;
    /// assert_eq!(list[0].params().collect::<Vec<_>>(), [("client_max_window_bits", None)]);
    /// assert_eq!(list[1].name(), "foo");
    /// # Ok::<_, longwave_ws::handshake::ExtensionsError>(())
    /// ```
    pub fn parse_list(text: &str) -> Result<Vec<Self>, ExtensionsError> {
        let mut list = Vec::new();
        parse::list(text.as_bytes(), &mut list)?;
        if list.is_empty() { Err(ExtensionsError::Malformed) } else { Ok(list) }
    }

    /// Appends a parameter without a value.
    ///
    /// # Errors
    ///
    /// [`NotToken`] if the name is not a token.
    pub fn param(mut self, name: &str) -> Result<Self, NotToken> {
        self.params.push((tokens::token(name.as_bytes())?, None));
        Ok(self)
    }

    /// Appends a parameter with a value.
    ///
    /// # Errors
    ///
    /// [`NotToken`] if the name or the value is not a token.
    pub fn param_value(mut self, name: &str, value: &str) -> Result<Self, NotToken> {
        self.params.push((tokens::token(name.as_bytes())?, Some(tokens::token(value.as_bytes())?)));
        Ok(self)
    }

    /// The name, such as `permessage-deflate`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The parameters in order, repeated ones included; values are unquoted.
    #[must_use]
    pub fn params(&self) -> impl ExactSizeIterator<Item = (&str, Option<&str>)> {
        self.params.iter().map(|(name, value)| (name.as_str(), value.as_deref()))
    }

    /// Whether each extension is among those offered, by name; both lists are cut to
    /// [`MAX_OFFERED`](Self::MAX_OFFERED) on one side at least.
    pub(super) fn all_offered(agreed: &[Self], offered: &[Self]) -> bool {
        agreed.iter().all(|agreed| offered.iter().any(|offered| offered.name == agreed.name))
    }
}

impl fmt::Display for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        self.params().try_for_each(|param| match param {
            (name, None) => write!(f, "; {name}"),
            (name, Some(value)) => write!(f, "; {name}={value}"),
        })
    }
}

impl FromStr for Extension {
    type Err = ExtensionsError;

    /// Parses exactly one extension.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut list = Self::parse_list(text)?;
        match list.pop() {
            Some(extension) if list.is_empty() => Ok(extension),
            _ => Err(ExtensionsError::Malformed),
        }
    }
}

/// Reads the extensions of a request or a response, in order, from all lines of `Sec-WebSocket-Extensions`.
///
/// Whitespace may stand around each separator. Source:
/// [RFC 6455 §9.1](https://www.rfc-editor.org/rfc/rfc6455#section-9.1).
///
/// # Errors
///
/// [`ExtensionsError`] if a line does not follow the grammar, if the field is there without any extension, or
/// if there are more than [`Extension::MAX_OFFERED`], or more than [`Extension::MAX_PARAMS`] in one of them.
///
/// # Examples
///
/// ```
/// use http::{HeaderMap, header::SEC_WEBSOCKET_EXTENSIONS};
/// use longwave_ws::handshake::parse_extensions;
///
/// let mut headers = HeaderMap::new();
/// headers.append(SEC_WEBSOCKET_EXTENSIONS, "foo, bar; baz=\"2\"".parse()?);
/// let offered = parse_extensions(&headers)?;
/// assert_eq!(offered[1].name(), "bar");
/// assert_eq!(offered[1].params().next(), Some(("baz", Some("2"))));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub fn parse_extensions(headers: &HeaderMap) -> Result<Vec<Extension>, ExtensionsError> {
    let mut list = Vec::new();
    for line in headers.get_all(SEC_WEBSOCKET_EXTENSIONS) {
        parse::list(line.as_bytes(), &mut list)?;
    }
    if list.is_empty() && headers.contains_key(SEC_WEBSOCKET_EXTENSIONS) {
        return Err(ExtensionsError::Malformed);
    }
    Ok(list)
}

/// Writes extensions as the value of `Sec-WebSocket-Extensions`, or `None` where there are none.
///
/// # Examples
///
/// ```
/// use longwave_ws::handshake::{Extension, format_extensions};
///
/// let list = [Extension::new("foo")?.param("bar")?, Extension::new("baz")?];
/// assert_eq!(format_extensions(&list).unwrap(), "foo; bar, baz");
/// assert_eq!(format_extensions(&[]), None);
/// # Ok::<_, longwave_ws::handshake::NotToken>(())
/// ```
#[must_use]
pub fn format_extensions(extensions: &[Extension]) -> Option<HeaderValue> {
    tokens::join(extensions)
}

impl fmt::Display for ExtensionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("extensions malformed"),
            Self::TooMany { max } => write!(f, "more than {max} extensions"),
            Self::TooManyParams { max } => write!(f, "more than {max} parameters of an extension"),
        }
    }
}

impl Error for ExtensionsError {}
