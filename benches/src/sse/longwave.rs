use super::*;
use ::longwave_sse::{Decoder, Event as Sse, EventBody, EventId, EventStream, EventType, Item};
use bytes::BytesMut;
use futures::{StreamExt, executor::block_on, stream};
use http_body_util::BodyExt;

/// The decoder, with events borrowed from the chunk or from the decoder.
pub struct Borrowed;

/// The stream of owned events.
pub struct Owned;

/// Events encoded one by one into a buffer that is reused.
pub struct Buffer;

/// The response body. It puts all events that are ready into one frame.
pub struct Body;

/// The event an application builds from its own values; the corpora hold valid types and IDs only.
fn event(Event { event, id, data }: Event) -> Sse {
    let mut sse = Sse::new().data(data);
    if let Some(event) = event {
        sse = sse.event_type(EventType::new(event).unwrap());
    }
    if let Some(id) = id {
        sse = sse.id(EventId::new(id).unwrap());
    }
    sse
}

impl SseParser for Borrowed {
    fn name(&self) -> &'static str {
        "longwave"
    }

    fn parse(&self, chunks: Chunks, events: &mut Events) {
        let mut decoder = Decoder::new();
        for chunk in chunks {
            let mut items = decoder.feed(&chunk);
            while let Some(item) = items.next_item() {
                if let Item::Event(event) = item.unwrap() {
                    events.add(event.event_type(), event.data(), event.last_event_id());
                }
            }
        }
    }
}

impl SseParser for Owned {
    fn name(&self) -> &'static str {
        "longwave EventStream"
    }

    fn parse(&self, chunks: Chunks, events: &mut Events) {
        let mut stream = EventStream::new(chunks.into_stream());
        block_on(async {
            while let Some(event) = stream.next().await {
                let event = event.unwrap();
                events.add(event.event_type(), event.data(), event.last_event_id());
            }
        });
    }
}

impl SseEncoder for Buffer {
    fn name(&self) -> &'static str {
        "longwave"
    }

    fn encode(&self, events: Vec<Event>, sink: &mut Sink) {
        let mut out = BytesMut::new();
        for e in events {
            event(e).encode_into(&mut out);
            sink.push(&out);
            out.clear();
        }
    }

    fn fan_out(&self, e: &Event, subscribers: usize, sink: &mut Sink) {
        let encoded = event(e.clone()).encode();
        (0..subscribers).for_each(|_| sink.push(&encoded.clone()));
    }
}

impl SseEncoder for Body {
    fn name(&self) -> &'static str {
        "longwave EventBody"
    }

    fn encode(&self, events: Vec<Event>, sink: &mut Sink) {
        let mut body =
            EventBody::new(stream::iter(events.into_iter().map(|e| Ok::<_, Infallible>(event(e)))));
        block_on(async {
            while let Some(frame) = body.frame().await {
                sink.push(&frame.unwrap().into_data().unwrap());
            }
        });
    }

    /// A body that gathers events has nothing to gather when each subscriber is sent one.
    fn fans_out(&self) -> bool {
        false
    }
}
