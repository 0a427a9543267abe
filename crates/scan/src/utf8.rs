use core::{error::Error, fmt, str};

/// Bytes that are no UTF-8 (RFC 3629).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Utf8Error {
    /// How many bytes are well-formed before those that cannot go on.
    pub valid: usize,
    /// How many bytes of a character follow them.
    pub(crate) begun: usize,
    /// Whether what follows is impossible, or merely not complete.
    pub(crate) fault: Fault,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Fault {
    Impossible,
    Incomplete,
}

/// Takes bytes for a string if they are UTF-8.
///
/// # Errors
///
/// How much of it is well-formed, and whether more bytes could make the rest so.
#[inline]
pub fn validate(bytes: &[u8]) -> Result<&str, Utf8Error> {
    #[cfg(feature = "simdutf8")]
    if bytes.len() >= WORTH_IT {
        // Only to find where a fault is takes the one that is slower.
        if let Ok(text) = simdutf8::basic::from_utf8(bytes) {
            return Ok(text);
        }
        return simdutf8::compat::from_utf8(bytes)
            .map_err(|error| Utf8Error::new(bytes, error.valid_up_to(), error.error_len()));
    }
    str::from_utf8(bytes).map_err(|error| Utf8Error::new(bytes, error.valid_up_to(), error.error_len()))
}

/// Looks at bytes that come piece by piece, and keeps no more than the character that is not complete.
///
/// # Examples
///
/// ```
/// use longwave_scan::Validator;
///
/// let mut validator = Validator::default();
/// assert!(validator.push(b"caf\xC3").is_ok());
/// assert!(!validator.is_complete());
/// assert!(validator.push(b"\xA9").is_ok());
/// assert!(validator.is_complete());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Validator {
    character: [u8; 4],
    len: usize,
}

impl Validator {
    /// Takes the next piece.
    ///
    /// # Errors
    ///
    /// How many bytes of this piece were possible, as soon as one is not.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), Utf8Error> {
        let mut taken = 0;
        while self.len > 0 {
            let Some((&next, rest)) = bytes.split_first() else { return Ok(()) };
            self.character[self.len] = next;
            self.len += 1;
            match validate(&self.character[..self.len]) {
                Ok(_) => self.len = 0,
                Err(error) if error.fault == Fault::Incomplete => {}
                Err(_) => return Err(Utf8Error { valid: taken, begun: 0, fault: Fault::Impossible }),
            }
            (bytes, taken) = (rest, taken + 1);
        }
        let Err(error) = validate(bytes) else { return Ok(()) };
        if error.fault == Fault::Impossible {
            return Err(Utf8Error { valid: taken + error.at(), begun: 0, ..error });
        }
        let begun = &bytes[error.valid..];
        self.character[..begun.len()].copy_from_slice(begun);
        self.len = begun.len();
        Ok(())
    }

    /// Whether no character is half there.
    #[must_use]
    pub const fn is_complete(&self) -> bool {
        self.len == 0
    }
}

impl Utf8Error {
    /// - `len`: of the fault, which has none if more bytes could mend it.
    fn new(bytes: &[u8], valid: usize, len: Option<usize>) -> Self {
        let rest = &bytes[valid..];
        match len {
            None => Self { valid, begun: rest.len(), fault: Fault::Incomplete },
            // A byte that can begin a character is not to blame, but the one that it cannot be followed by.
            Some(len) => {
                let begun = if matches!(rest.first(), Some(0xC2..=0xF4)) { len } else { 0 };
                Self { valid, begun, fault: Fault::Impossible }
            }
        }
    }

    /// Where the byte is that is impossible, or, if nothing but more bytes is wanting, where those would be.
    #[must_use]
    pub const fn at(&self) -> usize {
        self.valid + self.begun
    }

    /// Whether more bytes could make it well-formed.
    #[must_use]
    pub const fn is_incomplete(&self) -> bool {
        matches!(self.fault, Fault::Incomplete)
    }
}

impl fmt::Display for Utf8Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no UTF-8 after {} bytes", self.valid)
    }
}

impl Error for Utf8Error {}

/// Shorter text is validated as fast without.
#[cfg(feature = "simdutf8")]
const WORTH_IT: usize = 64;

#[cfg(test)]
mod tests {
    use alloc::{string::String, vec::Vec};

    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        /// Characters and bytes that are none, cut anywhere.
        #[test]
        fn cuts_change_nothing(parts in vec(part(), 0..20), cuts in vec(1_usize..7, 1..40)) {
            let bytes = parts.concat();
            let whole = str::from_utf8(&bytes).map(drop).map_err(|error| (error.valid_up_to(), error.error_len()));
            let (mut validator, mut rest, mut at) = (Validator::default(), &bytes[..], 0);
            let mut found = None;
            for cut in cuts.iter().cycle() {
                if rest.is_empty() || found.is_some() {
                    break;
                }
                let (piece, later) = rest.split_at(rest.len().min(*cut));
                found = validator.push(piece).err().map(|error| at + error.valid);
                (rest, at) = (later, at + piece.len());
            }
            match whole {
                Ok(()) => prop_assert!(found.is_none() && validator.is_complete()),
                Err((_, None)) => prop_assert!(found.is_none() && !validator.is_complete()),
                Err((valid, Some(_))) => {
                    // The first byte with which it shows.
                    let shows = |at: &usize| str::from_utf8(&bytes[..=*at]).is_err_and(|error| error.error_len().is_some());
                    prop_assert_eq!(found, (valid..bytes.len()).find(shows));
                    prop_assert_eq!(validate(&bytes).unwrap_err().at(), found.unwrap());
                }
            }
        }
    }

    fn part() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            8 => any::<char>().prop_map(|c| c.encode_utf8(&mut [0; 4]).as_bytes().to_vec()),
            4 => "[ -~]{0,80}".prop_map(String::into_bytes),
            1 => vec(any::<u8>(), 0..3),
        ]
    }
}
