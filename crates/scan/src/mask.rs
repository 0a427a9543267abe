use alloc::vec::Vec;
use core::mem::MaybeUninit;

/// The key that a payload is masked with.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Key(u32);

/// Which bytes were seen on the way, after the key was applied.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Seen {
    /// Nothing but ASCII.
    Ascii,
    /// Something else too.
    Other,
}

impl Key {
    /// The key of these bytes.
    #[must_use]
    #[inline]
    pub const fn new(key: [u8; 4]) -> Self {
        Self(u32::from_ne_bytes(key))
    }

    /// The key as it applies to what comes after `len` more bytes.
    #[must_use]
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "it is less than four")]
    pub const fn after(self, len: usize) -> Self {
        let bits = 8 * (len % 4) as u32;
        Self(if cfg!(target_endian = "big") { self.0.rotate_left(bits) } else { self.0.rotate_right(bits) })
    }

    /// The bytes of the key.
    #[must_use]
    #[inline]
    pub const fn to_bytes(self) -> [u8; 4] {
        self.0.to_ne_bytes()
    }

    #[inline]
    const fn word(self) -> u64 {
        (self.0 as u64) << 32 | self.0 as u64
    }
}

/// Applies a key in place, to mask or to unmask, and tells what was seen.
///
/// # Examples
///
/// ```
/// use longwave_scan::{Key, Seen, mask};
///
/// let mut data = *b"hello";
/// assert_eq!(mask(&mut data, Key::new([1, 2, 3, 0x84])), Seen::Other);
/// assert_eq!(mask(&mut data, Key::new([1, 2, 3, 0x84])), Seen::Ascii);
/// assert_eq!(&data, b"hello");
/// ```
#[inline]
pub fn mask(data: &mut [u8], key: Key) -> Seen {
    Seen::of(if data.len() < MANY { mask_few(data, key) } else { mask_many(data, key) })
}

/// Applies a key to `data` on its way to the end of `out`, and tells what was seen.
///
/// # Examples
///
/// ```
/// use longwave_scan::{Key, Seen, mask_append};
///
/// let mut out = Vec::from(*b"> ");
/// assert_eq!(mask_append(&mut out, b"hello", Key::default()), Seen::Ascii);
/// assert_eq!(out, b"> hello");
/// ```
#[inline]
pub fn mask_append(out: &mut Vec<u8>, data: &[u8], key: Key) -> Seen {
    out.reserve(data.len());
    let len = out.len() + data.len();
    let place = &mut out.spare_capacity_mut()[..data.len()];
    let seen = if data.len() < MANY { copy_few(place, data, key) } else { copy_many(place, data, key) };
    // SAFETY: so many bytes were reserved, and each of them was written.
    unsafe { out.set_len(len) };
    Seen::of(seen)
}

/// In words, of which the last overlaps the one before: a loop over the bytes that are left would take longer.
#[inline]
fn mask_few(data: &mut [u8], key: Key) -> u64 {
    let len = data.len();
    let Some(end) = data.last_chunk::<8>() else { return mask_bytes(data, key) };
    let end = u64::from_ne_bytes(*end) ^ key.after(len).word();
    let seen = mask_words(data.as_chunks_mut().0, key);
    if let Some(place) = data.last_chunk_mut() {
        *place = end.to_ne_bytes();
    }
    seen | end
}

#[inline]
fn mask_bytes(data: &mut [u8], key: Key) -> u64 {
    let mut seen = 0;
    for (byte, key) in data.iter_mut().zip(key.to_bytes().into_iter().cycle()) {
        *byte ^= key;
        seen |= u64::from(*byte);
    }
    seen
}

#[expect(clippy::inline_always, reason = "compiled for what the caller may use")]
#[inline(always)]
fn mask_words(words: &mut [[u8; 8]], key: Key) -> u64 {
    let (mut seen, key) = (0, key.word());
    for word in words {
        let masked = u64::from_ne_bytes(*word) ^ key;
        *word = masked.to_ne_bytes();
        seen |= masked;
    }
    seen
}

