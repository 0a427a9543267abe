use super::{
    FrameHeader,
    input::{HeaderReader, Input},
};
use crate::{
    Violation,
    scan::{Key, mask},
};

/// Takes frames apart, and says nothing about what messages they make up: for proxies and tools.
///
/// What is refused is what no endpoint may send: see [`FrameHeader::decode`]. For messages there is
/// [`MessageDecoder`](crate::MessageDecoder).
///
/// # Examples
///
/// ```
/// use longwave_ws::{FrameDecoder, FramePart};
///
/// let mut decoder = FrameDecoder::new();
/// let mut input = *b"\x82\x05hel";
/// let mut parts = decoder.feed(&mut input);
/// let Some(Ok(FramePart::Header(header))) = parts.next_part() else { panic!() };
/// assert_eq!(header.payload_len(), 5);
/// // What is there of a payload can be had before the rest.
/// assert_eq!(parts.next_part(), Some(Ok(FramePart::Payload { data: b"hel", missing: 2 })));
/// assert_eq!(parts.next_part(), None);
/// ```
#[derive(Clone, Debug, Default)]
pub struct FrameDecoder {
    header: HeaderReader,
    /// How much of the payload is still to come, and the key as it applies there.
    payload: Option<(u64, Key)>,
    /// Where the next frame begins.
    at: u64,
    failed: bool,
}

/// A part of a frame.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FramePart<'a> {
    /// A frame begins.
    Header(FrameHeader),
    /// More of its payload, unmasked. A frame whose payload is empty has one such part too.
    Payload {
        /// What has come.
        data: &'a [u8],
        /// How many bytes of the frame are still to come.
        missing: u64,
    },
}

/// What comes out of a [`FrameDecoder`]; made by [`FrameDecoder::feed`].
#[derive(Debug)]
#[must_use = "frames are lost that are not taken out"]
pub struct FrameParts<'d, 'i> {
    decoder: &'d mut FrameDecoder,
    input: Input<'i>,
}

impl FrameDecoder {
    /// Makes one for the beginning of a connection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in what has come, which is unmasked in place. How it is cut changes nothing but the cuts of payloads.
    pub const fn feed<'d, 'i>(&'d mut self, input: &'i mut [u8]) -> FrameParts<'d, 'i> {
        FrameParts { decoder: self, input: Input::new(input) }
    }
}

impl<'i> FrameParts<'_, 'i> {
    /// The next part; `None` if all of the input has been taken in.
    ///
    /// # Errors
    ///
    /// The rule that the next header breaks. There is nothing after it.
    pub fn next_part(&mut self) -> Option<Result<FramePart<'i>, Violation>> {
        let decoder = &mut *self.decoder;
        if decoder.failed {
            return None;
        }
        let Some((missing, key)) = decoder.payload else {
            return match decoder.header.read(&mut self.input) {
                Ok(None) => None,
                Ok(Some(header)) => {
                    decoder.payload = Some((header.payload_len(), header.mask()));
                    decoder.at += header.encode().as_slice().len() as u64 + header.payload_len();
                    Some(Ok(FramePart::Header(header)))
                }
                Err(rule) => {
                    decoder.failed = true;
                    Some(Err(Violation::new(rule, decoder.at)))
                }
            };
        };
        if self.input.len() == 0 && missing > 0 {
            return None;
        }
        let data = self.input.take_up_to(missing);
        let _seen = mask(data, key);
        let missing = missing - data.len() as u64;
        decoder.payload = (missing > 0).then(|| (missing, key.after(data.len())));
        Some(Ok(FramePart::Payload { data, missing }))
    }

    /// How many bytes of the input have not been looked at yet.
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.input.len()
    }
}
