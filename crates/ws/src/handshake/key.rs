use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha1::{Digest as _, Sha1};

/// Computes the `Sec-WebSocket-Accept` that answers a `Sec-WebSocket-Key`.
///
/// - `key`: the key as it was sent, without spaces around it; it is not decoded.
/// - Returns 28 characters of base64.
///
/// Source: [RFC 6455 §4.2.2], item 5.4.
///
/// # Examples
///
/// ```
/// use longwave_ws::handshake::accept_key;
///
/// assert_eq!(&accept_key("dGhlIHNhbXBsZSBub25jZQ=="), b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
/// ```
///
/// [RFC 6455 §4.2.2]: https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
#[must_use]
pub fn accept_key(key: impl AsRef<[u8]>) -> [u8; 28] {
    encode(&Sha1::new().chain_update(key).chain_update(GUID).finalize())
}

/// Encodes a client's nonce as the value of `Sec-WebSocket-Key`.
pub(super) fn encode_nonce(nonce: [u8; 16]) -> [u8; 24] {
    encode(&nonce)
}

/// Whether a value is base64 of exactly 16 bytes.
///
/// The four bits that the last character has to spare may be anything: the standard's own example sets one
/// ([erratum 3150](https://www.rfc-editor.org/errata/eid3150)), and nobody reads them.
pub(super) fn is_key(value: &[u8]) -> bool {
    match value.split_last_chunk() {
        Some((digits, b"==")) => digits.len() == 22 && digits.iter().copied().all(is_base64),
        _ => false,
    }
}

/// Encodes bytes of which the number is known to make `N` characters.
fn encode<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut text = [0; N];
    STANDARD.encode_slice(bytes, &mut text).expect("16 bytes are 24 characters, and 20 are 28");
    text
}

const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
