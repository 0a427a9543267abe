//! Event streams as HTTP bodies, in both directions.

mod encode;
mod event_body;
mod event_stream;
mod head;
mod last_event_id;

pub use self::{
    encode::Encode,
    event_body::EventBody,
    event_stream::{BodyChunks, EventStream, StreamError},
    head::{NotEventStream, Refusal, random_retry, response},
    last_event_id::{LastEventId, LastEventIdError, last_event_id_header},
};
