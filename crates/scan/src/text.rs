use alloc::{string::String, vec::Vec};
use core::str;

use crate::{Key, Seen, Utf8Bytes, Utf8Error, mask, mask_append, utf8::Fault, validate};

/// Unmasks a whole text in place.
///
/// # Errors
///
/// How much of it is UTF-8.
#[inline]
pub fn unmask_text(data: &mut [u8], key: Key) -> Result<&str, Utf8Error> {
    match mask(data, key) {
        // SAFETY: ASCII is UTF-8.
        Seen::Ascii => Ok(unsafe { str::from_utf8_unchecked(data) }),
        Seen::Other => validate(data),
    }
}

/// Unmasks a whole text into memory of its own.
///
/// # Errors
///
/// How much of it is UTF-8.
#[inline]
pub fn unmask_text_to_owned(data: &[u8], key: Key) -> Result<Utf8Bytes, Utf8Error> {
    let mut bytes = Vec::with_capacity(data.len());
    if mask_append(&mut bytes, data, key) == Seen::Other {
        validate(&bytes)?;
    }
    // SAFETY: it is ASCII, which is UTF-8, or has just been validated.
    Ok(Utf8Bytes::from(unsafe { String::from_utf8_unchecked(bytes) }))
}

/// A text that comes piece by piece, of which each byte is validated once.
///
/// # Examples
///
/// ```
/// use longwave_scan::{Key, TextBuffer};
///
/// let mut text = TextBuffer::default();
/// text.append(b"caf\xC3", Key::default())?;
/// text.append(b"\xA9", Key::default())?;
/// assert_eq!(text.into_text()?, "café");
/// # Ok::<_, longwave_scan::Utf8Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct TextBuffer {
    bytes: Vec<u8>,
    /// How many of them are known to be UTF-8.
    valid: usize,
}

impl TextBuffer {
    /// Makes an empty one in memory that was used before.
    #[must_use]
    pub fn reusing(mut bytes: Vec<u8>) -> Self {
        bytes.clear();
        Self { bytes, valid: 0 }
    }

    /// Makes room for so many more bytes.
    pub fn reserve_exact(&mut self, additional: usize) {
        self.bytes.reserve_exact(additional);
    }

    /// Appends a piece and takes its mask off.
    ///
    /// # Errors
    ///
    /// How many bytes, of all there are, are UTF-8, as soon as one follows that cannot be.
    #[inline]
    pub fn append(&mut self, piece: &[u8], key: Key) -> Result<(), Utf8Error> {
        let known = self.valid == self.bytes.len();
        match mask_append(&mut self.bytes, piece, key) {
            Seen::Ascii if known => {
                self.valid = self.bytes.len();
                Ok(())
            }
            _ => self.look(),
        }
    }

    fn look(&mut self) -> Result<(), Utf8Error> {
        let new = &self.bytes[self.valid..];
        // A character that may be cut in two is looked at by itself: to find where a fault is takes twice as long.
        let (whole, begun) = new.split_at(new.len() - begun(new));
        let valid = self.valid;
        let impossible =
            |error: Utf8Error| Utf8Error { valid: valid + error.valid, fault: Fault::Impossible, ..error };
        self.valid += validate(whole).map_err(impossible)?.len();
        let valid = self.valid;
        match validate(begun) {
            Ok(_) => self.valid = self.bytes.len(),
            Err(error) if error.is_incomplete() => {}
            Err(error) => return Err(Utf8Error { valid: valid + error.valid, ..error }),
        }
        Ok(())
    }

    /// How many bytes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How much room there is without another allocation.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// The text, if its last character is complete.
    ///
    /// # Errors
    ///
    /// How much of it is UTF-8.
    pub fn as_text(&self) -> Result<&str, Utf8Error> {
        self.check()?;
        // SAFETY: `look` has validated up to `valid`, which is all of it, and nothing has been changed since.
        Ok(unsafe { str::from_utf8_unchecked(&self.bytes) })
    }

    /// Makes a text of it, if its last character is complete.
    ///
    /// # Errors
    ///
    /// How much of it is UTF-8.
    pub fn into_text(self) -> Result<Utf8Bytes, Utf8Error> {
        self.check()?;
        // SAFETY: as in `as_text`.
        Ok(Utf8Bytes::from(unsafe { String::from_utf8_unchecked(self.bytes) }))
    }

    /// The bytes, whether or not the last character is complete.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn check(&self) -> Result<(), Utf8Error> {
        if self.valid == self.bytes.len() {
            Ok(())
        } else {
            Err(Utf8Error {
                valid: self.valid,
                begun: self.bytes.len() - self.valid,
                fault: Fault::Incomplete,
            })
        }
    }
}

/// How many bytes at the end may be the beginning of a character.
fn begun(bytes: &[u8]) -> usize {
    let last = bytes.iter().rev().take(3).position(|&byte| byte >= 0xC0);
    last.map_or(0, |before| before + 1)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_string_if_and_only_if_it_is_utf8(pieces in vec(vec(0x7E_u8..=0xC5, 0..4), 0..6), key: [u8; 4]) {
            let whole = pieces.concat();
            let mut text = TextBuffer::default();
            let mut error = None;
            for piece in &pieces {
                let mut masked = piece.clone();
                mask(&mut masked, Key::new(key));
                error = error.or(text.append(&masked, Key::new(key)).err());
            }
            match (str::from_utf8(&whole), error) {
                (Ok(expected), None) => prop_assert_eq!(text.into_text().unwrap(), expected),
                (Ok(_), Some(error)) => prop_assert!(false, "{error}"),
                (Err(expected), Some(error)) => prop_assert_eq!(error.valid, expected.valid_up_to()),
                (Err(_), None) => prop_assert!(text.into_text().is_err()),
            }
        }
    }
}
