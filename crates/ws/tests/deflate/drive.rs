//! Whole messages through a compressor and a decompressor.

use longwave_ws::deflate::{Agreed, Deflater, Flush, InflateError, Inflater, Settings, Status};

/// What a message became: all output, and the error it ended with.
pub(crate) type Outcome = (Vec<u8>, Option<InflateError>);

/// An offer that names nothing.
pub(crate) const BARE: (&str, [(&str, Option<&str>); 0]) = ("permessage-deflate", []);

pub(crate) fn agree(settings: Settings, params: &[(&str, Option<&str>)]) -> Agreed {
    settings.negotiate([("permessage-deflate", params.iter().copied())]).expect("acceptable").0
}

/// Both sides of a connection with the largest windows and context takeover.
pub(crate) fn pair() -> (Deflater, Inflater) {
    let agreed = agree(Settings::new().own_window_bits(15).peer_window_bits(15), &[]);
    (Deflater::new(&agreed), Inflater::new(&agreed))
}

/// The decompressor of a peer without context takeover.
pub(crate) fn without_takeover() -> Inflater {
    Inflater::new(&agree(Settings::new().peer_no_context_takeover(), &[]))
}

pub(crate) fn compress(deflater: &mut Deflater, message: &[u8]) -> Vec<u8> {
    let mut payload = Vec::new();
    deflater.compress(message, &mut payload, Flush::Message);
    payload
}

pub(crate) fn decompress(inflater: &mut Inflater, payload: &[u8]) -> Result<Vec<u8>, InflateError> {
    match cut(inflater, [payload], usize::MAX) {
        (message, None) => Ok(message),
        (_, Some(error)) => Err(error),
    }
}

/// Decompresses a message that comes in pieces, at most `max` bytes at a time.
pub(crate) fn cut<'a>(
    inflater: &mut Inflater,
    pieces: impl IntoIterator<Item = &'a [u8]>,
    max: usize,
) -> Outcome {
    let mut out = Vec::new();
    let run = || {
        for mut piece in pieces {
            loop {
                let len = out.len();
                let status = inflater.decompress(&mut piece, &mut out, max)?;
                assert!(out.len() - len <= max);
                match status {
                    Status::More => assert_eq!(out.len() - len, max),
                    Status::Done => break,
                }
            }
            assert!(piece.is_empty());
        }
        while inflater.finish(&mut out, max)? == Status::More {}
        Ok(())
    };
    let result: Result<(), InflateError> = run();
    (out, result.err())
}
