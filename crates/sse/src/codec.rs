use core::{error::Error, fmt};
use std::io;

use bytes::{Bytes, BytesMut};
use tokio_util::codec;

use crate::{DecodeError, Decoder, Event, OwnedItem, decode::OwnedItems};

/// The decoder and the encoder as a `tokio_util::codec`, for streams that are not HTTP bodies.
///
/// # Examples
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use futures_util::{SinkExt, StreamExt};
/// use longwave_sse::{Event, EventCodec, OwnedItem};
/// use tokio_util::codec::Framed;
///
/// let (ours, theirs) = tokio::io::duplex(64);
/// let (mut sender, mut receiver) = (Framed::new(ours, EventCodec::default()), Framed::new(theirs, EventCodec::default()));
/// sender.send(Event::new().data("over any pipe")).await?;
/// let Some(Ok(OwnedItem::Event(event))) = receiver.next().await else { unreachable!() };
/// assert_eq!(event.data(), "over any pipe");
/// # Ok::<_, longwave_sse::CodecError>(())
/// # })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct EventCodec {
    items: OwnedItems,
}

/// Failure of a framed event stream.
#[derive(Debug)]
#[non_exhaustive]
pub enum CodecError {
    /// The peer sent what the decoder refuses.
    Decode(DecodeError),
    /// The transport failed.
    Io(io::Error),
}

impl EventCodec {
    /// Makes a codec that reads with this decoder: with its limits, and its last event ID.
    #[must_use]
    pub fn new(decoder: Decoder) -> Self {
        Self { items: OwnedItems::new(decoder) }
    }

    /// The last event ID as of the items that were decoded.
    #[must_use]
    pub fn last_event_id(&self) -> &str {
        self.items.last_event_id()
    }

    /// The decoder for the next connection: with the same settings, and the last event ID of what was decoded.
    pub fn into_decoder(self) -> Decoder {
        self.items.into_decoder()
    }
}

impl codec::Decoder for EventCodec {
    type Item = OwnedItem;
    type Error = CodecError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<OwnedItem>, CodecError> {
        self.items.next(src).transpose().map_err(CodecError::Decode)
    }
}

impl codec::Encoder<Event> for EventCodec {
    type Error = CodecError;

    fn encode(&mut self, event: Event, dst: &mut BytesMut) -> Result<(), CodecError> {
        event.encode_into(dst);
        Ok(())
    }
}

impl codec::Encoder<&Event> for EventCodec {
    type Error = CodecError;

    fn encode(&mut self, event: &Event, dst: &mut BytesMut) -> Result<(), CodecError> {
        event.encode_into(dst);
        Ok(())
    }
}

/// For bytes that are encoded events already.
impl codec::Encoder<Bytes> for EventCodec {
    type Error = CodecError;

    fn encode(&mut self, events: Bytes, dst: &mut BytesMut) -> Result<(), CodecError> {
        dst.extend_from_slice(&events);
        Ok(())
    }
}

impl From<io::Error> for CodecError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Decode(_) => "event stream could not be decoded",
            Self::Io(_) => "event stream could not be transferred",
        })
    }
}

impl Error for CodecError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Decode(error) => Some(error),
            Self::Io(error) => Some(error),
        }
    }
}
