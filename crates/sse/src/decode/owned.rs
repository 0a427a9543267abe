use alloc::collections::VecDeque;

use bytes::Buf;

use super::{DecodeError, Decoder, OwnedItem};

/// A decoder together with the owned items of the piece that it decoded last.
#[derive(Clone, Debug, Default)]
pub(crate) struct OwnedItems {
    pub(crate) decoder: Decoder,
    ready: VecDeque<OwnedItem>,
    failed: Option<DecodeError>,
}

impl OwnedItems {
    pub(crate) fn new(decoder: Decoder) -> Self {
        Self { decoder, ready: VecDeque::new(), failed: None }
    }

    /// Takes the next item that is complete, decoding as little of `src` as that needs; `None` when `src` is
    /// used up.
    ///
    /// Decoding goes piece by piece, so that the items of a large chunk are not all held at once.
    pub(crate) fn next(&mut self, src: &mut impl Buf) -> Option<Result<OwnedItem, DecodeError>> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                return Some(Ok(item));
            }
            if let Some(error) = self.failed {
                return Some(Err(error));
            }
            let piece = src.chunk();
            let piece = &piece[..piece.len().min(PIECE)];
            if piece.is_empty() {
                self.ready.shrink_to(RETAINED);
                return None;
            }
            let mut items = self.decoder.feed(piece);
            while let Some(item) = items.next_item() {
                match item {
                    Ok(item) => self.ready.push_back(item.to_owned()),
                    Err(error) => self.failed = Some(error),
                }
            }
            drop(items);
            src.advance(piece.len());
        }
    }
}

/// How many bytes are decoded at once.
const PIECE: usize = 8 << 10;
/// How many items there is room for while nothing is being decoded.
const RETAINED: usize = 16;
