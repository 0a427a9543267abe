//! How the fuzz targets read their arguments out of a fuzzer's bytes.
//!
//! The layout is simple on purpose, so that a saved input can be read, and written, by hand:
//! `variant`, `number of cuts` (modulo 32), the cuts, and then the stream as it is.

use std::time::Duration;

use longwave_sse::{Overflow, Utf8Policy};

use super::{
    check,
    drive::{Settings, unlimited},
    parts::Parts,
};

/// The cuts and what is left for the stream; `None` if there is not enough for both.
fn arguments(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[variant, cuts], rest) = bytes.split_first_chunk()?;
    let (cuts, stream) = rest.split_at_checked(usize::from(cuts % 32))?;
    Some((variant, cuts, stream))
}

/// Settings with limits that a short input can reach, one setting for each number.
#[must_use]
pub fn settings(variant: u8) -> Settings {
    let max = usize::from(variant >> 5) * 2;
    let limits = match (variant >> 2) % 8 {
        0 => unlimited(),
        1 => unlimited().line(max),
        2 => unlimited().event(max),
        3 => unlimited().id(max),
        4 => unlimited().data_lines(max),
        5 => unlimited().comment(max),
        6 => unlimited().line(max + 8).event(max + 3).id(2).data_lines(2).comment(3),
        _ => unlimited().line(9).event(8).id(max).comment(0),
    };
    Settings {
        limits,
        comments: true,
        overflow: if variant & 1 == 0 { Overflow::Fail } else { Overflow::Skip },
        utf8: if variant & 2 == 0 { Utf8Policy::Replace } else { Utf8Policy::Strict },
    }
}

/// The body of the target `sse_decode`.
///
/// # Panics
///
/// If a property of the decoder does not hold.
pub fn decode(bytes: &[u8]) {
    if let Some((variant, cuts, stream)) = arguments(bytes) {
        check::decode_matches_oracle(stream, cuts);
        check::cuts_are_invisible(stream, cuts, &settings(variant));
    }
}

/// The body of the target `sse_boundary`.
///
/// # Panics
///
/// If a property of the boundary finder does not hold.
pub fn boundary(bytes: &[u8]) {
    if let Some((_, cuts, stream)) = arguments(bytes) {
        check::boundary_matches_oracle(stream, cuts);
    }
}

/// The body of the target `sse_round_trip`.
///
/// # Panics
///
/// If a property of the encoder does not hold.
pub fn round_trip(bytes: &[u8]) {
    if let Some((_, cuts, script)) = arguments(bytes) {
        check::round_trip(&script_of_parts(script), cuts);
    }
}

/// Reads builder calls: which one, how long its argument is, the argument.
fn script_of_parts(mut script: &[u8]) -> Vec<Parts> {
    let mut events = vec![Parts::default()];
    while let Some((&[call, len], rest)) = script.split_first_chunk() {
        let (argument, tail) = rest.split_at(usize::from(len).min(rest.len()));
        script = tail;
        let parts = events.last_mut().expect("there is one from the start");
        let text = String::from_utf8_lossy(argument).into_owned();
        match call % 6 {
            0 => parts.data.push(text),
            1 => parts.comments.push(text),
            2 => parts.id = Some(text),
            3 => parts.event_type = Some(text),
            4 => parts.retry = Some(delay(argument)),
            _ => events.push(Parts::default()),
        }
    }
    events
}

/// Any duration: seconds from the first bytes, so that numbers beyond 64 bits of milliseconds come up.
fn delay(argument: &[u8]) -> Duration {
    let number = argument.iter().take(8).fold(0_u64, |number, &byte| (number << 8) | u64::from(byte));
    if argument.len() > 8 { Duration::new(number, 999_999_999) } else { Duration::from_micros(number) }
}
