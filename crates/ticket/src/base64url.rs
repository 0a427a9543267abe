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
    // Looked at once, at the end: what is no character has a bit that no value has.
    let mut seen = 0;
    let (groups, last) = text.as_chunks::<4>();
    let (bytes, rest) = out.as_chunks_mut::<3>();
    for (group, bytes) in groups.iter().zip(bytes) {
        let value = value(group);
        seen |= value;
        let [_, group @ ..] = value.to_be_bytes();
        *bytes = group;
    }
    let value = value(last);
    seen |= value;
    let [_, first, second, third] = value.to_be_bytes();
    let left_over = match rest {
        [] => 0,
        [one] => {
            *one = first;
            second
        }
        [one, other] => {
            [*one, *other] = [first, second];
            third
        }
        _ => return None,
    };
    (seen & NO_CHARACTER == 0 && left_over == 0).then_some(())
}

/// What up to four characters stand for, in the lower three bytes.
fn value(characters: &[u8]) -> u32 {
    let values = characters.iter().zip(&VALUES);
    values.fold(0, |value, (character, values)| value | values[usize::from(*character)])
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A bit that no value has.
const NO_CHARACTER: u32 = 1 << 31;

/// What each character stands for, in each of the four places.
static VALUES: [[u32; 256]; 4] = {
    let mut values = [[NO_CHARACTER; 256]; 4];
    let mut place = 0;
    while place < 4 {
        let mut value = 0;
        while value < ALPHABET.len() {
            values[place][ALPHABET[value] as usize] = (value as u32) << (18 - 6 * place);
            value += 1;
        }
        place += 1;
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
