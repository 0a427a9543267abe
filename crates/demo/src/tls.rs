//! A certificate made at start, so that browsers, which speak HTTP/2 only over TLS, can be shown HTTP/2.

use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;

/// No certificate could be made.
#[derive(Debug)]
#[non_exhaustive]
pub enum TlsError {
    /// Making the certificate failed.
    Certificate(rcgen::Error),
    /// The TLS library refused the certificate.
    Config(rustls::Error),
}

/// Makes a self-signed certificate for `localhost` and `host`, and offers HTTP/2 and HTTP/1.1.
///
/// # Errors
///
/// [`TlsError`] if the certificate cannot be made or is refused.
pub fn self_signed(host: IpAddr) -> Result<Arc<ServerConfig>, TlsError> {
    let names = ["localhost".to_owned(), host.to_string()];
    let certified = rcgen::generate_simple_self_signed(names).map_err(TlsError::Certificate)?;
    let key = PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der());
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder.with_no_client_auth().with_single_cert(vec![certified.cert.der().clone()], key.into())
        })
        .map_err(TlsError::Config)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Certificate(_) => "no certificate could be made",
            Self::Config(_) => "the certificate was refused",
        })
    }
}

impl Error for TlsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Certificate(err) => Some(err),
            Self::Config(err) => Some(err),
        }
    }
}
