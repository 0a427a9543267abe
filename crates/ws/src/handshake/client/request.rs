use alloc::string::ToString;

use http::{
    HeaderValue, Method, Request, Uri, Version,
    header::{CONNECTION, HOST, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE},
    uri::PathAndQuery,
};

use super::{Options, RequestError};
use crate::handshake::{
    PROTOCOL, VERSION, key,
    origin::{Authority, default_port},
    tokens,
};

/// Makes the request that upgrades a connection of HTTP/1.1.
///
/// Its target is the path and the query, as it is sent to a server; the host is in `Host`.
///
/// - `uri`: absolute, with scheme `ws` or `wss` (or `http` or `https`).
/// - `nonce`: 16 random bytes, "selected randomly for each connection".
///
/// Source: [RFC 6455 §4.1](https://www.rfc-editor.org/rfc/rfc6455#section-4.1).
///
/// # Errors
///
/// [`RequestError`] if the URI is not one of a WebSocket, or if the options have a field that is reserved.
///
/// # Examples
///
/// ```
/// use longwave_ws::handshake::client;
///
/// let uri = "wss://example.com:443/room?id=7".parse()?;
/// let request = client::request(&uri, *b"the sample nonce", &client::Options::new())?;
/// assert_eq!(request.uri(), "/room?id=7");
/// assert_eq!(request.headers()["host"], "example.com");
/// assert_eq!(request.headers()["sec-websocket-key"], "dGhlIHNhbXBsZSBub25jZQ==");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub fn request(uri: &Uri, nonce: [u8; 16], options: &Options) -> Result<Request<()>, RequestError> {
    let Target { host, path, .. } = Target::of(uri)?;
    let mut request = Request::new(());
    *request.uri_mut() = Uri::from(path);
    let headers = request.headers_mut();
    headers.insert(HOST, HeaderValue::try_from(host.to_string()).map_err(|_| RequestError::Host)?);
    headers.insert(UPGRADE, HeaderValue::from_static(PROTOCOL));
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(SEC_WEBSOCKET_KEY, tokens::value(&key::encode_nonce(nonce)));
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSION));
    options.write(headers)?;
    Ok(request)
}

/// Makes the extended CONNECT that opens a WebSocket on a connection of HTTP/2.
///
/// The pseudo-field `:protocol` is for the caller to add, as the types of [`http`] have no place for it: with
/// hyper, put `hyper::ext::Protocol::from_static(PROTOCOL)` into the request's extensions. The server must
/// have allowed it by `SETTINGS_ENABLE_CONNECT_PROTOCOL`.
///
/// - `uri`: absolute, with scheme `ws` or `wss` (or `http` or `https`).
///
/// Source: [RFC 8441 §5](https://www.rfc-editor.org/rfc/rfc8441#section-5).
///
/// # Errors
///
/// [`RequestError`] if the URI is not one of a WebSocket, or if the options have a field that is reserved.
///
/// # Examples
///
/// ```
/// use longwave_ws::handshake::client;
///
/// let request = client::connect(&"wss://example.com/room".parse()?, &client::Options::new())?;
/// assert_eq!(request.method(), "CONNECT");
/// assert_eq!(request.uri(), "https://example.com/room");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub fn connect(uri: &Uri, options: &Options) -> Result<Request<()>, RequestError> {
    let Target { scheme, host, path } = Target::of(uri)?;
    let uri = Uri::builder().scheme(scheme).authority(host.to_string()).path_and_query(path);
    let mut request = Request::new(());
    *request.method_mut() = Method::CONNECT;
    *request.uri_mut() = uri.build().map_err(|_| RequestError::Host)?;
    *request.version_mut() = Version::HTTP_2;
    let headers = request.headers_mut();
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSION));
    options.write(headers)?;
    Ok(request)
}

/// The parts of a URI, as they are sent.
struct Target {
    /// Of HTTP: `https` for `wss`, and `http` for `ws` (RFC 8441 §5).
    scheme: &'static str,
    /// Without the port that the scheme goes with.
    host: Authority,
    path: PathAndQuery,
}

impl Target {
    fn of(uri: &Uri) -> Result<Self, RequestError> {
        let scheme = uri.scheme_str().ok_or(RequestError::Scheme)?;
        let scheme = match scheme.to_ascii_lowercase().as_str() {
            "http" | "ws" => "http",
            "https" | "wss" => "https",
            _ => return Err(RequestError::Scheme),
        };
        let host = uri.authority().ok_or(RequestError::Host)?.as_str();
        if host.contains('@') {
            return Err(RequestError::UserInfo);
        }
        let host = Authority::parse(host).ok_or(RequestError::Host)?.without_port(default_port(scheme));
        // Written out and read again, an empty path has its slash in front of the query.
        let path = uri.path_and_query().map_or_else(|| "/".into(), ToString::to_string);
        let path = PathAndQuery::try_from(path).map_err(|_| RequestError::Host)?;
        Ok(Self { scheme, host, path })
    }
}
