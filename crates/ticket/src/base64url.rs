//! Base64url as tickets have it: no padding, and one spelling for each sequence of bytes.

/// How many characters `len` bytes take.
pub(crate) const fn encoded_len(len: usize) -> usize {
    (len * 4).div_ceil(3)
}

/// How many bytes `len` characters stand for; `None` if there is no such number of characters.
pub(crate) const fn decoded_len(len: usize) -> Option<usize> {
    // 3, and not 3 / 4 at the end: `len` is bounded by what is in memory.
    if len % 4 == 1 { None } else { Some(len / 4 * 3 + (len % 4) * 3 / 4) }
}

/// Appends `bytes` to `text`.
pub(crate) fn encode(bytes: &[u8], text: &mut String) {
    text.reserve(encoded_len(bytes.len()));
    let mut push = |value: u32, shift: u32| {
        text.push(char::from(ALPHABET[(value >> shift & 63) as usize]));
    };
    for group in bytes.chunks(3) {
        let byte = |index: usize| group.get(index).copied().map_or(0, u32::from);
        let value = byte(0) << 16 | byte(1) << 8 | byte(2);
        for shift in [18, 12, 6, 0].into_iter().take(group.len() + 1) {
            push(value, shift);
        }
    }
}

/// Fills `out` with what `text` stands for.
///
/// `None` for characters outside of the alphabet, padding, bits that are left over and not zero, and if `out` has not
/// exactly the [length](decoded_len).
pub(crate) fn decode(text: &[u8], out: &mut [u8]) -> Option<()> {
    if decoded_len(text.len()) != Some(out.len()) {
        return None;
    }
    let value = |char: u8| VALUES[usize::from(char)];
    // Looked at once, at the end: what is no character has bits that no value has.
    let mut seen = 0_u8;
    let (groups, last) = text.as_chunks::<4>();
    let (bytes, rest) = out.as_chunks_mut::<3>();
    for (group, bytes) in groups.iter().zip(bytes) {
        let [a, b, c, d] = group.map(value);
        seen |= a | b | c | d;
        *bytes = [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d];
    }
    let left_over = match (last, rest) {
        ([], []) => 0,
        (&[a, b], [first]) => {
            let [a, b] = [a, b].map(value);
            seen |= a | b;
            *first = a << 2 | b >> 4;
            b & 0x0f
        }
        (&[a, b, c], [first, second]) => {
            let [a, b, c] = [a, b, c].map(value);
            seen |= a | b | c;
            [*first, *second] = [a << 2 | b >> 4, b << 4 | c >> 2];
            c & 0x03
        }
        _ => return None,
    };
    (seen & NO_CHARACTER == 0 && left_over == 0).then_some(())
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A bit that no value has.
const NO_CHARACTER: u8 = 0x80;

/// What each character stands for.
const VALUES: [u8; 256] = {
    let mut values = [NO_CHARACTER; 256];
    let mut value = 0;
    while value < ALPHABET.len() {
        values[ALPHABET[value] as usize] = value as u8;
        value += 1;
    }
    values
};

#[cfg(test)]
mod tests {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn decoded(text: &[u8]) -> Option<Vec<u8>> {
        let mut out = vec![0; decoded_len(text.len())?];
        decode(text, &mut out).map(|()| out)
    }

    #[test]
    fn every_end_of_a_text_is_judged_as_by_the_base64_crate() {
        for (first, second) in
            (0..=u8::MAX).flat_map(|first| (0..=u8::MAX).map(move |second| (first, second)))
        {
            for text in [&[first, second][..], &[b'A', first, second], &[b'B', b'7', first, second]] {
                assert_eq!(decoded(text), BASE64_URL_SAFE_NO_PAD.decode(text).ok(), "{text:?}");
            }
        }
        assert_eq!([decoded(b"A"), decoded(b"AAAAA")], [None, None]);
    }

    #[test]
    fn a_wrong_length_is_refused() {
        assert_eq!(decode(b"AAAA", &mut [0; 4]), None);
        assert_eq!(decode(b"AAAA", &mut [0; 2]), None);
    }

    proptest! {
        #[test]
        fn the_base64_crate_agrees(bytes in vec(any::<u8>(), 0..100), text in "[-_A-Za-z0-9+/=. ]{0,12}") {
            let mut encoded = String::new();
            encode(&bytes, &mut encoded);
            prop_assert_eq!(&encoded, &BASE64_URL_SAFE_NO_PAD.encode(&bytes));
            prop_assert_eq!(encoded.len(), encoded_len(bytes.len()));
            prop_assert_eq!(decoded(encoded.as_bytes()), Some(bytes));
            prop_assert_eq!(decoded(text.as_bytes()), BASE64_URL_SAFE_NO_PAD.decode(&text).ok());
        }
    }
}
