//! Server-Sent Events (`text/event-stream`) in both directions, to the letter of the standard.
//!
//! - [`Event`] is what a server sends. It is built from validated parts, so that no text of a user can
//!   forge a field or a second event, and nothing panics on data.
//! - [`Decoder`] is what a client or a proxy reads with: incremental, without I/O, with limits, and with
//!   output borrowed from the input wherever an event lies in one chunk.
//! - [`Boundary`] follows a stream it does not decode, and says where a comment may be slipped in.
//!
//! Nothing here reads a clock, a random source or a socket. The crate is `no_std` (with `alloc`) when its
//! default feature `std` is off.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `std` (default) | run-time detection of vector instructions |
//! | `body` | `EventBody` (a stream of events as an `http_body::Body`), `EventStream` (a body as a stream of events), the response head, `Last-Event-ID` |
//! | `serde_json` | `Event::json` and `OwnedEvent::json` |
//! | `tokio-util` | `EventCodec`, the decoder and the encoder as `tokio_util::codec` |
//!
//! # Examples
//!
//! ```
//! use longwave_sse::{Decoder, Event, EventId, Item};
//!
//! let wire = Event::new().id(EventId::from(7_u64)).data("two\nlines").encode();
//! assert_eq!(wire, "id: 7\ndata: two\ndata: lines\n\n");
//!
//! let mut decoder = Decoder::new();
//! let mut items = decoder.feed(&wire);
//! while let Some(item) = items.next_item() {
//!     if let Item::Event(event) = item? {
//!         assert_eq!(event.data(), "two\nlines");
//!         assert_eq!(event.last_event_id(), "7");
//!     }
//! }
//! # Ok::<_, longwave_sse::DecodeError>(())
//! ```
//!
//! The standard is [WHATWG HTML, section 9.2](https://html.spec.whatwg.org/multipage/server-sent-events.html).
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

/// The examples of the README, so that they stay true.
#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(feature = "body")]
mod body;
mod boundary;
#[cfg(feature = "tokio-util")]
mod codec;
mod decode;
mod event;
mod field;
mod scan;

#[cfg(feature = "body")]
pub use self::body::{
    BodyChunks, Encode, EventBody, EventStream, LastEventId, LastEventIdError, NotEventStream, Refusal,
    StreamError, last_event_id_header, random_retry, response,
};
#[cfg(feature = "tokio-util")]
pub use self::codec::{CodecError, EventCodec};
pub use self::{
    boundary::{Boundary, Position},
    decode::{
        DecodeError, Decoder, Discarded, EventRef, Item, Items, Limit, Limits, Overflow, OwnedEvent,
        OwnedItem, Utf8Policy,
    },
    event::Event,
    field::{EventId, EventType, FieldError},
};
