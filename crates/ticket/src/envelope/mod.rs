//! The format of tickets, version 1.
//!
//! A ticket is `lwt1_` and the base64url of a header of fixed offsets, claims (or none) and a tag. All numbers are
//! big-endian. The README has the table; `vectors/v1.json` has examples.
mod flags;
mod id;
mod purpose;
mod ticket;

pub(crate) use self::flags::Flags;
pub use self::{
    id::{Fingerprint, TicketId},
    purpose::Purpose,
    ticket::Ticket,
};

use zeroize::Zeroizing;

use crate::{KeyId, UnixMillis, Why, base64url};

/// What tickets begin with.
pub(crate) const PREFIX: &str = "lwt1_";

/// The version, which also names the algorithms: HMAC-SHA-256 under a key made by HKDF-SHA-256.
const VERSION: u8 = 1;

pub(crate) const HEADER_LEN: usize = 56;
pub(crate) const TAG_LEN: usize = 32;

/// Bytes of claims.
pub(crate) const MAX_CLAIMS: usize = 1024;

/// Bytes of a ticket that refers to its claims.
const SHORT: usize = HEADER_LEN + TAG_LEN;

/// Bytes of a ticket.
const LONG: usize = SHORT + MAX_CLAIMS;

/// Characters of a ticket, at the least and at the most.
#[cfg(feature = "tower")]
pub(crate) const MIN_LEN: usize = PREFIX.len() + base64url::encoded_len(SHORT);
pub(crate) const MAX_LEN: usize = PREFIX.len() + base64url::encoded_len(LONG);

/// The fields of the header.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Header {
    pub(crate) purpose: Purpose,
    pub(crate) flags: Flags,
    pub(crate) key: KeyId,
    /// Milliseconds since 1970, in 48 bits.
    pub(crate) issued: u64,
    /// Milliseconds.
    pub(crate) ttl: u32,
    /// Milliseconds since 1970, in 48 bits; zero for none.
    pub(crate) deadline: u64,
    pub(crate) id: TicketId,
    pub(crate) bound: [u8; 16],
}

impl Header {
    /// Whether what it grants is over.
    pub(crate) const fn has_lapsed(&self, now: UnixMillis) -> bool {
        self.deadline != 0 && self.deadline <= now.as_millis()
    }

    fn to_bytes(self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        let mut rest = &mut bytes[..];
        let mut put = |field: &[u8]| {
            if let Some((place, after)) = std::mem::take(&mut rest).split_at_mut_checked(field.len()) {
                place.copy_from_slice(field);
                rest = after;
            }
        };
        put(&[VERSION, self.purpose.code()]);
        put(&self.flags.bits().to_be_bytes());
        put(self.key.as_bytes());
        put(&self.issued.to_be_bytes()[2..]);
        put(&self.ttl.to_be_bytes());
        put(&self.deadline.to_be_bytes()[2..]);
        put(self.id.as_bytes());
        put(&self.bound);
        bytes
    }

    fn read(mut bytes: &[u8]) -> Option<Self> {
        let [version, purpose] = take(&mut bytes)?;
        let header = Self {
            purpose: Purpose::from_code(purpose)?,
            flags: Flags::from_bits(u16::from_be_bytes(take(&mut bytes)?))?,
            key: KeyId::from_bytes(take(&mut bytes)?),
            issued: take_u48(&mut bytes)?,
            ttl: u32::from_be_bytes(take(&mut bytes)?),
            deadline: take_u48(&mut bytes)?,
            id: TicketId::from_bytes(take(&mut bytes)?),
            bound: take(&mut bytes)?,
        };
        // Nothing is bound, so nothing is in its place: one ticket has one spelling.
        let bound = header.flags.binds() || header.purpose == Purpose::Resume;
        (version == VERSION && (bound || header.bound == [0; 16])).then_some(header)
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (field, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*field)
}

fn take_u48(bytes: &mut &[u8]) -> Option<u64> {
    let high: [u8; 2] = take(bytes)?;
    let low: [u8; 4] = take(bytes)?;
    Some(u64::from(u16::from_be_bytes(high)) << 32 | u64::from(u32::from_be_bytes(low)))
}

/// A ticket of the right form; whether it is genuine is still to be seen.
#[derive(Clone, Copy)]
pub(crate) struct Envelope<'a> {
    pub(crate) header: Header,
    pub(crate) claims: &'a [u8],
    /// What the tag is of.
    pub(crate) signed: &'a [u8],
    pub(crate) tag: &'a [u8; TAG_LEN],
}

