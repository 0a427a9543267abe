//! The UTF-8 decoder of the Encoding Standard, step by step.
//!
//! The names of the variables and the order of the tests are the standard's, so that the two can be
//! laid side by side: <https://encoding.spec.whatwg.org/#utf-8-decoder>.

/// Decodes `bytes` with replacement: each maximal ill-formed part becomes one U+FFFD.
///
/// A byte order mark is not removed.
#[must_use]
pub fn decode(bytes: &[u8]) -> Vec<char> {
    let mut decoder = Decoder::new();
    let mut output = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match decoder.handle(byte) {
            Step::Continue => at += 1,
            Step::CodePoint(code_point) => {
                // The bounds let only scalar values through.
                output.extend(char::from_u32(code_point));
                at += 1;
            }
            Step::Error => {
                output.push(char::REPLACEMENT_CHARACTER);
                at += 1;
            }
            // "Restore byte to ioQueue": the same byte is handled again, from the initial state.
            Step::ErrorAndRestore => output.push(char::REPLACEMENT_CHARACTER),
        }
    }
    if decoder.bytes_needed != 0 {
        output.push(char::REPLACEMENT_CHARACTER);
    }
    output
}

/// Returns the offset of the first byte of the first ill-formed part, if there is one.
///
/// A sequence that `bytes` cuts off at its end is ill-formed too.
#[must_use]
pub fn first_error(bytes: &[u8]) -> Option<usize> {
    let mut decoder = Decoder::new();
    let mut start = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if decoder.bytes_needed == 0 {
            start = at;
        }
        match decoder.handle(byte) {
            Step::Error | Step::ErrorAndRestore => return Some(start),
            Step::Continue | Step::CodePoint(_) => {}
        }
    }
    (decoder.bytes_needed != 0).then_some(start)
}

/// What the handler returns for one byte.
enum Step {
    Continue,
    CodePoint(u32),
    Error,
    ErrorAndRestore,
}

/// The state that the standard associates with the decoder.
struct Decoder {
    code_point: u32,
    bytes_seen: u8,
    bytes_needed: u8,
    lower_boundary: u8,
    upper_boundary: u8,
}

impl Decoder {
    const fn new() -> Self {
        Self { code_point: 0, bytes_seen: 0, bytes_needed: 0, lower_boundary: 0x80, upper_boundary: 0xBF }
    }

    /// Runs the handler's steps 3 to 9 for one byte.
    fn handle(&mut self, byte: u8) -> Step {
        if self.bytes_needed == 0 {
            match byte {
                0x00..=0x7F => return Step::CodePoint(u32::from(byte)),
                0xC2..=0xDF => {
                    self.bytes_needed = 1;
                    self.code_point = u32::from(byte & 0x1F);
                }
                0xE0..=0xEF => {
                    if byte == 0xE0 {
                        self.lower_boundary = 0xA0;
                    }
                    if byte == 0xED {
                        self.upper_boundary = 0x9F;
                    }
                    self.bytes_needed = 2;
                    self.code_point = u32::from(byte & 0x0F);
                }
                0xF0..=0xF4 => {
                    if byte == 0xF0 {
                        self.lower_boundary = 0x90;
                    }
                    if byte == 0xF4 {
                        self.upper_boundary = 0x8F;
                    }
                    self.bytes_needed = 3;
                    self.code_point = u32::from(byte & 0x07);
                }
                _ => return Step::Error,
            }
            return Step::Continue;
        }
        if byte < self.lower_boundary || byte > self.upper_boundary {
            *self = Self::new();
            return Step::ErrorAndRestore;
        }
        self.lower_boundary = 0x80;
        self.upper_boundary = 0xBF;
        self.code_point = (self.code_point << 6) | u32::from(byte & 0x3F);
        self.bytes_seen += 1;
        if self.bytes_seen != self.bytes_needed {
            return Step::Continue;
        }
        let code_point = self.code_point;
        *self = Self::new();
        Step::CodePoint(code_point)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The standard library follows the same rule, so it may check the decoder here, where nothing
    /// of the code under test can hide behind it.
    fn agrees_with_std(bytes: &[u8]) {
        assert_eq!(decode(bytes).iter().collect::<String>(), String::from_utf8_lossy(bytes), "{bytes:x?}");
        let std_error = std::str::from_utf8(bytes).err().map(|error| error.valid_up_to());
        assert_eq!(first_error(bytes), std_error, "{bytes:x?}");
    }

    #[test]
    fn every_two_bytes_decode_as_the_standard_says() {
        for first in 0..=u8::MAX {
            for second in 0..=u8::MAX {
                agrees_with_std(&[first, second]);
            }
        }
    }

    #[test]
    fn every_interesting_four_bytes_decode_as_the_standard_says() {
        const BYTES: [u8; 22] = [
            0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0, 0xE1, 0xED,
            0xEF, 0xF0, 0xF1, 0xF4, 0xF5, 0xFF,
        ];
        for a in BYTES {
            for b in BYTES {
                for c in BYTES {
                    for d in BYTES {
                        agrees_with_std(&[a, b, c, d]);
                    }
                }
            }
        }
    }
}
