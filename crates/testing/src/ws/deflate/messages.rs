use longwave_ws::deflate::{Deflater, Flush, InflateLimits, Inflater, Pool, Settings, compress_once};

use super::{agree, inflate::take, step::Step};
use crate::chunking;

/// What is compressed is inflated to what it was, however it is cut, up to the limit and not a byte beyond.
///
/// - `settings`: of the client and of the server.
///
/// # Panics
///
/// If it is not.
pub fn messages_survive(settings: [Settings; 2], steps: &[Step], cuts: &[u8]) {
    let (server, client) = agree(&settings[0], &settings[1]);
    let kind = server.prepared_kind();
    assert!(server.accepts(kind));
    let longest = steps.iter().map(|step| step.message.len()).max().unwrap_or(0);
    let pool = Pool::new(1);
    let mut deflaters = [Deflater::new(&server), Deflater::new(&server).pool(pool.clone())];
    let inflater = || Inflater::new(&client).limits(InflateLimits::new().message(longest));
    let mut inflaters = [inflater(), inflater().pool(pool.clone())];
    for step in steps {
        // What two of them make may differ, as a context that is used again finds other matches than a new one.
        let mut payloads = [Vec::new(), Vec::new()];
        if step.prepared() {
            payloads = [compress_once(kind, &step.message), pool.compress_once(kind, &step.message)];
            for deflater in &mut deflaters {
                deflater.absorb(&step.message);
            }
        } else {
            let flush = if step.fragments() { Flush::Fragment } else { Flush::None };
            for (deflater, payload) in deflaters.iter_mut().zip(&mut payloads) {
                step.pieces().for_each(|piece| deflater.compress(piece, payload, flush));
                deflater.compress(b"", payload, Flush::Message);
            }
        }
        for ((inflater, payload), max) in inflaters.iter_mut().zip(&payloads).zip([usize::MAX, 1000]) {
            let pieces = chunking::with_gaps(&chunking::by_repeated_sizes(payload, cuts));
            let (message, error) = take(inflater, &pieces, max, longest);
            assert_eq!(error, None);
            assert!(message == step.message, "{} bytes became {}", step.message.len(), message.len());
        }
        if step.park()[0] {
            deflaters.iter_mut().for_each(Deflater::park);
        }
        if step.park()[1] {
            inflaters.iter_mut().for_each(Inflater::park);
        }
        let mut short = Inflater::new(&client).limits(InflateLimits::new().message(longest / 2));
        let fresh = compress_once(kind, &step.message);
        let (begin, error) = take(&mut short, &[&fresh], usize::MAX, longest / 2);
        assert_eq!(error.is_some(), step.message.len() > longest / 2, "{error:?}");
        assert!(begin == step.message[..step.message.len().min(longest / 2)]);
    }
}
