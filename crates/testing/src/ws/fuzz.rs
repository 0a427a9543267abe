//! How the fuzz targets read their arguments out of a fuzzer's bytes.
//!
//! The layout is simple on purpose, so that a saved input can be read, and written, by hand:
//! `variant`, `number of cuts` (modulo 32), the cuts, and then the stream, or what makes one.

use http::{HeaderName, Uri};
use longwave_ws::Role;

use super::{
    check, deflate,
    handshake::{self, FIELDS, Onto},
    oracle::Terms,
    script::Script,
};

/// The cuts and what is left; `None` if there is not enough for both.
fn arguments(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[variant, cuts], rest) = bytes.split_first_chunk()?;
    let (cuts, stream) = rest.split_at_checked(usize::from(cuts % 32))?;
    Some((variant, cuts, stream))
}

/// Terms with limits that a short input can reach, one for each number.
#[must_use]
pub fn terms(variant: u8) -> Terms {
    let terms = check::unlimited(role(variant));
    let max = usize::from(variant >> 4) * 3;
    match (variant >> 1) % 8 {
        0 | 1 => terms,
        2 => Terms { frame: max, ..terms },
        3 => Terms { message: max, ..terms },
        4 => Terms { fragments: u32::from(variant >> 4), ..terms },
        5 => Terms { control_frames: u32::from(variant >> 4), ..terms },
        6 => Terms { frame: 8, message: max, fragments: 3, control_frames: 2, ..terms },
        _ => Terms { frame: 64, message: 126 + max, fragments: 4, control_frames: 4, ..terms },
    }
}

fn role(variant: u8) -> Role {
    if variant.is_multiple_of(2) { Role::Client } else { Role::Server }
}

/// The body of the target `ws_frame`: a stream as it is.
///
/// # Panics
///
/// If a property of the frame decoder does not hold.
pub fn frame(bytes: &[u8]) {
    if let Some((_, cuts, stream)) = arguments(bytes) {
        check::frames_match_oracle(stream, cuts);
    }
}

/// The body of the target `ws_message`: a stream as it is.
///
/// # Panics
///
/// If a property of the message decoder or of a connection does not hold.
pub fn message(bytes: &[u8]) {
    if let Some((variant, cuts, stream)) = arguments(bytes) {
        let terms = terms(variant);
        check::decode_matches_oracle(&terms, stream, cuts);
        check::answers_are_right(&terms, stream, cuts);
    }
}

/// The body of the target `ws_script`: how often the stream is spoilt (modulo 8), how, and what makes the stream.
///
/// # Panics
///
/// If a property of the codec does not hold.
pub fn script(bytes: &[u8]) {
    let Some((variant, cuts, rest)) = arguments(bytes) else { return };
    let Some((&times, rest)) = rest.split_first() else { return };
    let Some((spoil, rest)) = rest.split_at_checked(usize::from(times % 8) * 3) else { return };
    let mut script = Script::read(role(variant), rest);
    if script.wire().len() > LONGEST {
        return;
    }
    if spoil.is_empty() {
        check::script_is_understood(&script, cuts);
        // Not too many of them.
        let longest = script.frames.iter().map(|frame| frame.payload.len()).max().unwrap_or(0);
        let fragment = 1 + usize::from(variant) + longest / 64;
        let from = role(variant ^ 1);
        check::round_trip(&script.messages, from, fragment, cuts);
        check::connections_talk(&script, fragment, cuts);
        return;
    }
    script.spoil(spoil);
    let wire = script.wire();
    check::decode_matches_oracle(&terms(variant), &wire, cuts);
    check::answers_are_right(&terms(variant), &wire, cuts);
    check::frames_match_oracle(&wire, cuts);
}

/// The body of the target `ws_deflate`: by the variant (modulo 4) a payload as it is, after a byte that says which
/// limits, for 0 and 1; or, after two bytes each of settings of the client and of the server, messages between a
/// compressor and a decompressor for 2, or two connections for 3, with a length of fragments and damage before them.
///
/// # Panics
///
/// If a property of compression does not hold.
pub fn deflate(bytes: &[u8]) {
    let Some((variant, cuts, rest)) = arguments(bytes) else { return };
    if variant % 4 < 2 {
        if let Some((&limits, payload)) = rest.split_first() {
            deflate::inflates_alike(limits, payload, cuts);
        }
        return;
    }
    let Some((&[first, second, third, fourth], rest)) = rest.split_first_chunk() else { return };
    let settings = [deflate::settings([first, second]), deflate::settings([third, fourth])];
    if variant % 4 == 2 {
        deflate::messages_survive(settings, &deflate::steps(rest), cuts);
    } else if let Some((&[fragment, by, apart], rest)) = rest.split_first_chunk() {
        let from = role(variant >> 2);
        let (fragment, damage) = (1 + usize::from(fragment) * 4, (by != 0).then_some([by, apart]));
        deflate::connections_understand(from, settings, &deflate::steps(rest), fragment, damage, cuts);
    }
}

/// The body of the target `ws_handshake`: the variant, two bytes of settings for compression, and lines. The first
/// byte of a line says which field it is of (modulo the number of them, and two for the protocol of a CONNECT and
/// for the target), the others are its value.
///
/// # Panics
///
/// If a property of the handshake does not hold.
pub fn handshake(bytes: &[u8]) {
    let Some((&[variant, first, second], rest)) = bytes.split_first_chunk() else { return };
    let onto = [Onto::Right, Onto::More, Onto::Nothing][usize::from(variant % 3)];
    let (mut lines, mut protocol, mut uri) = (Vec::new(), None, None);
    for line in rest.split(|&byte| byte == b'\n') {
        let Some((&field, value)) = line.split_first() else { continue };
        let text = str::from_utf8(value).ok();
        match FIELDS.get(usize::from(field) % (FIELDS.len() + 2)) {
            Some(name) => lines.push((HeaderName::from_static(name), value)),
            None if usize::from(field) % (FIELDS.len() + 2) == FIELDS.len() => protocol = text,
            None => uri = text.and_then(|text| text.parse::<Uri>().ok()),
        }
        if let Some(text) = text {
            handshake::compression_is_negotiated(&deflate::settings([first, second]), text);
            handshake::uris_and_origins_are_sent(text);
        }
    }
    handshake::heads_are_judged(onto, &lines, protocol, uri.as_ref());
}

/// Bytes of a stream; a longer one is left to the property tests, for it takes a fuzzer too long.
const LONGEST: usize = 4096;