/// Kept apart so that what a vector unit wants for the many does not delay the few.
#[inline(never)]
fn mask_many(data: &mut [u8], key: Key) -> u64 {
    let (head, data) = data.split_at_mut(data.as_ptr().align_offset(32).min(data.len()));
    let head_seen = mask_few(head, key);
    let key = key.after(head.len());
    let (words, rest) = data.as_chunks_mut();
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    if std::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has been found to have AVX2.
        return head_seen | unsafe { mask_words_avx2(words, key) } | mask_bytes(rest, key);
    }
    head_seen | mask_words(words, key) | mask_bytes(rest, key)
}

#[cfg(all(feature = "std", target_arch = "x86_64"))]
#[target_feature(enable = "avx2")]
fn mask_words_avx2(words: &mut [[u8; 8]], key: Key) -> u64 {
    mask_words(words, key)
}

/// As [`mask_few`]. Like its siblings it writes every byte of `out`, which is as long as `data`.
#[inline]
fn copy_few(out: &mut [MaybeUninit<u8>], data: &[u8], key: Key) -> u64 {
    assert_eq!(out.len(), data.len());
    let (Some(end), Some(place)) = (data.last_chunk(), out.last_chunk_mut()) else {
        return copy_bytes(out, data, key);
    };
    let end = u64::from_ne_bytes(*end) ^ key.after(data.len()).word();
    *place = end.to_ne_bytes().map(MaybeUninit::new);
    end | copy_words(out.as_chunks_mut().0, data.as_chunks().0, key)
}

#[inline]
fn copy_bytes(out: &mut [MaybeUninit<u8>], data: &[u8], key: Key) -> u64 {
    assert_eq!(out.len(), data.len());
    let mut seen = 0;
    for ((place, byte), key) in out.iter_mut().zip(data).zip(key.to_bytes().into_iter().cycle()) {
        let masked = byte ^ key;
        seen |= u64::from(masked);
        place.write(masked);
    }
    seen
}

#[expect(clippy::inline_always, reason = "as `mask_words`")]
#[inline(always)]
fn copy_words(out: &mut [[MaybeUninit<u8>; 8]], words: &[[u8; 8]], key: Key) -> u64 {
    assert_eq!(out.len(), words.len());
    let (mut seen, key) = (0, key.word());
    for (place, word) in out.iter_mut().zip(words) {
        let masked = u64::from_ne_bytes(*word) ^ key;
        seen |= masked;
        *place = masked.to_ne_bytes().map(MaybeUninit::new);
    }
    seen
}

#[inline(never)]
fn copy_many(out: &mut [MaybeUninit<u8>], data: &[u8], key: Key) -> u64 {
    assert_eq!(out.len(), data.len());
    let (words, rest) = data.as_chunks();
    let (places, places_rest) = out.as_chunks_mut();
    let rest = copy_bytes(places_rest, rest, key);
    #[cfg(all(feature = "std", target_arch = "x86_64"))]
    if std::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has been found to have AVX2.
        return rest | unsafe { copy_words_avx2(places, words, key) };
    }
    rest | copy_words(places, words, key)
}

#[cfg(all(feature = "std", target_arch = "x86_64"))]
#[target_feature(enable = "avx2")]
fn copy_words_avx2(out: &mut [[MaybeUninit<u8>; 8]], words: &[[u8; 8]], key: Key) -> u64 {
    copy_words(out, words, key)
}

impl Seen {
    const fn of(bits: u64) -> Self {
        if bits & 0x8080_8080_8080_8080 == 0 { Self::Ascii } else { Self::Other }
    }
}

/// Fewer bytes than these are not worth a call.
const MANY: usize = 128;

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn it_is_what_the_standard_says(data in vec(any::<u8>(), 0..400), key: [u8; 4], start in 0_usize..9) {
            let slow: Vec<u8> = data.iter().zip(start..).map(|(byte, i)| byte ^ key[i % 4]).collect();
            let key = Key::new(key).after(start);
            let expected = if slow.is_ascii() { Seen::Ascii } else { Seen::Other };
            let mut appended = Vec::from(*b"before");
            prop_assert_eq!(mask_append(&mut appended, &data, key), expected);
            prop_assert_eq!(&appended[6..], &slow);
            let mut in_place = data;
            prop_assert_eq!(mask(&mut in_place, key), expected);
            prop_assert_eq!(in_place, slow);
        }
    }
}
