use alloc::{collections::VecDeque, string::String};

use bytes::Buf;

use super::{DecodeError, Decoder, OwnedItem};

/// A decoder together with owned items that it has decoded ahead.
#[derive(Clone, Debug, Default)]
pub(crate) struct OwnedItems {
    decoder: Decoder,
    ready: VecDeque<OwnedItem>,
    failed: Option<DecodeError>,
    /// As of the items that were handed out: the decoder is ahead of them.
    last_event_id: String,
}

impl OwnedItems {
    /// Begins a connection with a decoder.
    pub(crate) fn new(mut decoder: Decoder) -> Self {
        decoder.restart();
        let last_event_id = decoder.last_event_id().into();
        Self { decoder, ready: VecDeque::new(), failed: None, last_event_id }
    }

    pub(crate) fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// The decoder for the next connection, which goes on behind the items that were handed out.
    pub(crate) fn into_decoder(mut self) -> Decoder {
        self.decoder.restart();
        self.decoder.resume_from(self.last_event_id);
        self.decoder
    }

    /// Takes the next item that is complete, decoding as little of `src` as that needs; `None` when `src` is
    /// used up.
    ///
    /// Decoding goes piece by piece, so that the items of a large chunk are not all held at once.
    pub(crate) fn next(&mut self, src: &mut impl Buf) -> Option<Result<OwnedItem, DecodeError>> {
        loop {
            if let Some(item) = self.ready.pop_front() {
                let id = match &item {
                    OwnedItem::Event(event) => event.last_event_id(),
                    OwnedItem::Cursor(id) => id,
                    _ => &self.last_event_id,
                };
                // Most streams have no ids, and comparing nothing to nothing is not free.
                if !(id.is_empty() && self.last_event_id.is_empty()) && id != self.last_event_id {
                    self.last_event_id = id.into();
                }
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
            let (len, mut held) = (piece.len(), 0);
            let mut items = self.decoder.feed(piece);
            // A long id comes with each event that has none of its own, so the piece does not bound it.
            while held < AHEAD
                && let Some(item) = items.next_item()
            {
                match item {
                    Ok(item) => {
                        let item = item.into_owned();
                        held += item.size();
                        self.ready.push_back(item);
                    }
                    Err(error) => self.failed = Some(error),
                }
            }
            let rest = items.remainder().len();
            drop(items);
            src.advance(len - rest);
        }
    }
}

/// How many bytes of items are decoded ahead; the last one may go beyond.
const AHEAD: usize = 64 << 10;
/// How many bytes are decoded at once.
const PIECE: usize = 8 << 10;
/// How many items there is room for while nothing is being decoded.
const RETAINED: usize = 16;
