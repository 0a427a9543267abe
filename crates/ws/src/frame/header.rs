use alloc::vec::Vec;

use crate::{OpCode, Role, scan::Key, violation::Rule};

/// The head of a frame.
///
/// # Examples
///
/// ```
/// use longwave_ws::{FrameHeader, OpCode};
///
/// let header = FrameHeader::new(OpCode::Text, 5);
/// assert_eq!(header.encode().as_slice(), [0x81, 5]);
/// assert_eq!(FrameHeader::decode(&[0x81, 5, b'h'])?, Some((header, 2)));
/// assert_eq!(FrameHeader::decode(&[0x81])?, None);
/// # Ok::<_, longwave_ws::Rule>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FrameHeader {
    first: u8,
    opcode: OpCode,
    len: u64,
    key: Option<[u8; 4]>,
}

/// The bits that extensions may give a meaning to: RSV1, RSV2, RSV3.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Reserved(u8);

/// The bytes of a header.
#[derive(Clone, Copy, Debug)]
pub struct HeaderBytes {
    bytes: [u8; ROOM],
    len: u8,
}

impl FrameHeader {
    /// Makes the header of a frame that is the last, or only, one of its message.
    #[must_use]
    #[inline]
    pub const fn new(opcode: OpCode, len: u64) -> Self {
        Self { first: FIN | opcode as u8, opcode, len, key: None }
    }

    /// Says that more of the message is to come.
    #[must_use]
    #[inline]
    pub const fn with_more(mut self) -> Self {
        self.first &= !FIN;
        self
    }

    /// Sets the reserved bits.
    #[must_use]
    #[inline]
    pub const fn with_reserved(mut self, reserved: Reserved) -> Self {
        self.first = self.first & !Reserved::MASK | reserved.0;
        self
    }

    /// Sets the key that the payload is masked with: another for each frame, that nobody can guess.
    #[must_use]
    #[inline]
    pub const fn with_key(mut self, key: [u8; 4]) -> Self {
        self.key = Some(key);
        self
    }

    /// What the frame is.
    #[must_use]
    #[inline]
    pub const fn opcode(&self) -> OpCode {
        self.opcode
    }

    /// Whether it is the last, or only, one of its message.
    #[must_use]
    #[inline]
    pub const fn is_final(&self) -> bool {
        self.first & FIN != 0
    }

    /// The reserved bits.
    #[must_use]
    #[inline]
    pub const fn reserved(&self) -> Reserved {
        Reserved(self.first & Reserved::MASK)
    }

    /// How long the payload is said to be, in bytes.
    #[must_use]
    #[inline]
    pub const fn payload_len(&self) -> u64 {
        self.len
    }

    /// The key that the payload is masked with.
    #[must_use]
    #[inline]
    pub const fn key(&self) -> Option<[u8; 4]> {
        self.key
    }

    #[inline]
    pub(crate) const fn mask(&self) -> Key {
        match self.key {
            Some(key) => Key::new(key),
            None => Key::new([0; 4]),
        }
    }

    /// Reads a header off the front of `src`, and tells how many bytes it takes; `None` if it is not all there.
    ///
    /// # Errors
    ///
    /// The rule that it breaks, whatever the role and the state of the connection: an opcode that is reserved, a
    /// length that is not written as short as it can be or has its highest bit set, a control frame that is
    /// fragmented or longer than 125 bytes (RFC 6455, sections 5.2 and 5.5). What can be told from the first two
    /// bytes is, before there are more.
    #[inline]
    pub fn decode(src: &[u8]) -> Result<Option<(Self, usize)>, Rule> {
        let Some((&[first, second], rest)) = src.split_first_chunk() else { return Ok(None) };
        let code = first & 0x0F;
        let opcode = OpCode::new(code).ok_or(Rule::ReservedOpCode(code))?;
        let short = second & !MASKED;
        if opcode.is_control() {
            if first & FIN == 0 {
                return Err(Rule::ControlFragmented);
            }
            if short > 125 {
                return Err(Rule::ControlTooLong);
            }
        }
        let (len, rest) = match short {
            LEN_16 => {
                let Some((&len, rest)) = rest.split_first_chunk() else { return Ok(None) };
                let len = u64::from(u16::from_be_bytes(len));
                if len < 126 {
                    return Err(Rule::LengthNotMinimal);
                }
                (len, rest)
            }
            LEN_64 => {
                let Some((&len, rest)) = rest.split_first_chunk() else { return Ok(None) };
                let len = u64::from_be_bytes(len);
                if len >> 63 != 0 {
                    return Err(Rule::LengthNegative);
                }
                if u16::try_from(len).is_ok() {
                    return Err(Rule::LengthNotMinimal);
                }
                (len, rest)
            }
            short => (u64::from(short), rest),
        };
        let (key, rest) = if second & MASKED == 0 {
            (None, rest)
        } else {
            let Some((&key, rest)) = rest.split_first_chunk() else { return Ok(None) };
            (Some(key), rest)
        };
        Ok(Some((Self { first, opcode, len, key }, src.len() - rest.len())))
    }

