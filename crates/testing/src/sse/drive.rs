//! Feeding a decoder in every way that must make no difference.

use longwave_sse::{DecodeError, Decoder, Items, Limits, Overflow, OwnedItem, Utf8Policy};

use crate::chunking;

/// How a decoder is set up.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// What the decoder accepts.
    pub limits: Limits,
    /// What it does with more.
    pub overflow: Overflow,
    /// What it does with ill-formed UTF-8.
    pub utf8: Utf8Policy,
    /// Whether it hands out comments.
    pub comments: bool,
}

impl Settings {
    /// No limits, ill-formed UTF-8 replaced, everything handed out: the standard and nothing else.
    #[must_use]
    pub fn standard() -> Self {
        Self { limits: unlimited(), overflow: Overflow::Fail, utf8: Utf8Policy::Replace, comments: true }
    }

    /// A decoder with these settings.
    pub fn decoder(&self) -> Decoder {
        let decoder = Decoder::new().limits(self.limits).overflow(self.overflow).utf8(self.utf8);
        if self.comments { decoder.with_comments() } else { decoder }
    }

    /// Decodes a short input whole, byte by byte and cut in two everywhere.
    ///
    /// # Panics
    ///
    /// If that makes a difference.
    #[must_use]
    pub fn decode(&self, input: &[u8]) -> Outcome {
        let whole = drive(&mut self.decoder(), [input]);
        assert_eq!(whole, drive(&mut self.decoder(), chunking::byte_by_byte(input)), "byte by byte");
        for pieces in chunking::every_two(input) {
            assert_eq!(whole, drive(&mut self.decoder(), pieces.iter().copied()), "{pieces:?}");
        }
        whole
    }
}

/// Limits that nothing reaches.
pub fn unlimited() -> Limits {
    Limits::default()
        .line(usize::MAX)
        .event(usize::MAX)
        .id(usize::MAX)
        .data_lines(usize::MAX)
        .comment(usize::MAX)
}

/// All that came out of a decoder.
#[derive(Debug, Eq, PartialEq)]
pub struct Outcome {
    /// The items before the error, or all of them.
    pub items: Vec<OwnedItem>,
    /// The error that ended it, if any.
    pub error: Option<DecodeError>,
    /// The last event ID after that.
    pub last_event_id: String,
}

impl Outcome {
    /// The items in a form short enough for a table: `type:data#id`, `cursor id`, `retry ms`,
    /// `comment text`, `discarded Limit`.
    #[must_use]
    pub fn told(&self) -> Vec<String> {
        self.items.iter().map(tell).collect()
    }
}

fn tell(item: &OwnedItem) -> String {
    match item {
        OwnedItem::Event(event) => {
            format!("{}:{}#{}", event.event_type(), event.data(), event.last_event_id())
        }
        OwnedItem::Cursor(id) => format!("cursor {id}"),
        OwnedItem::Retry(delay) => format!("retry {}", delay.as_millis()),
        OwnedItem::Comment(text) => format!("comment {text}"),
        OwnedItem::Discarded(discarded) => format!("discarded {:?}", discarded.limit()),
        other => format!("{other:?}"),
    }
}

/// Feeds the pieces and takes all that comes out, up to the first error.
///
/// # Panics
///
/// If the decoder leaves a part of a piece undecoded, or does not repeat its error.
pub fn drive<'i>(decoder: &mut Decoder, pieces: impl IntoIterator<Item = &'i [u8]>) -> Outcome {
    drive_in_steps(decoder, pieces, usize::MAX)
}

/// Feeds the pieces, but stops after every `step` items and goes on from what was left.
///
/// # Panics
///
/// If the decoder leaves a part of a piece undecoded, or does not repeat its error.
pub fn drive_in_steps<'i>(
    decoder: &mut Decoder,
    pieces: impl IntoIterator<Item = &'i [u8]>,
    step: usize,
) -> Outcome {
    let mut items = Vec::new();
    for mut piece in pieces {
        loop {
            let mut fed = decoder.feed(piece);
            let end = take(&mut fed, step, &mut items);
            piece = fed.remainder();
            drop(fed);
            match end {
                End::Stopped => {}
                End::Dry => break assert!(piece.is_empty(), "a piece that is used up leaves {piece:?}"),
                End::Failed(error) => return failed(decoder, items, error),
            }
        }
    }
    Outcome { items, error: None, last_event_id: decoder.last_event_id().to_owned() }
}

/// Why no more items were taken.
enum End {
    Stopped,
    Dry,
    Failed(DecodeError),
}

fn take(fed: &mut Items<'_, '_>, most: usize, items: &mut Vec<OwnedItem>) -> End {
    for _ in 0..most {
        match fed.next_item() {
            Some(Ok(item)) => items.push(item.into_owned()),
            Some(Err(error)) => return End::Failed(error),
            None => return End::Dry,
        }
    }
    End::Stopped
}

fn failed(decoder: &mut Decoder, items: Vec<OwnedItem>, error: DecodeError) -> Outcome {
    let last_event_id = decoder.last_event_id().to_owned();
    for more in [b"\n\ndata: x\n\n".as_slice(), b"", b"x"] {
        match decoder.feed(more).next_item() {
            Some(Err(again)) => assert_eq!(again, error, "a decoder that failed stays failed"),
            Some(Ok(item)) => panic!("a decoder that failed with {error:?} went on to {item:?}"),
            None => assert!(more.is_empty(), "a decoder that failed with {error:?} went on silently"),
        }
    }
    assert_eq!(decoder.last_event_id(), last_event_id);
    Outcome { items, error: Some(error), last_event_id }
}
