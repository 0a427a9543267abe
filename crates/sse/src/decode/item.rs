use alloc::{borrow::ToOwned, boxed::Box, string::String};
use core::time::Duration;

use super::Discarded;
use crate::{Event, EventId, EventType};

/// The next thing of an event stream, borrowed from the chunk or from the decoder.
///
/// Source: [WHATWG HTML, 9.2.6](https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Item<'a> {
    /// A block with data: what a client dispatches.
    Event(EventRef<'a>),
    /// A block with an id and no data: the last event ID is now this.
    Cursor(&'a str),
    /// A new reconnection time, which counts as soon as its line has ended.
    Retry(Duration),
    /// A comment, often a heartbeat, without the space that may precede it; at most as much of it as
    /// [`Limits::comment`](crate::Limits::comment) says. Only after
    /// [`Decoder::with_comments`](crate::Decoder::with_comments).
    Comment(&'a str),
    /// A block that crossed a limit and was dropped; only with [`Overflow::Skip`](crate::Overflow::Skip).
    Discarded(Discarded),
}

/// An event, borrowed from the chunk or from the decoder.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct EventRef<'a> {
    pub(super) event_type: &'a str,
    pub(super) data: &'a str,
    pub(super) last_event_id: &'a str,
}

/// The next thing of an event stream, as [`Item`] but owned.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum OwnedItem {
    /// See [`Item::Event`].
    Event(OwnedEvent),
    /// See [`Item::Cursor`].
    Cursor(String),
    /// See [`Item::Retry`].
    Retry(Duration),
    /// See [`Item::Comment`].
    Comment(String),
    /// See [`Item::Discarded`].
    Discarded(Discarded),
}

/// An event that was received, with buffers of its own of just the right size.
///
/// # Examples
///
/// ```
/// use longwave_sse::{Decoder, Item};
///
/// let mut decoder = Decoder::new();
/// let mut items = decoder.feed(b"event: price\ndata: 42\n\n");
/// let Some(Ok(Item::Event(event))) = items.next_item() else { unreachable!() };
/// let event = event.into_owned();
/// assert_eq!((event.event_type(), event.data(), event.last_event_id()), ("price", "42", ""));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OwnedEvent {
    /// Empty for `message`, so that the usual event allocates for its data alone.
    event_type: Box<str>,
    data: Box<str>,
    last_event_id: Box<str>,
}

impl Item<'_> {
    /// Copies the item out of the chunk.
    #[must_use]
    pub fn into_owned(self) -> OwnedItem {
        match self {
            Self::Event(event) => OwnedItem::Event(event.into_owned()),
            Self::Cursor(id) => OwnedItem::Cursor(ToOwned::to_owned(id)),
            Self::Retry(delay) => OwnedItem::Retry(delay),
            Self::Comment(text) => OwnedItem::Comment(ToOwned::to_owned(text)),
            Self::Discarded(discarded) => OwnedItem::Discarded(discarded),
        }
    }
}

impl OwnedItem {
    /// How much text it holds, in bytes, and a little for itself.
    #[cfg(any(feature = "body", feature = "tokio-util"))]
    pub(super) fn size(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Event(event) => event.event_type.len() + event.data.len() + event.last_event_id.len(),
                Self::Cursor(text) | Self::Comment(text) => text.len(),
                Self::Retry(_) | Self::Discarded(_) => 0,
            }
    }
}

impl From<Item<'_>> for OwnedItem {
    fn from(item: Item<'_>) -> Self {
        item.into_owned()
    }
}

impl From<EventRef<'_>> for OwnedEvent {
    fn from(event: EventRef<'_>) -> Self {
        event.into_owned()
    }
}

impl<'a> EventRef<'a> {
    /// The type that chooses the listener; `message` if the stream gave none.
    #[must_use]
    #[inline]
    pub const fn event_type(&self) -> &'a str {
        if self.event_type.is_empty() { MESSAGE } else { self.event_type }
    }

    /// The data, its lines joined by LF.
    #[must_use]
    #[inline]
    pub const fn data(&self) -> &'a str {
        self.data
    }

    /// The last event ID of the stream at this event: its own, or else that of an earlier one.
    #[must_use]
    #[inline]
    pub const fn last_event_id(&self) -> &'a str {
        self.last_event_id
    }

    /// Reads the data as JSON, which may borrow from it.
    ///
    /// # Errors
    ///
    /// Whatever [`serde_json::from_str`] fails with: the data is not JSON, or not of this shape.
    #[cfg(feature = "serde_json")]
    pub fn json<T: serde::Deserialize<'a>>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.data)
    }

    /// Copies the event out of the chunk.
    #[must_use]
    pub fn into_owned(self) -> OwnedEvent {
        OwnedEvent {
            event_type: boxed(self.event_type),
            data: boxed(self.data),
            last_event_id: boxed(self.last_event_id),
        }
    }
}

impl OwnedEvent {
    /// The type that chooses the listener; `message` if the stream gave none.
    #[must_use]
    pub const fn event_type(&self) -> &str {
        if self.event_type.is_empty() { MESSAGE } else { &self.event_type }
    }

    /// The data, its lines joined by LF.
    #[must_use]
    pub const fn data(&self) -> &str {
        &self.data
    }

    /// The last event ID of the stream at this event: its own, or else that of an earlier one.
    #[must_use]
    pub const fn last_event_id(&self) -> &str {
        &self.last_event_id
    }

    /// The data by value.
    #[must_use]
    pub fn into_data(self) -> String {
        self.data.into_string()
    }

    /// Reads the data as JSON.
    ///
    /// # Errors
    ///
    /// Whatever [`serde_json::from_str`] fails with: the data is not JSON, or not of this shape.
    ///
    /// # Examples
    ///
    /// ```
    /// use longwave_sse::{Decoder, Item};
    ///
    /// let mut decoder = Decoder::new();
    /// let mut items = decoder.feed(b"data: [1, 2]\n\n");
    /// let Some(Ok(Item::Event(event))) = items.next_item() else { unreachable!() };
    /// assert_eq!(event.into_owned().json::<Vec<u8>>()?, [1, 2]);
    /// # Ok::<_, serde_json::Error>(())
    /// ```
    #[cfg(feature = "serde_json")]
    pub fn json<'de, T: serde::Deserialize<'de>>(&'de self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.data)
    }
}

/// The event to send on, as a proxy does: with the id that a client of the original stream would have.
impl From<OwnedEvent> for Event {
    fn from(event: OwnedEvent) -> Self {
        let mut sent = Event::new().data(event.data);
        if !event.event_type.is_empty() {
            sent = sent.event_type(EventType::from_valid(event.event_type.into_string()));
        }
        // Also if it is empty: the stream may have taken back an earlier one.
        sent.id(EventId::from_valid(event.last_event_id.into_string()))
    }
}

/// Copies a text, which often is empty: copying nothing from nowhere is slow on processors with masked loads.
#[inline]
fn boxed(text: &str) -> Box<str> {
    if text.is_empty() { Box::default() } else { text.into() }
}

pub(super) const MESSAGE: &str = "message";