    /// Reads what most headers are, of a message in one frame of less than 64 KiB, with no more questions than it
    /// takes to know that one is. Gives the opcode, the key, how long the header is and how long the payload;
    /// `None` if it is another, or not all there.
    #[inline]
    pub(super) fn decode_plain(src: &[u8], role: Role) -> Option<(OpCode, Key, usize, usize)> {
        let (&[first, second], rest) = src.split_first_chunk()?;
        let opcode = match first {
            TEXT => OpCode::Text,
            BINARY => OpCode::Binary,
            _ => return None,
        };
        let short = match role {
            Role::Server => second.checked_sub(MASKED)?,
            Role::Client => second,
        };
        let (len, rest) = match short {
            0..LEN_16 => (short.into(), rest),
            LEN_16 => {
                let (&len, rest) = rest.split_first_chunk()?;
                let len = usize::from(u16::from_be_bytes(len));
                (if len < 126 { return None } else { len }, rest)
            }
            _ => return None,
        };
        let head = src.len() - rest.len();
        Some(match role {
            Role::Server => (opcode, Key::new(*rest.first_chunk()?), head + 4, len),
            Role::Client => (opcode, Key::default(), head, len),
        })
    }

    /// The bytes of the header of a whole message of up to 125 bytes, not masked.
    #[inline]
    pub(crate) const fn short(opcode: OpCode, len: usize) -> [u8; 2] {
        [FIN | opcode as u8, len as u8]
    }

    /// The bytes of the header.
    #[must_use]
    #[inline]
    pub fn encode(&self) -> HeaderBytes {
        // Put together in a register: bytes that are stored one by one cannot be copied as one before all have arrived.
        let (masked, key, key_len) = match self.key {
            Some(key) => (MASKED, u128::from(u32::from_le_bytes(key)), 4),
            None => (0, 0, 0),
        };
        let (short, rest, len) = match self.len {
            len @ 0..=125 => (len as u8, key, 2),
            len @ 126..=0xFFFF => (LEN_16, u128::from((len as u16).swap_bytes()) | key << 16, 4),
            len => (LEN_64, u128::from(len.swap_bytes()) | key << 64, 10),
        };
        let word = u128::from(self.first) | u128::from(short | masked) << 8 | rest << 16;
        HeaderBytes { bytes: word.to_le_bytes(), len: len + key_len }
    }

    /// Appends the bytes of the header.
    #[inline]
    pub(crate) fn encode_to(&self, out: &mut Vec<u8>) {
        let HeaderBytes { bytes, len } = self.encode();
        let end = out.len() + usize::from(len);
        // So many at any time that it takes no call.
        out.extend_from_slice(&bytes);
        out.truncate(end);
    }
}

impl HeaderBytes {
    /// The bytes: two to fourteen.
    #[must_use]
    #[inline]
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl Reserved {
    /// None is set.
    pub const NONE: Self = Self(0);
    /// RSV1, by which permessage-deflate marks a message that is compressed.
    pub const RSV1: Self = Self(0x40);
    const MASK: u8 = 0x70;

    /// Makes them of their three bits, RSV1 being the highest.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self((bits & 7) << 4)
    }

    /// The three bits, RSV1 being the highest.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0 >> 4
    }
}

const FIN: u8 = 0x80;
/// A message in one frame, by the first byte.
const TEXT: u8 = FIN | OpCode::Text as u8;
const BINARY: u8 = FIN | OpCode::Binary as u8;
const MASKED: u8 = 0x80;
/// The length follows, in 16 bits.
const LEN_16: u8 = 126;
/// The length follows, in 64 bits.
const LEN_64: u8 = 127;
/// Two bytes, eight of length, four of key.
pub(super) const MAX: usize = 14;
/// What a header takes while it is written.
pub(super) const ROOM: usize = 16;

#[cfg(test)]
mod tests {
    use alloc::vec;

    use proptest::prelude::*;

    use super::*;

    fn header() -> impl Strategy<Value = FrameHeader> {
        let len = prop_oneof![0_u64..200, 65_530_u64..65_545, any::<u64>().prop_map(|len| len >> 1)];
        (0_u8..16, len, any::<Option<[u8; 4]>>(), 0_u8..8, any::<bool>()).prop_filter_map(
            "a frame that may be",
            |(code, len, key, bits, more)| {
                let opcode = OpCode::new(code)?;
                let len = if opcode.is_control() { len % 126 } else { len };
                let mut header = FrameHeader::new(opcode, len).with_reserved(Reserved::from_bits(bits));
                header = if more && !opcode.is_control() { header.with_more() } else { header };
                Some(key.map_or(header, |key| header.with_key(key)))
            },
        )
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded_and_not_before_it_is_there(header in header()) {
            let bytes = header.encode();
            let bytes = bytes.as_slice();
            prop_assert_eq!(FrameHeader::decode(bytes), Ok(Some((header, bytes.len()))));
            let mut appended = vec![1, 2, 3];
            header.encode_to(&mut appended);
            prop_assert_eq!(&appended[3..], bytes);
            for cut in 0..bytes.len() {
                prop_assert_eq!(FrameHeader::decode(&bytes[..cut]), Ok(None));
            }
        }

        #[test]
        fn whatever_is_decoded_is_encoded_the_same(bytes: [u8; 14]) {
            if let Ok(Some((header, len))) = FrameHeader::decode(&bytes) {
                let encoded = header.encode();
                prop_assert_eq!(encoded.as_slice(), &bytes[..len]);
            }
        }
    }
}
