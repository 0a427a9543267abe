use longwave_ws::deflate::{InflateError, InflateLimits, Inflater, Settings, Status};

use super::MOST;
use crate::chunking;

/// What messages became: all output of each, and the error of the last.
type Outcome = (Vec<Vec<u8>>, Option<InflateError>);

/// How messages are fed to an [`Inflater`], which must make no difference.
#[derive(Clone, Copy, Debug)]
struct Feeding<'c> {
    cut: fn(&'c [u8], &'c [u8]) -> Vec<&'c [u8]>,
    cuts: &'c [u8],
    /// The most bytes that come out at a time.
    max: usize,
    /// Gives the context away after each message.
    park: bool,
}

/// Any bytes are inflated, or fail, alike however they are cut, within the limits.
///
/// - `number`: which limits, and whether there is context takeover.
///
/// # Panics
///
/// If they are not.
pub fn inflates_alike(number: u8, payload: &[u8], cuts: &[u8]) {
    let takeover = number.is_multiple_of(2);
    let message = [0, 1, 40, 255, 256, 257, 1000, MOST][usize::from(number >> 1) % 8];
    let limits = InflateLimits::new().message(message);
    let whole = Feeding { cut: |payload, _| vec![payload], cuts, max: usize::MAX, park: false };
    let expected = inflate(takeover, limits, message, payload, whole);
    for feeding in feedings(cuts, message) {
        assert_eq!(inflate(takeover, limits, message, payload, feeding), expected, "{feeding:?}");
    }
    // The ratio is looked at after each piece, so that pieces do make a difference, though not to what came before.
    let strict = limits.ratio([0, 1, 3, 20][usize::from(number >> 4) % 4], usize::from(number >> 6) * 100);
    for feeding in feedings(cuts, message).into_iter().chain([whole]) {
        let (messages, error) = inflate(takeover, strict, message, payload, feeding);
        if matches!(error, Some(InflateError::Ratio { .. })) {
            let begins = messages.iter().zip(&expected.0).all(|(some, all)| all.starts_with(some));
            assert!(begins && messages.len() <= expected.0.len(), "{feeding:?}");
        } else {
            assert_eq!((messages, error), expected, "{feeding:?}");
        }
    }
}

/// Ways to feed that are not the plain one, with few bytes at a time if that does not take forever.
fn feedings(cuts: &[u8], message: usize) -> [Feeding<'_>; 4] {
    let few = if message > 300 { 97 } else { 1 };
    let with_gaps = |payload, cuts| chunking::with_gaps(&chunking::by_sizes(payload, cuts));
    let byte_by_byte = |payload, _| chunking::byte_by_byte(payload);
    [
        Feeding { cut: with_gaps, cuts, max: usize::MAX, park: false },
        Feeding { cut: byte_by_byte, cuts, max: usize::MAX, park: true },
        Feeding { cut: byte_by_byte, cuts, max: few, park: false },
        Feeding { cut: chunking::by_repeated_sizes, cuts, max: 300, park: true },
    ]
}

/// Inflates the payload as a message, and as another that may refer to the first.
fn inflate<'c>(
    takeover: bool,
    limits: InflateLimits,
    limit: usize,
    payload: &'c [u8],
    feeding: Feeding<'c>,
) -> Outcome {
    let settings = if takeover { Settings::new() } else { Settings::new().peer_no_context_takeover() };
    let agreed = settings.negotiate([("permessage-deflate", [])]).expect("the offer is acceptable").0;
    let mut inflater = Inflater::new(&agreed).limits(limits);
    let mut messages = Vec::new();
    for _ in 0..2 {
        let pieces = (feeding.cut)(payload, feeding.cuts);
        let (message, error) = take(&mut inflater, &pieces, feeding.max, limit);
        messages.push(message);
        if let Some(error) = error {
            // There is no way back.
            let (more, again) = take(&mut inflater, &[b"\0"], 9, limit);
            assert_eq!((more.len(), again), (0, Some(error)));
            return (messages, Some(error));
        }
        if feeding.park {
            inflater.park();
        }
    }
    (messages, None)
}

/// Inflates a message, at most `max` bytes at a time, in memory that is bounded by the limit and by what comes.
pub(super) fn take(
    inflater: &mut Inflater,
    pieces: &[&[u8]],
    max: usize,
    limit: usize,
) -> (Vec<u8>, Option<InflateError>) {
    let mut out = Vec::new();
    let longest = pieces.iter().map(|piece| piece.len()).max().unwrap_or(0);
    let mut run = || {
        for &piece in pieces {
            let mut rest = piece;
            loop {
                let len = out.len();
                let status = inflater.decompress(&mut rest, &mut out, max);
                assert!(out.len() - len <= max);
                let bound = (4 * out.len() + 8 * longest + 512).min(limit + 1);
                assert!(out.capacity() <= bound, "{} of {bound}", out.capacity());
                match status? {
                    Status::More => assert_eq!(out.len() - len, max),
                    Status::Done => break,
                }
            }
            assert!(rest.is_empty(), "all was taken");
        }
        while inflater.finish(&mut out, max)? == Status::More {}
        Ok(())
    };
    let error = run().err();
    (out, error)
}