/// Reads a ticket and hands it to `then`.
///
/// It is decoded on the stack, which is overwritten afterwards, and only if its beginning and its length are right.
pub(crate) fn open<R, E: From<Why>>(
    text: &str,
    then: impl FnOnce(Envelope<'_>) -> Result<R, E>,
) -> Result<R, E> {
    let malformed = || E::from(Why::Malformed);
    let encoded = text.strip_prefix(PREFIX).ok_or_else(malformed)?.as_bytes();
    let len = base64url::decoded_len(encoded.len()).ok_or_else(malformed)?;
    // Not wiped: the text, which is the caller's, is all of it, and it costs more than the decoding.
    let (mut short, mut long): ([u8; SHORT], [u8; LONG]);
    let body: &mut [u8] = if len == SHORT {
        short = [0; SHORT];
        &mut short
    } else if (SHORT..=LONG).contains(&len) {
        long = [0; LONG];
        long.get_mut(..len).ok_or_else(malformed)?
    } else {
        return Err(malformed());
    };
    base64url::decode(encoded, body).ok_or_else(malformed)?;
    then(Envelope::read(body).ok_or_else(malformed)?)
}

impl<'a> Envelope<'a> {
    fn read(body: &'a [u8]) -> Option<Self> {
        let (signed, tag) = body.split_last_chunk()?;
        let (header, claims) = signed.split_at_checked(HEADER_LEN)?;
        let header = Header::read(header)?;
        (claims.is_empty() || !header.flags.contains(Flags::REF)).then_some(Self {
            header,
            claims,
            signed,
            tag,
        })
    }
}

/// Writes a ticket, with the tag that `sign` makes.
pub(crate) fn seal(header: Header, claims: &[u8], sign: impl FnOnce(&[u8]) -> [u8; TAG_LEN]) -> Ticket {
    // It has its whole length at once, so that no part of it is left behind.
    let mut body = Zeroizing::new(Vec::with_capacity(SHORT + claims.len()));
    body.extend_from_slice(&header.to_bytes());
    body.extend_from_slice(claims);
    let tag = sign(&body);
    body.extend_from_slice(&tag);
    let mut text = String::with_capacity(PREFIX.len() + base64url::encoded_len(body.len()));
    text.push_str(PREFIX);
    base64url::encode(&body, &mut text);
    Ticket::from_parts(text, header.id)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn header() -> impl Strategy<Value = Header> {
        let numbers = (0_u64..1 << 48, any::<u32>(), 0_u64..1 << 48);
        (1..=3_u8, 0..32_u16, any::<[u8; 4]>(), numbers, any::<[u8; 16]>(), any::<[u8; 16]>()).prop_map(
            |(purpose, flags, key, (issued, ttl, deadline), id, bound)| {
                let (purpose, flags) =
                    (Purpose::from_code(purpose).unwrap(), Flags::from_bits(flags).unwrap());
                let binds = flags.binds() || purpose == Purpose::Resume;
                let (key, id) = (KeyId::from_bytes(key), TicketId::from_bytes(id));
                Header {
                    purpose,
                    flags,
                    key,
                    issued,
                    ttl,
                    deadline,
                    id,
                    bound: if binds { bound } else { [0; 16] },
                }
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_sealed_is_opened(header in header(), claims in vec(any::<u8>(), 0..=MAX_CLAIMS), tag: [u8; 32]) {
            let claims = if header.flags.contains(Flags::REF) { &[][..] } else { &claims[..] };
            let ticket = seal(header, claims, |_| tag);
            prop_assert!(ticket.expose().len() <= MAX_LEN);
            let same = open(ticket.expose(), |envelope| {
                let whole = [&header.to_bytes(), claims].concat();
                Ok::<_, Why>(
                    envelope.header == header
                        && (envelope.claims, envelope.signed, envelope.tag) == (claims, &whole[..], &tag),
                )
            });
            prop_assert_eq!(same, Ok(true));
        }
    }
}
