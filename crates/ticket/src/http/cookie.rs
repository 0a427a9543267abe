//! How cookies are read, and the one that tells browsers from each other.

use std::fmt;

use http::{HeaderMap, HeaderValue, header};
use zeroize::Zeroizing;

use super::{Refusal, text::cut};
use crate::{Binding, base64url};

/// The cookie that tells browsers from each other, so that a ticket is of no use in another one.
///
/// It holds a [`BrowserNonce`]: random, and nobody's name. A [`MintService`](super::MintService) sets it and binds
/// tickets to it, and a [`TicketLayer`](super::TicketLayer) looks for it: this one, unless told otherwise. A ticket that was read in a log, or planted in somebody else's page, comes without the
/// cookie, which neither scripts nor logs see.
///
/// - Its name is `__Host-lw_b`, which browsers take only over HTTPS, from the host itself and for all of its paths: no
///   sibling domain can set another. So tickets have to be minted on the host that they are redeemed on.
/// - It is read strictly: the name to the byte, after one space at most; two of them are refused, whichever
///   comes first; one that holds anything else than 32 bytes in base64url counts as none.
/// - It is gone when the browser is closed, and scripts cannot read it. Other sites' pages cannot make it go along
///   (`SameSite=Strict`).
///
/// # Examples
///
/// ```
/// use http::HeaderMap;
/// use longwave_ticket::{Binding, http::{BrowserCookie, BrowserNonce, Refusal}};
///
/// let cookie = BrowserCookie::new();
/// // Not like this: at random.
/// let set = cookie.set(&BrowserNonce::from_bytes([7; 32]));
/// assert!(set.is_sensitive());
/// assert_eq!(
///     set,
///     "__Host-lw_b=BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc; Path=/; Secure; HttpOnly; SameSite=Strict"
/// );
///
/// let mut headers = HeaderMap::new();
/// headers.insert("cookie", "a=1; __Host-lw_b=BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc".parse()?);
/// assert!(cookie.read(&headers)?.is_some());
/// let binding = cookie.bind(&headers, Binding::new())?;
/// # drop(binding);
///
/// headers.append("cookie", "__Host-lw_b=tossed".parse()?);
/// assert_eq!(cookie.read(&headers).unwrap_err(), Refusal::Ambiguous);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct BrowserCookie {
    name: &'static str,
    attributes: &'static str,
}

/// What the [`BrowserCookie`] holds: 32 random bytes.
///
/// They are not in its `Debug` output, and overwritten when it is dropped.
#[derive(Clone, Eq, PartialEq)]
pub struct BrowserNonce(Zeroizing<[u8; LEN]>);

impl BrowserCookie {
    /// Names it `__Host-lw_b`.
    pub const fn new() -> Self {
        Self { name: "__Host-lw_b", attributes: "; Path=/; Secure; HttpOnly; SameSite=Strict" }
    }

    /// Names it `lw_b_insecure`, for development over plain HTTP, where not all browsers take the other: Chromium and
    /// Firefox do from loopback addresses and `localhost`, and from nowhere else.
    ///
    /// What mints and what redeems both have to be told. Anyone on the network reads it, and any sibling domain can set
    /// it: never where users are.
    pub const fn insecure_for_development() -> Self {
        Self { name: "lw_b_insecure", attributes: "; Path=/; HttpOnly; SameSite=Strict" }
    }

    /// The name of the cookie.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Reads it; `None` if there is none, or one that was never set here.
    ///
    /// # Errors
    ///
    /// [`Refusal::Ambiguous`] if there are two of the name, even if they are the same.
    pub fn read(&self, headers: &HeaderMap) -> Result<Option<BrowserNonce>, Refusal> {
        let lines = headers.get_all(header::COOKIE).iter();
        let pairs = lines.flat_map(|line| line.as_bytes().split(|&byte| byte == b';'));
        let mut values =
            pairs.map(pair).filter(|(name, _)| *name == self.name.as_bytes()).map(|(_, value)| value);
        match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => Ok(value.and_then(BrowserNonce::decode)),
            (Some(_), Some(_)) => Err(Refusal::Ambiguous),
        }
    }

    /// Binds to the browser, if it has the cookie: what is minted, or what is presented.
    ///
    /// Without the cookie, the binding stays as it is; tickets that are bound to a browser are then refused where they
    /// are redeemed.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn bind(&self, headers: &HeaderMap, binding: Binding) -> Result<Binding, Refusal> {
        Ok(match self.read(headers)? {
            Some(nonce) => binding.browser(nonce.as_bytes()),
            None => binding,
        })
    }

    /// Makes the value of the `Set-Cookie` header, which is [sensitive](HeaderValue::set_sensitive).
    #[allow(clippy::missing_panics_doc, reason = "base64url is visible ASCII")]
    #[must_use]
    pub fn set(&self, nonce: &BrowserNonce) -> HeaderValue {
        let mut text = format!("{}=", self.name);
        base64url::encode(nonce.as_bytes(), &mut text);
        text.push_str(self.attributes);
        let mut value = HeaderValue::try_from(text).expect("base64url is visible ASCII");
        value.set_sensitive(true);
        value
    }
}

impl Default for BrowserCookie {
    fn default() -> Self {
        Self::new()
    }
}

impl BrowserNonce {
    /// Takes 32 bytes from a cryptographically secure source, such as the system's.
    #[must_use]
    pub fn from_bytes(bytes: [u8; LEN]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Returns the bytes, for [`Binding::browser`].
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; LEN] {
        &self.0
    }

    fn decode(text: &[u8]) -> Option<Self> {
        let mut bytes = Zeroizing::new([0; LEN]);
        base64url::decode(text, &mut *bytes)?;
        Some(Self(bytes))
    }
}

impl fmt::Debug for BrowserNonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BrowserNonce(…)")
    }
}

/// The name and the value of one of the pairs between semicolons, to the byte but for the one space before it
/// (RFC 6265, section 4.2.1).
pub(super) fn pair(pair: &[u8]) -> (&[u8], Option<&[u8]>) {
    cut(pair.strip_prefix(b" ").unwrap_or(pair), b'=')
}

/// Bytes of a nonce.
const LEN: usize = 32;
