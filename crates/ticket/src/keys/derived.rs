use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

use super::SecretKey;
use crate::{Audience, KeyId, envelope::TAG_LEN};

/// The key of one audience, with its first two blocks hashed already.
#[derive(Clone)]
pub(crate) struct Derived {
    id: KeyId,
    mac: Hmac<Sha256>,
}

impl Derived {
    pub(crate) fn new(secret: &SecretKey, audience: &Audience) -> Self {
        let key = derive(secret.as_bytes(), SALT, audience.as_str().as_bytes());
        let digest = Sha256::new_with_prefix(KEY_ID_DOMAIN).chain_update(*key).finalize();
        let id = KeyId::from_bytes(digest.first_chunk().copied().unwrap_or_default());
        Self { id, mac: keyed(&*key) }
    }

    pub(crate) const fn id(&self) -> KeyId {
        self.id
    }

    pub(crate) fn sign(&self, bytes: &[u8]) -> [u8; TAG_LEN] {
        self.mac.clone().chain_update(bytes).finalize().into_bytes().into()
    }

    /// Takes as long for any tag.
    pub(crate) fn is_genuine(&self, bytes: &[u8], tag: &[u8; TAG_LEN]) -> bool {
        self.mac.clone().chain_update(bytes).verify(tag.into()).is_ok()
    }
}

impl fmt::Debug for Derived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.id, f)
    }
}

/// HKDF-SHA-256 ([RFC 5869]) for as many bytes as the hash has, which takes one round.
///
/// [RFC 5869]: https://www.rfc-editor.org/rfc/rfc5869
fn derive(secret: &[u8; 32], salt: &[u8], info: &[u8]) -> Zeroizing<[u8; 32]> {
    let extracted = wiped(keyed(salt).chain_update(secret));
    wiped(keyed(&*extracted).chain_update(info).chain_update([1]))
}

/// The tag, of which no copy is left behind.
fn wiped(mac: Hmac<Sha256>) -> Zeroizing<[u8; 32]> {
    let mut tag = mac.finalize().into_bytes();
    let mut copy = Zeroizing::new([0; 32]);
    copy.copy_from_slice(&tag);
    tag.zeroize();
    copy
}

/// HMAC with a key of up to one block, which is filled up with zeros.
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
    for (place, byte) in block.iter_mut().zip(key) {
        *place = *byte;
    }
    let keyed = Hmac::new(&block);
    block.zeroize();
    keyed
}

const SALT: &[u8] = b"longwave-ticket-v1";

const KEY_ID_DOMAIN: &[u8] = b"longwave-kid-v1";
