//! Ways to cut an input into reads.
//!
//! A decoder must not see where the network cut its input. Every strategy here yields pieces that
//! concatenate to exactly the input; some of them contain empty pieces, as a body may.

use std::iter;

/// Cuts nothing: the input is one piece.
#[must_use]
pub fn whole(input: &[u8]) -> Vec<&[u8]> {
    vec![input]
}

/// Cuts after every byte.
#[must_use]
pub fn byte_by_byte(input: &[u8]) -> Vec<&[u8]> {
    input.chunks(1).collect()
}

/// Cuts once, at every possible place, both ends included.
pub fn every_two(input: &[u8]) -> impl Iterator<Item = Vec<&[u8]>> {
    (0..=input.len()).map(move |cut| {
        let (head, tail) = input.split_at(cut);
        vec![head, tail]
    })
}

/// Cuts twice, at every possible pair of places.
///
/// That is quadratic in the length of the input: meant for vectors, not for megabytes.
pub fn every_three(input: &[u8]) -> impl Iterator<Item = Vec<&[u8]>> {
    (0..=input.len()).flat_map(move |first| {
        let (head, rest) = input.split_at(first);
        (0..=rest.len()).map(move |second| {
            let (middle, tail) = rest.split_at(second);
            vec![head, middle, tail]
        })
    })
}

/// Cuts by a list of sizes in bytes, from the front; what the sizes do not reach is one last piece.
///
/// - `sizes`: any bytes, as a fuzzer or a property test makes them up. A zero is an empty piece.
#[must_use]
pub fn by_sizes<'i>(input: &'i [u8], sizes: &[u8]) -> Vec<&'i [u8]> {
    let mut rest = input;
    let mut pieces = Vec::with_capacity(sizes.len() + 1);
    for &size in sizes {
        let (piece, tail) = rest.split_at(usize::from(size).min(rest.len()));
        pieces.push(piece);
        rest = tail;
    }
    pieces.push(rest);
    pieces
}

/// Cuts by a list of sizes in bytes that is repeated until the input is used up.
///
/// A list without any size above zero does not cut at all.
#[must_use]
pub fn by_repeated_sizes<'i>(input: &'i [u8], sizes: &[u8]) -> Vec<&'i [u8]> {
    if sizes.iter().all(|&size| size == 0) {
        return whole(input);
    }
    let mut rest = input;
    let mut pieces = Vec::new();
    for &size in sizes.iter().cycle() {
        if rest.is_empty() {
            break;
        }
        let (piece, tail) = rest.split_at(usize::from(size).min(rest.len()));
        pieces.push(piece);
        rest = tail;
    }
    pieces
}

/// Puts an empty piece before, between and after the given ones.
#[must_use]
pub fn with_gaps<'i>(pieces: &[&'i [u8]]) -> Vec<&'i [u8]> {
    let gap: &[u8] = &[];
    iter::once(gap).chain(pieces.iter().flat_map(|piece| [*piece, gap])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const INPUT: &[u8] = b"data: x\r\n\r\n";

    #[test]
    fn every_strategy_keeps_every_byte() {
        let mut all = vec![whole(INPUT), byte_by_byte(INPUT), by_sizes(INPUT, &[0, 3, 200])];
        all.push(by_repeated_sizes(INPUT, &[0, 1, 2]));
        all.push(by_repeated_sizes(INPUT, &[0, 0]));
        all.extend(every_two(INPUT));
        all.extend(every_three(INPUT));
        for pieces in all {
            assert_eq!(pieces.concat(), INPUT);
            assert_eq!(with_gaps(&pieces).concat(), INPUT);
        }
    }

    #[test]
    fn all_cuts_are_there() {
        let len = INPUT.len() + 1;
        assert_eq!(every_two(INPUT).count(), len);
        assert_eq!(every_three(INPUT).count(), len * (len + 1) / 2);
    }
}
